// SPDX-License-Identifier: Apache-2.0

// Times as people and files write them: ISO 8601, kept as milliseconds since the Unix epoch in UTC.
//
// Read: a date (midnight UTC), or date and time with 'T' or a space, seconds and fraction optional, zone 'Z', "+hh:mm",
// "+hhmm", "+hh" or none (UTC). Years 1900 … 9999. Written: always UTC with 'Z', milliseconds only when there are any.
// Pure: no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace titer::formats {

// "2024-08-01", "2024-08-01T09:30:00Z", "2022-03-11T00:00:00.000", "2024-08-01 09:30-05:00".
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);
// Appends "2024-08-01T00:00:00Z".
void print_time(WallTime time, std::string& out);
[[nodiscard]] std::string time_text(WallTime time);

}  // namespace titer::formats
