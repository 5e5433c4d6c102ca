// SPDX-License-Identifier: Apache-2.0

#include "formats/timestamps.h"

#include <gtest/gtest.h>

namespace titer::formats {
namespace {

std::string again(std::string_view text) {
  const auto t = parse_time(text);
  return t ? time_text(*t) : "no time";
}

TEST(Timestamps, what_files_write_is_read) {
  EXPECT_EQ(again("2024-08-01"), "2024-08-01T00:00:00Z");
  EXPECT_EQ(again("2024-08-01T09:30:15Z"), "2024-08-01T09:30:15Z");
  EXPECT_EQ(again("2024-08-01 09:30"), "2024-08-01T09:30:00Z");
  EXPECT_EQ(again("2022-03-11T00:00:00.000"), "2022-03-11T00:00:00Z");
  EXPECT_EQ(again("2022-03-11T00:00:00.1234567Z"), "2022-03-11T00:00:00.123Z");
  EXPECT_EQ(again("2024-08-01T09:30:00-05:00"), "2024-08-01T14:30:00Z");
  EXPECT_EQ(again("2024-01-01T00:30:00+0130"), "2023-12-31T23:00:00Z");
  EXPECT_EQ(again("2024-01-01T00:30:00+01"), "2023-12-31T23:30:00Z");
  EXPECT_EQ(again("1970-01-01"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(again("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(again("2024-02-29"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(parse_time("2024-08-01")->value, 1722470400000);
}

TEST(Timestamps, what_is_no_time_is_refused) {
  for (const char* text :
       {"", "2024", "2024-8-1", "2024-13-01", "2024-02-30", "2023-02-29", "2024-08-01T", "2024-08-01T9:30",
        "2024-08-01T24:00", "2024-08-01T09:60", "2024-08-01T09:30:00X", "2024-08-01T09:30+", "08/01/2024",
        "2024-08-01Z", "2024-08-01T09:30:00.Z", " 2024-08-01", "99999-01-01", "1722470400"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace titer::formats
