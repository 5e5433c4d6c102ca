// SPDX-License-Identifier: Apache-2.0

#include "base/time_zone.h"

#include <array>

#include "base/text.h"
#include "base/time.h"

namespace titer {
namespace {

struct Named {
  std::string_view name;
  std::int32_t minutes;
  bool daylight;
};
// Those that the table of ZIP codes names, and the territories that are not in it.
constexpr std::array kZones = {
    Named{"America/New_York", -300, true},
    Named{"America/Detroit", -300, true},
    Named{"America/Indiana/Indianapolis", -300, true},
    Named{"America/Indiana/Marengo", -300, true},
    Named{"America/Indiana/Petersburg", -300, true},
    Named{"America/Indiana/Vevay", -300, true},
    Named{"America/Indiana/Vincennes", -300, true},
    Named{"America/Indiana/Winamac", -300, true},
    Named{"America/Kentucky/Louisville", -300, true},
    Named{"America/Kentucky/Monticello", -300, true},
    Named{"America/Chicago", -360, true},
    Named{"America/Indiana/Knox", -360, true},
    Named{"America/Indiana/Tell_City", -360, true},
    Named{"America/Menominee", -360, true},
    Named{"America/North_Dakota/Beulah", -360, true},
    Named{"America/North_Dakota/Center", -360, true},
    Named{"America/North_Dakota/New_Salem", -360, true},
    Named{"America/Denver", -420, true},
    Named{"America/Boise", -420, true},
    Named{"America/Phoenix", -420, false},
    Named{"America/Los_Angeles", -480, true},
    Named{"America/Anchorage", -540, true},
    Named{"America/Juneau", -540, true},
    Named{"America/Metlakatla", -540, true},
    Named{"America/Nome", -540, true},
    Named{"America/Sitka", -540, true},
    Named{"America/Yakutat", -540, true},
    Named{"America/Adak", -600, true},
    Named{"Pacific/Honolulu", -600, false},
    Named{"America/Puerto_Rico", -240, false},
    Named{"America/St_Thomas", -240, false},
    Named{"Pacific/Guam", 600, false},
    Named{"Pacific/Pago_Pago", -660, false},
    Named{"Pacific/Palau", 540, false},
    Named{"Pacific/Pohnpei", 660, false},
    Named{"Pacific/Kwajalein", 720, false},
    Named{"Pacific/Majuro", 720, false},
    Named{"Pacific/Wake", 720, false},
    // As people write them.
    Named{"UTC", 0, false},
    Named{"GMT", 0, false},
    Named{"EST", -300, false},
    Named{"EDT", -240, false},
    Named{"CST", -360, false},
    Named{"CDT", -300, false},
    Named{"MST", -420, false},
    Named{"MDT", -360, false},
    Named{"PST", -480, false},
    Named{"PDT", -420, false},
    Named{"AKST", -540, false},
    Named{"AKDT", -480, false},
    Named{"HST", -600, false},
    Named{"AST", -240, false},
    Named{"ChST", 600, false},
    Named{"SST", -660, false},
    Named{"ET", -300, true},
    Named{"CT", -360, true},
    Named{"MT", -420, true},
    Named{"PT", -480, true},
};

constexpr std::int64_t kOneMinuteMs = 60'000;

bool is_daylight(const CalendarTime& clock) {
  if (clock.month < 3 || clock.month > 11) return false;
  if (clock.month > 3 && clock.month < 11) return true;
  const int last_sunday =
      static_cast<int>(clock.day) - static_cast<int>(clock.weekday);  // of this month, today included
  const bool sunday = clock.weekday == 0;
  if (clock.month == 3) return sunday && clock.day >= 8 && clock.day <= 14 ? clock.hour >= 3 : last_sunday >= 8;
  return sunday && clock.day <= 7 ? clock.hour < 2 : last_sunday < 1;
}

}  // namespace

std::optional<TimeZone> time_zone(std::string_view name) {
  for (const Named& zone : kZones)
    if (same_ignoring_case(zone.name, name)) return TimeZone{zone.minutes, zone.daylight};
  return std::nullopt;
}

WallTime from_local(WallTime local, TimeZone zone) {
  const bool summer = zone.daylight && is_daylight(calendar_time(local));
  const std::int64_t ahead = (zone.standard_minutes + (summer ? 60 : 0)) * kOneMinuteMs;
  return WallTime(local.value - ahead);
}

}  // namespace titer
