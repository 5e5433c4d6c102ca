// SPDX-License-Identifier: Apache-2.0

#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace titer {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr unsigned kSecondMs = 1000, kMinuteMs = 60 * kSecondMs, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;

// Walks a text; every step says whether what it wanted was there.
class Walk {
 public:
  explicit Walk(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `width` digits, a number from `low` to `high`.
  bool number(std::size_t width, unsigned low, unsigned high, unsigned& out) {
    if (rest_.size() < width) return false;
    out = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      out = out * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return out >= low && out <= high;
  }
  // Digits of a fraction, cut to milliseconds.
  bool milliseconds(unsigned& out) {
    out = 0;
    if (!at_digit()) return false;
    for (unsigned scale = 100; at_digit(); scale /= 10) {
      out += scale * static_cast<unsigned>(rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }

 private:
  std::string_view rest_;
};

bool read_date(Walk& in, std::int64_t& ms) {
  unsigned year = 0, month = 0, day = 0;
  if (!in.number(4, 1900, 9999, year) || !in.any_of("-") || !in.number(2, 1, 12, month) || !in.any_of("-") ||
      !in.number(2, 1, 31, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return false;
  ms = std::int64_t{sys_days(date).time_since_epoch().count()} * kDayMs;
  return true;
}

bool read_clock(Walk& in, std::int64_t& ms) {
  unsigned hour = 0, minute = 0, second = 0, fraction = 0;
  if (!in.number(2, 0, 23, hour) || !in.any_of(":") || !in.number(2, 0, 59, minute)) return false;
  if (in.any_of(":")) {
    if (!in.number(2, 0, 59, second)) return false;
    if (in.any_of(".,") && !in.milliseconds(fraction)) return false;
  }
  ms += hour * kHourMs + minute * kMinuteMs + second * kSecondMs + fraction;
  return true;
}

bool read_zone(Walk& in, std::int64_t& ms) {
  if (in.done() || in.any_of("Zz")) return true;
  const bool east = in.any_of("+");
  if (!east && !in.any_of("-")) return false;
  unsigned hour = 0, minute = 0;
  if (!in.number(2, 0, 23, hour)) return false;
  const bool colon = in.any_of(":");
  if ((colon || in.at_digit()) && !in.number(2, 0, 59, minute)) return false;
  const std::int64_t ahead = hour * kHourMs + minute * kMinuteMs;
  ms += east ? -ahead : ahead;
  return true;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  Walk in(text);
  std::int64_t ms = 0;
  if (!read_date(in, ms)) return std::nullopt;
  if (in.any_of("Tt ") && (!read_clock(in, ms) || !read_zone(in, ms))) return std::nullopt;
  if (!in.done() || ms < kTimeMin.value || ms > kTimeMax.value) return std::nullopt;
  return WallTime(ms);
}

CalendarTime calendar_time(WallTime time) {
  const std::chrono::milliseconds ms(std::clamp(time, kTimeMin, kTimeMax).value);
  const sys_days day{std::chrono::floor<days>(ms)};
  const std::chrono::year_month_day date{day};
  const auto in_day = static_cast<unsigned>((ms - day.time_since_epoch()).count());
  CalendarTime out;
  out.year = static_cast<int>(date.year());
  out.month = static_cast<unsigned>(date.month());
  out.day = static_cast<unsigned>(date.day());
  out.weekday = std::chrono::weekday(day).c_encoding();
  out.hour = in_day / kHourMs;
  out.minute = in_day / kMinuteMs % 60;
  out.second = in_day / kSecondMs % 60;
  out.millisecond = in_day % kSecondMs;
  return out;
}

void print_time(WallTime time, std::string& out) {
  const CalendarTime t = calendar_time(time);
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second);
  if (t.millisecond != 0) fmt::format_to(to, ".{:03}", t.millisecond);
  out.push_back('Z');
}

std::string time_text(WallTime time) {
  std::string out;
  print_time(time, out);
  return out;
}

}  // namespace titer
