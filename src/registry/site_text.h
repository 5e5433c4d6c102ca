// SPDX-License-Identifier: Apache-2.0

// The texts of one site, packed into one block of memory: a head of lengths, then the bytes.
//
// Why: a site has a dozen short texts; as std::strings they would cost 32 bytes each and up to twelve
// allocations. One block is one allocation, immutable (an edit makes a new one), and hashes in one go.
// What many sites share (city, state, county, provider) is not in here but in the interner.
// Limits: fields as in limits.h; so lengths fit 16 bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "registry/types.h"

namespace titer::registry {

class SiteText {
 public:
  SiteText() = default;
  // Of name, zip, zip_plus4, street, phone, info_url, booking_url, hours, external_ids, and the id when asked.
  SiteText(const Site& site, bool with_id);

  [[nodiscard]] bool empty() const { return block_ == nullptr; }
  [[nodiscard]] std::string_view id() const { return {block_.get() + sizeof(Head), head().id}; }
  [[nodiscard]] std::string_view name() const { return {block_.get() + sizeof(Head) + head().id, head().name}; }
  [[nodiscard]] std::string_view zip() const {
    return {block_.get() + sizeof(Head) + head().id + head().name, head().zip};
  }
  // Sets the same fields as the constructor reads; the id is empty when it is not here.
  void show(Site& out) const;
  // Calls visit(pair, unverified) for every external id until it returns true; says whether one did.
  template <typename Visit>
  bool any_external(Visit&& visit) const {
    const Head h = head();
    const char* at = block_.get() + externals_at(h);
    for (unsigned i = 0; i < h.externals; ++i) {
      const External one = external(at);
      if (visit(one.pair, one.unverified)) return true;
    }
    return false;
  }
  // The whole block, for hashing: equal texts have equal bytes.
  [[nodiscard]] ByteView bytes() const;
  // What the block takes from the heap, with what malloc adds.
  [[nodiscard]] std::size_t memory() const {
    return std::max<std::size_t>(32, (bytes().size() + 8 + 15) / 16 * 16);
  }

 private:
  struct Head {
    std::uint16_t name, street, phone, info_url, booking_url, hours;
    std::uint8_t id, zip, zip_plus4, externals;
  };
  static_assert(sizeof(Head) == 16);

  [[nodiscard]] const Head& head() const { return *reinterpret_cast<const Head*>(block_.get()); }
  static std::size_t externals_at(const Head& h) {
    return sizeof(Head) + h.id + h.name + h.zip + h.zip_plus4 + std::size_t{h.street} + h.phone + h.info_url +
           h.booking_url + h.hours;
  }
  struct External {
    ExternalId pair;
    bool unverified = false;
  };
  // Reads the one at `at` and moves behind it.
  static External external(const char*& at);

  std::unique_ptr<char[]> block_;
};

}  // namespace titer::registry
