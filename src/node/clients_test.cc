// SPDX-License-Identifier: Apache-2.0

// What a replica lets its clients do, over fake connections.
#include "node/clients.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "node/testing/one_node.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

class ClientsTest : public test::OneNode {
 protected:
  void open_alone(ClientLimits limits = {}) {
    NodeOptions options;
    options.limits = limits;
    open(0, members(0, {0}), 1, std::move(options));
  }
  // Two turns: into a frame, and executed.
  void settle() {
    turn();
    turn();
  }
};

TEST_F(ClientsTest, a_client_of_another_cluster_is_told_so) {
  open_alone();
  auto wire = env.connect(test::kFirstPort);
  wire::Hello hello;
  hello.cluster = test::kCluster + 1;
  send(wire, hello);
  turn();
  EXPECT_NE(hear(wire).goodbye.find("another cluster"), std::string::npos);
}

TEST_F(ClientsTest, a_repeated_request_is_answered_and_has_no_second_effect) {
  open_alone();
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  settle();
  request(wire, 1, machine::add_site("elm", "Elm"));
  settle();
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 2U);
  EXPECT_EQ(heard.answers[1].second.code, Code::kOk);
  EXPECT_EQ(node->engine().machine.registry().totals().sites, 1U);
}

TEST_F(ClientsTest, answers_of_a_session_go_to_its_newest_connection) {
  open_alone();
  auto before = client(1);
  request(before, 1, machine::add_site("elm", "Elm"));
  env.run();
  auto now = client(1);
  settle();
  EXPECT_TRUE(hear(before).answers.empty());
  EXPECT_EQ(hear(now).answers.size(), 1U);
}

TEST_F(ClientsTest, the_end_of_an_old_connection_is_not_the_end_of_its_session) {
  open_alone();
  auto before = client(1);
  turn();
  auto now = client(1);
  turn();
  before.close();
  turn();
  request(now, 1, machine::add_site("elm", "Elm"));
  settle();
  EXPECT_EQ(hear(now).answers.size(), 1U);
}

TEST_F(ClientsTest, a_request_may_not_name_a_key_that_was_not_shown) {
  open_alone();
  auto wire = client(1);
  registry::Request asked = machine::add_site("elm", "Elm");
  asked.key = registry::KeyId(5);
  request(wire, 1, asked);
  settle();
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kForbidden);
}

TEST_F(ClientsTest, a_key_that_does_not_exist_is_not_taken) {
  open_alone();
  auto wire = client(1);
  send(wire, wire::Authenticate{registry::KeyId(5), {}});
  live(50'000);
  const auto types = wire.take_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), wire::Type::kAuthenticated), 1);
  EXPECT_FALSE(wire.closed());
}

TEST_F(ClientsTest, remote_writes_need_a_key_where_that_is_asked_for_and_local_ones_do_not) {
  NodeOptions options;
  options.remote_writes_need_key = true;
  open(0, members(0, {0}), 1, std::move(options));
  auto remote = client(1), local = client(2, 0, true);
  request(remote, 1, machine::add_site("elm", "Elm"));
  request(local, 1, machine::add_site("oak", "Oak"));
  settle();
  EXPECT_EQ(hear(remote).answers.at(0).second.code, Code::kUnauthorized);
  EXPECT_EQ(hear(local).answers.at(0).second.code, Code::kOk);
}

TEST_F(ClientsTest, one_address_may_have_its_share_of_connections) {
  ClientLimits limits;
  limits.connections = {.in_all = 8, .per_address = 2};
  open_alone(limits);
  auto a = client(1, 5), b = client(2, 5), c = client(3, 5), d = client(4, 6);
  turn();
  EXPECT_TRUE(hear(a).greeted && hear(b).greeted && hear(d).greeted);
  const Heard refused = hear(c);
  EXPECT_FALSE(refused.greeted);
  EXPECT_FALSE(refused.goodbye.empty());
}

TEST_F(ClientsTest, when_all_places_are_taken_idle_clients_give_way_and_busy_ones_do_not) {
  ClientLimits limits;
  limits.connections = {.in_all = 2, .per_address = 2};
  open(0, members(0, {0, 1}), 2, [&] {
    NodeOptions options;
    options.limits = limits;
    return options;
  }());
  auto busy = client(1, 5), idle = client(2, 6);
  turn();
  request(busy, 1, machine::add_site("elm", "Elm"));  // never answered: the other member is away
  turn();
  env.pass(2'000'000);
  turn();
  auto late = client(3, 7);
  turn();
  EXPECT_TRUE(hear(late).greeted);
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(busy.closed());
}

TEST_F(ClientsTest, a_rate_that_is_exceeded_is_answered_too_many) {
  ClientLimits limits;
  limits.rates = net::RateLimits::of(1, 1);
  open_alone(limits);
  auto wire = client(1);
  for (std::uint64_t n = 1; n <= 20; ++n) request(wire, n, machine::add_site("s" + std::to_string(n), "Site"));
  for (int i = 0; i < 4; ++i) settle();
  std::size_t refused = 0;
  for (const auto& [number, outcome] : hear(wire).answers) refused += outcome.code == Code::kTooMany ? 1U : 0U;
  EXPECT_GT(refused, 0U);
}

TEST_F(ClientsTest, a_message_that_does_not_end_is_given_up) {
  open_alone();
  auto wire = client(1);
  turn();
  Bytes begun;
  wire::encode(begun, wire::Request{RequestNumber(1), Bytes(1000)});
  wire.send(ByteView(begun).first(500));
  turn();
  env.pass(limits::kUnfinishedUs + 2'000'000);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("not whole"), std::string::npos);
}

TEST_F(ClientsTest, what_only_a_replica_says_ends_the_connection) {
  open_alone();
  auto wire = client(1);
  turn();
  Bytes out;
  wire::encode(out, smr::PeerMessage(smr::Heartbeat{}));
  wire.send(out);
  turn();
  EXPECT_TRUE(wire.closed());
}

TEST_F(ClientsTest, only_a_direct_client_sends_frames_and_its_name_says_that_it_is_one) {
  open_alone();
  auto thin = client(1);
  Bytes out;
  wire::encode(out, smr::FromClient(smr::Hello{}));
  thin.send(out);
  auto unnamed = env.connect(test::kFirstPort);
  wire::Hello hello;
  hello.role = wire::Role::kDirectClient;
  hello.transmitter = TransmitterId(5);
  send(unnamed, hello);
  turn();
  EXPECT_TRUE(thin.closed());
  EXPECT_TRUE(unnamed.closed());
}

// Found by the simulator: frames of the old connection came behind the new one's and were taken for its own.
TEST_F(ClientsTest, a_direct_client_that_has_connected_again_is_not_heard_over_its_old_connection) {
  open_alone();
  const auto direct = [&] {
    auto wire = env.connect(test::kFirstPort, 0, true);
    wire::Hello hello;
    hello.role = wire::Role::kDirectClient;
    hello.transmitter = TransmitterId(5 | kDirectClientBit);
    hello.session = SessionId(9);
    send(wire, hello);
    turn();
    return wire;
  };
  auto before = direct(), now = direct();
  Bytes out;
  wire::encode(out, smr::FromClient(smr::Hello{}));
  before.send(out);
  turn();
  EXPECT_TRUE(before.closed());
  EXPECT_FALSE(now.closed());
}

bool is_told_of_events(FakeWire& wire) {
  const auto types = wire.take_types();
  return std::count(types.begin(), types.end(), wire::Type::kEvents) > 0;
}

// Found by the simulator: what a donor had given so far was told, an event twice among it.
TEST_F(ClientsTest, those_who_watch_a_learner_wait_until_it_has_the_complete_state) {
  const auto watches = [&](std::initializer_list<std::uint16_t> in_view) {
    machine::FrameMaker make;
    make.add(1, 1, machine::add_site("elm", "Elm"));
    Node::LocalState brought;
    machine::run(brought.machine, make.frame());
    node.reset();
    open(0, members(0, in_view), 2, {}, std::move(brought));
    auto wire = client(1);
    send(wire, wire::Watch{Position()});
    live(50'000);
    return is_told_of_events(wire);
  };
  EXPECT_TRUE(watches({0})) << "a member";
  EXPECT_FALSE(watches({1})) << "it learns";
}

TEST_F(ClientsTest, questions_on_behalf_of_others_come_through_the_local_socket_only) {
  open_alone();
  auto remote = client(1);
  turn();
  Bytes out;
  wire::MessageWriter(out, wire::Type::kQueryAs).finish();
  remote.send(out);
  turn();
  EXPECT_TRUE(remote.closed());
}

// Nothing of it is handled until answers have gone out, and nothing is lost.
TEST_F(ClientsTest, a_client_with_too_many_questions_is_not_read_on) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  turn();
  for (std::uint64_t token = 1; token <= 2 * limits::kReadsOpenMax; ++token)
    ask(wire, token, registry::ListSites{});
  for (int i = 0; i < 40; ++i) turn();
  live(limits::kReadPatienceUs + 1'000'000);
  const std::size_t first = hear(wire).replies.size();
  EXPECT_GE(first, limits::kReadsOpenMax);
  std::size_t all = first;
  for (int i = 0; i < 3; ++i) {
    live(limits::kReadPatienceUs + 1'000'000);
    all += hear(wire).replies.size();
  }
  EXPECT_EQ(all, 2 * limits::kReadsOpenMax);
}

TEST_F(ClientsTest, one_that_does_not_read_its_answers_is_given_up) {
  open_alone();
  auto writer = client(1), reader = client(2);
  for (std::uint64_t n = 1; n <= 200; ++n)
    request(writer, n,
            machine::add_site("s" + std::to_string(n), "Site " + std::to_string(n) + std::string(100, 'x')));
  for (int i = 0; i < 20; ++i) settle();
  reader.hold(0);
  for (std::uint64_t token = 1; token <= 100; ++token) ask(reader, token, registry::ListSites{});
  live(limits::kUnreadPatienceUs + 2'000'000);
  EXPECT_TRUE(reader.closed());
}

TEST_F(ClientsTest, the_status_is_a_text_of_the_moment) {
  open_alone();
  auto wire = client(1, 0, true);
  turn();
  Bytes out;
  wire::MessageWriter(out, wire::Type::kStatusAsk).finish();
  wire.send(out);
  settle();
  const auto types = wire.take_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), wire::Type::kStatus), 1);
}

TEST_F(ClientsTest, an_operator_s_command_goes_to_the_register_and_its_answer_back) {
  open_alone();
  auto wire = client(1, 0, true);
  turn();
  wire::Operate kill;
  kill.token = 77;
  send(wire, kill);
  turn();
  ASSERT_EQ(reg.operated.size(), 1U);
  node->on_operated({reg.operated[0], Code::kOk, ""});
  turn();
  const auto types = wire.take_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), wire::Type::kOperated), 1);
}

TEST_F(ClientsTest, a_new_view_is_told_to_every_client) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  turn();
  (void)wire.take();
  node->on_record(members(1, {0}));
  live(3'000'000);
  const auto types = wire.take_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), wire::Type::kViewIs), 1);
}

}  // namespace
}  // namespace titer::node
