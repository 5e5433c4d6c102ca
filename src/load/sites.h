// SPDX-License-Identifier: Apache-2.0

// The sites that `titer bench` writes to, their requests as bytes, and the ledger of what was acknowledged.
//
// A request costs the generator a copy: each site has its request and its question encoded once; a set has its
// value patched into the bytes. So the values of sets are always 5 bytes as a varint (2^28 …), and they name the
// session and the number of the request that wrote them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "registry/keys.h"

namespace titer::load {

enum class Workload { kSet, kReserve, kView, kMix, kAll };

// What a site is for: in a mix every second one is reserved from, the others are set. kAll: every operation on the
// stock, by every session, and by other loads at the same time; such sites have no ledger, but a history.
enum class SiteUse : std::uint8_t { kSet, kReserve, kAll };

struct LoadSite {
  std::string id;
  SiteUse use = SiteUse::kSet;
  Bytes write;               // encoded request; kAll: none, each is another one
  std::size_t value_at = 0;  // sets: where the value lies in `write`
  Bytes view;                // encoded question

  // As read before the run.
  std::uint64_t initial_count = 0;
  std::uint32_t initial_version = 0;
  // Ledger.
  std::uint64_t acknowledged = 0;         // writes that the database said it did
  Position newest;                        // of those, the last in the order …
  std::uint64_t newest_value = 0;         // … and what it set
  std::vector<std::uint64_t> unanswered;  // values of writes whose outcome nobody knows (1 for a reserve)
  // kAll: the newest version that an answer showed.
  std::uint32_t seen_version = 0;
};

inline constexpr std::uint64_t kLoadStock = 200'000'000;     // to begin with; below every value of a set
inline constexpr std::uint64_t kLoadStockAll = 10;           // of kAll, when the site is new
inline constexpr std::uint64_t kLoadNumbersMax = 5'000'000;  // per session, before values repeat

// "bench-0000001" for 1.
[[nodiscard]] std::string load_site_id(std::size_t index);
// The index in such an id, or 0.
[[nodiscard]] std::size_t load_site_index(std::string_view id);

// Index 0 is unused. `key`: that the requests name.
[[nodiscard]] std::vector<LoadSite> make_load_sites(std::size_t count, Workload workload, registry::KeyId key);

// The value that request `number` of session number `session` sets.
[[nodiscard]] inline std::uint64_t load_value(std::size_t session, std::uint64_t number) {
  return (std::uint64_t{1} << 28) + (session % 128) * kLoadNumbersMax + number % kLoadNumbersMax;
}
// Writes it into the site's request.
void patch_value(LoadSite& site, std::uint64_t value);

}  // namespace titer::load
