// SPDX-License-Identifier: Apache-2.0

#include "formats/report.h"

#include <string>

#include "formats/text.h"

namespace titer::formats {

namespace {

// At most 80 bytes, printable: the text itself, or what `room` then holds.
std::string_view shown(std::string_view text, std::string& room) {
  constexpr std::size_t kShownBytes = 80;
  const std::string_view begin = text.substr(0, kShownBytes);
  if (is_plain(begin)) return begin;
  mend(cut(text, kShownBytes), room);
  return room;
}

}  // namespace

void Report::tell(std::uint64_t line, std::string_view field, std::string_view why, std::string_view value,
                  bool refused) {
  if (!sink_) return;
  // The names of fields are those of the file, too.
  std::string mended_field, mended_value;
  sink_({line, shown(field, mended_field), why, shown(value, mended_value), refused});
}

}  // namespace titer::formats
