// SPDX-License-Identifier: Apache-2.0

// FileTime: a time as files write it, and which moment it was.
//
// The grammar is wider than that of base/time.h, because spreadsheets and databases have their own ways:
//   2026-11-28T09:30:00-05:00, … Z      a moment
//   2026-11-28 09:30, … EST             a clock's reading: by the zone that stands there, else by that of the place
//   2026-11-28, 2026/11/28, 20261128    a day, and so is midnight without a zone, which databases make of a day
//   11/28/2026, 11/28/26, … 9:30 AM     the month first, as in the United States
//   28-Nov-26                           as Excel shows it
//   45989, 45989.4                      Excel's number of a day (of the calendar that begins in 1900)
//   1795858200, 1795858200000           seconds or milliseconds since 1970
// A day with the day first (28/11/2026) is refused: 5/11 would be read as two days. Hours end at 23.
//
// A day is over when it ends: a claim of a day counts from its last second at the place, and from now while the day lasts. So
// a date is never younger than it says, and a file of today is not refused because the day begins early in Guam. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time_zone.h"

namespace titer::formats {

struct FileTime {
  enum class Kind : std::uint8_t { kMoment, kReading, kDay };
  Kind kind = Kind::kMoment;
  WallTime at;                   // the moment; of a reading or a day as if the zone were UTC
  std::optional<TimeZone> zone;  // of a reading, if it stands there
  std::string_view remark;  // how it was understood, when it was not in ISO 8601's form; the same for the same form
};
// The error says what to write.
[[nodiscard]] Result<FileTime> read_file_time(std::string_view text);

// The moment, by the zone of the place (UTC if it is not known). Of a day: its last second, and `now` while it lasts; now 0: not known.
[[nodiscard]] WallTime moment_of(const FileTime& time, std::optional<TimeZone> place, WallTime now);

// "N/A", "NULL", "-" and the like: a cell that says that there is nothing.
[[nodiscard]] bool says_nothing(std::string_view text);

}  // namespace titer::formats
