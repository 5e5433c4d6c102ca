// SPDX-License-Identifier: Apache-2.0

// A SiteFilter made ready to be asked of many rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "registry/query.h"
#include "registry/store.h"

namespace titer::registry {

class Filter {
 public:
  Filter(const Store& store, const SiteFilter& filter);
  [[nodiscard]] bool fits(std::uint32_t slot) const;
  // What fits() costs at most, in rows: a site with many stock lines, or a long name in which a long text is looked for,
  // costs as much as several.
  [[nodiscard]] std::uint32_t cost(std::uint32_t slot) const;
  [[nodiscard]] const SiteFilter& asked() const { return filter_; }
  [[nodiscard]] const std::vector<std::uint32_t>& products() const { return products_; }    // words
  [[nodiscard]] const std::vector<std::uint32_t>& text_bits() const { return text_bits_; }  // name_summary.h

 private:
  [[nodiscard]] bool fits_text(std::string_view name) const;
  [[nodiscard]] bool fits_stock(std::uint32_t slot) const;
  [[nodiscard]] bool fits_time(std::uint32_t slot) const;

  const Store& store_;
  const SiteFilter& filter_;
  std::uint32_t state_ = 0;              // a word; kNil: no row has it
  std::vector<std::uint32_t> products_;  // words, sorted; those that some row has
  std::string lower_;
  std::vector<std::uint32_t> text_bits_;
};

}  // namespace titer::registry
