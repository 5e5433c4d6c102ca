// SPDX-License-Identifier: Apache-2.0

#include "node/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "smr/request_batch.h"
#include "wire/token.h"

namespace titer::node {

namespace {

Error unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }

}  // namespace

Clients::Clients(net::Loop& loop, Engine& engine, Options options)
    : loop_(loop),
      engine_(engine),
      options_(std::move(options)),
      backups_(loop, engine),
      watchers_(loop, engine.machine, options_.limits.watches),
      places_(options_.limits.connections, "connections"),
      budget_(std::make_shared<net::ReceiveBudget>(limits::kStrangerMessageBytesMax, limits::kUnfinishedBytesMax)),
      now_(net::boot_now()),
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
  by_session_[hello.session] = client.get();
  if (direct) {
    // What it had sent on the old one may be lost, so smr hears of its end first (smr/direct_clients.h).
    Client*& before = by_transmitter_[hello.transmitter];
    if (before != nullptr) lose_direct(*before);
    before = client.get();
  }
  wire::encode(connection.outgoing(), reply);
  mark(*client);
  clients_.emplace(connection.tag, std::move(client));
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
    case wire::Type::kStatusAsk:
      wire::encode_status(connection.outgoing(), options_.status());
      return mark(*client);
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
  if (it->second->requests > 0) --it->second->requests;
  wire::encode(it->second->connection->outgoing(), wire::Answer{number, result});
  mark(*it->second);
}

bool Clients::refuse_writes(std::optional<Error> why) {
  const auto before = std::exchange(no_writes_, std::move(why));
  return (before ? before->code : Code::kOk) != (no_writes_ ? no_writes_->code : Code::kOk);
}

void Clients::handle_direct(Client& client, const wire::Message& message) {
  if (!is_direct_client(client.transmitter))
    return client.connection->fail(Code::kProtocol, "only a direct client sends frames");
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
  engine_.step(smr::input::Direct{client.transmitter, std::move(decoded).value()});
}

Status Clients::welcome(const Client& client) const {
  if (const std::int64_t wait = hold_offs_.wait_us(client.address, client.key.value, net::boot_now()); wait > 0)
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
  hold_offs_.note(offence, client.address, key, net::boot_now());
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
  return rates_.take({client.address, client.key.value, client.this_machine}, net::boot_now());
}

void Clients::handle_authenticate(Client& client, ByteView payload) {
  const auto who = wire::decode_authenticate(payload);
  if (!who) return client.connection->fail(who.error().code, who.error().message);
  // A read like any other: a key that was made at another replica just now counts here too.
  Read read;
  read.as = who->key;
  read.shows_key = true;
  wire::encode_query(read.body, registry::CheckKey{who->key, wire::hash_secret(who->secret)});
  begin_read(client, std::move(read));
}

void Clients::answer_authenticate(Client& client, registry::KeyId key, const wire::QueryAnswer& answer) {
  if (answer.code == Code::kOk) client.key = key;
  limit_messages(client);
  wire::encode(client.connection->outgoing(), wire::Authenticated{answer.code, std::string(as_text(answer.body))});
  mark(client);
}

void Clients::handle_query(Client& client, const wire::Message& message) {
  const bool as = message.type == wire::Type::kQueryAs;
  if (as && !client.connection->local())
    return client.connection->fail(Code::kProtocol, "only who comes through the local socket asks for others");
  const auto query = as ? wire::decode_query_as(message.payload) : wire::decode_query_message(message.payload);
  if (!query) return client.connection->fail(query.error().code, query.error().message);
  Read read;
  read.token = query->token;
  read.body.assign(query->body.begin(), query->body.end());
  read.as = as ? query->as : client.key;
  begin_read(client, std::move(read));
}

void Clients::begin_read(Client& client, Read read) {
  read.client = client.connection->tag;
  if (const Status rate = check_rate(client); !rate) return refuse_read(read, rate.error());
  wait_for_fence(client, std::move(read));
}

void Clients::wait_for_fence(Client& client, Read read) {
  const std::uint64_t id = next_read_++;
  read.asked = net::boot_now();
  reads_.emplace(id, std::move(read));
  if (++client.reads >= kReadsMax) {
    client.paused = true;
    client.connection->pause();
  }
  engine_.step(smr::input::Read{id});
}

void Clients::read_ready(std::uint64_t read) {
  const auto it = reads_.find(read);
  if (it == reads_.end()) return;
  if (answer_read(it->second) == Answering::kDone)
    close_read(read);
  else
    delayed_.push_back(read);
}

Clients::Answering Clients::answer_read(const Read& read) {
  Client* client = find(read.client);
  if (client == nullptr) return Answering::kDone;
  if (client->connection->waiting() > kUnreadBytesMax) return Answering::kUnread;
  if (read.request != RequestNumber()) return answer_judgement(*client, read);
  if (answered_bytes_ > kAnswerBytesPerTurn) return Answering::kNextTurn;
  wire::QueryAnswer answer;
  rows_.clear();
  const registry::KeyId as = read.shows_key ? registry::kMachine : read.as;
  engine_.machine.query(read.body, rows_, answer, {as, net::wall_now()});
  if (!engine_.read_lease(net::boot_now(), read.asked)) return Answering::kNoLease;
  if (read.shows_key) {
    if (answer.code == Code::kOk) answer.body = {};
    answer_authenticate(*client, read.as, answer);
    return Answering::kDone;
  }
  answer.token = read.token;
  wire::encode(client->connection->outgoing(), answer);
  answered_bytes_ += rows_.size();
  ++reads_answered_;
  mark(*client);
  return Answering::kDone;
}

void Clients::close_read(std::uint64_t id) {
  const auto it = reads_.find(id);
  if (it->second.request != RequestNumber()) judged_bytes_ -= it->second.body.size();
  if (Client* client = find(it->second.client)) {
    --client->reads;
    if (client->paused && client->reads < kReadsMax / 2) {
      client->paused = false;
      client->connection->resume();
    }
  }
  reads_.erase(it);
}

void Clients::retry_reads(BootTime now) {
  answered_bytes_ = 0;
  std::vector<std::uint64_t> again;
  std::swap(again, delayed_);
  for (const std::uint64_t id : again) {
    const auto it = reads_.find(id);
    if (it == reads_.end()) continue;
    const std::int64_t waited = now.value - it->second.asked.value;
    const Answering answering = answer_read(it->second);
    if (answering == Answering::kNoLease && waited > kReadPatienceUs) {
      refuse_read(it->second, unavailable("this replica has no read lease: it may be cut off; ask another one"));
    } else if (answering == Answering::kUnread && waited > kUnreadPatienceUs) {
      find(it->second.client)->connection->fail(Code::kBusy, "it does not read what it asked for");
    } else if (answering != Answering::kDone) {
      if (answering == Answering::kNextTurn) loop_.wake_at(now);
      delayed_.push_back(id);
      continue;
    }
    close_read(id);
  }
}

void Clients::read_refused(std::uint64_t read) {
  const auto it = reads_.find(read);
  if (it == reads_.end()) return;
  const std::string& dispute = engine_.replica.dispute();
  refuse_read(it->second,
              unavailable(dispute.empty() ? "this replica is not (or not yet) a member of the cluster; ask "
                                            "another one"
                                          : dispute));
  close_read(read);
}

void Clients::refuse_read(const Read& read, const Error& why) {
  Client* client = find(read.client);
  if (client == nullptr) return;
  if (read.request != RequestNumber()) return refuse(*client, read.request, why.code, why.message);
  const wire::QueryAnswer answer{read.token, engine_.machine.position(), why.code, as_bytes(why.message)};
  if (read.shows_key) return answer_authenticate(*client, read.as, answer);
  wire::encode(client->connection->outgoing(), answer);
  mark(*client);
}

void Clients::handle_watch(Client& client, const wire::Message& message) {
  const bool as = message.type == wire::Type::kWatchAs;
  if (as && !client.connection->local())
    return client.connection->fail(Code::kProtocol, "only who comes through the local socket asks for others");
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
  retry_reads(now);
  if (!engine_.restarts) watchers_.on_turn(now);
  backups_.on_turn(now);
  for (Client* client : dirty_) {
    client->dirty = false;
    client->connection->flush();
  }
  dirty_.clear();
}

void Clients::on_closed(net::Connection& connection, const std::string& reason) {
  const Client* client = find(connection.tag);
  if (client == nullptr) return;
  if (reason.starts_with("cut off")) log_.warn("client of session {:x}: {}", client->session.value, reason);
  forget(connection.tag);
}

void Clients::forget(std::uint64_t id) {
  const auto it = clients_.find(id);
  const std::unique_ptr<Client> client = std::move(it->second);
  clients_.erase(it);
  std::erase(dirty_, client.get());
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
