// SPDX-License-Identifier: Apache-2.0

// Time zones of the United States and its territories: from what a clock on the wall there shows to the time.
//
// Why not the zones of the operating system: they differ from machine to machine, and reading them is I/O. The country has had one
// rule for daylight saving time since 2007, and no data here are older: it begins on the second Sunday of March and ends on the
// first of November, each at 2 o'clock. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace titer {

struct TimeZone {
  std::int32_t standard_minutes = 0;  // ahead of UTC
  bool daylight = false;              // one hour more in summer
  constexpr bool operator==(const TimeZone&) const = default;
};

// By its name in the IANA database ("America/New_York"), or by the letters that people write behind a time ("EST", "pdt", "UTC").
// Letters of standard and of daylight time each mean that one, in every season.
[[nodiscard]] std::optional<TimeZone> time_zone(std::string_view name);

// The time at which clocks of the zone show `local` (a time as if the zone were UTC). Of the hour that comes twice in autumn
// the first one, so that no claim is younger than it says; the hour that is left out in spring counts as standard time.
[[nodiscard]] WallTime from_local(WallTime local, TimeZone zone);

}  // namespace titer
