// SPDX-License-Identifier: Apache-2.0

// OneNode: a node in a fake world (net/testing/fake_environment.h), and clients and peers that the test holds by their
// wires. In memory, so that nothing but the node itself is at work. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "machine/testing.h"
#include "net/testing/fake_environment.h"
#include "node/node.h"

namespace titer::node::test {

inline constexpr std::uint16_t kFirstPort = 100;  // of replica 0
inline constexpr std::uint64_t kCluster = 7;

// The view in which these replicas are members, with incarnations from 100 on.
inline smr::ViewRecord members(std::uint64_t number, std::initializer_list<std::uint16_t> ids) {
  smr::ViewRecord record{ViewNumber(number), {}, {}};
  for (const std::uint16_t id : ids)
    record.members.push_back({ReplicaId(id), Incarnation(100U + id), "r" + std::to_string(id)});
  return record;
}

// What a register was asked.
struct FakeRegister final : view::ViewRegister {
  void compare_and_set(const wire::CompareAndSet& ask, bool is_certain) override {
    asked.push_back(ask);
    certain.push_back(is_certain);
  }
  void ready(Position position) override { readies.push_back(position); }
  [[nodiscard]] Status operate(const wire::Operate& ask) override {
    operated.push_back(ask.token);
    return ok_status();
  }
  void goodbye(const std::string& why) override { last_words = why; }
  [[nodiscard]] view::RegisterStatus status() const override { return {"fake", true, true, {}, {}, 0, {}}; }

  std::vector<wire::CompareAndSet> asked;
  std::vector<bool> certain;
  std::vector<Position> readies;
  std::vector<std::uint64_t> operated;
  std::string last_words;
};

class OneNode : public ::testing::Test {
 protected:
  // Replica `me` of `replicas`, in this view.
  void open(std::uint16_t me, const smr::ViewRecord& view, std::uint16_t replicas = 3, NodeOptions options = {},
            Node::LocalState local_state = Node::LocalState()) {
    options.me = ReplicaId(me);
    options.incarnation = Incarnation(100U + me);
    options.cluster = kCluster;
    for (std::uint16_t i = 0; i < replicas; ++i)
      options.roster[i] = net::Address{"here", static_cast<std::uint16_t>(kFirstPort + i)};
    auto opened = Node::open(std::move(options), env, view, std::move(local_state));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    node = std::move(opened).value();
    node->use(reg);
    port_ = static_cast<std::uint16_t>(kFirstPort + me);
  }
  void turn() {
    env.run();
    env.forget_wakes();
    node->turn();
    env.run();
  }
  // So many µs, in turns as often as there would be.
  void live(std::int64_t us) {
    for (const std::int64_t end = env.boot_now().value + us; env.boot_now().value < end;) {
      env.pass(5'000);
      turn();
    }
  }

  // --- clients
  [[nodiscard]] net::test::FakeWire client(std::uint64_t session, std::uint64_t from = 1, bool local = false) {
    auto wire = env.connect(port_, from, local);
    wire::Hello hello;
    hello.session = SessionId(session);
    send(wire, hello);
    return wire;
  }
  template <typename... Message>
  static void send(net::test::FakeWire& wire, const Message&... message) {
    Bytes out;
    (wire::encode(out, message), ...);
    wire.send(out);
  }
  static void request(net::test::FakeWire& wire, std::uint64_t number, const registry::Request& asked) {
    Bytes body;
    wire::encode_request(body, asked);
    send(wire, wire::Request{RequestNumber(number), body});
  }
  static void ask(net::test::FakeWire& wire, std::uint64_t token, const registry::Query& query) {
    Bytes body;
    wire::encode_query(body, query);
    send(wire, wire::Query{token, body});
  }
  struct Heard {
    std::vector<std::pair<std::uint64_t, registry::Outcome>> answers;  // by number
    std::vector<std::pair<std::uint64_t, Code>> replies;               // by token
    std::string goodbye;
    bool greeted = false;
  };
  static Heard hear(net::test::FakeWire& wire) {
    Heard heard;
    const Bytes all = wire.take();
    for (ByteView rest = all; !rest.empty();) {
      const auto next = wire::next_message(rest);
      if (!next || !*next) break;
      const wire::Message& message = **next;
      if (message.type == wire::Type::kHelloReply) heard.greeted = true;
      if (message.type == wire::Type::kGoodbye) heard.goodbye = wire::decode_goodbye(message.payload)->reason;
      if (message.type == wire::Type::kAnswer) {
        const auto answer = wire::decode_answer(message.payload).value();
        heard.answers.emplace_back(answer.number.value, registry::Outcome());
        EXPECT_TRUE(wire::decode_outcome(answer.result, heard.answers.back().second).ok());
      }
      if (message.type == wire::Type::kQueryAnswer) {
        const auto reply = wire::decode_query_answer(message.payload).value();
        heard.replies.emplace_back(reply.token, reply.code);
      }
    }
    return heard;
  }

  // --- peers
  [[nodiscard]] wire::Hello hello_of(std::uint16_t replica, std::uint64_t incarnation) const {
    wire::Hello hello;
    hello.role = wire::Role::kReplica;
    hello.cluster = kCluster;
    hello.tables = machine::rules_digest();
    hello.replica = ReplicaId(replica);
    hello.incarnation = Incarnation(incarnation);
    return hello;
  }
  [[nodiscard]] net::test::FakeWire peer(std::uint16_t replica, std::uint64_t incarnation) {
    auto wire = env.connect(port_, 50U + replica);
    send(wire, hello_of(replica, incarnation));
    return wire;
  }

  net::test::FakeEnvironment env;
  FakeRegister reg;
  std::unique_ptr<Node> node;

 private:
  std::uint16_t port_ = 0;
};

}  // namespace titer::node::test
