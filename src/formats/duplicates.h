// SPDX-License-Identifier: Apache-2.0

// Duplicates: pairs of sites that are perhaps one, with a score and the reasons.
//
// Files name one place in several ways, and nobody but people can say for certain. So nothing is merged here; the pairs are a list for
// an operator, the likeliest first.
//
// Compared are the street with the ZIP code (abbreviations and punctuation apart), the name (letters and digits, without "Inc" and
// the like), and the last ten digits of the phone number. A pair counts from kDuplicateScoreMin on: one of these alone is no reason,
// because a chain has one name and a hospital one street.
// Limits: of more than kAlikeMax sites that share one of them none is compared by it: that is a hotline, or a mall.
// Memory: some 300 bytes per site. Pure, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "registry/types.h"

namespace titer::formats {

inline constexpr unsigned kDuplicateScoreMin = 60;  // of 100
inline constexpr std::size_t kAlikeMax = 50;

struct DuplicateSite {
  std::string id, name, street, zip;
};
struct Duplicate {
  DuplicateSite first, second;  // in the order in which they were added
  unsigned score = 0;           // up to 100
  std::string why;              // "same street and ZIP code, same name"
};

class DuplicateFinder {
 public:
  void add(const registry::Site& site);
  // The best first; of equal ones in the order in which they were added.
  [[nodiscard]] std::vector<Duplicate> find() const;

 private:
  struct Entry {
    DuplicateSite shown;
    std::string street_key, name_key, phone_key;  // empty: not known
  };
  [[nodiscard]] Duplicate compare(const Entry& a, const Entry& b) const;
  std::vector<Entry> sites_;
};

// "12 N. Main Street, Suite 4" and "12 North Main St STE 4" are one: for comparing.
[[nodiscard]] std::string street_key(std::string_view street);

}  // namespace titer::formats
