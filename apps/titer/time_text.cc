// SPDX-License-Identifier: Apache-2.0

// Times and numbers as text.
#include <charconv>
#include <chrono>
#include <cstdio>

#include "net/loop.h"
#include "titer/text.h"

namespace titer::app {

namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// Reads exactly `digits` digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int out = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits || out < 0) return std::nullopt;
  text.remove_prefix(digits);
  return out;
}

bool take(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+hh:mm", "-hhmm" in minutes; nothing is UTC.
std::optional<int> take_offset(std::string_view& text) {
  if (text.empty() || take(text, "Zz")) return 0;
  const bool minus = text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  take(text, ":");
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return (minus ? -1 : 1) * (*hours * 60 + *minutes);
}

// "08:15", "08:15:30", "08:15:30.250" and the offset, as milliseconds of the day in UTC.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  int second = 0, fraction = 0;
  if (take(text, ":")) {
    const auto s = take_number(text, 2);
    if (!s) return std::nullopt;
    second = *s;
    if (take(text, ".")) {
      int digits = 0;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
        if (digits++ < 3) fraction = fraction * 10 + (text.front() - '0');
      for (; digits < 3; ++digits) fraction *= 10;
    }
  }
  const auto offset = take_offset(text);
  if (!minute || !offset || *hour > 24 || *minute > 59 || second > 60) return std::nullopt;
  return ((std::int64_t{*hour} * 60 + *minute - *offset) * 60 + second) * 1000 + fraction;
}

}  // namespace

std::string iso_time(WallTime t) {
  if (t == WallTime()) return {};
  const std::chrono::sys_time<milliseconds> time{milliseconds(t.value)};
  const sys_days day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(time - day);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out;
}

std::optional<WallTime> parse_time(std::string_view text) {
  if (text == "now") return net::wall_now();
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::int64_t ms = std::int64_t{sys_days(date).time_since_epoch().count()} * 86'400'000;
  if (!text.empty()) {
    if (!take(text, "Tt ")) return std::nullopt;
    const auto of_day = take_time_of_day(text);
    if (!of_day || !text.empty()) return std::nullopt;
    ms += *of_day;
  }
  return WallTime(ms);
}

std::string duration_text(std::int64_t ms) {
  const std::int64_t s = ms / 1000;
  if (s < 120) return std::to_string(s) + " s";
  if (s < 120 * 60) return std::to_string(s / 60) + " min";
  if (s < 48 * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86'400) + " d";
}

std::string grouped(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

std::string bytes_text(std::uint64_t n) {
  char out[32];
  if (n < 1024 * 1024)
    std::snprintf(out, sizeof out, "%.0f KiB", static_cast<double>(n) / 1024);
  else
    std::snprintf(out, sizeof out, "%.1f MiB", static_cast<double>(n) / (1024 * 1024));
  return out;
}

}  // namespace titer::app
