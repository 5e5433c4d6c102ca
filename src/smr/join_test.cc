// SPDX-License-Identifier: Apache-2.0

// Joining (docs/explanation/protocol.md §6) and durability: deaths at every step while a learner becomes a replica;
// sync, then ack.
#include <gtest/gtest.h>

#include "smr/next_view_buffer.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;

class Join : public ::testing::Test {
 protected:
  Join() : c(2) {
    c.submit(0, "old");
    c.settle();
    c.spawn(2, make_view(0, {0, 1}));
  }
  Cluster c;
};

TEST_F(Join, the_lowest_full_member_gives_the_state_after_executing_everything) {
  c.submit(1, "in flight");
  c.turn(1);
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  ASSERT_EQ(c[0].give_state.size(), 1U);
  EXPECT_TRUE(c[1].give_state.empty());
  EXPECT_EQ(c[0].give_state[0].to, ReplicaId(2));
  EXPECT_EQ(c.executed(0), (Texts{"old", "in flight"})) << "early execution: the full members are done";
  EXPECT_EQ(c[1].answered, Texts{"in flight"});
  EXPECT_TRUE(c[0].installed.empty()) << "the joiner is not done";
  c.hand_state(0, 2);
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c[i].installed, std::vector{ViewNumber(1)});
}

// Else the joiner might be left alone in the next view, still waiting for the others' word that it may install this one.
TEST_F(Join, a_view_is_settled_when_all_its_members_said_that_they_installed_it) {
  c.pass(2 * limits::kHeartbeatEveryUs);
  const auto settled = [&](int i) { return c[i].replica->snapshot().settled; };
  EXPECT_TRUE(settled(0));
  c.view(make_view(1, {0, 1, 2}));
  EXPECT_FALSE(settled(0));
  c.settle();
  c.hand_state(0, 2);
  while (c[0].installed.empty()) ASSERT_TRUE(c.deliver(2, 0));
  EXPECT_FALSE(settled(0)) << "it knows of the joiner's done, and not whether the others' reached the joiner";
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(settled(i)) << i;
}

TEST_F(Join, learned_tells_the_donor_where_to_begin) {
  c.give(2, input::Learned{Position(1)});
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  ASSERT_EQ(c[0].give_state.size(), 1U);
  EXPECT_EQ(c[0].give_state[0].learned, Position(1));
}

TEST_F(Join, donor_dies_before_it_gave_the_state) {
  c.view(make_view(1, {0, 1, 2}));
  c.crash(0);
  c.way(0, 1).clear();
  c.way(0, 2).clear();
  c.view(make_view(2, {1, 2}));
  c.settle();
  ASSERT_EQ(c[1].give_state.size(), 1U);
  c.hand_state(1, 2);
  c.settle();
  EXPECT_EQ(c[2].installed, std::vector{ViewNumber(2)});
  EXPECT_EQ(c.executed(2), c.executed(1));
}

TEST_F(Join, donor_dies_after_it_gave_the_state_before_all_are_done) {
  c.view(make_view(1, {0, 1, 2}));
  for (int round = 0; round < 3; ++round) {
    c.deliver_all(2, 0), c.deliver_all(1, 0), c.deliver_all(0, 1), c.deliver_all(2, 1), c.deliver_all(0, 2);
    c.turns();
  }
  while (c.way(1, 2).size() > 1) c.deliver(1, 2);
  c.way(1, 2).clear();  // its `done`
  c.cut(1, 2);
  ASSERT_EQ(c[0].give_state.size(), 1U);
  c.hand_state(0, 2);
  EXPECT_TRUE(c[2].installed.empty());
  c.crash(0);
  c.link(1, 2);
  c.way(1, 2).clear();
  c.way(2, 1).clear();
  c.view(make_view(2, {1, 2}));
  c.settle();
  ASSERT_EQ(c[1].give_state.size(), 1U) << "the next donor gives it again";
  c.hand_state(1, 2);
  c.settle();
  EXPECT_EQ(c[1].installed, std::vector{ViewNumber(2)});
  EXPECT_EQ(c[2].installed, std::vector{ViewNumber(2)});
}

TEST_F(Join, donor_dies_after_the_joiner_installed_the_others_catch_up_with_it) {
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  c.hand_state(0, 2);
  for (int j : {0, 1}) c.way(2, j).clear();
  EXPECT_EQ(c[2].installed, std::vector{ViewNumber(1)});
  EXPECT_TRUE(c[1].installed.empty());
  c.crash(0);
  c.view(make_view(2, {1, 2}));
  c.settle();
  EXPECT_EQ(c[1].installed, (std::vector{ViewNumber(1), ViewNumber(2)}));
  EXPECT_EQ(c[2].installed, (std::vector{ViewNumber(1), ViewNumber(2)}));
  EXPECT_EQ(c.executed(1), c.executed(2));
}

TEST_F(Join, a_state_given_for_an_older_view_is_ignored) {
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  const LamportTime clock = c[0].give_state[0].clock;
  c.view(make_view(2, {0, 1, 2}));
  c.give(2, input::StateInstalled{ViewNumber(1), clock});
  c.settle();
  EXPECT_TRUE(c[2].installed.empty());
}

TEST_F(Join, joiner_dies) {
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  c.crash(2);
  c.view(make_view(2, {0, 1}));
  c.submit(0, "without it");
  c.settle();
  EXPECT_EQ(c.executed(1), (Texts{"old", "without it"}));
}

TEST_F(Join, a_joiner_alone_is_no_replica_and_refuses_reads) {
  c.view(make_view(1, {0, 1, 2}));
  c.crash(0);
  c.crash(1);
  c.view(make_view(2, {2}));
  c.settle();
  c.give(2, input::Read{5});
  c.turn(2);
  EXPECT_EQ(c[2].refused, std::vector<std::uint64_t>{5});
  EXPECT_FALSE(c[2].replica->snapshot().full);
  EXPECT_FALSE(c[2].replica->accepts(1));
}

TEST_F(Join, a_lost_link_to_the_joiner_repeats_flush_and_state) {
  c.view(make_view(1, {0, 1, 2}));
  c.cut(0, 2);
  c.settle();
  EXPECT_TRUE(c[0].give_state.empty());
  c.link(0, 2);
  c.settle();
  ASSERT_EQ(c[0].give_state.size(), 1U);
  c.cut(0, 2);
  c.link(0, 2);
  c.turn(0);
  EXPECT_EQ(c[0].give_state.size(), 2U) << "what was under way is lost";
  c.hand_state(0, 2);
  c.settle();
  EXPECT_EQ(c[2].installed.size(), 1U);
}

// Found by seed 1004209: an excluded process that lives on had the id of the joiner, and its late flush message
// displaced the joiner's.
TEST(NextViewBuffer, a_late_flush_of_who_had_the_id_before_displaces_nothing) {
  NextViewBuffer next_view_buffer;
  Flush flush;
  flush.view = ViewNumber(3);
  next_view_buffer.keep_flush(ReplicaId(2), Incarnation(106), flush);
  flush.view = ViewNumber(2);
  next_view_buffer.keep_flush(ReplicaId(2), Incarnation(102), flush);
  EXPECT_TRUE(next_view_buffer.take_flush(ReplicaId(2), Incarnation(106), ViewNumber(3)));
}

// With durability a frame counts only after its sync: in acks, before `done`, and to its own sender.
TEST(Durable, an_update_is_executed_only_after_every_disk_has_it) {
  Cluster c(2, true);
  c.submit(0, "update");
  c.settle();
  EXPECT_TRUE(c.executed(0).empty());
  ASSERT_EQ(c[0].disk.size(), 1U);
  ASSERT_EQ(c[1].disk.size(), 1U);
  c.give(0, input::Persisted{c[0].disk.back().ticket});
  c.settle();
  EXPECT_TRUE(c.executed(0).empty()) << "replica 1 has not synced";
  c.give(1, input::Persisted{c[1].disk[0].ticket});
  c.settle();
  EXPECT_EQ(c.executed(0), Texts{"update"});
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

TEST(Durable, done_waits_for_the_disk) {
  Cluster c(2, true);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.view(make_view(1, {0, 1}));
  c.settle();
  EXPECT_TRUE(c[0].installed.empty());
  for (int i : {0, 1}) c.give(i, input::Persisted{c[i].disk.back().ticket});
  c.settle();
  EXPECT_EQ(c[0].installed.size(), 1U);
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

}  // namespace
}  // namespace titer::smr::testing
