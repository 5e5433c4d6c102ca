// SPDX-License-Identifier: Apache-2.0

#include "view/cluster_record.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "view/startup_step.h"
#include "view/testing/members.h"

namespace titer::view {
namespace {

RosterEntry entry(std::uint16_t id) {
  return {ReplicaId(id), member(id, 0).address, "https://10.0.0." + std::to_string(id) + ":8080"};
}

// View 7 of replicas 0 and 2 of 0, 1, 2.
ClusterRecord two_of_three() {
  ClusterRecord record;
  record.cluster = 0xabcdef0123456789;
  record.view = {ViewNumber(7), {member(0, 100), member(2, 102)}, {Incarnation(51)}};
  for (std::uint16_t i = 0; i < 3; ++i) record.roster.push_back(entry(i));
  return record;
}

wire::CompareAndSet change_without(std::uint64_t expected, std::initializer_list<std::uint16_t> ids) {
  wire::CompareAndSet ask{ViewNumber(expected), {}, ""};
  for (const std::uint16_t id : ids) ask.without.add(ReplicaId(id));
  return ask;
}

TEST(ClusterRecord, a_backup_is_the_beginning_only_where_nobody_has_begun) {
  ClusterRecord record = two_of_three();
  EXPECT_EQ(restored(record, member(0, 100)).error().code, Code::kDuplicate);
  record.view.members.clear();  // no cluster that served is left without members; but this is not a new one
  EXPECT_FALSE(restored(record, member(0, 100)).ok());
  record.view = {};
  const auto first = restored(record, member(0, 100));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->view, (smr::ViewRecord{ViewNumber(), {member(0, 100)}, {}}));
  EXPECT_EQ(first->roster, record.roster);
  EXPECT_FALSE(restored(*first, member(0, 100)).ok());
  EXPECT_FALSE(restored(*first, member(1, 101)).ok());
}

TEST(ClusterRecord, who_suspects_takes_out_whom_it_suspects_and_calls_nobody_dead) {
  const NextRecord next = asked(two_of_three(), member(0, 100), change_without(7, {2}), true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view.number, ViewNumber(8));
  EXPECT_EQ(next->view.members, std::vector{member(0, 100)});
  EXPECT_EQ(next->view.known_dead, std::vector{Incarnation(51)});
}

TEST(ClusterRecord, whom_it_takes_out_and_knows_to_be_dead_is_called_dead_and_nobody_else) {
  wire::CompareAndSet ask = change_without(7, {2});
  ask.dead = {Incarnation(102), Incarnation(100), Incarnation(99)};  // 100 stays, 99 is nobody
  const NextRecord next = asked(two_of_three(), member(0, 100), ask, false);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view.known_dead, (std::vector{Incarnation(51), Incarnation(102)}));
}

TEST(ClusterRecord, only_a_member_of_the_expected_view_may_ask) {
  EXPECT_FALSE(asked(two_of_three(), member(0, 100), change_without(6, {2}), true));
  EXPECT_FALSE(asked(two_of_three(), member(0, 99), change_without(7, {2}), true));
  EXPECT_FALSE(asked(two_of_three(), member(1, 101), change_without(7, {2}), true));
  EXPECT_FALSE(asked(two_of_three(), member(0, 100), change_without(7, {0, 2}), true));
}

TEST(ClusterRecord, who_leaves_says_that_it_counts_as_dead_and_the_last_one_stays) {
  const ViewNumber installed = two_of_three().view.number;
  const NextRecord next = left(two_of_three(), member(2, 102), installed);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view.members, std::vector{member(0, 100)});
  EXPECT_EQ(next->view.known_dead.back(), Incarnation(102));
  EXPECT_FALSE(left(*next, member(2, 102), next->view.number));
  EXPECT_FALSE(left(*next, member(0, 100), next->view.number));
}

// The other one may be joining with this view, without the whole state yet.
TEST(ClusterRecord, nobody_leaves_a_view_that_it_has_not_installed) {
  const NextRecord newer = joined(two_of_three(), member(1, 201));
  EXPECT_FALSE(left(*newer, member(2, 102), two_of_three().view.number));
  EXPECT_TRUE(left(*newer, member(2, 102), newer->view.number));
}

TEST(ClusterRecord, who_is_ready_joins_once_and_only_with_a_place_in_the_roster) {
  const NextRecord next = joined(two_of_three(), member(1, 201));
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->view.has(ReplicaId(1), Incarnation(201)));
  EXPECT_FALSE(joined(*next, member(1, 202)));
  EXPECT_FALSE(joined(two_of_three(), member(5, 205)));
}

TEST(ClusterRecord, a_cluster_begins_once) {
  ClusterRecord fresh = two_of_three();
  fresh.view = {};
  const NextRecord next = bootstrapped(fresh, member(1, 101));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view, (smr::ViewRecord{ViewNumber(1), {member(1, 101)}, {}}));
  EXPECT_FALSE(bootstrapped(*next, member(0, 100)));
}

TEST(ClusterRecord, who_comes_back_says_so_once_and_its_newest_process_counts) {
  const NextRecord first = announced(two_of_three(), {member(2, 202), {}});
  ASSERT_TRUE(first);
  EXPECT_FALSE(announced(*first, {member(2, 202), {}}));
  const NextRecord second = announced(*first, {member(2, 302), {}});
  ASSERT_TRUE(second);
  ASSERT_EQ(second->returned.size(), 1U);
  EXPECT_EQ(second->returned[0].now, member(2, 302));
  const NextRecord after = asked(*second, member(0, 100), change_without(7, {2}), true);
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->returned.empty());
}

// A restart of 0 and 2, of the three members of view 7.
ClusterRecord restart_under_way() {
  ClusterRecord record = two_of_three();
  record.view.members.insert(record.view.members.begin() + 1, member(1, 101));
  wire::Inventory disk;
  disk.whole = true;
  disk.installed = ViewNumber(7);
  for (const auto id : {std::uint16_t{0}, std::uint16_t{2}}) {
    disk.lives = {Incarnation(100U + id)};
    record = *announced(record, {member(id, 200U + id), disk});
  }
  return *restarted(record);
}

TEST(ClusterRecord, in_a_restart_silence_does_not_leave_a_minority_and_certainty_does) {
  const ClusterRecord record = restart_under_way();
  ASSERT_EQ(record.view.members, (std::vector{member(0, 200), member(2, 202)}));
  EXPECT_TRUE(blocked(record, member(0, 200), change_without(8, {2}), false));
  EXPECT_FALSE(asked(record, member(0, 200), change_without(8, {2}), false));
  EXPECT_FALSE(blocked(record, member(0, 200), change_without(8, {}), false));
  EXPECT_TRUE(asked(record, member(0, 200), change_without(8, {}), false)) << "the same members once more";
  const NextRecord next = asked(record, member(2, 202), change_without(8, {0}), true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view.members, std::vector{member(2, 202)});
  ASSERT_TRUE(next->restart);
  EXPECT_TRUE(next->restart->any);
  EXPECT_EQ(next->restart->from, (std::vector{member(1, 101), member(2, 102)}))
      << "the disk of 0 is known to have less";
}

TEST(ClusterRecord, a_restart_is_over_when_a_member_has_installed_its_view) {
  const ClusterRecord record = restart_under_way();
  const DiskMark before{ReplicaId(0), Incarnation(200), ViewNumber(7), Position(5)};
  EXPECT_EQ(marked(record, before)->restart->from.size(), 3U);
  DiskMark after = before;
  after.installed = ViewNumber(8);
  const NextRecord over = marked(record, after);
  EXPECT_FALSE(over->restart);
  EXPECT_TRUE(asked(*over, member(0, 200), change_without(8, {2}), false));
}

TEST(ClusterRecord, only_a_member_marks_its_disk_and_the_mark_goes_when_it_is_excluded) {
  const DiskMark mark{ReplicaId(2), Incarnation(102), ViewNumber(7), Position(5)};
  EXPECT_FALSE(marked(two_of_three(), {ReplicaId(1), Incarnation(101), ViewNumber(7), Position(5)}));
  EXPECT_FALSE(marked(two_of_three(), {ReplicaId(2), Incarnation(92), ViewNumber(7), Position(5)}));
  const NextRecord next = marked(two_of_three(), mark);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->marks, std::vector{mark});
  EXPECT_EQ(next->view, two_of_three().view);
  EXPECT_FALSE(marked(*next, mark));
  EXPECT_TRUE(asked(*next, member(0, 100), change_without(7, {2}), true)->marks.empty());
}

TEST(ClusterRecord, an_operator_restarts_those_that_are_there_and_that_is_on_record) {
  ClusterRecord record = two_of_three();
  wire::Inventory disk;
  disk.whole = true;
  disk.lives = {Incarnation(102)};
  record = *announced(record, {member(2, 202), disk});
  const auto next = restarted_without_the_others(record, "2026-11-29");
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->view.members, std::vector{member(2, 202)});
  EXPECT_TRUE(next->restart->any);
  ASSERT_EQ(next->losses.size(), 1U);
  EXPECT_NE(next->losses[0].find("disks of replicas 2; the last view was 7, of the replicas 0 2"),
            std::string::npos)
      << next->losses[0];
}

TEST(ClusterRecord, with_more_losses_than_it_keeps_the_record_is_read_and_has_the_newest) {
  ClusterRecord record = two_of_three();
  for (std::size_t i = 0; i <= ClusterRecord::kLossesMax; ++i)
    note_loss(record.losses, "loss " + std::to_string(i));
  const auto read = cluster_record_from(to_json(record));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->losses.front(), "loss 1");
  EXPECT_EQ(read->losses.back(), "loss " + std::to_string(ClusterRecord::kLossesMax));
}

TEST(ClusterRecord, the_roster_takes_each_index_and_address_once) {
  EXPECT_TRUE(roster_entry_added(two_of_three(), entry(3)).ok());
  EXPECT_EQ(roster_entry_added(two_of_three(), entry(1)).error().code, Code::kInvalid);
  RosterEntry same = entry(3);
  same.wire = entry(1).wire;
  EXPECT_EQ(roster_entry_added(two_of_three(), same).error().code, Code::kInvalid);
  for (const auto& [wire, http] : {std::pair("127.0.0.1:7001", "http://10.0.0.4:8080"),
                                   {"10.0.0.4:8892", "http://LOCALHOST.:7001"},
                                   {"127.0.0.1:7002", "http://10.0.0.4:8080"},
                                   {"10.0.0.4:8892", "http://10.0.0.4:8892"},
                                   {"127.1:07001", ""},
                                   {"[::ffff:127.0.0.1]:7002", ""},
                                   {"10.0.0.4:8892", "http://0x7f.1:7002"},
                                   {"0.0.0.0:8892", ""},
                                   {"[::]:8892", ""},
                                   {"224.0.0.1:8892", ""},
                                   {"255.255.255.255:8892", ""},
                                   {"10.0.0.4:8892", "http://[ff02::1]:8080"},
                                   {"[0::1]:8892", ""},
                                   {"db1.Example.:8892", ""}}) {
    ClusterRecord record = two_of_three();
    record.roster.push_back({ReplicaId(3), "localhost:7001", "http://127.0.0.1:7002"});
    record.roster.push_back({ReplicaId(4), "[::1]:8892", ""});
    record.roster.push_back({ReplicaId(5), "db1.example:8892", ""});
    EXPECT_FALSE(roster_entry_added(record, {ReplicaId(6), wire, http}).ok()) << wire << ' ' << http;
    EXPECT_FALSE(roster_entry_replaced(record, {ReplicaId(0), wire, http}).ok()) << wire << ' ' << http;
  }
  EXPECT_FALSE(roster_entry_added(two_of_three(), {ReplicaId(16), "10.0.0.99:8892", ""}).ok());
}

TEST(ClusterRecord, who_is_removed_leaves_the_view_by_itself_and_the_only_member_stays) {
  const auto next = roster_entry_removed(two_of_three(), ReplicaId(2));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->view, two_of_three().view);
  EXPECT_EQ(next->entry(ReplicaId(2)), nullptr);
  const NextRecord alone = left(*next, member(2, 102), next->view.number);
  EXPECT_FALSE(roster_entry_removed(*alone, ReplicaId(0)).ok());
}

TEST(ClusterRecord, a_machine_takes_the_place_of_another_which_leaves_the_view_by_itself) {
  const auto next = roster_entry_replaced(two_of_three(), {ReplicaId(2), "10.0.0.9:8892", ""});
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_EQ(next->entry(ReplicaId(2))->wire, "10.0.0.9:8892");
  EXPECT_EQ(next->view, two_of_three().view);
  EXPECT_FALSE(displaced(*next, member(2, 102)).empty());
}

TEST(ClusterRecord, as_text_it_is_the_same_record) {
  ClusterRecord record = two_of_three();
  wire::Inventory inventory;
  inventory.whole = true;
  inventory.installed = ViewNumber(6);
  inventory.lives = {Incarnation(100), Incarnation(0xffffffffffffffff)};
  inventory.position = Position(123456);
  record.returned.push_back({member(0, 300), inventory});
  record.marks = {{ReplicaId(2), Incarnation(102), ViewNumber(7), Position(99)}};
  record.restart = Restart{{member(1, 101), member(2, 102)}, true};
  record.losses = {"a sentence with \"quotes\""};
  const std::string text = to_json(record);
  const auto read = cluster_record_from(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_json(*read), text);
  EXPECT_EQ(read->view, record.view);
  EXPECT_EQ(read->roster, record.roster);
  EXPECT_EQ(read->marks, record.marks);
  EXPECT_EQ(read->restart, record.restart);
  EXPECT_EQ(read->returned[0].inventory.lives, inventory.lives);
  EXPECT_NE(text.find(R"("cluster":"abcdef0123456789")"), std::string::npos);
}

TEST(ClusterRecord, damaged_text_is_an_error_and_nothing_worse) {
  const std::string whole = to_json(two_of_three());
  Random random(20261123);
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    if (random.below(3) == 0) text.resize(random.below(text.size()));
    const auto read = cluster_record_from(text);
    EXPECT_TRUE(read.ok() || read.error().message.find("cannot be read") != std::string::npos);
  }
}

TEST(ClusterRecord, members_out_of_order_or_twice_are_refused) {
  ClusterRecord record = two_of_three();
  std::swap(record.view.members[0], record.view.members[1]);
  EXPECT_FALSE(cluster_record_from(to_json(record)).ok());
  record.view.members[1] = record.view.members[0];
  EXPECT_FALSE(cluster_record_from(to_json(record)).ok());
}

}  // namespace
}  // namespace titer::view
