// SPDX-License-Identifier: Apache-2.0

// Model: the registry once more, slow and obvious, against which State is compared after every request.
//
// Sites stand in a vector in the order of their addition and are looked for with loops; nothing is indexed, packed or
// interned, a bulk that is refused is taken back by a copy, and the history is three lists. It shares with State the
// words of a request and its outcome (request.h, query.h), the texts of base and the tables of products.h, and no rule:
// each is written here a second time, as request.h, scope.h, place.h and event_log.h state it.
//
// It does not say how a refusal is worded. Limits that it does not know: the bytes of the history (a test gives as many
// as are never reached), the number of keys, and the 65th site of one name.
// One thread. What a question returns points into the model, until the next apply().
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/lane.h"
#include "registry/query.h"
#include "registry/request.h"
#include "registry/state.h"

namespace titer::registry::test {

struct ModelLine {
  Availability value;
  WallTime valid_at, changed_at, checked_at;
  std::string source, updated_by;
  std::uint32_t version = 0;
};

struct ModelSite {
  std::string id, name, zip, zip_plus4, street, city, state, county, phone, info_url, booking_url, provider, hours;
  std::map<std::pair<std::string, std::string>, bool> external_ids;  // true: somebody else than a provider says so
  std::optional<std::pair<std::int64_t, std::int64_t>> point;        // that was given, in 1e-7 degrees
  SiteStatus status = SiteStatus::kActive;
  std::uint32_t version = 0;
  WallTime created_at, updated_at;
  std::string created_by, updated_by;
  Position changed;
  std::map<std::string, ModelLine, std::less<>> stock;
  std::uint32_t retired = 0;  // the highest version of a line that was taken away
  std::optional<std::string>
      asked;  // how the name begins that an import asked for, when it had to take another one
  KeyId created_key;
};

struct ModelKey {
  KeyId id;
  SecretHash secret{};
  std::string owner;
  Role role = Role::kReader;
  std::vector<std::string> scope;
  WallTime created, expires, revoked;
  std::string created_by;
  std::uint32_t sites_max = 0;
};

struct ModelChange {
  std::string field, before, after;
  bool operator==(const ModelChange&) const = default;
};

struct ModelEvent {
  Position position;
  std::uint32_t part = 0;
  WallTime time;
  EventKind kind = EventKind::kSetAvailability;
  std::string actor, site_id, product;
  Availability before, after;
  bool existed = true, removed = false;
  std::vector<ModelChange> fields;
  std::string reason, idempotency_key;
  Position reverts;
  // What only undo and the shares need.
  KeyId key;
  ModelLine line_before;
  bool source_changed = false;
  std::shared_ptr<const ModelSite> site_before;
};

// Where a site says that it is.
struct ModelPlace {
  std::string_view state, zip;
  std::optional<std::pair<double, double>> point;
  bool operator==(const ModelPlace&) const = default;
};
[[nodiscard]] ModelPlace place_of(const ModelSite& site);
[[nodiscard]] bool contradicts(const ModelPlace& place);
// The point by which a site is found: that which was given, or the centre of its ZIP code.
[[nodiscard]] std::optional<std::pair<double, double>> shown_point(const ModelSite& site);
[[nodiscard]] double metres_between(double lat1, double lon1, double lat2, double lon2);

class Model {
 public:
  explicit Model(State::HistoryBounds bounds) : bounds_(bounds) {}

  // What the request must be answered; the message is left empty.
  [[nodiscard]] Outcome apply(const Request& request, Position position, WallTime stamp);

  template <typename Row>
  struct Page {
    Code code = Code::kOk;
    std::vector<Row> rows;
    bool more = false;
  };
  struct Distant {
    const ModelSite* site;
    double metres;
  };
  [[nodiscard]] Page<const ModelSite*> list(const ListSites& query) const;
  [[nodiscard]] Page<Distant> near(const Near& query) const;
  [[nodiscard]] Page<const ModelEvent*> history(const History& query) const;
  [[nodiscard]] Page<const ModelEvent*> changes(const Changes& query) const;
  [[nodiscard]] Position removed(const History& query) const;  // State::history_removed

  [[nodiscard]] const std::vector<ModelSite>& sites() const { return sites_; }
  [[nodiscard]] const std::map<KeyId, ModelKey>& keys() const { return keys_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] const std::string& stop_reason() const { return stop_reason_; }
  [[nodiscard]] const std::string& stop_by() const { return stop_by_; }
  [[nodiscard]] WallTime stop_since() const { return stop_since_; }
  [[nodiscard]] WallTime time() const { return time_; }
  [[nodiscard]] Position complete_after() const;
  [[nodiscard]] Code may(KeyId key, Act act, WallTime now) const;

 private:
  struct Refused {
    Code code;
  };
  struct Context {
    Position position;
    std::string actor, reason, idempotency_key;
    KeyId key;
    const ModelKey* grantee = nullptr;  // null: nothing bounds the request
    [[nodiscard]] bool is(Role role) const { return grantee != nullptr && grantee->role == role; }
  };
  static void require(bool holds, Code otherwise) {
    if (!holds) throw Refused{otherwise};
  }

  // What an operation of several parts takes back when one of them is refused.
  struct Kept {
    std::vector<ModelSite> sites;
    std::size_t share, excess;  // events
  };
  [[nodiscard]] Kept keep() const;
  void take_back(const Kept& before);

  // --- the operations (model.cc, model_sites.cc, model_undo.cc)
  void run(const AddSite& op);
  void run(const EditSite& op);
  void run(const CloseSite& op);
  void run(const SetAvailability& op);
  void run(const Adjust& op);
  void run(const Reserve& op);
  void run(const Release& op);
  void run(const Undo& op);
  void run(const ImportRow& op);
  void run(const Bulk& op);
  void run(const CreateKey& op);
  void run(const RevokeKey& op);
  void run(const SetWriteStop& op);
  void admit(const Request& request);
  void count(EventKind kind, const SiteRef& ref, std::string_view product, std::int64_t by,
             const Precondition& if_version);
  void finish_edit(EventKind kind, std::size_t at, const ModelSite& after);
  void put_back_line(const ModelEvent& event, std::size_t at);
  void put_back_site(const ModelEvent& event, std::size_t at);

  // --- imports
  [[nodiscard]] std::optional<std::size_t> site_of_row(const ImportRow& op, const ModelSite& row);
  void import_new(const ImportRow& op, ModelSite row);
  void import_over(const ImportRow& op, std::size_t at);
  void import_claim(const StockClaim& claim, std::size_t at);
  void choose_name(std::optional<std::size_t> self, std::string_view asked, ModelSite& site) const;

  // --- looking (model.cc)
  [[nodiscard]] std::optional<std::size_t> by_id(std::string_view id) const;
  [[nodiscard]] std::optional<std::size_t> by_name(std::string_view name) const;  // of sites that are not closed
  // By its name or its id, and not `self`.
  [[nodiscard]] std::optional<std::size_t> other_called(std::string_view text,
                                                        std::optional<std::size_t> self) const;
  [[nodiscard]] std::optional<std::size_t> by_external(const std::pair<std::string, std::string>& pair,
                                                       bool verified) const;
  [[nodiscard]] std::size_t resolve(const SiteRef& ref);
  void show(const ModelSite& site, std::string_view product);
  [[nodiscard]] std::string free_id(std::string_view name) const;

  // --- rules (model_rules.cc)
  static void check_text(std::string_view text, std::size_t max);
  static void check_fields(const SiteFields& fields);
  void check_claim(const StockClaim& claim, bool with_time) const;
  static void check_scope(const CreateKey& op);
  void check_reach(std::string_view id, const ModelPlace& place) const;
  void check_change(const ModelSite& before, const ModelSite& after) const;
  void check_new(const ModelSite& site, std::string_view source) const;
  void check_line(const ModelSite& site, std::string_view product, std::string_view source) const;
  void check_room(const ModelSite& site, std::string_view product) const;
  void check_names(const ModelSite& site, std::optional<std::size_t> self) const;
  void check_externals(const ModelSite& before, const ModelSite& site, std::optional<std::size_t> self) const;
  [[nodiscard]] std::string kept_source(std::string_view source) const;
  // Since when a claim is true: never since a time that is still to come.
  [[nodiscard]] WallTime true_at(const StockClaim& claim) const;
  // A claim of before the line was claimed, or of before doses were moved, is refused as out of date.
  void check_age(const ModelLine& line, const StockClaim& claim) const;
  static void lay_over(const SiteFields& fields, ModelSite& site);
  void mark_claims(const SiteFields& fields, const ModelSite& before, ModelSite& site) const;

  // --- changes, each with its event (model.cc)
  std::size_t create(EventKind kind, ModelSite site);
  void change_site(EventKind kind, std::size_t at, ModelSite after, Position reverts = {});
  void change_line(EventKind kind, std::size_t at, std::string_view product, const ModelLine* next,
                   Position reverts = {});
  void refresh(std::size_t at, std::string_view product, WallTime valid_at, std::string_view source);
  ModelEvent& note(EventKind kind, std::string_view site_id);
  [[nodiscard]] Lane lane_now() const;
  void trim();
  void forget(Lane lane, bool oldest);
  [[nodiscard]] Position dropped(Lane lane) const { return dropped_[lane]; }

  State::HistoryBounds bounds_;
  std::vector<ModelSite> sites_;
  std::map<KeyId, ModelKey> keys_;
  bool stopped_ = false;
  std::string stop_reason_, stop_by_;
  WallTime stop_since_;
  WallTime time_;
  PerLane<std::deque<ModelEvent>> events_;
  std::map<KeyId, std::size_t> shares_;  // events of each key in the lane of shares
  PerLane<Position> dropped_;

  // Of the request that is being executed.
  Context now_;
  Outcome out_;
  std::optional<std::size_t> concerned_;
};

// The differences between two sites as an event tells them.
[[nodiscard]] std::vector<ModelChange> changes_between(const ModelSite& before, const ModelSite& after);
// The texts that a request may set, in the order of an event's fields.
struct ModelText {
  std::string_view field;
  std::string ModelSite::*of_site;
  std::optional<std::string_view> SiteFields::*of_request;
};
[[nodiscard]] const std::array<ModelText, 12>& model_texts();

}  // namespace titer::registry::test
