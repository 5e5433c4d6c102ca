// SPDX-License-Identifier: Apache-2.0

#include "registry/filter.h"

#include <algorithm>

#include "base/text.h"
#include "registry/products.h"

namespace titer::registry {
namespace {

std::int64_t claimed_at(const Line& line) { return line.valid_at != 0 ? line.valid_at : line.checked_at; }

}  // namespace

Filter::Filter(const Store& store, const SiteFilter& filter)
    : store_(store),
      filter_(filter),
      state_(store.words().find(filter.state)),
      lower_(filter.text),
      text_bits_(NameSummary::bits_of(filter.text)) {
  for (const std::string_view product : filter.products)
    for (const std::string& code : {std::string(product), std::string(product).append(kVfcMark)})
      if (const std::uint32_t word = store.words().find(code); word != kNil) products_.push_back(word);
  std::ranges::sort(products_);
  products_.erase(std::unique(products_.begin(), products_.end()), products_.end());
  std::transform(lower_.begin(), lower_.end(), lower_.begin(), to_lower);
}

bool Filter::fits(std::uint32_t slot) const {
  const HotRow& row = store_.hot(slot);
  if (!filter_.with_closed && row.status != SiteStatus::kActive) return false;
  if (!filter_.state.empty() && store_.cold(slot).state != state_) return false;
  if (!filter_.zip.empty() && row.text.zip() != filter_.zip) return false;
  return fits_stock(slot) && fits_time(slot) && fits_text(row.text.name());
}

std::uint32_t Filter::cost(std::uint32_t slot) const {
  constexpr std::size_t kComparisons = 256;  // of letters, in the time of one row
  std::size_t cost = 1;
  if (!filter_.products.empty() || filter_.available_only || filter_.updated_since) cost += store_.hot(slot).lines;
  if (!lower_.empty()) cost += store_.name(slot).size() * lower_.size() / kComparisons;
  return static_cast<std::uint32_t>(cost);
}

bool Filter::fits_text(std::string_view name) const {
  if (lower_.empty()) return true;
  return std::search(name.begin(), name.end(), lower_.begin(), lower_.end(),
                     [](char a, char b) { return to_lower(a) == b; }) != name.end();
}

bool Filter::fits_stock(std::uint32_t slot) const {
  if (filter_.products.empty() && !filter_.available_only) return true;
  for (std::uint32_t at = store_.hot(slot).first_line; at != kNil; at = store_.line(at).next) {
    const Line& line = store_.line(at);
    if (!filter_.products.empty() && !std::ranges::binary_search(products_, line.product)) continue;
    if (!filter_.available_only || (line.available() && claimed_at(line) >= filter_.claimed_since.value))
      return true;
  }
  return false;
}

bool Filter::fits_time(std::uint32_t slot) const {
  if (!filter_.updated_since) return true;
  const std::int64_t since = filter_.updated_since->value;
  if (store_.cold(slot).updated_at >= since) return true;
  for (std::uint32_t at = store_.hot(slot).first_line; at != kNil; at = store_.line(at).next) {
    if (store_.line(at).changed_at >= since) return true;
  }
  return false;
}

}  // namespace titer::registry
