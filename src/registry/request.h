// SPDX-License-Identifier: Apache-2.0

// Every operation on the registry, as closed variants, and what it answers.
//
// Requests are executed by every replica in the same order, so they hold everything that apply() may depend on:
// time comes from the frame's stamp, ids of new sites from their names, nothing from a clock or a random source.
// Views: see types.h for lifetimes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "registry/keys.h"
#include "registry/precondition.h"
#include "registry/types.h"

namespace titer::registry {

// Names a site by id or, as in the seed, by the name of an active site. Exactly one is not empty.
struct SiteRef {
  std::string_view id;
  std::string_view name;
};

// Fields to set; an absent field stays as it is. An empty text clears the field (not allowed for name).
struct SiteFields {
  std::optional<std::string_view> name, zip, zip_plus4, street, city, state, county;
  std::optional<std::string_view> phone, info_url, booking_url, provider, hours;
  std::optional<double> lat, lon;  // both or none
  std::optional<SiteStatus> status;
  std::optional<std::vector<ExternalId>> external_ids;
};

struct StockClaim {
  std::string_view product = kAnyProduct;
  Availability availability;
  std::optional<WallTime> valid_at;  // older than the stored one: kOutOfDate
  std::string_view source;
};

struct AddSite {
  std::string_view id;  // empty: made from the name, unique
  SiteFields fields;    // name required
  std::optional<StockClaim> stock;
};
struct EditSite {
  SiteRef site;
  SiteFields fields;
  Precondition if_version = {};  // of the site
};
struct CloseSite {
  SiteRef site;
  Precondition if_version = {};
};
struct SetAvailability {
  SiteRef site;
  StockClaim claim;
  Precondition if_version = {};  // of the stock line; 0: must not exist yet
};
struct Adjust {  // count += by; never below 0 (kNotEnough), only on counts (kNotACount)
  SiteRef site;
  std::string_view product = kAnyProduct;
  std::int64_t by = 0;
  Precondition if_version = {};
};
struct Reserve {  // count -= doses, atomically: never more than there is
  SiteRef site;
  std::string_view product = kAnyProduct;
  std::uint64_t doses = 1;
  Precondition if_version = {};
};
struct Release {  // gives reserved doses back
  SiteRef site;
  std::string_view product = kAnyProduct;
  std::uint64_t doses = 1;
  Precondition if_version = {};
};
struct Undo {  // puts back what this event changed; kStaleVersion if it was changed again since
  Position event;
};
// One row of an import: adds the site or updates it (found by id, else by an exclusive external id, else it is
// new), and its stock line. Absent fields stay as they are. A repetition changes nothing, so imports are
// idempotent by content. A claim older than the stored one leaves the stock line alone and says kOutOfDate.
struct ImportRow {
  std::string_view id;
  SiteFields fields;
  std::optional<StockClaim> stock;
};

using Simple =
    std::variant<AddSite, EditSite, CloseSite, SetAvailability, Adjust, Reserve, Release, Undo, ImportRow>;

// All or nothing: the first that is refused undoes those before it; Outcome::failed_part names it.
struct Bulk {
  std::vector<Simple> operations;  // ≤ kBulkOperationsMax
};

// The first key of all is an operator's, without an end, and made by the machine's operator.
struct CreateKey {
  KeyId id;  // random; chosen by who makes the secret
  SecretHash secret{};
  std::string_view owner;
  Role role = Role::kReader;
  std::vector<std::string_view> scope;
  WallTime expires;             // 0: never
  std::uint32_t sites_max = 0;  // of a jurisdiction or an aggregator; 0: kKeySitesDefault
};
struct RevokeKey {  // for good
  KeyId id;
};
// The switch that refuses all writes (kWritesStopped) but these three.
struct SetWriteStop {
  bool stopped = false;
};

using Operation = std::variant<AddSite, EditSite, CloseSite, SetAvailability, Adjust, Reserve, Release, Undo,
                               ImportRow, Bulk, CreateKey, RevokeKey, SetWriteStop>;

struct Request {
  Operation operation;
  std::string_view actor;  // who: free text; of a request with a key, the key's owner instead
  std::string_view reason;
  std::string_view idempotency_key;
  bool echo_site = false;  // answer with the site's name and ZIP too
  KeyId key = kNoKey;      // on whose behalf; the replica that took the request has seen the secret
};

// So begins the message of an import that added a site beside one of the same name and ZIP code.
inline constexpr std::string_view kPerhapsTheSame = "perhaps the same site as";

// The answer to a request. A refusal changes nothing.
struct Outcome {
  Code code = Code::kOk;
  std::string message;   // for people; empty when ok
  Position position;     // of this request in the order
  bool changed = false;  // false: accepted, but everything was so already
  bool created = false;  // a site was added
  std::string site_id;   // the site concerned, also when its id was just made; empty for bulk
  std::uint32_t site_version = 0;
  bool has_stock = false;  // the next three are meaningful (after a refusal: the current values)
  Availability before, after;
  std::uint32_t stock_version = 0;
  std::uint32_t failed_part = 0;    // bulk: index of the refused operation
  std::string site_name, site_zip;  // when echo_site was asked

  [[nodiscard]] bool ok() const { return code == Code::kOk; }
  void clear();  // keeps the strings' memory
};

// The id of the site that the operation is about; empty when it is given by name, or there is not one.
[[nodiscard]] std::string_view asked_id(const Operation& operation);

// One line for the execution log and for people: "set Elm Street Clinic any = 12 (was 0)".
[[nodiscard]] std::string describe(const Request& request, const Outcome& outcome);

}  // namespace titer::registry
