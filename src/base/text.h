// SPDX-License-Identifier: Apache-2.0

// Texts: which bytes are UTF-8, which characters may be stored, and the few things that every module does with a text.
//
// UTF-8 is Unicode 15, table 3-7: no overlong forms, no surrogates, nothing beyond U+10FFFF. Letters are compared in ASCII
// alone. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace titer {

// Bytes of the well-formed UTF-8 sequence at `at`, which lies in `text`; 0: there is none.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text, std::size_t at);
[[nodiscard]] bool is_utf8(std::string_view text);
// U+FFFD, which stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// ASCII's: below U+0020, and DEL; line ends too.
[[nodiscard]] inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
// Printable ASCII alone. That is nearly every text, so it is checked first, eight bytes at a time.
[[nodiscard]] bool is_plain(std::string_view text);
// Of the well-formed sequence.
[[nodiscard]] char32_t code_point(std::string_view sequence);
// What a character of a text from outside may not be where people read it.
enum class Unwanted : std::uint8_t {
  kNone,
  kControl,  // C0, DEL and C1, and the line ends U+2028 and U+2029
  kDirection,  // embeds, overrides or isolates a direction of writing, so that a line shows what it does not say (CVE-2021-42574)
};
// Of the well-formed sequence.
[[nodiscard]] Unwanted unwanted(std::string_view sequence);
// The sequence would do something to a terminal, or to the order in which a line is read: it is unwanted, or a mark of a
// direction, which is right in a stored text but not in a line of a log.
[[nodiscard]] bool misleads(std::string_view sequence);
// UTF-8 without unwanted characters: what may be stored, and what an address may hold.
[[nodiscard]] bool is_clean(std::string_view text);
// UTF-8 in which nothing can be seen: blanks of every kind, and characters without a shape. So is an empty text.
[[nodiscard]] bool is_blank(std::string_view text);

// For a log or a terminal: what a text from outside must not do there is escaped: control characters (C0, DEL, C1), bytes that
// are no UTF-8, and the characters that turn the direction of writing or end a line (CWE-117, CVE-2021-42574). Cut after
// `bytes_max` of its bytes, with "…".
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = SIZE_MAX);

// Without blanks, tabs and line ends around it.
[[nodiscard]] std::string_view trim(std::string_view text);
// At least one, and digits alone.
[[nodiscard]] bool all_digits(std::string_view text);
[[nodiscard]] inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);

}  // namespace titer
