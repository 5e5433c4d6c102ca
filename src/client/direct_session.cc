// SPDX-License-Identifier: Apache-2.0

#include "client/direct_session.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "client/link.h"

namespace titer::client {

namespace {

constexpr std::int64_t kDirectDialUs = 1'000'000;
constexpr std::int64_t kDirectGreetUs = 1'000'000;
constexpr std::int64_t kPauseMinUs = 50'000, kPauseMaxUs = 1'000'000;  // between dials of one address
constexpr std::int64_t kAskPatienceUs = 500'000;                       // for one replica's answer to a question
constexpr std::int64_t kAskAgainUs = 5'000;
constexpr std::int64_t kDirectLookUs = 50'000;

}  // namespace

DirectSession::DirectSession(net::Environment& env, Options options)
    : env_(env), options_(std::move(options)), transmitter_(random_word(env_) | kDirectClientBit) {
  machine_.emplace(transmitter_, SessionId(random_word(env_)), options_.places);
  for (const net::Address& address : options_.at) {
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->address = address;
  }
}

DirectSession::~DirectSession() { leave(); }

void DirectSession::leave() {
  step(smr::DirectClient::Leave{});
  step(smr::DirectClient::EndOfTurn{env_.wall_now()});
  perform();
  for (const auto& peer : peers_) {
    if (!peer->connection) continue;
    peer->connection->detach();
    peer->connection->close(Code::kOk, "the client is done");
    peer->connection.reset();
  }
}

void DirectSession::begin_again() {
  leave();
  transmitter_ = TransmitterId(random_word(env_) | kDirectClientBit);
  machine_.emplace(transmitter_, SessionId(random_word(env_)), options_.places);
  output_.clear();
  gone_.reset();
  open_.clear();
  ++generation_;
  if (question_) question_->asked = nullptr;
  for (const auto& peer : peers_) {
    peer->dialing = peer->greeted = false;
    peer->reply.reset();
    peer->dial_at = BootTime();
    peer->pause_us = 0;
  }
}

bool DirectSession::all_tried() const {
  return std::ranges::all_of(peers_, [](const auto& peer) { return peer->tried; });
}

std::size_t DirectSession::connected() const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const auto& p) { return p->greeted; }));
}

// --- connections

void DirectSession::add_peers_of(const smr::ViewRecord& view) {
  Addresses known;
  for (const auto& peer : peers_) add_address(known, peer->address);
  for (const smr::Member& member : view.members) {
    Result<net::Address> address = net::parse_address(member.address);
    if (!address || !add_address(known, *address)) continue;
    address->tls = peers_.front()->address.tls;
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->address = *address;
  }
}

void DirectSession::dial_due(BootTime now) {
  for (const auto& peer : peers_) {
    if (peer->connection && !peer->greeted && now > peer->greet_by)
      lost(*peer, "it accepts connections but does not answer");
    if (!peer->connection && !peer->dialing && now >= peer->dial_at) dial(*peer);
  }
}

void DirectSession::dial(Peer& peer) {
  peer.dialing = true;
  env_.dial(peer.address, kDirectDialUs,
            [this, &peer, generation = generation_,
             alive = std::weak_ptr<int>(alive_)](Result<net::ByteStreamPtr> stream) {
              if (alive.expired() || generation != generation_) return;
              peer.dialing = false;
              if (!stream) return lost(peer, stream.error().message);
              dialled(peer, std::move(stream).value());
            });
}

void DirectSession::dialled(Peer& peer, net::ByteStreamPtr stream) {
  peer.connection = net::Connection::make(env_, std::move(stream), *this, limits::kSendQueueBytesMax);
  const auto at = std::ranges::find_if(peers_, [&](const auto& one) { return one.get() == &peer; });
  peer.connection->tag = static_cast<std::uint64_t>(at - peers_.begin());
  peer.greet_by = later(env_.boot_now(), kDirectGreetUs);
  wire::Hello hello;
  hello.role = wire::Role::kDirectClient;
  hello.transmitter = transmitter_;
  hello.session = machine_->session();
  wire::encode(peer.connection->outgoing(), hello);
  peer.connection->start();
}

void DirectSession::lost(Peer& peer, const std::string& reason) {
  last_reason_ = peer.address.text() + ": " + reason;
  const bool was_greeted = std::exchange(peer.greeted, false);
  peer.reply.reset();
  peer.tried = true;
  if (peer.connection) {
    peer.connection->detach();
    peer.connection->close(Code::kOk, reason);
    peer.connection.reset();
  }
  peer.pause_us = was_greeted ? kPauseMinUs : std::clamp(peer.pause_us * 2, kPauseMinUs, kPauseMaxUs);
  peer.dial_at = later(env_.boot_now(), peer.pause_us);
  if (question_ && question_->asked == &peer) question_->asked = nullptr;
  if (was_greeted) step(smr::DirectClient::Disconnected{peer.replica, peer.incarnation});
}

void DirectSession::on_closed(net::Connection& connection, const std::string& reason) {
  Peer& peer = *peers_[connection.tag];
  if (peer.connection.get() == &connection) lost(peer, reason);
}

DirectSession::Peer* DirectSession::peer_of(ReplicaId replica) {
  for (const auto& peer : peers_)
    if (peer->greeted && peer->replica == replica) return peer.get();
  return nullptr;
}

// --- what comes in

void DirectSession::on_message(net::Connection& connection, const wire::Message& message) {
  Peer& peer = *peers_[connection.tag];
  if (peer.connection.get() != &connection) return;
  if (!peer.greeted) return peer.reply ? on_authenticated(peer, message) : on_hello_reply(peer, message);
  switch (message.type) {
    case wire::Type::kWelcome:
    case wire::Type::kSolicit:
    case wire::Type::kViewIs: return take_to_client(peer, message);
    case wire::Type::kAnswer: return take_answer(message);
    case wire::Type::kQueryAnswer: return take_reply(message);
    default: return;
  }
}

void DirectSession::on_hello_reply(Peer& peer, const wire::Message& message) {
  if (message.type != wire::Type::kHelloReply)
    return lost(peer, "it is no replica: it did not answer the greeting");
  const Result<wire::HelloReply> reply = wire::decode_hello_reply(message.payload);
  if (!reply) return lost(peer, reply.error().message);
  peer.reply = *reply;
  if (!options_.token) return begin(peer);
  wire::encode(peer.connection->outgoing(), wire::Authenticate{options_.token->key, options_.token->secret});
}

void DirectSession::on_authenticated(Peer& peer, const wire::Message& message) {
  if (message.type != wire::Type::kAuthenticated) return;
  const Result<wire::Authenticated> answer = wire::decode_authenticated(message.payload);
  if (!answer) return lost(peer, answer.error().message);
  if (answer->code != Code::kOk) return lost(peer, answer->reason);
  begin(peer);
}

void DirectSession::begin(Peer& peer) {
  const wire::HelloReply& reply = *peer.reply;
  // The same replica under two names: one connection is enough, and the machine wants exactly one.
  if (peer_of(reply.replica) != nullptr) {
    lost(peer, "it is connected under another address");
    peer.pause_us = kPauseMaxUs;
    return;
  }
  peer.greeted = peer.tried = true;
  peer.pause_us = 0;
  peer.replica = reply.replica;
  peer.incarnation = reply.incarnation;
  const smr::ViewRecord view = reply.view;
  add_peers_of(view);
  step(smr::DirectClient::Connected{peer.replica, peer.incarnation, reply.next});
  step(smr::DirectClient::Receive{peer.replica, smr::ViewIs{view}});
}

void DirectSession::take_to_client(Peer& peer, const wire::Message& message) {
  Result<smr::ToClient> told = wire::decode_to_client(message);
  if (!told) return lost(peer, told.error().message);
  if (const auto* view = std::get_if<smr::ViewIs>(&*told)) add_peers_of(view->record);
  step(smr::DirectClient::Receive{peer.replica, std::move(told).value()});
}

void DirectSession::take_answer(const wire::Message& message) {
  const Result<wire::Answer> answer = wire::decode_answer(message.payload);
  if (!answer || gone_) return;
  registry::Outcome outcome;
  if (const Status decoded = wire::decode_outcome(answer->result, outcome); !decoded) return;
  // Not executed: the machine still has it and sends it again with the next view.
  if (outcome.code == Code::kBusy || outcome.code == Code::kUnavailable) return;
  const auto open = open_.find(answer->number);
  if (open == open_.end()) return;  // it came twice
  if (outcome.code == Code::kSessionEvicted && machine_->copies(answer->number) <= 1) {
    gone_ = Gone{answer->number, std::move(outcome), Bytes(answer->result.begin(), answer->result.end())};
    return;
  }
  step(smr::DirectClient::Answered{answer->number});
  const std::uint64_t place = open->second.place;
  open_.erase(open);
  if (answered_) answered_({place, outcome, answer->result, machine_->session(), answer->number});
}

// Requests from that one on, of which there is one copy, came when the session was gone. Those before it may have come
// earlier.
void DirectSession::on_session_gone(Gone gone) {
  const SessionId before = machine_->session();
  std::map<RequestNumber, Open> open;
  std::swap(open, open_);
  const auto not_executed = [&](RequestNumber number) {
    return number >= gone.number && machine_->copies(number) <= 1;
  };
  std::vector<Open> again;
  std::map<RequestNumber, Open> unknown;
  for (auto& [number, one] : open) {
    if (not_executed(number))
      again.push_back(std::move(one));
    else
      unknown.emplace(number, std::move(one));
  }
  begin_again();
  for (Open& one : again) submit(std::move(one));
  for (const auto& [number, one] : unknown)
    if (answered_) answered_({one.place, gone.outcome, gone.result, before, number});
}

void DirectSession::take_reply(const wire::Message& message) {
  const Result<wire::QueryAnswer> answer = wire::decode_query_answer(message.payload);
  if (!answer || !question_ || question_->token != answer->token || question_->reply) return;
  const Code code = answer->code;
  const bool too_many = code == Code::kTooMany;
  if (too_many || code == Code::kBusy || code == Code::kUnavailable || code == Code::kExcluded) {
    question_->asked = nullptr;
    question_->send_at = later(env_.boot_now(), too_many ? kSlowDownUs : kAskAgainUs);
  } else if (code == Code::kOk) {
    question_->reply = Reply{answer->position, Bytes(answer->body.begin(), answer->body.end())};
  } else {
    question_->reply = Error{code, std::string(as_text(answer->body))};
  }
}

// --- turns

void DirectSession::step(const smr::DirectClient::Input& input) { machine_->step(env_.boot_now(), input, output_); }

void DirectSession::perform() {
  for (const smr::DirectClient::Output::Send& send : output_.send)
    if (Peer* peer = peer_of(send.to))
      wire::encode(peer->connection->outgoing(), options_.says ? options_.says(send.message) : send.message);
  if (output_.wake_at) env_.wake_at(*output_.wake_at);
  output_.clear();
}

void DirectSession::ask_due(BootTime now) {
  if (!question_ || question_->reply || now < question_->send_at) return;
  if (question_->asked != nullptr && now < question_->give_up_at) return;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = *peers_[next_asked_++ % peers_.size()];
    if (!peer.greeted || &peer == question_->asked) continue;
    question_->asked = &peer;
    question_->give_up_at = later(now, kAskPatienceUs);
    wire::encode(peer.connection->outgoing(), wire::Query{question_->token, question_->body});
    --next_asked_;  // stay with one that works
    return;
  }
}

void DirectSession::turn() {
  const BootTime now = env_.boot_now();
  if (gone_) on_session_gone(*std::exchange(gone_, std::nullopt));
  dial_due(now);
  step(smr::DirectClient::Tick{});
  step(smr::DirectClient::EndOfTurn{env_.wall_now()});
  perform();
  ask_due(now);
  for (const auto& peer : peers_)
    if (peer->connection) peer->connection->flush();
  const bool retry = question_ && !question_->reply && question_->asked == nullptr;
  env_.wake_at(later(now, retry ? kAskAgainUs : kDirectLookUs));
}

// --- what is asked of it

std::uint64_t DirectSession::submit(Bytes body) {
  if (options_.token) wire::set_request_key(body, options_.token->key);
  submit(Open{++last_place_, std::move(body)});
  return last_place_;
}

void DirectSession::submit(Open open) {
  step(smr::DirectClient::Submit{open.body});
  open_.emplace(machine_->last_number(), std::move(open));
}

void DirectSession::give_up(const std::function<void(std::uint64_t place, bool sent)>& given_up) {
  std::vector<std::pair<std::uint64_t, bool>> all;
  for (const auto& [number, open] : open_) all.emplace_back(open.place, machine_->copies(number) > 0);
  begin_again();
  for (const auto& [place, sent] : all) given_up(place, sent);
}

void DirectSession::ask(const registry::Query& query) {
  question_.emplace(Question{});
  question_->token = ++last_token_;
  wire::encode_query(question_->body, query);
}

}  // namespace titer::client
