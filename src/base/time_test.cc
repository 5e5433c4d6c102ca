// SPDX-License-Identifier: Apache-2.0

#include "base/time.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace titer {
namespace {

std::string again(std::string_view text) {
  const auto t = parse_time(text);
  return t ? time_text(*t) : "no time";
}

TEST(Times, WhatPeopleAndFilesWriteIsRead) {
  EXPECT_EQ(again("2024-08-01"), "2024-08-01T00:00:00Z");
  EXPECT_EQ(again("2024-08-01T09:30:15Z"), "2024-08-01T09:30:15Z");
  EXPECT_EQ(again("2024-08-01t09:30:15z"), "2024-08-01T09:30:15Z");
  EXPECT_EQ(again("2024-08-01 09:30"), "2024-08-01T09:30:00Z");
  EXPECT_EQ(again("2022-03-11T00:00:00.000"), "2022-03-11T00:00:00Z");
  EXPECT_EQ(again("2022-03-11T00:00:00,5"), "2022-03-11T00:00:00.500Z");
  EXPECT_EQ(again("2022-03-11T00:00:00.1234567Z"), "2022-03-11T00:00:00.123Z");
  EXPECT_EQ(again("1970-01-01"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(again("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(again("2024-02-29"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(parse_time("2024-08-01")->value, 1722470400000);
}

TEST(Times, EveryFormOfAZoneIsRead) {
  for (const char* zone : {"-05:00", "-0500", "-05"})
    EXPECT_EQ(again(std::string("2024-08-01T09:30:00") + zone), "2024-08-01T14:30:00Z") << zone;
  EXPECT_EQ(again("2024-01-01T00:30:00+0130"), "2023-12-31T23:00:00Z");
  EXPECT_EQ(again("2024-01-01T00:30+01"), "2023-12-31T23:30:00Z");
  EXPECT_EQ(again("2024-01-01T12:00+23:59"), "2023-12-31T12:01:00Z");
}

TEST(Times, WhatIsNoTimeIsRefused) {
  for (const char* text : {"",
                           "2024",
                           "2024-8-1",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-01-00",
                           "2024-02-30",
                           "2023-02-29",
                           "1900-02-29",
                           "2024-08-01T",
                           "2024-08-01T9:30",
                           "2024-08-01T24:00",
                           "2024-08-01T24:30:00Z",
                           "2024-08-01T09:60",
                           "2024-08-01T09:30:60Z",
                           "2024-08-01T09:30:00X",
                           "2024-08-01T09:30+",
                           "2024-08-01T09:30+5",
                           "2024-08-01T09:30+24",
                           "2024-08-01T09:30+05:60",
                           "2024-08-01T09:30+05:",
                           "2024-08-01T09:30+05:0",
                           "08/01/2024",
                           "2024-08-01Z",
                           "2024-08-01T09:30:00.Z",
                           " 2024-08-01",
                           "2024-08-01 ",
                           "2024-08-01  09:30",
                           "99999-01-01",
                           "1722470400",
                           "now"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Times, EndWithTheYears) {
  EXPECT_EQ(parse_time("1900-01-01"), kTimeMin);
  EXPECT_EQ(parse_time("9999-12-31T23:59:59.999Z"), kTimeMax);
  EXPECT_EQ(time_text(kTimeMin), "1900-01-01T00:00:00Z");
  EXPECT_EQ(time_text(kTimeMax), "9999-12-31T23:59:59.999Z");
  for (const char* text : {"1899-12-31", "1900-01-01T00:00+01", "9999-12-31T23:59-01", "0000-01-01"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Times, BeyondTheEndsAreWrittenAsTheEnds) {
  EXPECT_EQ(time_text(WallTime(INT64_MIN)), time_text(kTimeMin));
  EXPECT_EQ(time_text(WallTime(kTimeMin.value - 1)), time_text(kTimeMin));
  EXPECT_EQ(time_text(WallTime(INT64_MAX)), time_text(kTimeMax));
}

TEST(Times, WhatIsWrittenIsReadAgain) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(kTimeMin.value, kTimeMax.value);
  for (int i = 0; i < 100'000; ++i) {
    const WallTime t(any(random));
    ASSERT_EQ(parse_time(time_text(t)), t) << t.value;
  }
}

TEST(Times, AreTakenApart) {
  const CalendarTime t = calendar_time(*parse_time("1994-11-06T08:49:37.250Z"));
  EXPECT_EQ(t.year, 1994);
  EXPECT_EQ(t.month, 11U);
  EXPECT_EQ(t.day, 6U);
  EXPECT_EQ(t.weekday, 0U);
  EXPECT_EQ(t.hour, 8U);
  EXPECT_EQ(t.minute, 49U);
  EXPECT_EQ(t.second, 37U);
  EXPECT_EQ(t.millisecond, 250U);
}

}  // namespace
}  // namespace titer
