// SPDX-License-Identifier: Apache-2.0

// Every word of Find without script (plain_page.cc), in English and Spanish.
//
// The page with script has catalogues of its own (web/src/text): it is built without this program. Pure; thread rule: any.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"

namespace titer::api {

struct PlainWords {
  struct Plural {
    std::string_view one, many;
  };
  std::string_view language, title, zip, within, only_available, find, whole_page, other;
  std::string_view none, not_all, zip_wrong, zip_unknown, no_answer;
  std::string_view nothing_logged, yes, no, unknown, call_first, any_product, stale, expired;
  std::string_view book, website, hours;
  std::string_view age_before, age_after, just_now;  // around "3 hours"
  Plural dose, minute, hour, day, mile;
};

// `chosen` is the parameter `lang`; without it `accepted`, an Accept-Language header, decides by its weights (RFC 9110 12.5.4).
// English when neither names a language that we have.
[[nodiscard]] const PlainWords& plain_words(std::string_view chosen, std::string_view accepted);
// "1 dose", "1,200 doses": both languages group digits as in the United States.
[[nodiscard]] std::string counted(std::uint64_t n, const PlainWords::Plural& noun);
// "3 hours ago". A time ahead of `now` is now.
[[nodiscard]] std::string age_text(WallTime then, WallTime now, const PlainWords& words);

}  // namespace titer::api
