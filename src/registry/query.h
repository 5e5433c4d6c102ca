// SPDX-License-Identifier: Apache-2.0

// Every question to the registry. Answered from one replica's State at one position (a linearizable read).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::registry {

struct SiteFilter {
  std::string_view zip, state, text;  // empty: all; text: part of the name, letters' case ignored
  // Sites with a stock line of any of them, or of any with kVfcMark behind it (products.h); none: all sites.
  std::vector<std::string_view> products;
  bool available_only = false;  // some stock line (of `products`, when given) is available
  bool with_closed = false;     // closed and hidden sites too
  std::optional<WallTime> updated_since;
  // With available_only: by a claim that was true then or later. 0: however old it is.
  WallTime claimed_since;
};

// Pages are sorted by name (bytes), then id. The cursor is the last row's (name, id): stable under inserts.
struct ListSites {
  SiteFilter filter;
  std::string_view after_name, after_id;  // both empty: from the start
  std::uint32_t limit = 100;              // ≤ kPageMax
  bool explain = false;                   // the answer says what it looked at, too
};
struct GetSite {
  SiteRef site;
};
inline constexpr double kMetresPerMile = 1609.344;
struct Near {
  std::string_view zip;  // or, when empty, the point
  double lat = 0, lon = 0;
  double within_m = 25 * kMetresPerMile;
  SiteFilter filter;
  std::uint32_t limit = 20;
  bool explain = false;
};
// Events of one site (or all), newest first. The answer says up to which position events may be missing, because they were
// removed; when none of what is asked for is left, it is kTooOld and no empty list.
struct History {
  enum class Of : std::uint8_t {
    kEverything = 0,
    kAccess = 1,  // keys and the write switch alone: for those who may audit. Without a site
  };
  std::optional<SiteRef> site;
  Position before;  // events with a lower position only; 0: from the newest
  std::uint32_t limit = 100;
  Of of = Of::kEverything;
  bool audit = true;  // of all sites: the events that concern no site too. Not asked but decided by who answers
};
// Events after a position, oldest first: history, change stream, watch.
struct Changes {
  Position since;
  std::uint32_t limit = 1000;
};
// The sites (whole rows) that changed after a position: turns pages of different positions into one snapshot.
struct ChangedSites {
  Position since;
};
struct Info {};
// Keys in the order of their ids, those that have ended too.
struct ListKeys {
  KeyId after;  // of the last row; 0: from the start
  std::uint32_t limit = 100;
};
// Is this its secret, and does it count now? No rows. Only gateways to other clients ask this.
struct CheckKey {
  KeyId id;
  SecretHash secret{};
};
// May this key do that now? No rows. Likewise.
struct CheckAct {
  KeyId id;
  Act act = Act::kRead;
};
struct GetSwitch {};

// The indexes along which a query looks at rows.
enum class Along : std::uint8_t { kNames, kText, kZip, kState, kProducts, kPlaces };
inline constexpr std::uint8_t kAlongs = 6;
[[nodiscard]] std::string_view name(Along along);  // "names", "text", …
[[nodiscard]] constexpr std::uint8_t bit(Along along) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(along));
}
// What a query looked at until it was answered.
struct Explanation {
  std::uint64_t rows = 0;    // in units of the time that one row takes (progress.h)
  std::uint32_t steps = 0;   // after each but the last it waited for its turn
  std::uint8_t indexes = 0;  // a set of Along, by bit()
};

using Query = std::variant<ListSites, GetSite, Near, History, Changes, ChangedSites, Info, ListKeys, CheckKey,
                           CheckAct, GetSwitch>;

// What a part of the State takes in memory.
struct MemoryPart {
  std::string_view name;
  std::uint64_t bytes = 0;
};

struct Totals {
  std::uint64_t sites = 0;  // active, hidden and closed
  std::uint64_t active_sites = 0;
  std::uint64_t stock_lines = 0;
  std::uint64_t events = 0;  // kept
  Position oldest_event;     // from which on no change of a site is missing; 0: there is none
  std::uint64_t bytes = 0;   // estimate of the State's memory
};

}  // namespace titer::registry
