// SPDX-License-Identifier: Apache-2.0

#include "cluster/recovery.h"

#include <gtest/gtest.h>

#include "cluster/data_dir_scan.h"
#include "cluster/testing/data_dir.h"
#include "view/cluster_record.h"

namespace titer::cluster {
namespace {

Incarnation life(std::uint16_t replica, std::uint64_t number) {
  return Incarnation(100ULL * (replica + 1U) + number);
}

// Its disk has the state of a member of this view, under this life.
ReplicaDirScan whole(std::uint16_t replica, std::uint64_t view, std::uint64_t number, std::uint64_t position = 50) {
  store::Inspection found;
  found.identity = {7, ReplicaId(replica), {life(replica, number)}};
  found.inventory.whole = true;
  found.inventory.installed = ViewNumber(view);
  found.inventory.lives = {life(replica, number)};
  found.inventory.position = Position(position);
  found.reach = Position(position + 5);
  return {ReplicaId(replica), "/d/replica-" + std::to_string(replica), found};
}

ReplicaDirScan learned(std::uint16_t replica) {
  ReplicaDirScan scan = whole(replica, 3, 1);
  store::Inspection found = *scan.found;
  found.inventory.whole = false;
  scan.found = found;
  return scan;
}

ReplicaDirScan unreadable(std::uint16_t replica, Code code) {
  return {ReplicaId(replica), "/d/replica-" + std::to_string(replica), Error{code, "it is damaged"}};
}

// View 5 of replicas 0 and 1, in their first lives.
RegisterState last_view() {
  RegisterState state;
  state.cluster = 7;
  state.replicas = 3;
  state.bootstrapped = true;
  state.record.number = ViewNumber(5);
  state.record.members = {{ReplicaId(0), life(0, 1), "r0"}, {ReplicaId(1), life(1, 1), "r1"}};
  return state;
}

DataDirScan scan_of(std::optional<RegisterState> reg, std::vector<ReplicaDirScan> replicas) {
  return {"/d", std::move(reg), std::move(replicas)};
}

// --- could_begin()

TEST(Recovery, a_start_begins_with_the_members_of_the_last_view_whose_disks_are_there) {
  const auto begins = could_begin(scan_of(last_view(), {whole(0, 5, 1), whole(1, 5, 1), whole(2, 4, 1)}));
  ASSERT_TRUE(begins) << begins.error().message;
  EXPECT_EQ(begins->number, ViewNumber(6));
  EXPECT_EQ(begins->members.size(), 2U);
  EXPECT_EQ(begins->find(ReplicaId(2)), nullptr);
}

TEST(Recovery, without_a_register_it_is_not_known_who_was_in_the_last_view) {
  EXPECT_EQ(could_begin(scan_of(std::nullopt, {whole(0, 5, 1)})).error().code, Code::kNotFound);
  RegisterState memory = last_view();
  memory.durable = false;
  EXPECT_EQ(could_begin(scan_of(memory, {})).error().code, Code::kNotFound);
  RegisterState never = last_view();
  never.bootstrapped = false;
  EXPECT_EQ(could_begin(scan_of(never, {})).error().code, Code::kNotFound);
}

TEST(Recovery, a_disk_that_may_not_be_read_is_not_taken_for_one_that_has_nothing) {
  const auto begins = could_begin(scan_of(last_view(), {whole(0, 5, 1), unreadable(1, Code::kForbidden)}));
  EXPECT_EQ(begins.error().code, Code::kForbidden);
}

// --- recovered_register()

TEST(Recovery, where_a_start_would_lose_nothing_it_is_refused) {
  const auto next = recovered_register(scan_of(last_view(), {whole(0, 5, 1), whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_FALSE(next);
  EXPECT_NE(next.error().message.find("nothing is lost"), std::string::npos);
}

TEST(Recovery, the_chosen_replica_is_the_only_member_one_view_later_and_the_loss_is_on_record) {
  const auto next = recovered_register(scan_of(last_view(), {whole(2, 4, 1)}), ReplicaId(2), "2026-01-01");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->cluster, 7U);
  EXPECT_EQ(next->replicas, 3U);
  EXPECT_TRUE(next->bootstrapped);
  EXPECT_EQ(next->record.number, ViewNumber(6));
  ASSERT_EQ(next->record.members.size(), 1U);
  EXPECT_EQ(next->record.members[0].incarnation, life(2, 1));
  ASSERT_EQ(next->losses.size(), 1U);
  EXPECT_NE(
      next->losses[0].find("2026-01-01: the cluster resumed from replica 2 alone, from position 55 of view 4"),
      std::string::npos)
      << next->losses[0];
}

TEST(Recovery, the_next_start_begins_with_the_chosen_replica) {
  const auto next = recovered_register(scan_of(last_view(), {whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_TRUE(next);
  const auto begins = could_begin(scan_of(*next, {whole(2, 4, 1), whole(0, 4, 9)}));
  ASSERT_TRUE(begins) << begins.error().message;
  ASSERT_EQ(begins->members.size(), 1U);
  EXPECT_EQ(begins->members[0].id, ReplicaId(2));
}

TEST(Recovery, the_view_is_later_than_every_one_that_a_disk_has_installed) {
  const auto next =
      recovered_register(scan_of(std::nullopt, {whole(1, 12, 1), whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->record.number, ViewNumber(13));
  EXPECT_EQ(next->replicas, 3U) << "as many as there are directories";
  EXPECT_NE(next->losses[0].find("the view register was gone"), std::string::npos);
}

TEST(Recovery, earlier_losses_stay_on_record) {
  RegisterState state = last_view();
  state.losses = {"the first"};
  const auto next = recovered_register(scan_of(state, {whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_TRUE(next);
  ASSERT_EQ(next->losses.size(), 2U);
  EXPECT_EQ(next->losses[0], "the first");
}

TEST(Recovery, the_register_can_be_read_after_any_number_of_losses) {
  RegisterState state = last_view();
  state.losses.assign(view::ClusterRecord::kLossesMax, "earlier");
  const auto next = recovered_register(scan_of(state, {whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_TRUE(next);
  const DataDir dir;
  ASSERT_TRUE(write_register(dir.path(), *next));
  const auto read = read_register(dir.path());
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->losses, next->losses);
  EXPECT_NE(next->losses.back(), "earlier");
}

TEST(Recovery, a_disk_that_is_missing_damaged_foreign_or_a_part_is_refused) {
  const auto refused = [](std::vector<ReplicaDirScan> replicas, std::uint16_t from) {
    const auto next = recovered_register(scan_of(last_view(), std::move(replicas)), ReplicaId(from), "now");
    return next ? std::string() : next.error().message;
  };
  EXPECT_NE(refused({whole(2, 4, 1)}, 1).find("has no directory"), std::string::npos);
  EXPECT_NE(refused({unreadable(1, Code::kInternal)}, 1).find("it is damaged"), std::string::npos);
  EXPECT_NE(refused({learned(2)}, 2).find("only learned a part"), std::string::npos);
  ReplicaDirScan foreign = whole(2, 4, 1);
  store::Inspection found = *foreign.found;
  found.identity.cluster = 8;
  foreign.found = found;
  EXPECT_FALSE(refused({foreign}, 2).empty());
}

TEST(Recovery, a_cluster_in_memory_has_nothing_to_recover_from) {
  RegisterState memory = last_view();
  memory.durable = false;
  const auto next = recovered_register(scan_of(memory, {whole(2, 4, 1)}), ReplicaId(2), "now");
  ASSERT_FALSE(next);
  EXPECT_NE(next.error().message.find("in memory"), std::string::npos);
}

// --- contradictions()

TEST(Recovery, equal_positions_with_different_states_are_a_contradiction) {
  ReplicaDirScan one = whole(0, 5, 1), other = whole(1, 5, 1);
  store::Inspection found = *other.found;
  found.digest = 1;
  other.found = found;
  const auto out = contradictions(scan_of(last_view(), {one, other}));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_NE(out[0].find("replicas 0 and 1 are both at position 50"), std::string::npos);
  EXPECT_TRUE(contradictions(scan_of(last_view(), {one, whole(1, 5, 1, 51)})).empty());
}

TEST(Recovery, a_directory_of_another_cluster_is_a_contradiction) {
  RegisterState other = last_view();
  other.cluster = 8;
  EXPECT_EQ(contradictions(scan_of(other, {whole(0, 5, 1)})).size(), 1U);
}

}  // namespace
}  // namespace titer::cluster
