// SPDX-License-Identifier: Apache-2.0

// The words of the vaccine domain: availability, product, site, stock line, event.
//
// These are views: text lies in the buffer they were decoded from or in the State that shows them. So a request
// is applied and an answer encoded without copying a string. Lifetime: of the frame or message for what was
// decoded; until the next apply() for what a State shows.
// Claims are stored as claimed: a boolean is never turned into a count, nor a count into a boolean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace titer::registry {

// What a site claims to have. One of four, never converted into one another.
struct Availability {
  enum class Kind : std::uint8_t { kUnknown = 0, kNo = 1, kYes = 2, kCount = 3 };
  Kind kind = Kind::kUnknown;
  std::uint64_t count = 0;  // doses; 0 unless kCount

  static constexpr Availability unknown() { return {}; }
  static constexpr Availability no() { return {Kind::kNo, 0}; }
  static constexpr Availability yes() { return {Kind::kYes, 0}; }
  static constexpr Availability of(std::uint64_t n) { return {Kind::kCount, n}; }
  // A resident may find a dose here: yes, or a count above 0.
  [[nodiscard]] constexpr bool available() const {
    return kind == Kind::kYes || (kind == Kind::kCount && count > 0);
  }
  constexpr bool operator==(const Availability&) const = default;
};

// A CVX code ("208"), or kAnyProduct, or a text that was imported and is no known code. 1 … 32 of [A-Za-z0-9.-].
// NDC is turned into CVX before a request is made (products.h).
inline constexpr std::string_view kAnyProduct = "any";  // the seed's single value

enum class SiteStatus : std::uint8_t { kActive = 0, kHidden = 1, kClosed = 2 };
// Where a site's point comes from.
enum class PointSource : std::uint8_t { kNone = 0, kGiven = 1, kZipCentroid = 2 };
// Label computed at read from claimed_at(): bounds in state.h.
enum class Freshness : std::uint8_t { kUnknown = 0, kFresh = 1, kStale = 2, kExpired = 3 };

using ExternalId = std::pair<std::string_view, std::string_view>;  // system, value

struct StockLine {
  std::string_view product;
  Availability availability;
  WallTime valid_at;    // the claim was true as of then; 0: not said (of before 0.2)
  WallTime changed_at;  // when the value last differed, by a claim or because doses were moved
  WallTime checked_at;  // when it was last claimed, changed or not; doses that are moved are no claim
  std::string_view source;
  std::string_view updated_by;
  std::uint32_t version = 0;  // 1 at first; +1 with every change of the value
};

// How old the claim is: as of when it was true. Doses that were moved since do not make it younger.
[[nodiscard]] inline WallTime claimed_at(const StockLine& line) {
  return line.valid_at != WallTime() ? line.valid_at : line.checked_at;
}

struct Site {
  std::string_view id;  // [A-Za-z0-9.-]{1,64}
  std::string_view name;
  std::string_view zip;                          // 5 digits, leading zeros kept; may be empty
  std::string_view zip_plus4;                    // 4 digits or empty
  std::string_view street, city, state, county;  // state: two capitals or empty
  std::string_view phone, info_url, booking_url, provider, hours;
  std::vector<ExternalId> external_ids;
  std::uint32_t unverified = 0;  // bit i: external_ids[i] is a provider's claim that nobody has confirmed (scope.h)
  PointSource point = PointSource::kNone;
  double lat = 0, lon = 0;  // degrees; meaningful unless point is kNone
  SiteStatus status = SiteStatus::kActive;
  std::uint32_t version = 0;
  WallTime created_at, updated_at;
  std::string_view created_by, updated_by;
  Position changed;              // of the last request that altered anything here; marks of freshness count too
  std::vector<StockLine> stock;  // sorted by product
};

// Where a site has this external id; their number if it has not.
[[nodiscard]] std::size_t index_of(const Site& site, const ExternalId& pair);
[[nodiscard]] inline bool is_unverified(const Site& site, std::size_t external_id) {
  return (site.unverified >> external_id & 1) != 0;
}
// Those of its external ids that nobody has confirmed.
[[nodiscard]] std::vector<ExternalId> unverified_ids(const Site& site);

enum class EventKind : std::uint8_t {
  kAddSite = 1,
  kEditSite = 2,
  kCloseSite = 3,
  kSetAvailability = 4,
  kAdjust = 5,
  kReserve = 6,
  kRelease = 7,
  kUndo = 8,
  kImport = 9,
  // Events without a site: only keys that may audit see them.
  kCreateKey = 10,
  kRevokeKey = 11,
  kSetWriteStop = 12,
};
inline constexpr EventKind kLastEventKind = EventKind::kSetWriteStop;
[[nodiscard]] constexpr bool concerns_site(EventKind kind) { return kind < EventKind::kCreateKey; }
[[nodiscard]] std::string_view name(EventKind kind);       // "add_site", "set", "adjust", …
[[nodiscard]] std::string_view name(SiteStatus status);    // "active", …
[[nodiscard]] std::string_view name(Freshness freshness);  // "fresh", …

// One changed field of a site; names as in the own formats ("street", "lat", "status").
struct FieldChange {
  std::string_view field;
  std::string_view before, after;
};

// What happened: one effect of one executed request. A request may have several effects, at one position: a new site with
// stock has two, a bulk any number.
struct Event {
  Position position;
  std::uint32_t part = 0;  // counts the events of the position from 0: (position, part) names an event
  WallTime time;           // commit time, made monotonic by the order
  EventKind kind = EventKind::kSetAvailability;
  std::string_view actor;
  std::string_view site_id;    // empty: it concerns keys or the switch, and no site
  std::string_view product;    // empty for events on the site itself
  Availability before, after;  // of the stock line, when product is not empty
  bool existed = true;         // the stock line or site was there before
  bool removed = false;        // an undo took the stock line away: there is no `after`
  std::vector<FieldChange> fields;
  std::string_view reason;
  std::string_view idempotency_key;
  Position reverts;  // kUndo: the event undone; else 0
};

// Text forms used by formats, command line and logs: "12", "true", "false", "unknown".
[[nodiscard]] std::optional<Availability> parse_availability(std::string_view text);
// Appends to `out`.
void print(Availability availability, std::string& out);
[[nodiscard]] std::string to_text(Availability availability);

}  // namespace titer::registry
