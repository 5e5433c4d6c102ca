// SPDX-License-Identifier: Apache-2.0

#include "cluster/restore.h"

#include <gtest/gtest.h>

#include "cluster/data_dir_scan.h"
#include "cluster/testing/data_dir.h"
#include "store/restore_mark.h"

namespace titer::cluster {
namespace {

namespace fs = std::filesystem;

Result<RegisterState> restore(const std::string& dir) {
  auto target = RestoreDirectory::begin(dir);
  if (!target) return target.error();
  machine::Machine machine;
  machine.track_changes(true);
  auto written = target->write_cluster(3, machine, LamportTime(1));
  if (const Status done = target->finish(); written && !done) return done.error();
  return written;
}

TEST(Restore, a_start_begins_with_the_disk_that_a_restore_has_written) {
  const DataDir dir;
  const auto state = restore(dir.file("new"));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->replicas, 3U);
  const auto scan = scan_data_dir(dir.file("new"), std::nullopt);
  ASSERT_TRUE(scan);
  EXPECT_TRUE(contradictions(*scan).empty());
  const auto begins = could_begin(*scan);
  ASSERT_TRUE(begins) << begins.error().message;
  ASSERT_EQ(begins->members.size(), 1U);
  EXPECT_EQ(begins->members[0].id, ReplicaId(0));
  EXPECT_EQ(begins->number, ViewNumber(1));
}

TEST(Restore, each_restore_is_a_cluster_of_its_own) {
  const DataDir dir;
  const auto one = restore(dir.file("one")), other = restore(dir.file("other"));
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->cluster, other->cluster);
}

TEST(Restore, a_directory_that_is_not_empty_is_refused_and_stays_as_it_is) {
  const DataDir dir;
  std::ofstream(dir.file("mine")) << "data";
  EXPECT_EQ(restore(dir.path()).error().code, Code::kInvalid);
  EXPECT_EQ(dir.content("mine"), "data");
  EXPECT_FALSE(fs::exists(dir.file("register")));
}

TEST(Restore, what_an_interrupted_restore_has_left_is_written_again_from_scratch) {
  const DataDir dir;
  const std::string path = dir.file("new");
  fs::create_directories(path + "/replica-0");
  std::ofstream(path + "/replica-0/rest") << "half";
  ASSERT_TRUE(store::write_restore_mark(path));
  EXPECT_FALSE(contradictions(*scan_data_dir(path, std::nullopt)).empty()) << "a start refuses it";
  ASSERT_TRUE(restore(path));
  EXPECT_FALSE(fs::exists(path + "/replica-0/rest"));
  EXPECT_TRUE(could_begin(*scan_data_dir(path, std::nullopt)));
}

TEST(Restore, a_directory_is_marked_before_anything_is_read_or_written) {
  const DataDir dir;
  const std::string path = dir.file("new");
  {
    auto target = RestoreDirectory::begin(path);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(*store::real_files().list(path), std::vector<std::string>{"restoring"});
    EXPECT_FALSE(contradictions(*scan_data_dir(path, std::nullopt)).empty()) << "a start refuses it";
    target->keep();  // killed
  }
  std::ofstream(path + "/restoring", std::ios::trunc);
  EXPECT_TRUE(store::has_restore_mark(path)) << "also one of which only the name is there";
  ASSERT_TRUE(restore(path));
  EXPECT_FALSE(store::has_restore_mark(path));
}

TEST(Restore, that_fails_takes_away_what_it_made_and_nothing_else) {
  const DataDir dir;
  { ASSERT_TRUE(RestoreDirectory::begin(dir.file("new"))); }
  EXPECT_FALSE(fs::exists(dir.file("new")));
  fs::create_directory(dir.file("there"));
  { ASSERT_TRUE(RestoreDirectory::begin(dir.file("there"))); }
  EXPECT_TRUE(fs::is_empty(dir.file("there")));
  ASSERT_TRUE(store::write_restore_mark(dir.file("there")));
  std::ofstream(dir.file("there/rest")) << "half";
  { ASSERT_TRUE(RestoreDirectory::begin(dir.file("there"))); }
  EXPECT_TRUE(fs::exists(dir.file("there/rest"))) << "perhaps the register names it";
  {
    auto target = RestoreDirectory::begin(dir.file("there"));
    ASSERT_TRUE(target);
    target->discard();
  }
  EXPECT_TRUE(fs::is_empty(dir.file("there")));
}

TEST(Restore, the_disk_of_an_interrupted_one_is_known_by_its_incarnation) {
  const DataDir dir;
  smr::ViewRecord first;
  first.members = {{ReplicaId(2), Incarnation(77), {}}};
  {
    auto target = RestoreDirectory::begin(dir.path());
    ASSERT_TRUE(target);
    EXPECT_FALSE(target->holds(5, first.members[0]));
    machine::Machine machine;
    machine.track_changes(true);
    ASSERT_TRUE(target->write_replica(5, first, machine, LamportTime(1)));
    target->keep();  // killed
  }
  const auto target = RestoreDirectory::begin(dir.path());
  ASSERT_TRUE(target);
  EXPECT_TRUE(target->holds(5, first.members[0]));
  EXPECT_FALSE(target->holds(6, first.members[0]));
  EXPECT_FALSE(target->holds(5, {ReplicaId(2), Incarnation(78), {}}));
  EXPECT_FALSE(target->holds(5, {ReplicaId(1), Incarnation(77), {}}));
}

TEST(Restore, a_directory_in_use_is_busy) {
  const DataDir dir;
  const auto lock = lock_data(dir.path(), true);
  ASSERT_TRUE(lock);
  const auto state = restore(dir.path());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::kBusy);
}

// --- the scan

TEST(DataDirScan, only_directories_of_replicas_are_looked_at) {
  const DataDir dir;
  for (const char* name : {"replica-1", "replica-0", "replica-x", "replica-0.old", "replica-99999", "other"})
    fs::create_directory(dir.file(name));
  const auto ids = replicas_in(dir.path());
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (std::vector{ReplicaId(0), ReplicaId(1)}));
}

TEST(DataDirScan, a_replica_without_a_directory_is_not_found) {
  const DataDir dir;
  ASSERT_TRUE(restore(dir.file("new")));
  EXPECT_EQ(scan_data_dir(dir.file("new"), ReplicaId(2)).error().code, Code::kNotFound);
  const auto only = scan_data_dir(dir.file("new"), ReplicaId(0));
  ASSERT_TRUE(only);
  EXPECT_EQ(only->replicas.size(), 1U);
}

TEST(DataDirScan, an_empty_directory_of_a_replica_is_nobodys) {
  const DataDir dir;
  fs::create_directory(dir.file("replica-0"));
  const auto scan = scan_data_dir(dir.path(), std::nullopt);
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->replicas.size(), 1U);
  EXPECT_EQ(scan->replicas[0].found.error().code, Code::kNotFound);
}

TEST(DataDirScan, a_directory_that_is_not_there_is_an_error) {
  const DataDir dir;
  EXPECT_FALSE(scan_data_dir(dir.file("missing"), std::nullopt));
}

}  // namespace
}  // namespace titer::cluster
