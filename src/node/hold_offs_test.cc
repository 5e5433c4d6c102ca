// SPDX-License-Identifier: Apache-2.0

#include "node/hold_offs.h"

#include <gtest/gtest.h>

namespace titer::node {
namespace {

constexpr std::uint64_t kHome = 7, kKey = 9;
constexpr BootTime kBegin{1'000'000'000};

BootTime after(BootTime at, std::int64_t us) { return BootTime(at.value + us); }

// As many of them as cost nothing.
void use_up(HoldOffs& all, std::uint64_t address, std::uint64_t key = 0) {
  for (unsigned n = 0; n < HoldOffs::kFree; n += HoldOffs::kHeldUp) {
    all.note(HoldOffs::kHeldUp, address, key, kBegin);
    EXPECT_EQ(all.wait_us(address, key, kBegin), 0);
  }
}

TEST(HoldOffs, the_first_few_offences_cost_nothing) {
  HoldOffs all;
  use_up(all, kHome, kKey);
  all.note(HoldOffs::kLost, kHome, kKey, kBegin);
  EXPECT_EQ(all.wait_us(kHome, kKey, kBegin), HoldOffs::kFirstUs);
  EXPECT_LE(all.wait_us(kHome, kKey, after(kBegin, HoldOffs::kFirstUs)), 0) << "then it is welcome";
}

TEST(HoldOffs, to_be_lost_weighs_less_than_to_hold_up) {
  HoldOffs all;
  for (unsigned n = 0; n < HoldOffs::kFree; ++n) all.note(HoldOffs::kLost, kHome, 0, kBegin);
  EXPECT_EQ(all.wait_us(kHome, 0, kBegin), 0);
}

TEST(HoldOffs, each_further_one_doubles_the_wait_up_to_the_longest) {
  HoldOffs all;
  use_up(all, kHome);
  for (std::int64_t wait = HoldOffs::kFirstUs; wait <= HoldOffs::kLongestUs; wait *= 2) {
    all.note(HoldOffs::kHeldUp, kHome, 0, kBegin);
    EXPECT_EQ(all.wait_us(kHome, 0, kBegin), wait);
  }
  for (int n = 0; n < 1000; ++n) all.note(HoldOffs::kHeldUp, kHome, 0, kBegin);
  EXPECT_EQ(all.wait_us(kHome, 0, kBegin), HoldOffs::kLongestUs);
}

TEST(HoldOffs, an_address_pays_under_any_key_and_a_key_at_any_address) {
  HoldOffs all;
  use_up(all, kHome, kKey);
  all.note(HoldOffs::kLost, kHome, kKey, kBegin);
  EXPECT_GT(all.wait_us(kHome, kKey + 1, kBegin), 0);
  EXPECT_GT(all.wait_us(kHome + 1, kKey, kBegin), 0);
  EXPECT_EQ(all.wait_us(kKey, kHome, kBegin), 0) << "an address is no key";
}

TEST(HoldOffs, the_local_socket_and_clients_without_a_key_are_not_counted) {
  HoldOffs all;
  for (int n = 0; n < 100; ++n) all.note(HoldOffs::kHeldUp, 0, 0, kBegin);
  EXPECT_EQ(all.wait_us(0, 0, kBegin), 0);
}

TEST(HoldOffs, offences_are_forgotten_by_halves) {
  HoldOffs all;
  use_up(all, kHome);
  const BootTime later = after(kBegin, HoldOffs::kForgetUs);
  all.note(HoldOffs::kHeldUp, kHome, 0, later);
  all.note(HoldOffs::kHeldUp, kHome, 0, later);
  EXPECT_EQ(all.wait_us(kHome, 0, later), 0);
  all.note(HoldOffs::kHeldUp, kHome, 0, later);
  EXPECT_EQ(all.wait_us(kHome, 0, later), HoldOffs::kFirstUs);
}

TEST(HoldOffs, a_crowd_of_offenders_takes_a_bounded_place_and_the_worst_are_kept) {
  HoldOffs all;
  for (int n = 0; n < 20; ++n) all.note(HoldOffs::kHeldUp, kHome, 0, kBegin);
  for (std::uint64_t n = 0; n < 2 * HoldOffs::kKnownMax; ++n) all.note(HoldOffs::kLost, 1'000 + n, 0, kBegin);
  EXPECT_GT(all.wait_us(kHome, 0, kBegin), 0);
}

}  // namespace
}  // namespace titer::node
