// SPDX-License-Identifier: Apache-2.0

#include "node/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "smr/request_batch.h"
#include "wire/token.h"

namespace titer::node {

namespace {

Error unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }

// Views the error's text.
wire::QueryAnswer error_answer(const Engine& engine, std::uint64_t token, const Error& why) {
  return {token, engine.machine.position(), why.code, as_bytes(why.message)};
}

}  // namespace

Clients::Clients(net::Environment& env, Engine& engine, Options options)
    : env_(env),
      engine_(engine),
      options_(std::move(options)),
      reads_(env, engine, read_hooks()),
      backups_(env, engine),
      watchers_(env, engine.machine, options_.limits.watches, options_.limits.ring_bytes),
      places_(options_.limits.connections, "connections"),
      budget_(std::make_shared<net::ReceiveBudget>(limits::kStrangerMessageBytesMax, limits::kUnfinishedBytesMax)),
      now_(env.boot_now()),
      rates_(options_.limits.rates) {}

Clients::~Clients() {
  for (const auto& [id, client] : clients_) client->connection->detach();
}

void Clients::adopt(net::Connection& connection, const wire::Hello& hello, const wire::HelloReply& reply) {
  const bool direct = hello.role == wire::Role::kDirectClient;
  if (direct && !is_direct_client(hello.transmitter))
    return connection.fail(Code::kProtocol, "a direct client's transmitter id has its highest bit set");
  if (hello.cluster != 0 && hello.cluster != reply.cluster)
    return connection.fail(Code::kProtocol, "this is another cluster");
  const std::uint64_t address = connection.peer_number();
  if (const Status place = take_place(address); !place)
    return connection.fail(place.error().code, place.error().message);
  auto client = std::make_unique<Client>();
  client->address = address;
  client->heard = now_;
  client->connection = connection.shared_from_this();
  client->session = hello.session;
  client->born = hello.born == Position() ? reply.next : hello.born;
  client->key = connection.local() ? registry::kMachine : registry::kNoKey;
  client->this_machine = connection.from_this_machine();
  client->counted = !connection.local() && (rates_.per_key.counts(client->this_machine) ||
                                            rates_.per_address.counts(client->this_machine));
  client->remote = options_.remote_writes_need_key && !client->this_machine;
  client->transmitter = direct ? hello.transmitter : TransmitterId(0);
  connection.tag = next_client_++;
  connection.set_owner(*this);
  limit_messages(*client);
  // A client that connects again is the same client: its old connection's end must not be taken for its own.
  Client*& of_session = by_session_[hello.session];
  if (of_session != nullptr) closed(*of_session, of_session->requests);  // their answers go to the new connection
  of_session = client.get();
  if (direct) {
    // What it had sent on the old one may be lost, so smr hears of its end first (smr/direct_clients.h).
    Client*& before = by_transmitter_[hello.transmitter];
    if (before != nullptr) lose_direct(*before);
    before = client.get();
  }
  wire::encode(connection.outgoing(), reply);
  mark(*client);
  const bool added = clients_.emplace(connection.tag, std::move(client)).second;
  TITER_CHECK(added, "each connection is one client");
}

Clients::Client* Clients::find(std::uint64_t id) {
  const auto it = clients_.find(id);
  return it == clients_.end() ? nullptr : it->second.get();
}

void Clients::mark(Client& client) {
  if (std::exchange(client.dirty, true)) return;
  dirty_.push_back(&client);
}

void Clients::on_message(net::Connection& connection, const wire::Message& message) {
  Client* client = find(connection.tag);
  if (client == nullptr) return;
  client->heard = now_;
  switch (message.type) {
    case wire::Type::kRequest: return handle_request(*client, message.payload);
    case wire::Type::kQuery:
    case wire::Type::kQueryAs: return handle_query(*client, message);
    case wire::Type::kWatch:
    case wire::Type::kWatchAs: return handle_watch(*client, message);
    case wire::Type::kAuthenticate: return handle_authenticate(*client, message.payload);
    case wire::Type::kStatusAsk: return ask_text(*client, message.type);
    case wire::Type::kTraceAsk:
    case wire::Type::kOperate:
    case wire::Type::kBackupAsk: return handle_admin_command(*client, message);
    case wire::Type::kDirectHello:
    case wire::Type::kFrame: return handle_direct(*client, message);
    default: connection.fail(Code::kProtocol, "a client does not send this kind of message");
  }
}

void Clients::answer(SessionId session, RequestNumber number, ByteView result) {
  const auto it = by_session_.find(session);
  if (it == by_session_.end()) return;
  Client& client = *it->second;
  wire::encode(client.connection->outgoing(), wire::Answer{number, result});
  mark(client);
  closed(client, 1);
  if (client.paused) pause_or_resume(client);
}

bool Clients::refuse_writes(std::optional<Error> why) {
  const auto before = std::exchange(no_writes_, std::move(why));
  return (before ? before->code : Code::kOk) != (no_writes_ ? no_writes_->code : Code::kOk);
}

void Clients::handle_direct(Client& client, const wire::Message& message) {
  if (!is_direct_client(client.transmitter))
    return client.connection->fail(Code::kProtocol, "only a direct client sends frames");
  // The protocol has heard of the end of this connection, so nothing that was still on its way over it counts.
  if (const auto newest = by_transmitter_.find(client.transmitter);
      newest == by_transmitter_.end() || newest->second != &client)
    return client.connection->fail(Code::kProtocol, "you have connected again");
  if (no_writes_) return client.connection->fail(no_writes_->code, no_writes_->message);
  if (engine_.restarts) return client.connection->fail(Code::kUnavailable, kRestarts);
  if (const Status allowed = authorize(client, registry::Act::kDirect); !allowed)
    return client.connection->fail(allowed.error().code, "to be a direct client: " + allowed.error().message);
  if (client.counted && client.key == registry::kNoKey)
    return client.connection->fail(Code::kUnauthorized,
                                   "requests are limited here, so a direct client needs a key");
  auto decoded = wire::decode_from_client(message);
  if (!decoded) return client.connection->fail(decoded.error().code, decoded.error().message);
  if (std::holds_alternative<smr::Hello>(*decoded))
    if (const Status welcomed = welcome(client); !welcomed)
      return client.connection->fail(welcomed.error().code, welcomed.error().message);
  if (const auto* frame = std::get_if<smr::FramePtr>(&*decoded); frame != nullptr && (*frame)->count > 0) {
    for (smr::RequestReader reader(*(*frame)->requests); reader.more();)
      if (const Status own = check_key(client, reader.next().body); !own)
        return client.connection->fail(own.error().code, own.error().message);
  }
  if (engine_.observer != nullptr) engine_.observer->on_direct_message(*decoded);
  engine_.step(smr::input::Direct{client.transmitter, std::move(decoded).value()});
}

Status Clients::welcome(const Client& client) const {
  if (const std::int64_t wait = hold_offs_.wait_us(client.address, client.key.value, env_.boot_now()); wait > 0)
    return Error{Code::kTooMany,
                 fmt::format("direct clients of this address or key have held up the others again and again; come "
                             "again in {} s, or write through a gateway",
                             wait / 1'000'000 + 1)};
  const auto same = [&](const auto& one) { return one.second->address == client.address; };
  if (client.address != 0 && std::count_if(by_transmitter_.begin(), by_transmitter_.end(), same) >
                                 static_cast<std::ptrdiff_t>(kDirectOfAddressMax))
    return Error{Code::kTooMany, "there are too many direct clients of this address; write through a gateway"};
  return ok_status();
}

void Clients::note(HoldOffs::Offence offence, Client& client) {
  if (std::exchange(client.offended, true)) return;
  const std::uint64_t key = client.connection->local() ? 0 : client.key.value;
  hold_offs_.note(offence, client.address, key, env_.boot_now());
}

void Clients::send(const smr::Output::SendClient& message) {
  const auto it = by_transmitter_.find(message.client);
  if (it == by_transmitter_.end()) return;
  wire::encode(it->second->connection->outgoing(), message.message);
  mark(*it->second);
}

Status Clients::check_key(const Client& client, ByteView body) const {
  if (!options_.keys && wire::creates_key(body))
    return Error{Code::kForbidden,
                 "a key would protect nothing here: without TLS and without a secret of the replicas, anybody who "
                 "reaches this port can pose as a replica. Configure [tls], or [cluster] secret_file (`titer init` "
                 "makes that file), or start with --insecure"};
  const registry::KeyId named = wire::request_key(body);
  if ((named == client.key && named != registry::kNoKey) || client.connection->local()) return ok_status();
  if (named == registry::kNoKey && client.remote)
    return Error{Code::kUnauthorized, std::string(wire::kRemoteNeedsKey)};
  if (named == registry::kNoKey) return ok_status();
  return Error{Code::kForbidden, "the request names a key that this connection has not shown; authenticate first"};
}

Status Clients::check_rate(const Client& client) {
  if (!client.counted) return ok_status();
  return rates_.take({client.address, client.key.value, client.this_machine}, env_.boot_now());
}

void Clients::handle_authenticate(Client& client, ByteView payload) {
  const auto who = wire::decode_authenticate(payload);
  if (!who) return client.connection->fail(who.error().code, who.error().message);
  // A read like any other: a key that was made at another replica just now counts here too.
  Question question;
  question.as = who->key;
  question.shows_key = true;
  wire::encode_query(question.body, registry::CheckKey{who->key, wire::hash_secret(who->secret)});
  begin_read(client, std::move(question));
}

void Clients::answer_authenticate(Client& client, registry::KeyId key, const wire::QueryAnswer& answer) {
  if (answer.code == Code::kOk) client.key = key;
  limit_messages(client);
  const std::string text = answer.code == Code::kOk ? std::string() : std::string(as_text(answer.body));
  wire::encode(client.connection->outgoing(), wire::Authenticated{answer.code, text});
}

void Clients::handle_query(Client& client, const wire::Message& message) {
  const bool as = message.type == wire::Type::kQueryAs;
  if (as && !client.connection->local())
    return client.connection->fail(Code::kProtocol,
                                   "only a client of the local socket may ask on behalf of another key");
  const auto query = as ? wire::decode_query_as(message.payload) : wire::decode_query_message(message.payload);
  if (!query) return client.connection->fail(query.error().code, query.error().message);
  if (query->body.size() > limits::kQueryBytesMax)
    return client.connection->fail(Code::kTooLarge, "a question has at most 16 KiB");
  Question question;
  question.token = query->token;
  question.as = as ? query->as : client.key;
  question.body.assign(query->body.begin(), query->body.end());
  begin_read(client, std::move(question));
}

void Clients::begin_read(Client& client, Question question) {
  question.client = client.connection->tag;
  ++client.reads;
  if (const Status rate = check_rate(client); !rate)
    return answer_read(question, error_answer(engine_, question.token, rate.error()));
  reads_.begin(std::move(question));
  pause_or_resume(client);
}

Reads::Hooks Clients::read_hooks() {
  return {[this](std::uint64_t id) {
            const Client* client = find(id);
            return client == nullptr ? nullptr : client->connection.get();
          },
          [this](const Question& question, const wire::QueryAnswer& answer) { answer_read(question, answer); }};
}

void Clients::answer_read(const Question& question, const wire::QueryAnswer& answer) {
  Client* const asker = find(question.client);
  TITER_CHECK(asker != nullptr && asker->reads > 0, "an answer is of an open question of a client that is there");
  Client& client = *asker;
  --client.reads;
  if (question.request != RequestNumber())
    answer_judgement(client, question, answer);
  else if (question.shows_key)
    answer_authenticate(client, question.as, answer);
  else
    wire::encode(client.connection->outgoing(), answer);
  mark(client);
  if (client.paused) pause_or_resume(client);
}

void Clients::read_refused(std::uint64_t read) { reads_.refused(read, unavailable(read_refusal())); }

std::string Clients::read_refusal() const {
  const std::string& dispute = engine_.replica.dispute();
  return dispute.empty() ? "this replica is not (or not yet) a member of the cluster; ask another one" : dispute;
}

void Clients::handle_watch(Client& client, const wire::Message& message) {
  const bool as = message.type == wire::Type::kWatchAs;
  if (as && !client.connection->local())
    return client.connection->fail(Code::kProtocol,
                                   "only a client of the local socket may ask on behalf of another key");
  const auto watch = as ? wire::decode_watch_as(message.payload) : wire::decode_watch(message.payload);
  if (!watch) return client.connection->fail(watch.error().code, watch.error().message);
  const registry::KeyId who = as ? watch->as : client.key;
  if (const Status place = watchers_.watch(*client.connection, client.address, watch->since, who); !place)
    client.connection->fail(place.error().code, place.error().message);
}

void Clients::cut(TransmitterId client, const std::string& reason) {
  const auto it = by_transmitter_.find(client);
  if (it == by_transmitter_.end()) return;
  note(HoldOffs::kHeldUp, *it->second);
  it->second->connection->fail(Code::kProtocol, reason);
}

void Clients::tell_view(const smr::ViewRecord& view) {
  for (const auto& [id, client] : clients_) {
    wire::encode(client->connection->outgoing(), smr::ToClient(smr::ViewIs{view}));
    mark(*client);
  }
}

void Clients::on_turn(BootTime now) {
  now_ = now;
  log_.tell_left_out(now);
  if (now >= next_message_check_) check_unfinished_messages(now);
  reads_.on_turn(now);
  answer_texts(now);
  // A learner's history is ahead of its position, and has gaps, while a piece of the state is missing.
  if (!engine_.restarts && engine_.replica.full()) watchers_.on_turn(now);
  backups_.on_turn(now);
  const auto written =
      dirty_.begin() + static_cast<std::ptrdiff_t>(std::min(dirty_.size(), limits::kWritesPerTurn));
  std::for_each(dirty_.begin(), written, [](Client* client) {
    client->dirty = false;
    client->connection->flush();
  });
  dirty_.erase(dirty_.begin(), written);
  if (!dirty_.empty()) env_.wake_at(now);
}

void Clients::on_closed(net::Connection& connection, const std::string& reason) {
  const Client* client = find(connection.tag);
  if (client == nullptr) return;
  if (reason.starts_with("cut off")) log_.warn("client of session {:x}: {}", client->session.value, reason);
  forget(connection.tag);
}

void Clients::forget(std::uint64_t id) {
  const auto it = clients_.find(id);
  TITER_CHECK(it != clients_.end(), "a client is forgotten once");
  const std::unique_ptr<Client> client = std::move(it->second);
  clients_.erase(it);
  std::erase(dirty_, client.get());
  reads_.forget(id);
  (void)texts_.forget(id);
  closed(*client, client->requests);
  judged_bytes_ -= client->judged_bytes;
  backups_.forget(*client->connection);
  watchers_.forget(*client->connection);
  places_.give_back(client->address);
  if (const auto s = by_session_.find(client->session); s != by_session_.end() && s->second == client.get())
    by_session_.erase(s);
  const auto x = by_transmitter_.find(client->transmitter);
  if (x == by_transmitter_.end() || x->second != client.get()) return;
  by_transmitter_.erase(x);
  lose_direct(*client);
}

// In the middle of a broadcast it holds up the others.
void Clients::lose_direct(Client& client) {
  if (engine_.replica.waits_for(client.transmitter)) note(HoldOffs::kLost, client);
  engine_.step(smr::input::DirectLost{client.transmitter});
}

void Clients::goodbye(const std::string& reason) {
  for (const auto& [id, client] : clients_) client->connection->close(Code::kUnavailable, reason);
}

}  // namespace titer::node
