// SPDX-License-Identifier: Apache-2.0

// Places of connections: of one address and in all, and which idle ones give way.
#include "net/places.h"

#include <gtest/gtest.h>

namespace titer::net {
namespace {

TEST(Places, an_address_has_its_share_and_leaves_the_rest_to_others) {
  Places places({.in_all = 3, .per_address = 2}, "connections");
  EXPECT_TRUE(places.take(7).ok());
  EXPECT_TRUE(places.take(7).ok());
  const Status third = places.take(7);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, Code::kTooMany);
  EXPECT_NE(third.error().message.find("your address has 2 connections"), std::string::npos)
      << third.error().message;
  EXPECT_TRUE(places.take(8).ok());
  EXPECT_EQ(places.take(9).error().code, Code::kBusy);
  EXPECT_EQ(places.take(7).error().code, Code::kTooMany) << "it is told what it can do something about";
  places.give_back(7);
  EXPECT_TRUE(places.take(9).ok());
  EXPECT_EQ(places.taken(), 3U);
}

TEST(Places, this_machines_own_sockets_are_not_counted) {
  Places places({.in_all = 1, .per_address = 1}, "connections");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(places.take(0).ok());
  EXPECT_EQ(places.taken(), 0U);
  places.give_back(0);
  EXPECT_TRUE(places.take(1).ok());
}

TEST(Places, the_longest_idle_eighth_gives_way) {
  std::vector<Idle<int>> all;
  all.reserve(40);
  for (int i = 0; i < 40; ++i) all.emplace_back(BootTime(1000 - i), i);
  longest_idle(all);
  ASSERT_EQ(all.size(), 5U);
  for (const auto& [since, who] : all) EXPECT_GE(who, 35);
}

TEST(Places, one_gives_way_where_there_are_few_and_none_where_there_is_none) {
  std::vector<Idle<int>> all = {{BootTime(3), 1}, {BootTime(2), 2}};
  longest_idle(all);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].second, 2);
  all.clear();
  longest_idle(all);
  EXPECT_TRUE(all.empty());
}

TEST(Places, a_thousand_idle_ones_do_not_all_go_together) {
  std::vector<Idle<int>> all;
  all.reserve(1000);
  for (int i = 0; i < 1000; ++i) all.emplace_back(BootTime(i), i);
  longest_idle(all);
  EXPECT_EQ(all.size(), 32U);
}

}  // namespace
}  // namespace titer::net
