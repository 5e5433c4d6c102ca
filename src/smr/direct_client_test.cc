// SPDX-License-Identifier: Apache-2.0

// Direct clients (§3): the client's machine, the replica's side, and what happens when either is lost.
#include "smr/direct_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "smr/request_batch.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;
constexpr TransmitterId kId{kDirectClientBit | 77};

// A client and a cluster; connections are immediate, and can be held back.
class Direct : public ::testing::Test {
 protected:
  Direct() : c(3), client(kId, SessionId(500)) {
    for (std::uint16_t j = 0; j < 3; ++j) give(DirectClient::Connected{ReplicaId(j), Incarnation(100U + j)});
    give(DirectClient::Receive{ReplicaId(0), ViewIs{make_view(0, {0, 1, 2})}});
  }
  void give(const DirectClient::Input& input) { client.step(c.now, input, out); }
  void submit(const std::string& text) { give(DirectClient::Submit{as_bytes(text)}); }
  // The client's turn; what it sends reaches those in `to`.
  void turn(const std::vector<int>& to = {0, 1, 2}) {
    give(DirectClient::EndOfTurn{WallTime(0)});
    DirectClient::Output o;
    std::swap(o, out);
    for (auto& s : o.send) {
      sent.push_back(s.message);
      if (std::ranges::count(to, s.to.value) > 0) c.give(s.to.value, input::Direct{kId, s.message});
    }
  }
  void hear() {
    for (std::uint16_t j = 0; j < 3; ++j) {
      for (auto& m : c[j].to_clients) give(DirectClient::Receive{ReplicaId(j), m.message});
      c[j].to_clients.clear();
    }
  }
  void run() {
    for (int i = 0; i < 6; ++i) {
      turn();
      c.settle();
      hear();
    }
  }
  void answer_all() { answer_upto(client.last_number().value); }
  void answer_upto(std::uint64_t last) {
    for (std::uint64_t n = 1; n <= last; ++n) give(DirectClient::Answered{RequestNumber(n)});
  }
  Cluster c;
  DirectClient client;
  DirectClient::Output out;
  std::vector<FromClient> sent;
};

TEST_F(Direct, hello_welcome_frame_with_rest_and_only_the_lowest_answers) {
  submit("one");
  run();
  for (int j = 0; j < 3; ++j) EXPECT_EQ(c.executed(j), Texts{"one"});
  EXPECT_EQ(c[0].answered, Texts{"one"});
  EXPECT_TRUE(c[1].answered.empty());
  EXPECT_FALSE(client.active()) << "a single request rests at once";
  EXPECT_EQ(c[0].replica->snapshot().active_clients, 0U);
  answer_all();
  EXPECT_EQ(client.unanswered(), 0U);
}

TEST_F(Direct, an_idle_client_is_in_nobodys_stability_test) {
  turn();
  EXPECT_TRUE(sent.empty());
  c.submit(0, "by another");
  c.settle();
  EXPECT_EQ(c.executed(0), Texts{"by another"});
}

TEST_F(Direct, sends_nothing_before_all_have_welcomed) {
  submit("one");
  turn({0, 1});
  c.settle();
  hear();
  turn();
  EXPECT_FALSE(client.active());
  EXPECT_EQ(sent.size(), 3U) << "the hellos only";
}

TEST_F(Direct, stays_active_while_requests_follow_and_rests_when_idle) {
  submit("one");
  submit("two");
  run();
  EXPECT_TRUE(client.active());
  c.now = BootTime(c.now.value + limits::kDirectRestUs);
  run();
  EXPECT_FALSE(client.active());
  EXPECT_EQ(c[0].replica->snapshot().active_clients, 0U);
  EXPECT_EQ(c.executed(2), (Texts{"one", "two"}));
}

TEST_F(Direct, who_leaves_rests_first_so_that_nobody_waits) {
  submit("one");
  submit("two");
  run();
  ASSERT_TRUE(client.active());
  give(DirectClient::Leave{});
  turn();
  c.settle();
  EXPECT_EQ(c[0].replica->snapshot().active_clients, 0U);
  c.give(0, input::DirectLost{kId});
  c.settle();
  EXPECT_TRUE(c[0].asks.empty()) << "no view is asked for";
}

TEST_F(Direct, answers_a_solicit_with_a_null_request) {
  submit("one");
  submit("two");
  run();
  ASSERT_TRUE(client.active());
  c.submit(1, "waits for the client");
  c.settle();
  EXPECT_EQ(c.executed(1).size(), 2U);
  hear();
  turn();
  c.settle();
  EXPECT_EQ(c.executed(1).size(), 3U);
  EXPECT_TRUE(client.active());
}

TEST_F(Direct, a_solicit_before_the_last_welcome_is_answered_by_the_first_frame) {
  submit("one");
  turn({0, 1});
  c.settle();
  hear();
  give(DirectClient::Receive{ReplicaId(0), Solicit{ViewNumber(0), LamportTime(1000)}});
  c.give(2, input::Direct{kId, Hello{ViewNumber(0)}});
  c.settle();
  hear();
  turn();
  const auto* first = std::get_if<FramePtr>(&sent.back());
  ASSERT_NE(first, nullptr);
  EXPECT_GT((*first)->ts, LamportTime(1000));
}

TEST_F(Direct, on_a_new_view_what_is_unanswered_is_sent_again_under_the_same_numbers) {
  submit("one");
  run();
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  give(DirectClient::Receive{ReplicaId(0), ViewIs{make_view(1, {0, 1, 2})}});
  run();
  EXPECT_EQ(c.executed(0), (Texts{"one", "one"})) << "the session table would drop the second";
  answer_all();
  EXPECT_EQ(client.unanswered(), 0U);
}

TEST_F(Direct, an_answered_request_is_not_sent_again) {
  submit("one");
  run();
  answer_all();
  give(DirectClient::Receive{ReplicaId(0), ViewIs{make_view(1, {0, 1, 2})}});
  sent.clear();
  run();
  EXPECT_TRUE(sent.empty());
}

TEST_F(Direct, waits_for_a_member_it_is_not_connected_to) {
  give(DirectClient::Disconnected{ReplicaId(1), Incarnation(101)});
  submit("one");
  turn();
  EXPECT_TRUE(sent.empty());
  give(DirectClient::Connected{ReplicaId(1), Incarnation(101)});
  run();
  EXPECT_EQ(c.executed(0), Texts{"one"});
}

TEST_F(Direct, no_more_requests_under_way_than_a_session_remembers) {
  for (std::size_t i = 0; i < 2 * limits::kSessionWindow; ++i) submit("x");
  run();
  EXPECT_EQ(c.executed(0).size(), limits::kSessionWindow);
  answer_upto(limits::kSessionWindow);
  run();
  EXPECT_EQ(c.executed(0).size(), 2 * limits::kSessionWindow);
}

TEST_F(Direct, lost_in_the_middle_of_a_broadcast_the_flush_settles_it) {
  submit("one");
  submit("two");  // so that it does not rest
  run();
  submit("half");
  turn({0});  // only replica 0 gets it
  c.settle();
  EXPECT_EQ(c.executed(0).size(), 2U) << "not safe";
  for (int j = 0; j < 3; ++j) c.give(j, input::DirectLost{kId});
  c.turns();
  ASSERT_FALSE(c[1].asks.empty());
  EXPECT_TRUE(c[1].asks[0].without.empty()) << "the same replicas";
  EXPECT_EQ(c[1].asks[0].expected, ViewNumber(0));
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  for (int j = 0; j < 3; ++j) EXPECT_EQ(c.executed(j), (Texts{"one", "two", "half"}));
}

TEST_F(Direct, lost_while_passive_nobody_notices) {
  submit("one");
  run();
  for (int j = 0; j < 3; ++j) c.give(j, input::DirectLost{kId});
  c.turns();
  EXPECT_TRUE(c[0].asks.empty());
}

TEST_F(Direct, who_does_not_answer_a_solicit_is_reported_after_the_limit) {
  c.pass(2 * limits::kHeartbeatEveryUs);
  submit("one");
  submit("two");
  run();
  c.submit(0, "waits");
  c.settle();
  c.pass(limits::kSolicitPatienceUs - 2 * limits::kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].asks.empty());
  c.pass(6 * limits::kHeartbeatEveryUs);
  ASSERT_FALSE(c[0].asks.empty());
  EXPECT_LT(c[0].asks.size(), 4U) << "not every tick";
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  EXPECT_EQ(c.executed(0).size(), 3U);
}

TEST_F(Direct, a_repeated_hello_raises_nothing) {
  submit("one");
  turn();
  c.submit(1, "moves the clocks");
  c.settle();
  for (int j = 0; j < 3; ++j) c.give(j, input::Direct{kId, Hello{ViewNumber(0)}});
  c.settle();
  hear();
  run();
  EXPECT_TRUE(c[0].cuts.empty()) << c[0].cuts[0].reason;
  EXPECT_EQ(c.executed(0).size(), 2U);
}

TEST_F(Direct, a_hello_for_a_view_to_come_is_answered_after_it_is_installed) {
  c.give(0, input::Direct{kId, Hello{ViewNumber(1)}});
  c.turn(0);
  EXPECT_TRUE(c[0].to_clients.empty());
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  ASSERT_EQ(c[0].to_clients.size(), 1U);
  EXPECT_EQ(std::get<Welcome>(c[0].to_clients[0].message).view, ViewNumber(1));
}

TEST_F(Direct, a_hello_for_an_old_view_is_answered_with_the_current_one) {
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  c.give(0, input::Direct{kId, Hello{ViewNumber(0)}});
  c.turn(0);
  ASSERT_EQ(c[0].to_clients.size(), 1U);
  EXPECT_EQ(std::get<ViewIs>(c[0].to_clients[0].message).record.number, ViewNumber(1));
}

TEST(DirectRefused, what_breaks_the_rules_is_cut_off_with_a_reason) {
  Frame leap = *make_frame(0, kId, 1, limits::kClockLeapMax + 100, "x");
  Frame wall = *make_frame(0, kId, 1, 50, "x");
  wall.stamp = WallTime(limits::kWallLeapMaxMs + 5'000);
  Frame other = *make_frame(0, TransmitterId(0), 1, 50, "x");
  Frame gap = *make_frame(0, kId, 2, 50, "x");
  Frame acks = *make_frame(0, kId, 1, 50, "x", {{TransmitterId(0), Seq(1)}});
  Frame old = *make_frame(0, kId, 1, 0, "x");
  Frame count = *make_frame(0, kId, 1, 50, "x");
  count.count = 3;
  const std::vector<std::pair<Frame, std::string>> cases = {
      {leap, "too far ahead"}, {wall, "wall clock"},       {other, "another transmitter"}, {gap, "is the next"},
      {acks, "acknowledge"},   {old, "not above the one"}, {count, "number of requests"}};
  for (const auto& [frame, because] : cases) {
    Cluster c(1);
    c.turn(0);
    c.give(0, input::EndOfTurn{WallTime(1)});
    c.give(0, input::Direct{kId, Hello{ViewNumber(0)}});
    c.give(0, input::Direct{kId, std::make_shared<const Frame>(frame)});
    c.turn(0);
    ASSERT_EQ(c[0].cuts.size(), 1U) << because;
    EXPECT_EQ(std::get<TransmitterId>(c[0].cuts[0].who), kId);
    EXPECT_NE(c[0].cuts[0].reason.find(because), std::string::npos) << c[0].cuts[0].reason;
    EXPECT_TRUE(c.executed(0).empty());
  }
}

TEST(DirectRefused, a_frame_without_hello) {
  Cluster c(1);
  c.give(0, input::Direct{kId, make_frame(0, kId, 1, 5, "x")});
  c.turn(0);
  ASSERT_EQ(c[0].cuts.size(), 1U);
  EXPECT_NE(c[0].cuts[0].reason.find("hello"), std::string::npos);
}

TEST(DirectRefused, more_frames_in_memory_than_the_limit) {
  Cluster c(2);  // the other replica acknowledges nothing
  c.give(0, input::Direct{kId, Hello{ViewNumber(0)}});
  for (std::uint64_t k = 1; k <= 1000; ++k) c.give(0, input::Direct{kId, make_frame(0, kId, k, 10 + k, "x")});
  c.turn(0);
  ASSERT_FALSE(c[0].cuts.empty());
  EXPECT_NE(c[0].cuts[0].reason.find("too many frames"), std::string::npos);
}

// --- numbers and clocks

TEST(DirectClients, a_clock_that_is_too_far_ahead_is_refused_and_moves_nothing) {
  for (const std::uint64_t ahead :
       {limits::kDirectClockLeapMax + 1000, limits::kClockLeapMax - 1000, limits::kCounterMax + 1}) {
    Cluster c(3);
    c.give(0, input::Direct{kId, Hello{ViewNumber(0)}});
    const std::uint64_t clock = c[0].replica->snapshot().clock.value;
    c.give(0, input::Direct{kId, make_frame(0, kId, 1, clock + ahead, "far")});
    c.turn(0);
    EXPECT_EQ(c[0].cuts.size(), 1U) << ahead;
    EXPECT_LT(c[0].replica->snapshot().clock.value, clock + 10);
  }
}

TEST(DirectClients, a_clock_at_its_end_is_told_so) {
  Cluster c(1);
  c.give(0, input::Direct{kId, Hello{ViewNumber(0)}});
  c.give(0, input::Direct{kId, make_frame(0, kId, 1, limits::kCounterMax + 1, "end")});
  c.turn(0);
  ASSERT_EQ(c[0].cuts.size(), 1U);
  EXPECT_NE(c[0].cuts[0].reason.find("end"), std::string::npos);
}

TEST(DirectClients, numbers_out_of_range_are_refused) {
  for (const std::uint64_t number : {std::uint64_t{0}, limits::kCounterMax + 1, ~std::uint64_t{0}}) {
    Bytes batch;
    append_request(batch, {SessionId(1), RequestNumber(number), as_bytes("x"), Position(1)});
    EXPECT_FALSE(check_batch(batch, 1).ok()) << number;
  }
  for (const std::uint64_t born : {limits::kCounterMax + 1, ~std::uint64_t{0}}) {
    Bytes batch;
    append_request(batch, {SessionId(1), RequestNumber(1), as_bytes("x"), Position(born)});
    EXPECT_FALSE(check_batch(batch, 1).ok()) << born;
  }
  Bytes batch;
  append_request(batch, {SessionId(1), RequestNumber(limits::kCounterMax), as_bytes("x"), Position(1)});
  EXPECT_TRUE(check_batch(batch, 1).ok());
}

// --- births and giving up

TEST_F(Direct, each_request_names_the_birth_that_the_first_replica_gave) {
  DirectClient late(kId, SessionId(7));
  for (std::uint16_t j = 0; j < 3; ++j)
    late.step(c.now, DirectClient::Connected{ReplicaId(j), Incarnation(100U + j), Position(40U + j)}, out);
  late.step(c.now, DirectClient::Receive{ReplicaId(0), ViewIs{make_view(0, {0, 1, 2})}}, out);
  client = std::move(late);
  submit("one");
  run();
  const auto frame = std::ranges::find_if(sent, [](const FromClient& m) {
    return std::holds_alternative<FramePtr>(m) && std::get<FramePtr>(m)->count > 0;
  });
  ASSERT_NE(frame, sent.end());
  EXPECT_EQ(RequestReader(*std::get<FramePtr>(*frame)->requests).next().born, Position(40));
  EXPECT_EQ(client.copies(RequestNumber(1)), 1U);
}

TEST_F(Direct, what_was_not_sent_before_it_leaves_is_never_sent) {
  give(DirectClient::Disconnected{ReplicaId(1), Incarnation(101)});
  submit("given up");
  run();
  EXPECT_EQ(client.copies(RequestNumber(1)), 0U);
  give(DirectClient::Leave{});
  give(DirectClient::Connected{ReplicaId(1), Incarnation(101)});
  run();
  EXPECT_TRUE(sent.empty());
  for (int j = 0; j < 3; ++j) EXPECT_TRUE(c.executed(j).empty());
}

}  // namespace
}  // namespace titer::smr::testing
