// SPDX-License-Identifier: Apache-2.0

// What one client, or many, may cost a replica: places, bytes, requests under way, rates.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "node/testing/two_nodes.h"
#include "wire/token.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

// The beginning of a request that announces so many bytes.
Bytes begun_request(std::size_t bytes) {
  Bytes out;
  wire::encode(out, wire::Request{RequestNumber(1), Bytes(100)});
  const auto length = static_cast<std::uint32_t>(bytes - wire::kHeaderBytes);
  std::memcpy(out.data() + 4, &length, sizeof length);
  out.resize(wire::kHeaderBytes + 50);
  return out;
}

class ClientLimitsTest : public test::TwoNodes {
 protected:
  void open_alone(NodeOptions options = {}) { open(0, members(0, {0}), 1, std::move(options)); }
  void open_alone(const ClientLimits& limits) {
    NodeOptions options;
    options.limits = limits;
    open_alone(std::move(options));
  }
  void make_operator() {
    auto machine = client(9, 0, true);
    registry::Request create = machine::request(
        registry::CreateKey{kBoss, wire::hash_secret("boss"), "boss", registry::Role::kOperator, {}, {}});
    create.key = registry::kMachine;
    request(machine, 1, create);
    live(20'000);
    ASSERT_EQ(hear(machine).answers.at(0).second.code, Code::kOk);
  }
  static std::size_t refused(const Heard& heard, Code code) {
    return static_cast<std::size_t>(
        std::ranges::count_if(heard.answers, [code](const auto& one) { return one.second.code == code; }));
  }
  static constexpr registry::KeyId kBoss{31};
};

// --- bytes

TEST_F(ClientLimitsTest, a_stranger_may_send_small_messages_only_once_there_are_keys) {
  open_alone();
  make_operator();
  auto stranger = client(1), known = client(2);
  send(known, wire::Authenticate{kBoss, "boss"});
  live(20'000);
  ASSERT_EQ(hear(known).authenticated, std::vector{Code::kOk});
  stranger.send(begun_request(limits::kStrangerMessageBytesMax + 1));
  known.send(begun_request(limits::kStrangerMessageBytesMax + 1));
  turn();
  EXPECT_TRUE(stranger.closed()) << "before the rest has come";
  EXPECT_FALSE(known.closed());
}

TEST_F(ClientLimitsTest, no_client_announces_more_than_a_request_may_have) {
  open_alone();
  auto fits = client(1), too_long = client(2);
  turn();
  fits.send(begun_request(limits::kClientMessageBytesMax));
  too_long.send(begun_request(limits::kClientMessageBytesMax + 1));
  turn();
  EXPECT_FALSE(fits.closed());
  EXPECT_TRUE(too_long.closed());
}

TEST_F(ClientLimitsTest, large_messages_that_are_on_their_way_are_limited_together) {
  open_alone();
  std::vector<FakeWire> wires;
  const std::size_t fit = limits::kUnfinishedBytesMax / limits::kClientMessageBytesMax;
  for (std::uint64_t n = 1; n <= fit + 5; ++n) wires.push_back(client(n, n));
  turn();
  for (FakeWire& wire : wires) wire.send(begun_request(limits::kClientMessageBytesMax));
  turn();
  const auto closed = static_cast<std::size_t>(std::ranges::count_if(wires, &FakeWire::closed));
  EXPECT_GT(closed, 0U);
  EXPECT_LE(closed, 5U);
  EXPECT_NE(hear(wires.back()).goodbye.find("in a moment"), std::string::npos);
  auto small = client(1'000);
  request(small, 1, machine::add_site("elm", "Elm"));
  live(20'000);
  EXPECT_EQ(hear(small).answers.size(), 1U) << "small ones need no room there";
  for (FakeWire& wire : wires) wire.close();
  turn();
  auto next = client(2'000);
  turn();
  next.send(begun_request(limits::kClientMessageBytesMax));
  turn();
  EXPECT_FALSE(next.closed()) << "those that are gone make room";
}

TEST_F(ClientLimitsTest, a_question_has_a_bounded_length) {
  open_alone();
  auto wire = client(1);
  turn();
  const std::string text(limits::kQueryBytesMax, 'x');
  registry::ListSites query;
  query.filter.text = text;
  ask(wire, 1, query);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("16 KiB"), std::string::npos);
}

// --- under way

TEST_F(ClientLimitsTest, a_client_with_too_many_requests_under_way_is_not_read_on_and_loses_none) {
  open_both();
  live_both(300'000);
  auto wire = client(1);
  live_both(10'000);
  hold(true);
  constexpr std::uint64_t kMany = 2 * limits::kRequestsOpenMax;
  for (std::uint64_t n = 1; n <= kMany; ++n) {
    const std::string id = "s" + std::to_string(n);
    request(wire, n, machine::add_site(id, id));
  }
  live_both(100'000);
  const smr::Snapshot now = node->engine().replica.snapshot();
  EXPECT_LE(now.pending_requests, limits::kRequestsOpenMax + 1);
  hold(false);
  live_both(1'000'000);
  const Heard heard = hear(wire);
  EXPECT_EQ(heard.answers.size(), kMany);
  EXPECT_EQ(refused(heard, Code::kOk), kMany);
}

TEST_F(ClientLimitsTest, many_clients_are_answered_some_each_turn) {
  open_alone();
  std::vector<FakeWire> wires;
  for (std::uint64_t n = 1; n <= 300; ++n) {
    wires.push_back(client(n, n));
    turn();
  }
  for (FakeWire& wire : wires) {
    (void)wire.take();
    ask(wire, 1, registry::Info{});
  }
  std::size_t answered = 0, first = 0;
  for (int i = 0; i < 6 && answered < 300; ++i) {
    turn();
    for (FakeWire& wire : wires) answered += hear(wire).replies.size();
    if (i == 0) first = answered;
  }
  EXPECT_LE(first, limits::kWritesPerTurn);
  EXPECT_EQ(answered, 300U);
}

// --- rates

TEST_F(ClientLimitsTest, an_address_is_counted_over_all_its_connections_and_another_one_by_itself) {
  ClientLimits limits;
  limits.rates = net::RateLimits::of(std::nullopt, 5);
  open_alone(limits);
  auto a = client(1, 5), b = client(2, 5), stranger = client(3, 6);
  for (std::uint64_t n = 1; n <= 10; ++n) {
    request(a, n, machine::set("elm", n));
    request(b, n, machine::set("elm", n));
  }
  request(stranger, 1, machine::set("elm", 1));
  live(50'000);
  EXPECT_EQ(refused(hear(a), Code::kTooMany) + refused(hear(b), Code::kTooMany), 10U) << "two seconds' worth pass";
  EXPECT_EQ(refused(hear(stranger), Code::kTooMany), 0U);
  live(1'000'000);
  request(a, 11, machine::set("elm", 11));
  live(50'000);
  EXPECT_EQ(refused(hear(a), Code::kTooMany), 0U) << "time gives it more";
}

TEST_F(ClientLimitsTest, questions_and_keys_count_as_requests_do_and_the_status_does_not) {
  ClientLimits limits;
  limits.rates = net::RateLimits::of(std::nullopt, 1);
  open_alone(limits);
  auto wire = client(1);
  for (std::uint64_t token = 1; token <= 4; ++token) ask(wire, token, registry::Info{});
  send(wire, wire::Authenticate{kBoss, "boss"});
  Bytes status;
  wire::encode_status_ask(status);
  wire.send(status);
  live(50'000);
  const Heard heard = hear(wire);
  EXPECT_EQ(std::ranges::count(heard.replies, Code::kTooMany, &std::pair<std::uint64_t, Code>::second), 2);
  EXPECT_EQ(heard.authenticated, std::vector{Code::kTooMany}) << "secrets cannot be tried quickly";
  EXPECT_EQ(heard.texts.size(), 1U) << "it shows how a flooded replica fares";
}

TEST_F(ClientLimitsTest, what_comes_through_the_local_socket_is_not_counted) {
  ClientLimits limits;
  limits.rates = net::RateLimits::of(1, 1);
  open_alone(limits);
  auto wire = client(1, 0, true);
  for (std::uint64_t token = 1; token <= 50; ++token) ask(wire, token, registry::Info{});
  live(50'000);
  for (const auto& [token, code] : hear(wire).replies) EXPECT_EQ(code, Code::kOk) << token;
}

// --- places

TEST_F(ClientLimitsTest, one_that_has_just_spoken_and_one_that_watches_do_not_give_way) {
  ClientLimits limits;
  limits.connections = {.in_all = 3, .per_address = 3};
  open_alone(limits);
  auto watches = client(1, 5), idle = client(2, 6);
  send(watches, wire::Watch{Position(1)});
  turn();
  env.pass(5'000'000);
  turn();
  auto speaks = client(3, 7);
  turn();
  auto late = client(4, 8);
  turn();
  EXPECT_TRUE(hear(late).greeted);
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(watches.closed());
  EXPECT_FALSE(speaks.closed());
  auto none = client(5, 9);
  turn();
  EXPECT_FALSE(hear(none).greeted) << "nobody is idle any more";
}

TEST_F(ClientLimitsTest, a_place_is_free_again_when_its_client_has_gone) {
  ClientLimits limits;
  limits.connections = {.in_all = 1, .per_address = 1};
  open_alone(limits);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    auto wire = client(n, 5);
    turn();
    EXPECT_TRUE(hear(wire).greeted) << n;
    wire.close();
    turn();
  }
}

TEST_F(ClientLimitsTest, the_local_socket_always_has_a_place) {
  ClientLimits limits;
  limits.connections = {.in_all = 1, .per_address = 1};
  open_alone(limits);
  auto remote = client(1, 5), a = client(2, 0, true), b = client(3, 0, true);
  turn();
  EXPECT_TRUE(hear(remote).greeted);
  EXPECT_TRUE(hear(a).greeted);
  EXPECT_TRUE(hear(b).greeted);
}

TEST_F(ClientLimitsTest, watches_have_places_of_their_own) {
  ClientLimits limits;
  limits.watches = {.in_all = 1, .per_address = 1};
  open_alone(limits);
  auto first = client(1, 5), second = client(2, 6);
  send(first, wire::Watch{Position(1)});
  turn();
  send(second, wire::Watch{Position(1)});
  turn();
  EXPECT_FALSE(first.closed());
  EXPECT_TRUE(second.closed());
  EXPECT_FALSE(hear(second).goodbye.empty());
}

TEST_F(ClientLimitsTest, watching_on_behalf_of_others_is_for_the_local_socket) {
  open_alone();
  auto remote = client(1), local = client(2, 0, true);
  turn();
  for (FakeWire* wire : {&remote, &local}) send(*wire, wire::Watch{Position(1), registry::KeyId(5)});
  turn();
  EXPECT_TRUE(remote.closed());
  EXPECT_FALSE(local.closed());
}

}  // namespace
}  // namespace titer::node
