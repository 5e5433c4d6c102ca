// SPDX-License-Identifier: Apache-2.0

// Times as people, files, clients and the command line write them: ISO 8601, kept as milliseconds since the Unix epoch in
// UTC. This is the only grammar of titer; docs/reference/api.md describes it to users.
//
//   2026-03-01                          midnight, UTC
//   2026-03-01T08:15                    'T', 't' or one blank between date and time; UTC without a zone
//   2026-03-01T08:15:30.250             seconds, then a fraction behind '.' or ',', cut to milliseconds
//   2026-03-01T08:15:30Z                zone: 'Z', 'z', +hh:mm, +hhmm or +hh; '-' for west
//
// Hours end at 23 and seconds at 59: neither 24:00 nor leap seconds. A time lies in the years 1900 … 9999, in UTC.
// Written: always UTC with 'Z', milliseconds only when there are any. parse_time() reads what time_text() writes.
// Pure: the calendar of <chrono>, but no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace titer {

inline constexpr WallTime kTimeMin{-2'208'988'800'000};   // 1900-01-01T00:00:00Z
inline constexpr WallTime kTimeMax{253'402'300'799'999};  // 9999-12-31T23:59:59.999Z

[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);
// Appends "2026-03-01T08:15:30Z". A time outside kTimeMin … kTimeMax is written as the nearer end.
void print_time(WallTime time, std::string& out);
[[nodiscard]] std::string time_text(WallTime time);

// A time, taken apart (UTC).
struct CalendarTime {
  int year = 1970;
  unsigned month = 1, day = 1;  // from 1
  unsigned weekday = 4;         // 0: Sunday
  unsigned hour = 0, minute = 0, second = 0, millisecond = 0;
};
// The nearer end, too.
[[nodiscard]] CalendarTime calendar_time(WallTime time);

}  // namespace titer
