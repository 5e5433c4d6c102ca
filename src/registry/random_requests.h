// SPDX-License-Identifier: Apache-2.0

// For tests: random requests over few names, ids and products, so that they meet often.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "registry/request.h"

namespace titer::registry::test {

class RandomRequests {
 public:
  explicit RandomRequests(std::uint64_t seed) : random_(seed) {}

  Request next(std::uint64_t position, std::int64_t now) {
    Request request;
    position_ = position;
    now_ = now;
    if (below(12) == 0) {
      Bulk bulk;
      for (std::uint64_t n = below(6); n > 0; --n) {
        Operation one = simple();
        std::visit(
            [&](auto& op) {
              if constexpr (std::is_constructible_v<Simple, decltype(op)>) bulk.operations.emplace_back(op);
            },
            one);
      }
      request.operation = std::move(bulk);
    } else if (keys_ && below(8) == 0) {
      request.operation = access();
    } else {
      request.operation = simple();
    }
    request.actor = pick(kActors);
    if (below(8) == 0) request.reason = "because";
    if (below(8) == 0) request.idempotency_key = "key";
    request.echo_site = below(4) == 0;
    request.key = key();
    if (wild_) make_wild(request);
    return request;
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  // From here on, keys are made, used and revoked too, and writes stopped.
  void use_keys() { keys_ = true; }
  // From here on, rows have more fields and places that agree, keys have scopes that meet, and now and then something is
  // wrong: too long, too large, of another form, out of order.
  void be_wild() { wild_ = true; }

 private:
  bool rarely() { return below(25) == 0; }
  void make_wild(Request& request) {
    if (rarely()) request.actor = rarely() ? std::string_view(kLong) : kUnclean;
    if (rarely()) request.reason = pick(kReasons);
    if (rarely()) request.idempotency_key = kUnclean;
    std::visit([this](auto& op) { wild(op); }, request.operation);
  }
  void wild(Bulk& op) {
    for (Simple& one : op.operations) std::visit([this](auto& part) { wild(part); }, one);
    if (below(200) == 0) op.operations.resize(limits::kBulkOperationsMax + 1, Undo{});
  }
  void wild(SetWriteStop&) {}
  void wild(RevokeKey&) {}
  void wild(CreateKey& op) {
    if (op.role == Role::kJurisdiction) op.scope = below(2) == 0 ? Scope{"MA"} : Scope{"902", "021"};
    if (op.role == Role::kProvider && below(2) == 0) op.scope = {pick(kIds), pick(kIds), pick(kIds), pick(kIds)};
    if (below(2) == 0 && (op.role == Role::kJurisdiction || op.role == Role::kAggregator)) op.sites_max = 2;
    if (rarely()) op.sites_max = rarely() ? limits::kKeySitesMax + 1 : 3;
    if (rarely()) op.scope.assign(rarely() ? limits::kKeyScopeMax + 1 : 2, "ma");
    if (rarely()) op.scope.clear();
    if (rarely()) op.owner = below(2) == 0 ? std::string_view() : kUnclean;
    if (rarely()) op.id = below(2) == 0 ? kNoKey : kMachine;
    if (op.expires.value != 0) op.expires = WallTime(now_ + 1000 * static_cast<std::int64_t>(below(20)));
    if (rarely()) op.expires = WallTime(now_ - 1);
  }
  void wild(Undo& op) {
    if (below(4) == 0) op.event = Position(below(position_ + 3));
  }
  // Rows of a file without external ids, and few places: they go by name and place, and ask for names that are taken.
  void wild(ImportRow& op) {
    wild<ImportRow>(op);
    if (below(3) == 0) return;
    op.id = below(2) == 0 ? std::string_view() : pick(kIds);
    const std::string_view phone = pick(kStreets);
    op.fields = {};
    if (below(3) > 0) op.fields.name = below(2) == 0 ? "A" : "Elm";
    op.fields.zip = "02138";
    op.fields.street = below(2) == 0 ? "1 Main St" : "2 Main St";
    op.fields.phone = phone;
  }
  template <typename Op>
  void wild(Op& op) {
    if constexpr (requires { op.fields; }) wild_fields(op.fields);
    if constexpr (requires { op.stock; }) {
      if (op.stock) wild_claim(*op.stock);
    }
    if constexpr (requires { op.claim; }) wild_claim(op.claim);
    if constexpr (requires { op.site; }) {
      if (rarely()) op.site = below(2) == 0 ? SiteRef{"a", "A"} : SiteRef{};
    }
    if constexpr (requires { op.id; }) {
      if (rarely()) op.id = pick(kWrongIds);
      if (rarely()) op.id = "Elm";
    }
    if constexpr (requires { op.product; }) {
      if (rarely()) op.product = "no product";
    }
    if constexpr (requires { op.doses; }) {
      if (rarely()) op.doses = below(2) == 0 ? limits::kCountMax : ~std::uint64_t{0};
    }
    if constexpr (requires { op.by; }) {
      if (rarely()) op.by = below(2) == 0 ? INT64_MIN : INT64_MAX;
    }
  }
  void wild_claim(StockClaim& claim) {
    if (below(4) == 0) claim.valid_at = WallTime(now_ + static_cast<std::int64_t>(below(30'000)));
    if (rarely()) claim.valid_at = WallTime(below(2) == 0 ? -1 : now_ + limits::kValidAheadMaxMs + 60'000);
    if (rarely()) claim.availability = {Availability::Kind::kYes, 3};
    if (rarely()) claim.availability = Availability::of(limits::kCountMax + below(2));
    if (rarely()) claim.product = "no product";
    if (rarely()) claim.source = kUnclean;
  }
  void wild_fields(SiteFields& f) {
    if (below(3) == 0) f.zip = below(2) == 0 ? "02138" : "02139";
    if (below(4) == 0) f.lat = below(2) == 0 ? 42.36 : 34.1, f.lon = f.lat > 40 ? -71.1 : -118.4;
    if (below(6) == 0) f.zip_plus4 = below(2) == 0 ? "1234" : "";
    if (below(6) == 0) f.phone = pick(kStreets);
    if (below(6) == 0) f.hours = pick(kStreets);
    if (below(6) == 0) f.provider = pick(kStreets);
    if (below(6) == 0) f.county = pick(kStreets);
    if (below(6) == 0) f.info_url = f.booking_url = pick(kStreets);
    if (rarely()) f.name = rarely() ? std::string_view(kLong) : below(2) == 0 ? kUnclean : " ";
    if (rarely()) f.name = pick(kIds);
    if (rarely()) f.street = kUnclean;
    if (rarely()) f.hours = kLong;
    if (rarely()) f.zip = "2138";
    if (rarely()) f.state = "Ma";
    if (rarely()) f.zip_plus4 = "12";
    if (rarely()) f.lon.reset();
    if (rarely()) f.lat = f.lon = below(2) == 0 ? 1000 : std::numeric_limits<double>::quiet_NaN();
    if (rarely()) f.status = static_cast<SiteStatus>(3);
    if (rarely()) f.external_ids = std::vector<ExternalId>(1, {"cvs", ""});
    if (below(100) == 0) f.external_ids = std::vector<ExternalId>(limits::kExternalIdsMax + 1, {"cvs", "1"});
  }
  // Mostly one that may: else little would happen.
  KeyId key() {
    if (!keys_) return kNoKey;
    return below(3) == 0 ? KeyId(below(6)) : kMachine;
  }
  Operation access() {
    switch (below(8)) {
      case 0: return SetWriteStop{below(4) == 0};
      case 1: return RevokeKey{KeyId(below(6))};
      default: break;
    }
    CreateKey op;
    op.id = KeyId(below(6));
    op.secret[0] = static_cast<std::byte>(below(256));
    op.owner = pick(kActors);
    op.role = static_cast<Role>(1 + below(kRoles));
    if (op.role == Role::kProvider) op.scope = {pick(kIds), pick(kIds)};
    if (op.role == Role::kJurisdiction) op.scope = {"MA", "902"};
    if (op.role == Role::kAggregator) op.scope = {"feed"};
    if (below(3) == 0) op.expires = WallTime(now_ + static_cast<std::int64_t>(below(20'000)));
    return op;
  }
  template <std::size_t n>
  std::string_view pick(const std::array<std::string_view, n>& from) {
    return from[below(n)];
  }
  SiteRef ref() {
    if (below(3) == 0) return {{}, pick(kNames)};
    return {pick(kIds), {}};
  }
  Availability value() {
    switch (below(6)) {
      case 0: return Availability::yes();
      case 1: return Availability::no();
      case 2: return Availability::unknown();
      default: return Availability::of(below(20));
    }
  }
  StockClaim claim() {
    StockClaim c{pick(kProducts), value(), {}, pick(kSources)};
    if (below(3) == 0) c.valid_at = WallTime(now_ - 5000 + static_cast<std::int64_t>(below(6000)));
    return c;
  }
  SiteFields fields() {
    SiteFields f;
    if (below(3) == 0) f.name = pick(kNames);
    if (below(3) == 0) f.zip = pick(kZips);
    if (below(5) == 0) f.street = pick(kStreets);
    if (below(5) == 0) f.state = pick(kStates);
    if (below(5) == 0) f.city = pick(kStreets);
    if (below(6) == 0) f.lat = static_cast<double>(below(180)) - 90, f.lon = static_cast<double>(below(360)) - 180;
    if (below(5) == 0) f.external_ids = {{pick(kSystems), pick(kValues)}, {pick(kSystems), pick(kValues)}};
    if (below(6) == 0) f.status = static_cast<SiteStatus>(below(3));
    return f;
  }
  Precondition version() {
    if (below(4) != 0) return {};
    const std::uint32_t versions[] = {static_cast<std::uint32_t>(below(5)), static_cast<std::uint32_t>(below(5))};
    switch (below(4)) {
      case 0: return Precondition::one_of(versions).value();
      case 1: return Precondition::none_of(versions).value();
      default: return versions[0];
    }
  }
  Operation simple() {
    switch (below(12)) {
      case 0: {
        AddSite op{below(2) == 0 ? pick(kIds) : std::string_view(), fields(), {}};
        if (below(8) != 0) op.fields.name = pick(kNames);
        if (below(2) == 0) op.stock = claim();
        return op;
      }
      case 1: return EditSite{ref(), fields(), version()};
      case 2: return CloseSite{ref(), version()};
      case 3: {
        ImportRow op{below(2) == 0 ? pick(kIds) : std::string_view(), fields(), {}};
        if (below(4) != 0) op.fields.name = pick(kNames);
        if (below(2) == 0) op.stock = claim();
        return op;
      }
      case 4: return Adjust{ref(), pick(kProducts), static_cast<std::int64_t>(below(21)) - 10, version()};
      case 5:
      case 6: return Reserve{ref(), pick(kProducts), below(8), version()};
      case 7: return Release{ref(), pick(kProducts), below(8), version()};
      case 8: return Undo{Position(position_ - std::min(position_, below(30)))};
      default: return SetAvailability{ref(), claim(), version()};
    }
  }

  static constexpr std::array<std::string_view, 8> kNames = {"A", "B", "C", "A b", "a-B", "Elm", "Oak", "Ash"};
  static constexpr std::array<std::string_view, 9> kIds = {"a",   "b",   "c",   "a-b", "a-b-2",
                                                           "elm", "oak", "x-1", "x-2"};
  static constexpr std::array<std::string_view, 4> kProducts = {"any", "208", "309", "208.vfc"};
  static constexpr std::array<std::string_view, 3> kSources = {"", "feed", "other feed"};
  static constexpr std::array<std::string_view, 3> kActors = {"", "nurse", "import"};
  static constexpr std::array<std::string_view, 4> kZips = {"02138", "90210", "", "00001"};
  static constexpr std::array<std::string_view, 3> kStreets = {"", "1 Main St", "2 Main St"};
  static constexpr std::array<std::string_view, 3> kStates = {"", "MA", "CA"};
  static constexpr std::array<std::string_view, 3> kSystems = {"cvs", "vtrcks", "npi_usa"};
  static constexpr std::array<std::string_view, 3> kValues = {"1", "2", "3"};

  using Scope = std::vector<std::string_view>;
  static constexpr std::string_view kUnclean = "bell \x07";
  static constexpr std::array<std::string_view, 3> kReasons = {"", "because", kUnclean};
  static constexpr std::array<std::string_view, 4> kWrongIds = {"near", "..", "under_score", "a b"};
  static inline const std::string kLong = std::string(limits::kTextBytesMax + 1, 'x');

  std::mt19937_64 random_;
  std::uint64_t position_ = 0;
  std::int64_t now_ = 0;
  bool keys_ = false, wild_ = false;
};

}  // namespace titer::registry::test
