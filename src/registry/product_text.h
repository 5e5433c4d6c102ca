// SPDX-License-Identifier: Apache-2.0

// Product texts: what people, files and programs write for a product, as the code to store; and which stored codes a question is
// about.
//
// A claim is of one product: a vaccine (CVX), a pack (NDC), or any. Its text may be a code in any usual way of writing, as
// spreadsheets leave it too; a trade name, if it is of one vaccine; or a group ("Flu"), which is stored as the group's code
// for an unspecified formulation. Anything else is refused, with the nearest known names: a product that is no product is found
// by nobody. A well-formed code that the tables do not know is kept, because codes are newer than programs.
//
// ".vfc" behind a code is its stock of the program Vaccines for Children, which is not for everybody: a line of its own. A question
// about the code is about that line too (query.h).
//
// A question is about a set: a vaccine with its packs, a pack, a trade name, or a whole group with its packs.
// Pure; uses the tables of products.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace titer::registry {

struct ProductReading {
  enum class As : std::uint8_t {
    kRefused,  // `remark` says why
    kCode,     // a known code
    kMended,   // a known code that was written otherwise; `remark` says how it was understood
    kUnknown,  // a code of the right form that no table knows: kept
  };
  As as = As::kRefused;
  std::string code;         // normal form; empty if refused
  std::string_view remark;  // the same for the same defect
  std::string nearest;      // refused: "Comirnaty (309), Spikevax (312)"; may be empty
};
[[nodiscard]] ProductReading read_product(std::string_view text);
// Likewise as a result: the code, or a sentence that refuses.
[[nodiscard]] Result<std::string> product_code(std::string_view text);
// The same code, as a view that lives as long as the program; empty if the tables do not have it.
[[nodiscard]] std::string_view known_code(std::string_view code);

// The codes of the stock lines that a question is about, at least one. Error: the text names no product, with suggestions.
[[nodiscard]] Result<std::vector<std::string>> products_meant(std::string_view text);

}  // namespace titer::registry
