// SPDX-License-Identifier: Apache-2.0

// A replica for tests: answers on loopback as the test says, on the loop of the client that it serves.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/loop.h"
#include "wire/codec.h"

namespace titer::client {

// A loopback address of this process alone: tests that run side by side must not reach each other's replicas.
[[nodiscard]] inline net::Address address_of_ours(std::uint16_t port) {
  const auto pid = static_cast<unsigned>(::getpid());
  return {fmt::format("127.{}.{}.{}", 64 + (pid >> 16 & 63U), pid >> 8 & 255U, pid & 255U), port};
}

class FakeReplica final : public net::ConnectionOwner {
 public:
  // What becomes of a request: an outcome, or nothing (silence).
  using OnRequest = std::function<std::optional<registry::Outcome>(SessionId, RequestNumber, ByteView body)>;
  using OnQuery = std::function<void(const registry::Query&, wire::QueryAnswer&, Bytes& buffer)>;

  FakeReplica(net::Loop& loop, net::Address address, ReplicaId id = ReplicaId(0))
      : id_(id), address_(std::move(address)) {
    auto opened = loop.listen(address_, [this, &loop](net::ByteStreamPtr stream) {
      connections_.push_back(net::Connection::make(loop, std::move(stream), *this, std::size_t{1} << 24));
      connections_.back()->tag = connections_.size() - 1;
      connections_.back()->start();
    });
    if (opened) listener_ = std::move(opened).value();
  }
  ~FakeReplica() { die(); }
  FakeReplica(const FakeReplica&) = delete;
  FakeReplica& operator=(const FakeReplica&) = delete;

  [[nodiscard]] bool listening() const { return listener_ != nullptr; }
  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::size_t accepted() const { return connections_.size(); }
  // As by SIGKILL.
  void die() {
    if (listener_) listener_->close();
    for (const auto& connection : connections_) {
      connection->detach();
      connection->close(Code::kOk, "killed");
    }
  }
  // To all who are connected, or only to those who watch on behalf of this key.
  void send_events(const std::vector<registry::Event>& events, Position upto,
                   std::optional<registry::KeyId> only_to = std::nullopt) {
    Bytes rows;
    ByteWriter out(rows);
    for (const registry::Event& event : events) wire::encode_event(out, event);
    for (const auto& connection : connections_) {
      if (!connection->open()) continue;
      if (only_to && (!watches_.contains(connection->tag) || watches_[connection->tag] != *only_to)) continue;
      wire::encode(connection->outgoing(),
                   wire::Events{upto, Code::kOk, {}, static_cast<std::uint32_t>(events.size()), rows});
      connection->flush();
    }
  }

  OnRequest on_request;
  OnQuery on_query;
  std::function<void(Position since)> on_watch;
  bool greets = true;
  std::uint64_t stream_id = 0;                    // of its positions
  Position next{1};                               // of the next request, as it says in its answer to a hello
  std::vector<Position> births;                   // as each hello names it
  int too_many = 0;                               // keys and questions that it still refuses as too many
  std::string secret;                             // of every key that it takes
  std::vector<registry::KeyId> shown;             // the keys that clients have shown, one for each time
  registry::KeyId asked_as = registry::kMachine;  // by the last question
  std::vector<registry::KeyId> watched_as;        // by each watch
  std::vector<std::uint64_t> numbers;             // of the requests received

 private:
  void on_message(net::Connection& connection, const wire::Message& message) override {
    Bytes& out = connection.outgoing();
    if (message.type == wire::Type::kHello && greets) {
      sessions_[connection.tag] = wire::decode_hello(message.payload)->session;
      wire::HelloReply reply;
      reply.replica = id_;
      reply.incarnation = Incarnation(7);
      reply.next = next;
      reply.stream = stream_id;
      births.push_back(wire::decode_hello(message.payload)->born);
      wire::encode(out, reply);
    } else if (message.type == wire::Type::kAuthenticate) {
      const wire::Authenticate who = *wire::decode_authenticate(message.payload);
      shown.emplace_back(who.key);
      const bool known = who.secret == secret;
      if (refuses())
        wire::encode(out, wire::Authenticated{Code::kTooMany, "too many"});
      else
        wire::encode(out,
                     wire::Authenticated{known ? Code::kOk : Code::kUnauthorized, known ? "" : "not known here"});
    } else if (message.type == wire::Type::kRequest) {
      const wire::Request request = *wire::decode_request_message(message.payload);
      numbers.push_back(request.number.value);
      const auto outcome = on_request(sessions_[connection.tag], request.number, request.body);
      if (outcome) {
        Bytes result;
        wire::encode_outcome(result, *outcome);
        wire::encode(out, wire::Answer{request.number, result});
      }
    } else if (message.type == wire::Type::kQuery || message.type == wire::Type::kQueryAs) {
      const bool as = message.type == wire::Type::kQueryAs;
      const wire::Query query =
          as ? *wire::decode_query_as(message.payload) : *wire::decode_query_message(message.payload);
      asked_as = query.as;
      Bytes buffer;
      wire::QueryAnswer answer;
      answer.token = query.token;
      if (refuses())
        answer.code = Code::kTooMany;
      else if (on_query)
        on_query(*wire::decode_query(query.body), answer, buffer);
      wire::encode(out, answer);
    } else if (message.type == wire::Type::kWatch || message.type == wire::Type::kWatchAs) {
      const bool as = message.type == wire::Type::kWatchAs;
      const wire::Watch watch = as ? *wire::decode_watch_as(message.payload) : *wire::decode_watch(message.payload);
      watched_as.push_back(watch.as);
      watches_[connection.tag] = watch.as;
      if (on_watch) on_watch(watch.since);
    }
    connection.flush();
  }
  void on_closed(net::Connection&, const std::string&) override {}
  bool refuses() { return too_many > 0 && too_many-- > 0; }

  ReplicaId id_;
  net::Address address_;
  std::unique_ptr<net::Listening> listener_;
  std::vector<net::ConnectionPtr> connections_;
  std::map<std::uint64_t, SessionId> sessions_;
  std::map<std::uint64_t, registry::KeyId> watches_;
};

}  // namespace titer::client
