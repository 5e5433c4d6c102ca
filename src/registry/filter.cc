// SPDX-License-Identifier: Apache-2.0

#include "registry/filter.h"

#include <algorithm>

#include "base/text.h"

namespace titer::registry {
namespace {

bool is_available(const Line& line) {
  return Availability{static_cast<Availability::Kind>(line.kind), line.count}.available();
}

}  // namespace

Filter::Filter(const Store& store, const SiteFilter& filter)
    : store_(store),
      filter_(filter),
      state_(store.words().find(filter.state)),
      product_(store.words().find(filter.product)),
      lower_(filter.text) {
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
  if (!filter_.product.empty() || filter_.available_only || filter_.updated_since) cost += store_.hot(slot).lines;
  if (!lower_.empty()) cost += store_.name(slot).size() * lower_.size() / kComparisons;
  return static_cast<std::uint32_t>(cost);
}

bool Filter::fits_text(std::string_view name) const {
  if (lower_.empty()) return true;
  return std::search(name.begin(), name.end(), lower_.begin(), lower_.end(),
                     [](char a, char b) { return to_lower(a) == b; }) != name.end();
}

bool Filter::fits_stock(std::uint32_t slot) const {
  if (filter_.product.empty() && !filter_.available_only) return true;
  for (std::uint32_t at = store_.hot(slot).first_line; at != kNil; at = store_.line(at).next) {
    const Line& line = store_.line(at);
    if (!filter_.product.empty() && line.product != product_) continue;
    if (!filter_.available_only || is_available(line)) return true;
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
