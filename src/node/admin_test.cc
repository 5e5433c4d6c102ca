// SPDX-License-Identifier: Apache-2.0

// What only operators ask of a replica, what everybody may ask, and keys that are shown (clients_admin.cc).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/one_node.h"
#include "wire/token.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

constexpr registry::KeyId kChief{11}, kVisitor{12};

class AdminTest : public test::OneNode {
 protected:
  void open_alone(NodeOptions options = {}) { open(0, members(0, {0}), 1, std::move(options)); }
  // … with a key of an operator and one of a reader; their secrets are their owners' names.
  void open_with_keys(NodeOptions options = {}) {
    open_alone(std::move(options));
    auto machine = local(1);
    make_key(machine, 1, registry::kMachine, key(kChief, "chief", registry::Role::kOperator));
    make_key(machine, 2, kChief, key(kVisitor, "visitor", registry::Role::kReader));
    ASSERT_TRUE(node->engine().machine.registry().has_keys());
  }
  static registry::CreateKey key(registry::KeyId id, std::string_view owner, registry::Role role) {
    return {id, wire::hash_secret(owner), owner, role, {}, {}};
  }
  void make_key(FakeWire& wire, std::uint64_t number, registry::KeyId by, registry::CreateKey made) {
    registry::Request create = machine::request(std::move(made));
    create.key = by;
    request(wire, number, create);
    live(20'000);
    const Heard heard = hear(wire);
    ASSERT_EQ(heard.answers.size(), 1U);
    ASSERT_EQ(heard.answers[0].second.code, Code::kOk) << heard.answers[0].second.message;
  }
  [[nodiscard]] FakeWire local(std::uint64_t session) {
    auto wire = client(session, 0, true);
    turn();
    (void)wire.take();
    return wire;
  }
  // Somebody at an address, who has shown this key.
  [[nodiscard]] FakeWire shown(std::uint64_t session, registry::KeyId key, std::string_view secret) {
    auto wire = client(session, 5);
    send(wire, wire::Authenticate{key, secret});
    live(20'000);
    EXPECT_EQ(hear(wire).authenticated, std::vector{Code::kOk});
    return wire;
  }
  static void operate(FakeWire& wire, std::uint64_t token) {
    wire::Operate kill;
    kill.token = token;
    send(wire, kill);
  }
  static void ask_status(FakeWire& wire) {
    Bytes out;
    wire::encode_status_ask(out);
    wire.send(out);
  }
  static void ask_trace(FakeWire& wire) {
    Bytes out;
    wire::encode_trace_ask(out);
    wire.send(out);
  }
};

TEST_F(AdminTest, each_answer_goes_to_the_command_that_it_is_of) {
  open_alone();
  auto a = local(1), b = local(2);
  operate(a, 7);
  operate(b, 7);  // two clients may choose the same token
  turn();
  ASSERT_EQ(reg.operated.size(), 2U);
  EXPECT_NE(reg.operated[0], reg.operated[1]);
  node->on_operated({reg.operated[1], Code::kNotFound, "there is no such replica"});
  turn();
  EXPECT_TRUE(hear(a).operated.empty());
  const Heard heard = hear(b);
  ASSERT_EQ(heard.operated.size(), 1U);
  EXPECT_EQ(heard.operated[0].token, 7U);
  EXPECT_EQ(heard.operated[0].code, Code::kNotFound);
  EXPECT_EQ(heard.operated[0].message, "there is no such replica");
  node->on_operated({reg.operated[1], Code::kOk, "once more"});
  node->on_operated({reg.operated[0], Code::kOk, ""});
  turn();
  EXPECT_TRUE(hear(b).operated.empty()) << "it is answered once";
  EXPECT_EQ(hear(a).operated.size(), 1U);
}

TEST_F(AdminTest, an_answer_is_written_in_a_turn_of_its_own) {
  open_alone();
  auto wire = local(1);
  operate(wire, 7);
  turn();
  env.forget_wakes();
  node->on_operated({reg.operated.at(0), Code::kOk, ""});
  ASSERT_TRUE(env.wakes().has_value());
  EXPECT_LE(*env.wakes(), env.boot_now());
}

TEST_F(AdminTest, the_answer_for_a_client_that_has_gone_is_nobody_s) {
  open_alone();
  auto wire = local(1);
  operate(wire, 7);
  turn();
  wire.close();
  turn();
  node->on_operated({reg.operated.at(0), Code::kOk, ""});
  auto again = local(1);
  turn();
  EXPECT_TRUE(hear(again).operated.empty());
}

TEST_F(AdminTest, what_the_register_does_not_take_is_answered_with_its_reason) {
  open_alone();
  reg.refuses_to_operate = Error{Code::kUnavailable, "the supervisor is gone"};
  auto wire = local(1);
  operate(wire, 7);
  turn();
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.operated.size(), 1U);
  EXPECT_EQ(heard.operated[0].token, 7U);
  EXPECT_EQ(heard.operated[0].message, "the supervisor is gone");
}

TEST_F(AdminTest, before_there_is_a_register_nobody_can_kill_or_start) {
  NodeOptions options;
  auto opened = make(0, members(0, {0}), 1, std::move(options));
  ASSERT_TRUE(opened.ok());
  node = std::move(opened).value();
  auto wire = client_at(port_of(0), 1, 0, true);
  turn();
  operate(wire, 7);
  turn();
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.operated.size(), 1U);
  EXPECT_EQ(heard.operated[0].code, Code::kUnavailable);
}

// A supervisor that is gone answers none of them.
TEST_F(AdminTest, commands_that_wait_for_the_supervisor_are_limited) {
  open_alone();
  auto wire = local(1);
  for (std::uint64_t token = 1; token <= 70; ++token) operate(wire, token);
  live(20'000);
  Heard heard = hear(wire);
  ASSERT_EQ(heard.operated.size(), 6U);
  for (const wire::Operated& one : heard.operated) {
    EXPECT_GT(one.token, 64U);
    EXPECT_EQ(one.code, Code::kBusy);
  }
  ASSERT_EQ(reg.operated.size(), 64U) << "those are not passed on";
  node->on_operated({reg.operated[0], Code::kOk, ""});
  operate(wire, 71);
  turn();
  EXPECT_EQ(reg.operated.size(), 65U) << "an answer makes room";
}

TEST_F(AdminTest, once_there_are_keys_an_operator_s_is_needed_to_kill_and_start) {
  open_with_keys();
  auto nobody = client(2, 5), visitor = shown(3, kVisitor, "visitor"), chief = shown(4, kChief, "chief");
  operate(nobody, 1);
  operate(visitor, 2);
  operate(chief, 3);
  turn();
  EXPECT_EQ(hear(nobody).operated.at(0).code, Code::kUnauthorized);
  EXPECT_EQ(hear(visitor).operated.at(0).code, Code::kForbidden);
  EXPECT_TRUE(hear(chief).operated.empty()) << "it is under way";
  EXPECT_EQ(reg.operated.size(), 1U);
  EXPECT_FALSE(nobody.closed() || visitor.closed());
}

TEST_F(AdminTest, from_another_machine_it_needs_a_key_also_while_there_are_none) {
  NodeOptions options;
  options.remote_writes_need_key = true;
  open_alone(std::move(options));
  auto remote = client(1, 5), machine = local(2);
  operate(remote, 1);
  operate(machine, 2);
  turn();
  EXPECT_EQ(hear(remote).operated.at(0).code, Code::kUnauthorized);
  EXPECT_EQ(reg.operated.size(), 1U);
}

TEST_F(AdminTest, a_trace_is_for_operators_and_a_status_for_everybody) {
  open_with_keys();
  auto nobody = client(2, 5), chief = shown(3, kChief, "chief");
  ask_status(nobody);
  ask_status(chief);
  ask_trace(chief);
  turn();
  EXPECT_EQ(hear(nobody).texts.size(), 1U);
  EXPECT_EQ(hear(chief).texts.size(), 2U);
  ask_trace(nobody);
  turn();
  EXPECT_TRUE(nobody.closed());
  EXPECT_FALSE(hear(nobody).goodbye.empty());
}

TEST_F(AdminTest, a_flood_for_the_status_is_answered_in_part_each_turn_and_one_client_after_the_other) {
  open_alone();
  auto eager = local(1), modest = local(2);
  for (std::size_t i = 0; i < 2 * limits::kTextsPerTurn; ++i) ask_status(eager);
  env.run();
  ask_status(modest);
  turn();
  EXPECT_EQ(hear(modest).texts.size(), 1U);
  std::size_t answered = hear(eager).texts.size();
  EXPECT_LE(answered, limits::kTextsPerTurn);
  for (int i = 0; i < 4; ++i) {
    turn();
    answered += hear(eager).texts.size();
  }
  EXPECT_EQ(answered, 2 * limits::kTextsPerTurn);
}

TEST_F(AdminTest, a_wrong_secret_is_told_and_leaves_the_key_of_before) {
  open_with_keys();
  auto wire = shown(2, kChief, "chief");
  send(wire, wire::Authenticate{kVisitor, "not its secret"});
  live(20'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.authenticated.size(), 1U);
  EXPECT_NE(heard.authenticated[0], Code::kOk);
  operate(wire, 1);
  turn();
  EXPECT_EQ(reg.operated.size(), 1U) << "it is still the operator";
  send(wire, wire::Authenticate{kVisitor, "visitor"});
  live(20'000);
  EXPECT_EQ(hear(wire).authenticated, std::vector{Code::kOk});
  operate(wire, 2);
  turn();
  EXPECT_EQ(hear(wire).operated.at(0).code, Code::kForbidden) << "now it is the other one";
}

TEST_F(AdminTest, a_key_counts_for_its_own_connection_alone) {
  open_with_keys();
  auto chief = shown(2, kChief, "chief"), other = client(3, 5);
  registry::Request asked = machine::add_site("elm", "Elm");
  asked.key = kChief;
  request(chief, 1, asked);
  request(other, 1, asked);
  live(20'000);
  EXPECT_EQ(hear(chief).answers.at(0).second.code, Code::kOk);
  EXPECT_EQ(hear(other).answers.at(0).second.code, Code::kForbidden);
}

TEST_F(AdminTest, a_key_that_was_revoked_counts_no_longer_on_a_connection_that_showed_it) {
  open_with_keys();
  constexpr registry::KeyId kDeputy{13};
  auto machine = local(2);
  make_key(machine, 1, kChief, key(kDeputy, "deputy", registry::Role::kOperator));
  auto deputy = shown(3, kDeputy, "deputy");
  registry::Request revoke = machine::request(registry::RevokeKey{kDeputy});
  revoke.key = kChief;
  request(machine, 2, revoke);
  live(20'000);
  operate(deputy, 1);
  turn();
  EXPECT_EQ(hear(deputy).operated.at(0).code, Code::kUnauthorized);
  EXPECT_TRUE(reg.operated.empty());
}

TEST_F(AdminTest, where_keys_would_protect_nothing_none_is_made) {
  NodeOptions options;
  options.keys = false;
  open_alone(std::move(options));
  auto wire = local(1);
  registry::Request create = machine::request(key(kChief, "chief", registry::Role::kOperator));
  create.key = registry::kMachine;
  request(wire, 1, create);
  live(20'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kForbidden);
  EXPECT_NE(heard.answers[0].second.message.find("secret_file"), std::string::npos) << "it says what to do";
  EXPECT_FALSE(node->engine().machine.registry().has_keys());
}

}  // namespace
}  // namespace titer::node
