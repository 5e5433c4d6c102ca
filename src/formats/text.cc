// SPDX-License-Identifier: Apache-2.0

#include "formats/text.h"

#include <algorithm>

namespace titer::formats {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

Mended mend(std::string_view text, std::string& out) {
  Mended done;
  for (std::size_t i = 0; i < text.size();) {
    if (is_control(text[i])) {
      done.control = true;
      while (i < text.size() && is_control(text[i])) ++i;
      out.push_back(' ');
      continue;
    }
    const std::size_t n = utf8_sequence(text, i);
    const Unwanted is = n == 0 ? Unwanted::kNone : unwanted(text.substr(i, n));
    if (is != Unwanted::kNone) {
      done.control = done.control || is == Unwanted::kControl;
      done.direction = done.direction || is == Unwanted::kDirection;
      if (is == Unwanted::kControl) out.push_back(' ');
      i += n;
    } else if (n == 0) {
      done.not_utf8 = true;
      out.append(kReplacementCharacter);
      ++i;
    } else {
      out.append(text, i, n);
      i += n;
    }
  }
  return done;
}

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace titer::formats
