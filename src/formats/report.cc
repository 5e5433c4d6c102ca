// SPDX-License-Identifier: Apache-2.0

#include "formats/report.h"

#include <string>

#include "formats/text.h"

namespace titer::formats {

void Report::tell(std::uint64_t line, std::string_view field, std::string_view why, std::string_view value,
                  bool refused) {
  if (!sink_) return;
  constexpr std::size_t kShownBytes = 80;
  const std::string_view shown = value.substr(0, kShownBytes);
  if (is_plain(shown)) return sink_({line, field, why, shown, refused});
  std::string mended;
  mend(cut(value, kShownBytes), mended);
  sink_({line, field, why, mended, refused});
}

}  // namespace titer::formats
