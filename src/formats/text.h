// SPDX-License-Identifier: Apache-2.0

// Text as it comes in files, made fit to be stored: valid UTF-8, no control characters, no blanks around it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "formats/limits.h"

namespace titer::formats {

// ASCII letters only.
[[nodiscard]] std::string lower(std::string_view text);

// Appends `text` with every byte that is no UTF-8 replaced by U+FFFD, every run of control characters by one space, and without
// characters that turn the direction of writing. Says what it had to do.
struct Mended {
  bool not_utf8 = false;
  bool control = false;
  bool direction = false;
};
Mended mend(std::string_view text, std::string& out);
// What a file of Windows-1252 says, the encoding that spreadsheets in the United States save CSV in, as UTF-8. nullopt: the text is
// not of it: it has bytes that the encoding does not use, or well-formed UTF-8 beyond ASCII.
[[nodiscard]] std::optional<std::string> from_windows_1252(std::string_view text);
// "PeÃ±a", which is UTF-8 that was taken for Windows-1252 and encoded again, as "Peña". nullopt: the text is no such one.
[[nodiscard]] std::optional<std::string> decoded_again(std::string_view text);
// Two ways of writing one name are one text: a letter and its accent are one character, apostrophes and quotes are ASCII's, blanks of
// every kind are one blank, and there are none around it. The letters' case stays.
[[nodiscard]] std::string tidy(std::string_view text);
// Likewise, and in lower case: for comparing names.
[[nodiscard]] std::string folded(std::string_view text);
// At most `bytes`, cut between two characters.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t bytes);

// Owns texts until clear(); a view of a kept text stays valid until then. Memory is used again, as much as rows usually take.
class TextPool {
 public:
  [[nodiscard]] std::string& fresh() {
    if (used_ == texts_.size()) texts_.emplace_back();
    texts_[used_].clear();
    return texts_[used_++];
  }
  std::string_view keep(std::string_view text) { return fresh().assign(text); }
  void clear() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < used_; ++i) kept += texts_[i].capacity();
    if (kept > kPoolBytesKept) texts_.clear();
    used_ = 0;
  }

 private:
  std::deque<std::string> texts_;
  std::size_t used_ = 0;
};

}  // namespace titer::formats
