// SPDX-License-Identifier: Apache-2.0

#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace titer {
namespace {

std::string utc(std::string_view local, std::string_view zone) {
  return time_text(from_local(parse_time(local).value(), time_zone(zone).value()));
}

TEST(TimeZone, summer_is_an_hour_ahead_where_it_is_observed) {
  EXPECT_EQ(utc("2026-11-28T09:30", "America/New_York"), "2026-11-28T14:30:00Z");
  EXPECT_EQ(utc("2026-07-01T09:30", "America/New_York"), "2026-07-01T13:30:00Z");
  EXPECT_EQ(utc("2026-07-01T09:30", "America/Phoenix"), "2026-07-01T16:30:00Z");
  EXPECT_EQ(utc("2026-07-01T09:30", "America/Puerto_Rico"), "2026-07-01T13:30:00Z");
  EXPECT_EQ(utc("2026-11-28T09:30", "Pacific/Guam"), "2026-11-27T23:30:00Z");
}

TEST(TimeZone, summer_begins_and_ends_at_two_on_a_sunday) {
  EXPECT_EQ(utc("2026-03-08T01:59", "America/Chicago"), "2026-03-08T07:59:00Z");
  EXPECT_EQ(utc("2026-03-08T02:30", "America/Chicago"), "2026-03-08T08:30:00Z") << "an hour that no clock shows";
  EXPECT_EQ(utc("2026-03-08T03:00", "America/Chicago"), "2026-03-08T08:00:00Z");
  EXPECT_EQ(utc("2026-11-01T01:30", "America/Chicago"), "2026-11-01T06:30:00Z") << "the first of two";
  EXPECT_EQ(utc("2026-11-01T02:00", "America/Chicago"), "2026-11-01T08:00:00Z");
}

TEST(TimeZone, letters_mean_one_offset_in_every_season) {
  EXPECT_EQ(utc("2026-07-01T09:30", "EST"), "2026-07-01T14:30:00Z");
  EXPECT_EQ(utc("2026-07-01T09:30", "edt"), "2026-07-01T13:30:00Z");
  EXPECT_EQ(utc("2026-07-01T09:30", "ET"), "2026-07-01T13:30:00Z");
  for (const char* name : {"", "E", "Europe/Berlin", "America"}) EXPECT_FALSE(time_zone(name)) << name;
}

}  // namespace
}  // namespace titer
