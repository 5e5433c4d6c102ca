// SPDX-License-Identifier: Apache-2.0

// Two nodes, from the beginning of one to its end: learning, joining, leaving, dying.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/two_nodes.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

class LifeTest : public test::TwoNodes {
 protected:
  // Replica 0 alone, with some sites, and replica 1, which learns.
  void open_learner(NodeOptions options = {}) {
    open(0, members(0, {0}), 2);
    auto writer = client(1);
    for (std::uint64_t n = 1; n <= 30; ++n) request(writer, n, machine::add_site("s" + std::to_string(n), "Site"));
    live_both(100'000);
    ASSERT_EQ(hear(writer).answers.size(), 30U);
    learner_options_ = std::move(options);
  }
  void begin_learner() { open_other(members(0, {0}), learner_options_); }
  [[nodiscard]] bool ready_within(std::int64_t us) {
    for (std::int64_t lived = 0; lived < us && other_reg.readies.empty(); lived += 5'000) live_both(5'000);
    return !other_reg.readies.empty();
  }

 private:
  NodeOptions learner_options_;
};

TEST_F(LifeTest, a_learner_gets_the_state_joins_and_answers_as_the_others_do) {
  open_learner();
  begin_learner();
  ASSERT_TRUE(ready_within(2'000'000));
  EXPECT_FALSE(other->pong().full);
  EXPECT_EQ(other->pong().learned, Position(30));
  EXPECT_EQ(other->pong().learned_percent, 100);
  tell_record(members(1, {0, 1}));
  live_both(500'000);
  EXPECT_TRUE(other->pong().full);
  EXPECT_EQ(other->engine().machine.digest(), node->engine().machine.digest());
  auto wire = client_at(port_of(1), 2);
  request(wire, 1, machine::set("s1", 5));
  ask(wire, 1, registry::Info{});
  live_both(200'000);
  const Heard heard = hear(wire);
  EXPECT_EQ(heard.answers.at(0).second.code, Code::kOk);
  EXPECT_EQ(heard.replies.at(0).second, Code::kOk);
  EXPECT_EQ(node->engine().machine.position(), Position(31));
}

TEST_F(LifeTest, what_is_written_while_it_learns_and_joins_is_there_too) {
  open_learner();
  begin_learner();
  auto writer = client(3);
  std::uint64_t number = 0;
  std::size_t answers = 0;
  const auto write_for = [&](int turns) {
    for (int i = 0; i < turns; ++i) {
      ++number;
      request(writer, number, machine::set("s1", number));
      live_both(5'000);
      answers += hear(writer).answers.size();
    }
  };
  write_for(100);
  ASSERT_TRUE(ready_within(2'000'000));
  tell_record(members(1, {0, 1}));
  write_for(100);
  live_both(500'000);
  answers += hear(writer).answers.size();
  EXPECT_EQ(answers, number);
  EXPECT_EQ(other->engine().machine.position(), Position(30 + number));
  EXPECT_EQ(other->engine().machine.digest(), node->engine().machine.digest());
}

TEST_F(LifeTest, a_learner_that_cannot_reach_every_member_does_not_say_that_it_is_ready) {
  open_learner();
  begin_learner();
  smr::ViewRecord view = members(0, {0});
  view.number = ViewNumber(1);
  view.members.push_back({ReplicaId(5), Incarnation(105), "r5"});
  other->on_record(view);
  EXPECT_FALSE(ready_within(2'000'000));
  EXPECT_EQ(other->pong().learned, Position(30)) << "it has everything";
}

TEST_F(LifeTest, a_learner_says_that_nobody_teaches_it_until_a_member_is_linked) {
  open_learner();
  begin_learner();
  EXPECT_TRUE(other->learns_from_nobody());
  EXPECT_FALSE(node->learns_from_nobody()) << "it does not learn";
  live_both(100'000);
  EXPECT_FALSE(other->learns_from_nobody());
  node.reset();
  break_links();
  live_both(100'000);
  EXPECT_TRUE(other->learns_from_nobody());
}

TEST_F(LifeTest, what_a_broken_link_lost_is_repeated) {
  open_both();
  live_both(200'000);
  auto here = client_at(port_of(0), 1), there = client_at(port_of(1), 2);
  std::size_t answers = 0;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    request(here, n, machine::add_site("a" + std::to_string(n), "Site"));
    request(there, n, machine::add_site("b" + std::to_string(n), "Site"));
    env.pass(1'000);
    env.run();
    node->turn();
    other->turn();
    if (n % 5 == 0) break_links();  // with frames under way
    live_both(20'000);
    answers += hear(here).answers.size() + hear(there).answers.size();
  }
  live_both(500'000);
  answers += hear(here).answers.size() + hear(there).answers.size();
  EXPECT_EQ(answers, 60U);
  EXPECT_EQ(node->engine().machine.position(), Position(60));
  EXPECT_EQ(node->engine().machine.digest(), other->engine().machine.digest());
}

TEST_F(LifeTest, with_confirmed_reads_every_read_asks_the_members_although_there_is_a_lease) {
  NodeOptions options;
  options.confirm_reads = true;
  open_both(members(0, {0, 1}), options);
  live_both(300'000);
  auto wire = client(1);
  live_both(10'000);
  (void)wire.take();
  hold(true);
  ask(wire, 1, registry::Info{});
  turn_both();
  turn_both();
  EXPECT_TRUE(hear(wire).replies.empty());
  hold(false);
  live_both(50'000);
  EXPECT_EQ(hear(wire).replies, (std::vector{std::pair(std::uint64_t{1}, Code::kOk)}));
}

// Replica 1, which learns from a donor that the test plays, by whose clock it is so many ms ahead.
class ClockTest : public test::OneNode {
 protected:
  void learn(std::int64_t ahead_ms, NodeOptions options = {}) {
    open(1, members(0, {0}), 2, std::move(options));
    live(60'000);
    auto dials = env.take_dials();
    ASSERT_EQ(dials.size(), 1U);
    donor = env.answer(dials[0]);
    send(*donor, wire::HelloReply{
                     test::kCluster, machine::rules_digest(), ReplicaId(0), Incarnation(100), members(0, {0}), {}});
    for (int i = 0; i < 20; ++i) {
      smr::Heartbeat beat;
      beat.sent = env.boot_now();
      beat.wall = WallTime(env.wall_now().value - ahead_ms);
      send(*donor, smr::PeerMessage(beat));
      live(50'000);
      if (i >= 5) send_pass();
    }
    EXPECT_EQ(node->pong().learned, Position(1)) << "it has everything";
  }
  std::optional<FakeWire> donor;

 private:
  void send_pass() {
    machine::Machine full;
    machine::FrameMaker frames;
    machine::run(full, frames.add(1, 1, machine::add_site("elm", "Elm")).frame());
    Bytes parts;
    auto cursor = full.begin_transfer({});
    while (!full.write_part(cursor, 1 << 20, parts)) continue;
    donor->send(parts);
    live(20'000);
  }
};

TEST_F(ClockTest, a_learner_whose_clock_agrees_with_the_members_says_that_it_is_ready) {
  learn(500);
  EXPECT_FALSE(reg.readies.empty());
}

// It would stamp nothing of its own, but it could become the last one, with nobody to correct it.
TEST_F(ClockTest, a_learner_whose_clock_differs_from_the_members_does_not_join) {
  learn(3'600'000);
  EXPECT_TRUE(reg.readies.empty());
}

// --- leaving

TEST_F(LifeTest, one_that_retires_leaves_when_its_requests_are_done_and_ends_when_it_is_out) {
  open_both();
  live_both(300'000);
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  env.run();
  std::vector<std::uint64_t> left;
  node->retire([&](ViewNumber installed) { left.push_back(installed.value); });
  live_both(200'000);
  EXPECT_EQ(hear(wire).answers.at(0).second.code, Code::kOk) << "what was under way is finished";
  EXPECT_EQ(left, std::vector<std::uint64_t>{0});
  EXPECT_FALSE(node->exit_code().has_value()) << "it serves the protocol until it is out";
  tell_record(members(1, {1}));
  live_both(100'000);
  EXPECT_EQ(node->exit_code(), 0);
}

TEST_F(LifeTest, a_newer_view_that_still_has_it_makes_it_ask_again) {
  open_both();
  live_both(300'000);
  std::vector<std::uint64_t> left;
  node->retire([&](ViewNumber installed) { left.push_back(installed.value); });
  live_both(100'000);
  tell_record(members(1, {0, 1}));
  live_both(300'000);
  EXPECT_EQ(left, (std::vector<std::uint64_t>{0, 1}));
}

TEST_F(LifeTest, one_that_retires_does_not_wait_without_end_for_what_cannot_be_finished) {
  open_both();
  live_both(300'000);
  auto wire = client(1);
  live_both(10'000);
  hold(true);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_both(10'000);
  std::vector<std::uint64_t> left;
  node->retire([&](ViewNumber installed) { left.push_back(installed.value); });
  live_both(900'000);
  EXPECT_TRUE(left.empty());
  live_both(200'000);
  EXPECT_EQ(left, std::vector<std::uint64_t>{0});
}

TEST_F(LifeTest, one_that_is_excluded_without_having_left_ends_with_the_code_that_says_so) {
  open_both();
  live_both(300'000);
  tell_record(members(1, {1}));
  live_both(100'000);
  EXPECT_EQ(node->exit_code(), kExitExcluded);
  auto wire = client_at(port_of(1), 1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_both(500'000);
  EXPECT_EQ(hear(wire).answers.at(0).second.code, Code::kOk) << "the other one goes on";
}

// --- death

wire::Hello death_of(std::uint16_t replica, std::uint64_t incarnation) {
  wire::Hello notice;
  notice.role = wire::Role::kDeathNotice;
  notice.cluster = test::kCluster;
  notice.replica = ReplicaId(replica);
  notice.incarnation = Incarnation(incarnation);
  return notice;
}

TEST_F(LifeTest, a_notice_of_a_member_s_death_is_taken_to_the_register_at_once) {
  open_both();
  live_both(300'000);
  other.reset();
  auto notice = env.connect(port_of(0), 51);
  send(notice, death_of(1, 101));
  live_both(20'000);
  ASSERT_FALSE(reg.asked.empty());
  EXPECT_EQ(reg.asked[0].dead, std::vector{Incarnation(101)});
  EXPECT_TRUE(reg.asked[0].without.has(ReplicaId(1)));
  EXPECT_EQ(notice.take_goodbye(), wire::kDeathNoted);
}

TEST_F(LifeTest, a_notice_of_an_earlier_process_changes_nothing) {
  open_both();
  live_both(300'000);
  auto notice = env.connect(port_of(0), 51);
  send(notice, death_of(1, 99));
  live_both(100'000);
  EXPECT_TRUE(reg.asked.empty());
  EXPECT_TRUE(node->engine().read_lease(env.boot_now())) << "the link is still there";
}

TEST_F(LifeTest, a_silent_member_is_reported_and_the_other_goes_on_alone) {
  open_both();
  live_both(300'000);
  hold(true);
  live_both(3'000'000);
  ASSERT_FALSE(reg.asked.empty());
  EXPECT_TRUE(reg.asked[0].without.has(ReplicaId(1)));
  node->on_record(members(1, {0}));
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_both(1'000'000);
  EXPECT_EQ(hear(wire).answers.at(0).second.code, Code::kOk);
}

}  // namespace
}  // namespace titer::node
