// SPDX-License-Identifier: Apache-2.0

#include "store/held_records.h"

#include <gtest/gtest.h>

#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

HeldRecords holding(const std::vector<TestRecord>& records) {
  HeldRecords held;
  for (const TestRecord& record : records) held.add(record.kind, record.name);
  return held;
}

Released up_to(std::uint64_t view, const smr::AckRow& bases) {
  Released released;
  released.raise(ViewNumber(view), bases);
  return released;
}

TEST(HeldRecords, nothing_is_released_before_somebody_says_so) {
  EXPECT_FALSE(holding({install(0)}).all_in(Released()));
  EXPECT_FALSE(holding({}).all_in(Released()));
}

TEST(HeldRecords, records_of_earlier_views_are_released) {
  EXPECT_TRUE(holding({frame(3, 0, 900), frame(3, 7, 1), install(3)}).all_in(up_to(4, {})));
  EXPECT_FALSE(holding({frame(3, 0, 900), frame(5, 7, 1)}).all_in(up_to(4, {{TransmitterId(7), Seq(9)}})));
}

TEST(HeldRecords, in_the_view_itself_every_transmitter_counts_for_itself) {
  const auto held = holding({frame(2, 0, 5), frame(2, 1, 9), frame(2, 0, 6)});
  EXPECT_TRUE(held.all_in(up_to(2, {{TransmitterId(0), Seq(6)}, {TransmitterId(1), Seq(9)}})));
  EXPECT_FALSE(held.all_in(up_to(2, {{TransmitterId(0), Seq(5)}, {TransmitterId(1), Seq(9)}})));
  EXPECT_FALSE(held.all_in(up_to(2, {{TransmitterId(0), Seq(6)}})));
}

TEST(HeldRecords, installs_up_to_the_view_are_released) {
  EXPECT_TRUE(holding({install(2)}).all_in(up_to(2, {})));
  EXPECT_FALSE(holding({install(3)}).all_in(up_to(2, {})));
}

TEST(HeldRecords, frames_of_a_later_view_outweigh_those_before) {
  const auto held = holding({frame(1, 0, 50), frame(2, 0, 1), frame(1, 0, 51)});
  EXPECT_TRUE(held.all_in(up_to(2, {{TransmitterId(0), Seq(1)}})));
}

TEST(Released, never_falls) {
  Released released = up_to(3, {{TransmitterId(0), Seq(5)}});
  released.raise(ViewNumber(2), {{TransmitterId(0), Seq(9)}});
  released.raise(ViewNumber(3), {{TransmitterId(0), Seq(4)}, {TransmitterId(1), Seq(1)}});
  EXPECT_EQ(released.view(), ViewNumber(3));
  EXPECT_TRUE(released.has(TransmitterId(0), Seq(5)));
  EXPECT_FALSE(released.has(TransmitterId(0), Seq(6)));
  EXPECT_TRUE(released.has(TransmitterId(1), Seq(1)));
  released.raise(ViewNumber(4), {});
  EXPECT_FALSE(released.has(TransmitterId(0), Seq(1)));
}

}  // namespace
}  // namespace titer::store
