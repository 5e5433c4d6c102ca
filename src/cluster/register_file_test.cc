// SPDX-License-Identifier: Apache-2.0

#include "cluster/register_file.h"

#include <gtest/gtest.h>

#include <set>

#include "cluster/testing/data_dir.h"

namespace titer::cluster {
namespace {

RegisterState some_state() {
  RegisterState state;
  state.cluster = 77;
  state.replicas = 3;
  state.bootstrapped = true;
  state.record.number = ViewNumber(9);
  state.record.members = {{ReplicaId(0), Incarnation(11), "127.0.0.1:8892"},
                          {ReplicaId(2), Incarnation(13), "127.0.0.1:8894"}};
  state.record.known_dead = {Incarnation(12)};
  state.losses = {"a loss", "another one"};
  return state;
}

TEST(RegisterFile, what_was_written_is_read) {
  const DataDir dir;
  const RegisterState state = some_state();
  ASSERT_TRUE(write_register(dir.path(), state));
  const auto read = read_register(dir.path());
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->cluster, state.cluster);
  EXPECT_EQ((*read)->replicas, state.replicas);
  EXPECT_TRUE((*read)->durable);
  EXPECT_TRUE((*read)->bootstrapped);
  EXPECT_EQ((*read)->record, state.record);
  EXPECT_EQ((*read)->losses, state.losses);
}

TEST(RegisterFile, the_newest_replaces_the_one_before) {
  const DataDir dir;
  RegisterState state = some_state();
  ASSERT_TRUE(write_register(dir.path(), state));
  state.record.number = ViewNumber(10);
  state.losses.clear();
  ASSERT_TRUE(write_register(dir.path(), state));
  const auto read = read_register(dir.path());
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->record.number, ViewNumber(10));
  EXPECT_TRUE((*read)->losses.empty());
}

TEST(RegisterFile, a_directory_without_one_has_none_and_so_has_one_from_which_it_was_removed) {
  const DataDir dir;
  EXPECT_FALSE(*read_register(dir.path()));
  ASSERT_TRUE(write_register(dir.path(), some_state()));
  remove_register(dir.path());
  const auto read = read_register(dir.path());
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST(RegisterFile, every_changed_byte_is_noticed) {
  const DataDir dir;
  ASSERT_TRUE(write_register(dir.path(), some_state()));
  const std::string whole = dir.content("register");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    std::ofstream(dir.file("register"), std::ios::binary) << damaged;
    EXPECT_FALSE(read_register(dir.path())) << "byte " << at;
  }
  std::ofstream(dir.file("register"), std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_FALSE(read_register(dir.path()));
}

TEST(RegisterFile, a_directory_that_is_not_there_takes_none) {
  const DataDir dir;
  EXPECT_FALSE(write_register(dir.file("missing"), some_state()));
}

TEST(RegisterFile, ids_are_never_zero_and_never_the_same) {
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(random_id());
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_FALSE(ids.contains(0));
}

}  // namespace
}  // namespace titer::cluster
