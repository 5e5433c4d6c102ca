// SPDX-License-Identifier: Apache-2.0

#include "formats/file_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/number.h"
#include "base/text.h"
#include "base/time.h"

namespace titer::formats {
namespace {

constexpr std::int64_t kSecondMs = 1000, kDayMs = 24LL * 3600 * kSecondMs;
constexpr std::string_view kExpected = "not a time: write 2024-08-01 or 2024-08-01T09:30:00Z";
constexpr std::string_view kDayFirst = "a date with the day first, or no date: write 2024-08-01";
constexpr std::string_view kMonthFirst = "a date with the month first, as in the United States: read so";
constexpr std::string_view kSpreadsheet = "a spreadsheet's number of a day: read so";
constexpr std::string_view kSince1970 = "seconds or milliseconds since 1970: read so";
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

// A number at the front, which is taken away; at most `width` digits.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t width) {
  std::size_t n = 0;
  while (n < text.size() && n < width && text[n] >= '0' && text[n] <= '9') ++n;
  const auto number = n > 0 ? parse_number<unsigned>(text.substr(0, n)) : std::nullopt;
  if (number) text.remove_prefix(n);
  return number;
}
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

unsigned four_digits(unsigned year) { return year < 100 ? 2000 + year : year; }

FileTime day_or_reading(WallTime at, std::optional<TimeZone> zone) {
  const bool midnight = at.value % kDayMs == 0 && !zone;
  return {midnight ? FileTime::Kind::kDay : FileTime::Kind::kReading, at, zone, {}};
}

// " 9:30", "09:30:00 AM" behind a date; nothing: midnight. nullopt: something else.
std::optional<std::int64_t> clock_ms(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 0;
  auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  const auto second = take(text, ':') ? take_digits(text, 2) : std::optional(0U);
  const std::string_view half = trim(text);
  const bool am = same_ignoring_case(half, "am"), pm = same_ignoring_case(half, "pm");
  if (!minute || !second || *minute > 59 || *second > 59 || (!half.empty() && !am && !pm)) return std::nullopt;
  if (am || pm) {
    if (*hour < 1 || *hour > 12) return std::nullopt;
    hour = *hour % 12 + (pm ? 12 : 0);
  }
  if (*hour > 23) return std::nullopt;
  return ((std::int64_t{*hour} * 60 + *minute) * 60 + *second) * kSecondMs;
}

// A time of day with or without a zone's letters behind a date.
std::optional<FileTime> with_clock(unsigned year, unsigned month, unsigned day, std::string_view clock,
                                   std::string_view remark) {
  const auto date = parse_time(fmt::format("{:04}-{:02}-{:02}", year, month, day));
  clock = trim(clock);
  std::optional<TimeZone> zone;
  if (const std::size_t blank = clock.rfind(' '); blank != std::string_view::npos) {
    zone = time_zone(clock.substr(blank + 1));
    if (zone) clock = clock.substr(0, blank);
  }
  const auto ms = clock_ms(clock);
  if (!date || !ms) return std::nullopt;
  FileTime time = day_or_reading(WallTime(date->value + *ms), zone);
  time.remark = remark;
  return time;
}

// "11/28/2026 9:30 AM"
Result<FileTime> read_month_first(std::string_view text) {
  const auto month = take_digits(text, 2);
  const bool slash = month && take(text, '/');
  const auto day = slash ? take_digits(text, 2) : std::nullopt;
  const bool second = day && take(text, '/');
  const std::size_t before = text.size();
  const auto year = second ? take_digits(text, 4) : std::nullopt;
  const std::size_t width = before - text.size();
  if (!year || *month > 12 || (width != 2 && width != 4)) return Error{Code::kInvalid, std::string(kDayFirst)};
  const auto time = with_clock(four_digits(*year), *month, *day, text, kMonthFirst);
  if (time) return *time;
  return Error{Code::kInvalid, std::string(kExpected)};
}

// "28-Nov-26"
std::optional<FileTime> read_named_month(std::string_view text) {
  const auto day = take_digits(text, 2);
  if (!day || !take(text, '-') || text.size() < 4) return std::nullopt;
  const auto month = std::ranges::find_if(
      kMonths, [&](std::string_view m) { return same_ignoring_case(m, text.substr(0, m.size())); });
  if (month == kMonths.end()) return std::nullopt;
  text.remove_prefix(3);
  if (!take(text, '-')) return std::nullopt;
  const auto year = take_digits(text, 4);
  if (!year) return std::nullopt;
  const auto number = static_cast<unsigned>(month - kMonths.begin()) + 1;
  return with_clock(four_digits(*year), number, *day, text, "a date with a month's name: read so");
}

// Digits, perhaps with a fraction.
std::optional<FileTime> read_number(std::string_view text) {
  constexpr double kFirstDay = 36'526, kLastDay = 73'051;  // of the years 2000 to 2099
  constexpr double kDayOf1970 = 25'569;
  const auto number = parse_number<double>(text);
  if (!number || !std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }))
    return std::nullopt;
  if (text.size() == 8 && all_digits(text))
    return with_clock(parse_number<unsigned>(text.substr(0, 4)).value_or(0),
                      parse_number<unsigned>(text.substr(4, 2)).value_or(0),
                      parse_number<unsigned>(text.substr(6)).value_or(0), {}, {});
  if (*number >= kFirstDay && *number < kLastDay) {
    const std::int64_t second = std::llround((*number - kDayOf1970) * 86'400);
    FileTime time = day_or_reading(WallTime(second * kSecondMs), {});
    time.remark = kSpreadsheet;
    return time;
  }
  if (!all_digits(text) || (text.size() != 10 && text.size() != 13)) return std::nullopt;
  const auto ticks = static_cast<std::int64_t>(*number);
  return FileTime{FileTime::Kind::kMoment, WallTime(text.size() == 10 ? ticks * kSecondMs : ticks), {}, kSince1970};
}

// ISO 8601 as in base/time.h. Without a zone it is a reading; the clock may be written as people do.
std::optional<FileTime> read_iso(std::string_view text) {
  constexpr std::size_t kDate = 10;
  if (const auto time = parse_time(text)) {
    if (text.size() <= kDate) return FileTime{FileTime::Kind::kDay, *time, {}, {}};
    const bool zone = text.find_first_of("Zz+-", kDate) != std::string_view::npos;
    return zone ? FileTime{FileTime::Kind::kMoment, *time, {}, {}} : day_or_reading(*time, {});
  }
  if (text.size() <= kDate || !parse_time(text.substr(0, kDate)) || (text[kDate] != ' ' && text[kDate] != 'T'))
    return std::nullopt;
  const CalendarTime date = calendar_time(*parse_time(text.substr(0, kDate)));
  return with_clock(static_cast<unsigned>(date.year), date.month, date.day, text.substr(kDate + 1), {});
}

}  // namespace

Result<FileTime> read_file_time(std::string_view text) {
  constexpr std::string_view kMinus = "\xE2\x88\x92";
  std::string plain(trim(text));
  for (std::size_t at = plain.find(kMinus); at != std::string::npos; at = plain.find(kMinus))
    plain.replace(at, kMinus.size(), "-");
  if (plain.size() >= 10 && plain[4] == '/' && plain[7] == '/') plain[4] = plain[7] = '-';
  std::optional<FileTime> time = read_iso(plain);
  if (!time) time = read_number(plain);
  if (!time) time = read_named_month(plain);
  if (!time && plain.find('/') != std::string::npos) {
    auto american = read_month_first(plain);
    if (!american) return american.error();
    time = *american;
  }
  if (!time) return Error{Code::kInvalid, std::string(kExpected)};
  if (time->at.value < 0) return Error{Code::kInvalid, "a time before 1970, which stands for none: leave it blank"};
  return *time;
}

WallTime moment_of(const FileTime& time, std::optional<TimeZone> place, WallTime now) {
  const TimeZone zone = time.zone.value_or(place.value_or(TimeZone{}));
  if (time.kind == FileTime::Kind::kMoment) return time.at;
  if (time.kind == FileTime::Kind::kReading) return from_local(time.at, zone);
  const WallTime begin = from_local(time.at, zone);
  const WallTime end(from_local(WallTime(time.at.value + kDayMs), zone).value - kSecondMs);
  // A day that has not begun is not made today.
  return now == WallTime() || begin > now ? end : std::min(end, now);
}

bool says_nothing(std::string_view text) {
  text = trim(text);
  constexpr std::array<std::string_view, 12> kWords = {"n/a",  "na", "null", "none", "nil", "nan",
                                                       "#n/a", "-",  "--",   "---",  "\\n", "(null)"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return same_ignoring_case(word, text); });
}

}  // namespace titer::formats
