// SPDX-License-Identifier: Apache-2.0

// Questions: when they are answered, and that none of them holds up the others.
#include "node/reads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/two_nodes.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

// Looks at every site and shows none: no summary says so of two letters.
registry::ListSites search_all() {
  registry::ListSites query;
  query.filter.text = "zq";
  return query;
}
registry::ListSites one_page(std::uint32_t rows) {
  registry::ListSites query;
  query.limit = rows;
  return query;
}

// A replica alone, with so many sites.
class ReadsTest : public test::OneNode {
 protected:
  void open_with(std::size_t sites) {
    open(0, members(0, {0}), 1);
    auto writer = client(1, 0, true);
    std::uint64_t number = 0;
    for (std::size_t made = 0; made < sites; made += kBulk) {
      ++number;
      request_sites(writer, number, "s" + std::to_string(number) + "-", kBulk);
      for (int i = 0; i < 20; ++i) turn();
    }
    ASSERT_GE(node->engine().machine.registry().totals().sites, sites);
  }
  static constexpr std::size_t kBulk = limits::kBulkOperationsMax;
};

TEST_F(ReadsTest, a_long_question_is_answered_in_steps_and_short_ones_overtake_it) {
  open_with(limits::kFirstRows + 2 * limits::kStepRows);
  auto asker = client(2), other = client(3);
  turn();
  (void)asker.take();
  ask(asker, 1, search_all());
  ask(asker, 2, registry::GetSite{{"s1-1", {}}});
  turn();
  Heard heard = hear(asker);
  ASSERT_EQ(heard.replies.size(), 1U) << "the second question waits for no long one";
  EXPECT_EQ(heard.replies[0].first, 2U);
  ask(other, 3, registry::GetSite{{"s1-2", {}}});
  turn();
  EXPECT_EQ(hear(other).replies.size(), 1U);
  EXPECT_TRUE(hear(asker).replies.empty()) << "a step of a turn does not look at everything";
  for (int i = 0; i < 4; ++i) turn();
  heard = hear(asker);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0], std::pair(std::uint64_t{1}, Code::kOk));
}

TEST_F(ReadsTest, while_a_long_question_is_open_the_next_turn_comes_at_once) {
  open_with(limits::kFirstRows + 2 * limits::kStepRows);
  auto asker = client(2);
  turn();
  ask(asker, 1, search_all());
  turn();
  ASSERT_TRUE(env.wakes().has_value());
  EXPECT_LE(*env.wakes(), env.boot_now());
}

TEST_F(ReadsTest, questions_of_one_client_do_not_delay_the_first_one_of_another) {
  open_with(2 * kBulk);
  auto eager = client(2), modest = client(3);
  turn();
  (void)eager.take();
  for (std::uint64_t token = 1; token <= 40; ++token) ask(eager, token, one_page(2'000));
  env.run();
  ask(modest, 1, one_page(2'000));
  turn();
  EXPECT_EQ(hear(modest).replies.size(), 1U);
  const std::size_t answered = hear(eager).replies.size();
  EXPECT_GT(answered, 0U);
  EXPECT_LT(answered, 40U) << "a turn looks at a bounded number of rows";
}

TEST_F(ReadsTest, long_questions_are_answered_one_client_after_the_other) {
  open_with(limits::kFirstRows + limits::kStepRows);
  auto eager = client(2), modest = client(3);
  turn();
  (void)eager.take();
  for (std::uint64_t token = 1; token <= 8; ++token) ask(eager, token, search_all());
  env.run();
  ask(modest, 1, search_all());
  std::size_t before = 0;
  for (int i = 0; i < 100; ++i) {
    turn();
    before += hear(eager).replies.size();
    if (!hear(modest).replies.empty()) break;
  }
  EXPECT_LE(before, 2U);
  for (int i = 0; i < 100; ++i) turn();
  EXPECT_EQ(before + hear(eager).replies.size(), 8U);
}

TEST_F(ReadsTest, the_long_question_of_a_client_that_has_gone_makes_room_for_the_next) {
  open_with(limits::kFirstRows + 2 * limits::kStepRows);
  auto gone = client(2), stays = client(3);
  turn();
  ask(gone, 1, search_all());
  ask(gone, 2, search_all());
  turn();
  turn();
  gone.close();
  ask(stays, 1, search_all());
  for (int i = 0; i < 8; ++i) turn();
  EXPECT_EQ(hear(stays).replies.size(), 1U);
}

// Its own answers wait; nobody else's do.
TEST_F(ReadsTest, a_client_that_does_not_read_holds_up_itself_alone_and_goes_on_when_it_reads) {
  open_with(2 * kBulk);
  auto lazy = client(2), other = client(3);
  turn();
  (void)lazy.take();
  lazy.hold(0);
  for (std::uint64_t token = 1; token <= 40; ++token) ask(lazy, token, one_page(2'000));
  live(200'000);
  for (std::uint64_t token = 1; token <= 3; ++token) {
    ask(other, token, one_page(2'000));
    live(10'000);
    EXPECT_EQ(hear(other).replies.size(), 1U);
  }
  lazy.hold(SIZE_MAX);
  std::size_t read = 0;
  for (int i = 0; i < 200; ++i) {
    read += hear(lazy).replies.size();
    live(5'000);
  }
  EXPECT_EQ(read, 40U);
  EXPECT_FALSE(lazy.closed());
}

class ReadLeaseTest : public test::TwoNodes {
 protected:
  void open_with_lease() {
    open_both();
    live_both(300'000);
    ASSERT_TRUE(node->engine().read_lease(env.boot_now()));
  }
  void lose_lease() {
    hold(true);
    live_both(limits::kReadLeaseUs);
    ASSERT_FALSE(node->engine().read_lease(env.boot_now()));
  }
};

TEST_F(ReadLeaseTest, members_that_hear_each_other_answer_reads) {
  open_with_lease();
  auto here = client_at(port_of(0), 1), there = client_at(port_of(1), 2);
  ask(here, 1, registry::Info{});
  ask(there, 1, registry::Info{});
  live_both(10'000);
  EXPECT_EQ(hear(here).replies, (std::vector{std::pair(std::uint64_t{1}, Code::kOk)}));
  EXPECT_EQ(hear(there).replies, (std::vector{std::pair(std::uint64_t{1}, Code::kOk)}));
}

TEST_F(ReadLeaseTest, a_question_waits_for_the_lease_and_is_answered_when_it_comes) {
  open_with_lease();
  auto asker = client(1);
  live_both(10'000);
  (void)asker.take();
  lose_lease();
  ask(asker, 1, registry::Info{});
  live_both(200'000);
  EXPECT_TRUE(hear(asker).replies.empty());
  hold(false);
  live_both(200'000);
  EXPECT_EQ(hear(asker).replies, (std::vector{std::pair(std::uint64_t{1}, Code::kOk)}));
}

TEST_F(ReadLeaseTest, without_a_lease_it_is_refused_after_its_patience_and_not_before) {
  open_with_lease();
  auto asker = client(1);
  live_both(10'000);
  (void)asker.take();
  lose_lease();
  ask(asker, 1, registry::Info{});
  live_both(limits::kReadPatienceUs - 50'000);
  EXPECT_TRUE(hear(asker).replies.empty());
  live_both(100'000);
  EXPECT_EQ(hear(asker).replies, (std::vector{std::pair(std::uint64_t{1}, Code::kUnavailable)}));
}

// The process is interrupted at each moment of a turn in turn, for longer than the lease.
TEST_F(ReadLeaseTest, an_interruption_at_any_moment_delays_the_answer_and_neither_loses_nor_repeats_it) {
  open_with_lease();
  auto asker = client(1);
  live_both(10'000);
  (void)asker.take();
  unsigned answered = 0, waited = 0;
  for (unsigned look = 1; look <= 40; ++look) {
    live_both(300'000);
    ASSERT_TRUE(node->engine().read_lease(env.boot_now()));
    ask(asker, look, registry::Info{});
    env.run();
    env.interrupt_before_look(look, limits::kReadLeaseUs);
    node->turn();
    const bool before = !hear(asker).replies.empty();
    EXPECT_TRUE(before || env.interrupted()) << look;
    env.interrupt_before_look(0, 0);
    answered += before ? 1U : 0U;
    if (before) continue;
    ++waited;
    live_both(100'000);
    EXPECT_EQ(hear(asker).replies, (std::vector{std::pair(std::uint64_t{look}, Code::kOk)})) << look;
  }
  EXPECT_GT(answered, 0U);
  EXPECT_GT(waited, 0U);
}

TEST_F(ReadLeaseTest, the_end_of_a_wait_ends_the_question_of_a_client_that_has_gone) {
  open_with_lease();
  auto gone = client(1);
  live_both(10'000);
  lose_lease();
  ask(gone, 1, registry::Info{});
  live_both(50'000);
  gone.close();
  live_both(limits::kReadPatienceUs + 100'000);
  EXPECT_FALSE(node->exit_code().has_value());
  hold(false);
  auto next = client(2);
  live_both(300'000);
  ask(next, 1, registry::Info{});
  live_both(300'000);
  EXPECT_EQ(hear(next).replies.size(), 1U);
}

TEST_F(ReadLeaseTest, a_machine_that_has_slept_trusts_no_lease_of_before) {
  open_with_lease();
  env.suspend(limits::kReadLeaseUs / 2);
  ASSERT_TRUE(node->engine().read_lease(env.boot_now())) << "by the clock it lasts";
  node->turn();
  EXPECT_FALSE(node->engine().read_lease(env.boot_now()));
  live_both(100'000);
  EXPECT_TRUE(node->engine().read_lease(env.boot_now()));
}

TEST_F(ReadLeaseTest, a_read_sends_no_message_of_the_protocol) {
  open_with_lease();
  auto asker = client(1);
  live_both(500'000);
  const smr::Snapshot before = node->engine().replica.snapshot();
  for (std::uint64_t token = 1; token <= 20; ++token) {
    ask(asker, token, registry::Info{});
    live_both(5'000);
  }
  EXPECT_EQ(hear(asker).replies.size(), 20U);
  EXPECT_EQ(node->engine().replica.snapshot().frames_sent, before.frames_sent);
}

}  // namespace
}  // namespace titer::node
