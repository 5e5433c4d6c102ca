// SPDX-License-Identifier: Apache-2.0

#include "host/descriptors.h"

#include <gtest/gtest.h>

namespace titer::host {
namespace {

TEST(Descriptors, the_shares_never_exceed_the_limit_and_the_reserve_is_always_there) {
  for (std::size_t limit = kDescriptorsMin; limit < 70'000; limit += limit < 2'000 ? 1 : 997) {
    const auto shares = divide_descriptors(limit);
    ASSERT_TRUE(shares.ok()) << limit;
    EXPECT_LE(shares->own + shares->tables + shares->newcomers + shares->clients + shares->http, limit) << limit;
    EXPECT_GE(shares->own, 80U) << limit;
    EXPECT_GT(shares->clients, 0U) << limit;
    EXPECT_GT(shares->http, 0U) << limit;
  }
}

TEST(Descriptors, a_service_has_room_for_thousands) {
  const auto shares = divide_descriptors(65'536);
  ASSERT_TRUE(shares.ok());
  EXPECT_EQ(shares->clients, 4'096U);
  EXPECT_EQ(shares->http, 10'000U);
  EXPECT_NE(shares->text().find("of 65536 descriptors 4096 are for clients"), std::string::npos) << shares->text();
}

TEST(Descriptors, a_process_that_may_have_too_few_does_not_start_and_says_what_to_do) {
  const auto shares = divide_descriptors(kDescriptorsMin - 1);
  ASSERT_FALSE(shares.ok());
  EXPECT_NE(shares.error().message.find("LimitNOFILE"), std::string::npos) << shares.error().message;
}

TEST(Descriptors, operators_settings_count_as_far_as_there_is_room) {
  EXPECT_EQ(place_limits(4'000, {}).in_all, 4'000U);
  EXPECT_EQ(place_limits(4'000, {}).per_address, 1'000U);
  EXPECT_EQ(place_limits(4'000, {.in_all = 10}).in_all, 10U);
  EXPECT_EQ(place_limits(4'000, {.in_all = 10}).per_address, 2U);
  EXPECT_EQ(place_limits(4'000, {.in_all = 10'000, .per_address = 3}).in_all, 4'000U);
  EXPECT_EQ(place_limits(4'000, {.in_all = 10'000, .per_address = 3}).per_address, 3U);
  EXPECT_EQ(place_limits(1, {}).per_address, 1U);
}

}  // namespace
}  // namespace titer::host
