// SPDX-License-Identifier: Apache-2.0

#include "registry/product_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "registry/products.h"

namespace titer::registry {
namespace {

// Words for a group of the CDC's table, beside its own name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 43> kGroupWords = {{
    {"covid", "COVID-19"},
    {"coronavirus", "COVID-19"},
    {"sarscov2", "COVID-19"},
    {"influenza", "FLU"},
    {"seasonalflu", "FLU"},
    {"respiratorysyncytialvirus", "RSV"},
    {"mpox", "Orthopoxvirus"},
    {"monkeypox", "Orthopoxvirus"},
    {"smallpox", "Orthopoxvirus"},
    {"orthopox", "Orthopoxvirus"},
    {"measles", "MMR"},
    {"mumps", "MMR"},
    {"rubella", "MMR"},
    {"measlesmumpsrubella", "MMR"},
    {"humanpapillomavirus", "HPV"},
    {"papillomavirus", "HPV"},
    {"hepatitisa", "HepA"},
    {"hepatitisb", "HepB"},
    {"shingles", "ZOSTER"},
    {"herpeszoster", "ZOSTER"},
    {"chickenpox", "VARICELLA"},
    {"pneumonia", "PneumoPCV"},
    {"pneumonia", "PneumoPPV"},
    {"pneumo", "PneumoPCV"},
    {"pneumo", "PneumoPPV"},
    {"pneumococcal", "PneumoPCV"},
    {"pneumococcal", "PneumoPPV"},
    {"pneumococcus", "PneumoPCV"},
    {"pneumococcus", "PneumoPPV"},
    {"pcv", "PneumoPCV"},
    {"ppv", "PneumoPPV"},
    {"meningitis", "MENING"},
    {"meningitis", "MeningB"},
    {"meningococcal", "MENING"},
    {"meningococcal", "MeningB"},
    {"menacwy", "MENING"},
    {"menb", "MeningB"},
    {"tetanus", "Td"},
    {"tetanus", "TDAP"},
    {"whoopingcough", "TDAP"},
    {"whoopingcough", "DTAP"},
    {"pertussis", "TDAP"},
    {"pertussis", "DTAP"},
}};
constexpr std::array<std::string_view, 8> kEndings = {"vaccines",     "vaccine", "vaccination", "vaccinations",
                                                      "immunization", "shots",   "shot",        "jab"};

constexpr unsigned kNonUs = 500;  // from here on CVX codes are of vaccines that are not given here

unsigned number_of(std::string_view cvx) { return parse_number<unsigned>(cvx).value_or(0); }

std::string folded_letters(std::string_view text) {
  std::string out;
  for (const char c : text)
    if ((c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z')) out.push_back(to_lower(c));
  return out;
}

template <typename Visit>
void each_group(std::string_view groups, const Visit& visit) {
  while (!groups.empty()) {
    const std::size_t bar = std::min(groups.find('|'), groups.size());
    if (bar > 0) visit(groups.substr(0, bar));
    groups.remove_prefix(std::min(bar + 1, groups.size()));
  }
}

// The unspecified formulation of a group is that with the shortest name: "Hep A, unspecified" and not "Hep A, pediatric, …".
void add_to_group(const Product& product, NameGroup& group) {
  group.vaccines.push_back(product.cvx);
  if (number_of(product.cvx) >= kNonUs || folded_letters(product.name).find("unspecified") == std::string::npos)
    return;
  const auto known = find_product(group.unspecified);
  if (!known || product.name.size() < known->name.size()) group.unspecified = product.cvx;
}

void join(const NameGroup& from, NameGroup& to) {
  to.vaccines.insert(to.vaccines.end(), from.vaccines.begin(), from.vaccines.end());
  // Of two groups the first one's: what is said of both is unspecified in either.
  if (to.unspecified.empty()) to.unspecified = from.unspecified;
}

ProductNames make_names() {
  ProductNames names;
  for (const Product& product : all_products()) {
    each_group(product.groups,
               [&](std::string_view group) { add_to_group(product, names.groups[fold_product_name(group)]); });
    if (product.active) names.short_names.try_emplace(fold_product_name(product.name), product.cvx);
  }
  std::map<std::string, NameGroup, std::less<>> words;
  for (const auto& [word, group] : kGroupWords)
    if (const NameGroup* of = names.group(fold_product_name(group))) join(*of, words[std::string(word)]);
  names.groups.merge(words);
  for (const Pack& pack : all_packs()) {
    if (pack.trade_name.empty()) continue;
    TradeName& trade = names.trades[fold_product_name(pack.trade_name)];
    if (trade.name.empty()) trade.name = pack.trade_name;
    if (std::ranges::find(trade.vaccines, pack.cvx) == trade.vaccines.end()) trade.vaccines.push_back(pack.cvx);
  }
  for (auto& [key, trade] : names.trades)
    std::ranges::sort(trade.vaccines, {}, [](std::string_view cvx) { return number_of(cvx); });
  return names;
}

// How many letters have to be changed, added or left out to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[b.size()];
}

// How near a name is; 0: it is the same. A name that begins with the text is nearer than one in which it is anywhere.
std::size_t farness(std::string_view text, std::string_view name) {
  constexpr std::size_t kBegins = 1, kHolds = 2, kFar = 100;
  if (text == name) return 0;
  if (text.size() >= 3 && name.starts_with(text)) return kBegins;
  if (text.size() >= 3 && name.find(text) != std::string_view::npos) return kHolds;
  if (name.size() >= 5 && text.find(name) != std::string_view::npos) return kHolds;
  const std::size_t letters = distance(text, name);
  return letters * 3 <= name.size() ? kHolds + letters : kFar;
}

}  // namespace

std::string fold_product_name(std::string_view text) {
  std::string key = folded_letters(text.substr(0, kProductTextBytesMax));
  for (const std::string_view ending : kEndings)
    if (key.size() > ending.size() && key.ends_with(ending)) {
      key.resize(key.size() - ending.size());
      break;
    }
  return key;
}

const ProductNames& product_names() {
  static const ProductNames kNames = make_names();
  return kNames;
}

std::string nearest_products(std::string_view text) {
  constexpr std::size_t kShown = 3, kFarthest = 6;
  const std::string key = fold_product_name(text);
  if (key.size() < 2) return {};
  struct Found {
    std::size_t far;
    std::string shown;
  };
  std::vector<Found> found;
  for (const auto& [name, trade] : product_names().trades)
    if (const std::size_t far = farness(key, name); far <= kFarthest)
      found.push_back({far, fmt::format("{} ({})", trade.name, fmt::join(trade.vaccines, ", "))});
  for (const auto& [name, group] : product_names().groups)
    if (const std::size_t far = farness(key, name); far <= kFarthest && far > 0) found.push_back({far, name});
  std::ranges::stable_sort(found, {}, &Found::far);
  if (found.size() > kShown) found.resize(kShown);
  std::string out;
  for (const Found& near : found) out += (out.empty() ? "" : "; ") + near.shown;
  return out;
}

}  // namespace titer::registry
