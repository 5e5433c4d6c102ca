// SPDX-License-Identifier: Apache-2.0

// The values that go in and out of titer::Client: sites, their stock, operations on them, questions, changes.
//
// Plain structs that own their text. What a text may contain is checked by the replicas, and an Error says what is wrong:
// names up to 256 bytes, other texts up to 2,048, UTF-8 without control characters.
#pragma once

#include <titer/result.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace TITER_NAMESPACE {

// The number of writes that the cluster has executed: every write has one, and every read says which it has seen. The
// same at all replicas. 0: before everything.
struct Position {
  std::uint64_t value = 0;
  auto operator<=>(const Position&) const = default;
};

// Of a wall clock, in milliseconds.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// --- stock

// The availability that a site claims: one of four forms, none of which is ever converted into another.
struct Availability {
  enum class Kind : std::uint8_t { kUnknown = 0, kNo = 1, kYes = 2, kCount = 3 };
  Kind kind = Kind::kUnknown;
  std::uint64_t count = 0;  // doses, up to 1,000,000,000; 0 unless kCount

  static constexpr Availability unknown() { return {}; }
  static constexpr Availability no() { return {Kind::kNo, 0}; }
  static constexpr Availability yes() { return {Kind::kYes, 0}; }
  static constexpr Availability of(std::uint64_t doses) { return {Kind::kCount, doses}; }
  // Somebody may find a dose here: yes, or a count above 0.
  [[nodiscard]] constexpr bool available() const { return kind == Kind::kYes || count > 0; }
  constexpr bool operator==(const Availability&) const = default;
};
// "12", "true", "false" or "unknown"
[[nodiscard]] TITER_EXPORT std::string to_text(const Availability& availability);

// A product is a vaccine, named by its CVX code ("208"), a pack of one, named by its NDC in 5-4-2 digits ("59267-1000-01"), or
// kAnyProduct. Operations take the codes in any usual form, and trade names of one vaccine. Filters also take a group ("flu"): they
// are about a vaccine with its packs, about a pack, or about all vaccines of a group or a trade name with their packs.
inline constexpr std::string_view kAnyProduct = "any";  // vaccine of no particular kind

struct Product {
  std::string code = {};                 // CVX
  std::string name = {};                 // the CDC's short description
  std::vector<std::string> groups = {};  // "COVID-19", "FLU", …
  bool active = false;
};
// By CVX or NDC code, in the tables that the library carries; nullopt: not in them.
[[nodiscard]] TITER_EXPORT std::optional<Product> find_product(std::string_view code);

struct StockLine {
  std::string product = {};
  Availability availability = {};
  std::optional<Time> valid_at = {};  // it was so at this time; nullopt: an import of before 0.2 did not say
  Time changed_at = {};               // when the availability last differed
  Time checked_at = {};               // when it was last logged, changed or not; moving doses is no logging
  std::string source = {};
  std::string updated_by = {};
  std::uint32_t version = 0;  // 1 at first, and one more with every change
};

// --- sites

enum class SiteStatus : std::uint8_t { kActive = 0, kHidden = 1, kClosed = 2 };

struct Point {  // degrees
  double lat = 0, lon = 0;
};
using ExternalId = std::pair<std::string, std::string>;  // system, value

struct Site {
  std::string id = {};
  std::string name = {};
  std::string zip = {}, zip_plus4 = {};  // 5 and 4 digits, or empty
  std::string street = {}, city = {}, state = {}, county = {};
  std::string phone = {}, info_url = {}, booking_url = {}, provider = {}, hours = {};
  std::vector<ExternalId> external_ids = {};
  std::vector<ExternalId> unverified_external_ids = {};  // those that a provider claims and nobody has confirmed
  std::optional<Point> point = {};
  bool point_of_zip = false;  // no point was given: `point` is the centre of the ZIP code
  SiteStatus status = SiteStatus::kActive;
  std::uint32_t version = 0;
  Time created_at = {}, updated_at = {};
  std::string created_by = {}, updated_by = {};
  std::vector<StockLine> stock = {};  // sorted by product
};

// Names a site, by its id or by the name of an active one. Exactly one of the two is not empty.
struct SiteRef {
  std::string id = {};
  std::string name = {};
};
[[nodiscard]] inline SiteRef by_id(std::string id) { return {std::move(id), {}}; }
[[nodiscard]] inline SiteRef by_name(std::string name) { return {{}, std::move(name)}; }

// --- operations

// Fields to set. An absent one stays as it is, an empty text clears the field.
struct SiteFields {
  std::optional<std::string> name = {}, zip = {}, zip_plus4 = {}, street = {}, city = {}, state = {}, county = {};
  std::optional<std::string> phone = {}, info_url = {}, booking_url = {}, provider = {}, hours = {};
  std::optional<Point> point = {};
  std::optional<SiteStatus> status = {};
  std::optional<std::vector<ExternalId>> external_ids = {};  // replace all
};

struct StockClaim {
  std::string product = std::string(kAnyProduct);
  Availability availability = {};
  std::optional<Time> valid_at = {};  // nullopt: now. Older than what is stored: kOutOfDate
  std::string source = {};
};

struct AddSite {
  std::string id = {};  // empty: made from the name
  SiteFields fields = {};
  std::optional<StockClaim> stock = {};
};
struct EditSite {
  SiteRef site = {};
  SiteFields fields = {};
  std::optional<std::uint32_t> if_version = {};  // of the site
};
struct CloseSite {
  SiteRef site = {};
  std::optional<std::uint32_t> if_version = {};
};
struct SetAvailability {
  SiteRef site = {};
  StockClaim claim = {};
  std::optional<std::uint32_t> if_version = {};  // of the stock line; 0: it must not exist yet
};
struct Adjust {  // adds to a count; never below 0 (kNotEnough)
  SiteRef site = {};
  std::string product = std::string(kAnyProduct);
  std::int64_t by = 0;
  std::optional<std::uint32_t> if_version = {};
};
struct Reserve {  // takes doses from a count: all of them or, when there are fewer, none (kNotEnough)
  SiteRef site = {};
  std::string product = std::string(kAnyProduct);
  std::uint64_t doses = 1;
  std::optional<std::uint32_t> if_version = {};
};
struct Release {  // gives reserved doses back
  SiteRef site = {};
  std::string product = std::string(kAnyProduct);
  std::uint64_t doses = 1;
  std::optional<std::uint32_t> if_version = {};
};
// Restores what one change altered. kStaleVersion: it was altered again since.
struct Undo {
  Position change = {};
};
// Adds the site or updates it, with its stock line; found by id, else by an external id, else it is new. A repetition
// changes nothing. A stock line with a newer `valid_at` keeps its value (kOutOfDate), the rest of the row is applied.
struct ImportRow {
  std::string id = {};
  SiteFields fields = {};
  std::optional<StockClaim> stock = {};
};
using Operation =
    std::variant<AddSite, EditSite, CloseSite, SetAvailability, Adjust, Reserve, Release, Undo, ImportRow>;

// For the history.
struct WriteOptions {
  std::string actor = {};   // empty: that of the Client. With a key it is the key's owner in any case
  std::string reason = {};  // why
};

// The answer to a write that was accepted.
struct Outcome {
  struct Stock {
    Availability before = {}, after = {};
    std::uint32_t version = 0;
  };
  Position position = {};
  bool changed = false;      // false: everything was so already
  bool created = false;      // a site was added
  std::string site_id = {};  // empty after write_all()
  std::uint32_t site_version = 0;
  std::optional<Stock> stock = {};  // of the line that the operation was about
};

// --- questions and answers

struct SiteFilter {
  std::string zip = {}, state = {}, product = {};  // empty: all
  std::string text = {};                           // part of the name, upper or lower case
  bool available_only = false;                     // some stock line (of `product`, when given) is available …
  std::optional<Time> claimed_since = {};          // … by a claim that was true then or later
  bool with_closed = false;                        // closed and hidden sites too
  std::optional<Time> updated_since = {};
};

// Sites in the order of names (bytes), then ids.
struct SiteCursor {
  std::string name = {}, id = {};
};
struct List {
  SiteFilter filter = {};
  SiteCursor after = {};      // SitePage::next; empty: from the start
  std::uint32_t limit = 100;  // 1 to 2,000
};
struct SitePage {
  std::vector<Site> sites = {};
  std::optional<SiteCursor> next = {};  // where the next page begins; nullopt: this is the last one
  Position position = {};               // all rows are as they were at this position
};
struct SiteAt {
  Site site = {};
  Position position = {};
};

// Sites around a ZIP code or a point, nearest first.
struct Near {
  std::string zip = {};
  std::optional<Point> point = {};  // when there is no ZIP code
  double within_m = 40'233.6;       // 25 miles
  SiteFilter filter = {};
  std::uint32_t limit = 20;  // 1 to 2,000
};
struct NearSite {
  Site site = {};
  double distance_m = 0;
};
struct NearPage {
  std::vector<NearSite> sites = {};
  bool more = false;  // there are others within the distance
  Position position = {};
};

enum class ChangeKind : std::uint8_t {
  kAddSite = 1,
  kEditSite = 2,
  kCloseSite = 3,
  kSetAvailability = 4,
  kAdjust = 5,
  kReserve = 6,
  kRelease = 7,
  kUndo = 8,
  kImport = 9,
  kCreateKey = 10,  // from here on: of no site
  kRevokeKey = 11,
  kSetWriteStop = 12,
};
// "add_site", "reserve", …
[[nodiscard]] TITER_EXPORT std::string_view name(ChangeKind kind);

struct FieldChange {
  std::string field = {}, before = {}, after = {};
};

// One effect of one write. A new site with stock has two, write_all() any number; they have one position.
struct Change {
  Position position = {};
  std::uint32_t part = 0;  // counts the changes of the position from 0: position and part name a change
  Time time = {};
  ChangeKind kind = ChangeKind::kSetAvailability;
  std::string actor = {};  // this, `reason`: empty for those who may not see who did what
  std::string reason = {};
  std::string site_id = {};
  std::string product = {};                             // empty: the site itself changed
  std::optional<Availability> before = {}, after = {};  // of the stock line; nullopt: there was, or is, none
  std::vector<FieldChange> fields = {};                 // of the site
  Position undoes = {};                                 // kUndo: the change that was undone
};

// Changes, newest first.
struct History {
  std::optional<SiteRef> site = {};  // nullopt: of all sites
  Position before = {};              // ChangePage::next; 0: from the newest
  std::uint32_t limit = 100;         // 1 to 2,000; a page holds more when the last write made several changes
};
struct ChangePage {
  std::vector<Change> changes = {};
  std::optional<Position> next = {};  // History::before of the next page; nullopt: this is the last one
  Position position = {};
  // Changes up to here may be missing, because the replicas keep a bounded history; 0: none is. When none of what was asked
  // for is left, history() returns kTooOld.
  Position removed = {};
};

}  // namespace TITER_NAMESPACE
