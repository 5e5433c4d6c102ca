// SPDX-License-Identifier: Apache-2.0

// The names that vaccines go by: groups, trade names, short names; and those nearest to a text that is none.
//
// Made once from the tables of products.h, and of a list of the words that people use for a group. Names are compared folded:
// letters and digits alone, in lower case, without "vaccine", "shot" and the like at the end. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace titer::registry {

inline constexpr std::size_t kProductTextBytesMax = 128;  // no name is longer

struct NameGroup {
  std::vector<std::string_view> vaccines;  // CVX codes
  std::string_view unspecified;            // the code of its unspecified formulation; empty: there is none
};
struct TradeName {
  std::string_view name;                   // as the maker writes it
  std::vector<std::string_view> vaccines;  // CVX codes
};

struct ProductNames {
  std::map<std::string, NameGroup, std::less<>> groups;              // by folded name
  std::map<std::string, TradeName, std::less<>> trades;              // by folded name
  std::map<std::string, std::string_view, std::less<>> short_names;  // of vaccines in use: folded name to CVX code

  [[nodiscard]] const NameGroup* group(std::string_view folded) const {
    const auto found = groups.find(folded);
    return found == groups.end() ? nullptr : &found->second;
  }
};
[[nodiscard]] const ProductNames& product_names();
[[nodiscard]] std::string fold_product_name(std::string_view text);

// Up to three names that are near to the text, each with its code where it stands for one: "Comirnaty (309, 310)". May be empty.
[[nodiscard]] std::string nearest_products(std::string_view text);

}  // namespace titer::registry
