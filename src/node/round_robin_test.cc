// SPDX-License-Identifier: Apache-2.0

#include "node/round_robin.h"

#include <gtest/gtest.h>

#include <vector>

namespace titer::node {
namespace {

std::vector<std::uint64_t> take_all(RoundRobin& robin) {
  std::vector<std::uint64_t> items;
  while (const auto item = robin.take()) items.push_back(*item);
  return items;
}

TEST(RoundRobin, an_owner_of_many_delays_its_own_only) {
  RoundRobin robin;
  for (const std::uint64_t item : {11, 12, 13, 14}) robin.add(1, item);
  robin.add(2, 21);
  robin.add(3, 31);
  robin.add(2, 22);
  EXPECT_EQ(take_all(robin), (std::vector<std::uint64_t>{11, 21, 31, 12, 22, 13, 14}));
  EXPECT_TRUE(robin.empty());
  robin.add(1, 15);
  EXPECT_EQ(take_all(robin), (std::vector<std::uint64_t>{15}));
}

TEST(RoundRobin, an_owner_that_is_forgotten_has_no_turn_and_gives_its_items_back) {
  RoundRobin robin;
  robin.add(1, 11);
  robin.add(1, 12);
  robin.add(2, 21);
  EXPECT_EQ(robin.forget(1), (std::deque<std::uint64_t>{11, 12}));
  EXPECT_TRUE(robin.forget(3).empty());
  EXPECT_EQ(take_all(robin), (std::vector<std::uint64_t>{21}));
  robin.add(1, 13);
  EXPECT_EQ(take_all(robin), (std::vector<std::uint64_t>{13}));
}

TEST(RoundRobin, an_owner_that_comes_again_before_its_old_turn_has_what_it_brings) {
  RoundRobin robin;
  robin.add(1, 11);
  robin.add(2, 21);
  EXPECT_EQ(robin.forget(1).size(), 1U);
  robin.add(1, 12);
  EXPECT_EQ(take_all(robin), (std::vector<std::uint64_t>{12, 21}));
  EXPECT_TRUE(robin.empty());
}

}  // namespace
}  // namespace titer::node
