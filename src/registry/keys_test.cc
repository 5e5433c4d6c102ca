// SPDX-License-Identifier: Apache-2.0

// Keys and roles: every cell of the table, the scopes, what ends a key, and who keeps the door.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "registry/permissions.h"
#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

constexpr KeyId kOperatorKey{1};

SecretHash hash_of(unsigned char first) {
  SecretHash hash{};
  hash[0] = static_cast<std::byte>(first);
  return hash;
}

class Keys : public testing::Test {
 protected:
  Outcome& as(KeyId key, Operation operation) {
    Request request;
    request.operation = std::move(operation);
    request.actor = "somebody";
    request.reason = "a reason";
    request.key = key;
    return b.apply(request);
  }
  Outcome& make(KeyId id, Role role, std::vector<std::string_view> scope = {}, WallTime expires = {}) {
    return as(
        b.state.has_keys() ? kOperatorKey : kMachine,
        CreateKey{id, hash_of(static_cast<unsigned char>(id.value)), name(role), role, std::move(scope), expires});
  }
  // Sites a (MA, 02138), b (MA, 02139) and c (CA, 90210) with a count each, and a key of every role:
  // of a; of MA and 902 as ZIP codes; of the source feed.
  void SetUp() override {
    add("a", "02138", "MA");
    add("b", "02139", "MA");
    add("c", "90210", "CA");
    ASSERT_TRUE(make(kOperatorKey, Role::kOperator).ok()) << b.out.message;
    for (const Role role : {Role::kReader, Role::kProvider, Role::kJurisdiction, Role::kAggregator, Role::kAuditor})
      ASSERT_TRUE(make(key_of(role), role, scope_of(role)).ok()) << b.out.message;
  }
  static KeyId key_of(Role role) {
    return role == Role::kOperator ? kOperatorKey : KeyId(10 + static_cast<std::uint64_t>(role));
  }
  static std::vector<std::string_view> scope_of(Role role) {
    if (role == Role::kProvider) return {"a"};
    if (role == Role::kJurisdiction) return {"MA"};
    if (role == Role::kAggregator) return {"feed"};
    return {};
  }
  void add(std::string_view id, std::string_view zip, std::string_view state, std::string_view source = {}) {
    AddSite op;
    op.id = id;
    op.fields.name = id;
    op.fields.zip = zip;
    op.fields.state = state;
    op.stock = StockClaim{kAnyProduct, Availability::of(10), {}, source};
    ASSERT_TRUE(as(b.state.has_keys() ? kMachine : kNoKey, op).ok()) << b.out.message;
  }
  static SetAvailability set(std::string_view id, std::uint64_t n, std::string_view product = kAnyProduct,
                             std::string_view source = {}) {
    return {{id, {}}, {product, Availability::of(n), {}, source}, {}};
  }
  static EditSite edit(std::string_view id, std::string_view street) {
    SiteFields fields;
    fields.street = street;
    return {{id, {}}, fields, {}};
  }
  Bench b;
};

TEST(WithoutKeys, everybody_may_do_everything) {
  Bench b;
  EXPECT_TRUE(b.add("a").ok());
  EXPECT_FALSE(b.state.has_keys());
  EXPECT_TRUE(b.state.judge(kNoKey, Act::kOperate, WallTime(b.now)).ok());
}

TEST(WithoutKeys, the_first_key_is_made_by_the_machines_operator_for_an_operator_for_ever) {
  Bench b;
  Request request;
  CreateKey key{KeyId(7), hash_of(7), "ann", Role::kOperator, {}, {}};
  const auto code = [&](KeyId as, const CreateKey& op) {
    request.operation = op;
    request.key = as;
    return b.apply(request).code;
  };
  EXPECT_EQ(code(kNoKey, key), Code::kForbidden);
  EXPECT_EQ(code(KeyId(7), key), Code::kUnauthorized);
  CreateKey other = key;
  other.role = Role::kAuditor;
  EXPECT_EQ(code(kMachine, other), Code::kForbidden);
  other = key;
  other.expires = WallTime(b.now + 1'000'000);
  EXPECT_EQ(code(kMachine, other), Code::kForbidden);
  EXPECT_FALSE(b.state.has_keys());
  EXPECT_EQ(code(kMachine, key), Code::kOk) << b.out.message;
  EXPECT_TRUE(b.state.has_keys());
}

// One operation of each class at a site that every scope reaches, and what the table says of it.
TEST_F(Keys, every_cell_of_the_table_holds) {
  add("f", "02138", "MA", "feed");
  std::uint64_t n = 100;
  for (std::uint8_t r = 0; r <= kRoles; ++r) {
    const KeyId key = r == 0 ? kNoKey : key_of(static_cast<Role>(r));
    const auto role = static_cast<Role>(r);
    // The aggregator reaches what its source wrote, and fields of sites that it added.
    const bool feed = r != 0 && role == Role::kAggregator;
    AddSite added;
    const std::string id = "new-" + std::to_string(r);
    added.id = id;
    added.fields.name = id;
    added.fields.state = "MA";
    const bool may_add = r != 0 && grant(role, Act::kAddSite) != Grant::kNo;
    const bool any_id = r == 0 || role != Role::kProvider;
    ImportRow row;
    row.id = feed ? "f" : "a";
    row.stock = StockClaim{"208", Availability::of(++n), {}, {}};
    const std::string_view site = feed ? "f" : "a";
    const std::pair<Act, Operation> asked[] = {
        {Act::kStock, set(site, ++n)},
        {Act::kStock, Adjust{{site, {}}, kAnyProduct, 1, {}}},
        {Act::kStock, Reserve{{site, {}}, kAnyProduct, 1}},
        {Act::kStock, Release{{site, {}}, kAnyProduct, 1}},
        {Act::kStock, Bulk{{set(site, ++n)}}},
        {Act::kAddSite, added},
        {Act::kEditSite, feed ? edit(id, "1 Main St") : edit("a", id)},
        {Act::kImport, row},
        {Act::kUndo, Undo{Position(0)}},
        {Act::kKeys, CreateKey{KeyId(100U + r), hash_of(1), "x", Role::kReader, {}, {}}},
        {Act::kKeys, RevokeKey{KeyId(100U + r)}},
        {Act::kSwitch, SetWriteStop{false}},
    };
    for (const auto& [act, operation] : asked) {
      const Code code = as(key, operation).code;
      SCOPED_TRACE(std::string(r == 0 ? "nobody" : name(role)) + " " + std::string(name(act)));
      if (r == 0) {
        EXPECT_EQ(code, Code::kUnauthorized);
      } else if (grant(role, act) == Grant::kNo || (act == Act::kAddSite && !any_id)) {
        EXPECT_EQ(code, Code::kForbidden) << b.out.message;
      } else if (act == Act::kUndo) {
        EXPECT_EQ(code, Code::kNotFound);
      } else {
        EXPECT_EQ(code, Code::kOk) << b.out.message;
      }
    }
    EXPECT_EQ(may_add, r != 0 && role != Role::kReader && role != Role::kAuditor);
    for (const Act act : {Act::kRead, Act::kAudit, Act::kOperate}) {
      const Status may = b.state.judge(key, act, WallTime(b.now));
      const bool expected = r == 0 ? is_public(act) : grant(role, act) == Grant::kAll;
      EXPECT_EQ(may.ok(), expected) << name(act);
    }
  }
  b.check();
}

TEST_F(Keys, a_request_with_a_key_is_done_by_the_keys_owner) {
  ASSERT_TRUE(as(key_of(Role::kProvider), set("a", 3)).ok());
  EXPECT_EQ(b.site("a").stock.front().updated_by, "provider");
  ASSERT_TRUE(as(kMachine, set("a", 4)).ok());
  EXPECT_EQ(b.site("a").stock.front().updated_by, "somebody");
}

TEST_F(Keys, a_provider_reaches_its_sites_and_no_other) {
  const KeyId key = key_of(Role::kProvider);
  EXPECT_EQ(as(key, set("a", 3)).code, Code::kOk);
  EXPECT_EQ(as(key, set("b", 3)).code, Code::kForbidden);
  EXPECT_EQ(as(key, Bulk{{set("a", 5), set("b", 5)}}).code, Code::kForbidden);
  EXPECT_EQ(b.value("a"), "3") << "nothing of a bulk that is refused is done";
  EXPECT_EQ(as(key, edit("b", "1 Main St")).code, Code::kForbidden);
  AddSite other;
  other.fields.name = "other";
  EXPECT_EQ(as(key, other).code, Code::kForbidden);
  ASSERT_TRUE(as(kMachine, set("b", 9)).ok());
  EXPECT_EQ(as(key, Undo{b.out.position}).code, Code::kForbidden);
}

TEST_F(Keys, a_jurisdiction_reaches_its_states_and_zip_codes_before_and_after_a_change) {
  const KeyId state = key_of(Role::kJurisdiction), zips(77);
  ASSERT_TRUE(make(zips, Role::kJurisdiction, {"021", "90210"}).ok());
  EXPECT_EQ(as(state, set("b", 1)).code, Code::kOk);
  EXPECT_EQ(as(state, set("c", 1)).code, Code::kForbidden);
  EXPECT_EQ(as(zips, set("a", 1)).code, Code::kOk);
  EXPECT_EQ(as(zips, set("c", 1)).code, Code::kOk);
  SiteFields away;
  away.state = "CA";
  EXPECT_EQ(as(state, EditSite{{"a", {}}, away, {}}).code, Code::kForbidden);
  SiteFields here;
  here.state = "MA";
  EXPECT_EQ(as(state, EditSite{{"c", {}}, here, {}}).code, Code::kForbidden);
  AddSite site;
  site.fields.name = "d";
  site.fields.state = "MA";
  EXPECT_EQ(as(state, site).code, Code::kOk);
  site.fields.name = "e";
  site.fields.state = "CA";
  EXPECT_EQ(as(state, site).code, Code::kForbidden);
}

TEST_F(Keys, an_aggregator_writes_as_its_source_and_replaces_nothing_that_others_logged) {
  const KeyId key = key_of(Role::kAggregator);
  EXPECT_EQ(as(key, set("a", 1)).code, Code::kForbidden) << "the clinic's own line";
  EXPECT_EQ(as(key, set("a", 1, "208", "other")).code, Code::kForbidden);
  EXPECT_EQ(as(key, set("a", 1, "208")).code, Code::kOk) << "nobody has this line yet";
  EXPECT_EQ(b.site("a").stock.front().source, "feed");
  EXPECT_EQ(as(key, set("a", 2, "208", "feed")).code, Code::kOk);
  EXPECT_EQ(as(key, edit("a", "1 Main St")).code, Code::kForbidden);
  ImportRow row;
  row.id = "mine";
  row.fields.name = "mine";
  row.stock = StockClaim{kAnyProduct, Availability::of(1), {}, {}};
  EXPECT_EQ(as(key, row).code, Code::kOk);
  EXPECT_EQ(as(key, edit("mine", "1 Main St")).code, Code::kOk);
}

TEST_F(Keys, a_key_ends_exactly_when_the_order_says) {
  const KeyId key(77);
  ASSERT_TRUE(make(key, Role::kProvider, {"a"}, WallTime(b.now + 3000)).ok());
  EXPECT_EQ(as(key, set("a", 1)).code, Code::kOk);  // each request is a second later
  EXPECT_EQ(as(key, set("a", 2)).code, Code::kUnauthorized);
  ASSERT_TRUE(make(KeyId(78), Role::kProvider, {"a"}).ok());
  ASSERT_TRUE(as(kOperatorKey, RevokeKey{KeyId(78)}).ok());
  EXPECT_EQ(as(KeyId(78), set("a", 3)).code, Code::kUnauthorized);
  EXPECT_FALSE(as(kOperatorKey, RevokeKey{KeyId(78)}).changed) << "revoked twice is revoked once";
}

TEST_F(Keys, the_last_operator_that_does_not_end_stays) {
  EXPECT_EQ(as(kOperatorKey, RevokeKey{kOperatorKey}).code, Code::kForbidden);
  ASSERT_TRUE(make(KeyId(77), Role::kOperator, {}, WallTime(b.now + 1'000'000)).ok());
  EXPECT_EQ(as(kOperatorKey, RevokeKey{kOperatorKey}).code, Code::kForbidden) << "the other one ends";
  ASSERT_TRUE(make(KeyId(78), Role::kOperator).ok());
  EXPECT_EQ(as(kOperatorKey, RevokeKey{kOperatorKey}).code, Code::kOk);
  EXPECT_EQ(as(KeyId(78), RevokeKey{KeyId(78)}).code, Code::kForbidden);
}

TEST_F(Keys, a_key_that_makes_no_sense_is_refused) {
  const auto code = [&](Role role, const std::vector<std::string_view>& scope) {
    return make(KeyId(77), role, scope).code;
  };
  EXPECT_EQ(code(Role::kProvider, {}), Code::kInvalid);
  EXPECT_EQ(code(Role::kProvider, {"no id"}), Code::kInvalid);
  EXPECT_EQ(code(Role::kJurisdiction, {"ma"}), Code::kInvalid);
  EXPECT_EQ(code(Role::kJurisdiction, {"021380"}), Code::kInvalid);
  EXPECT_EQ(code(Role::kAggregator, {"a", "b"}), Code::kInvalid);
  EXPECT_EQ(code(Role::kReader, {"a"}), Code::kInvalid);
  EXPECT_EQ(code(Role::kProvider, std::vector<std::string_view>(2000, "a")), Code::kTooLarge);
  EXPECT_EQ(make(KeyId(1), Role::kReader).code, Code::kDuplicate);
  EXPECT_EQ(make(kMachine, Role::kReader).code, Code::kInvalid);
  EXPECT_EQ(make(kNoKey, Role::kReader).code, Code::kInvalid);
  EXPECT_EQ(make(KeyId(77), Role::kReader, {}, WallTime(5)).code, Code::kInvalid) << "expired already";
}

TEST_F(Keys, those_that_ended_make_room) {
  std::uint64_t id = 1000;
  while (make(KeyId(++id), Role::kReader).ok()) continue;
  EXPECT_EQ(b.out.code, Code::kTooLarge);
  ASSERT_TRUE(as(kOperatorKey, RevokeKey{KeyId(1001)}).ok());
  EXPECT_TRUE(make(KeyId(++id), Role::kReader).ok());
  EXPECT_EQ(as(KeyId(1001), set("a", 1)).code, Code::kUnauthorized);
  b.check();
}

// As large as a key can be: 1,000 sites with ids of 64 characters.
TEST_F(Keys, one_that_is_refused_for_want_of_room_leaves_those_that_ended) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(fmt::format("{:064}", i));
  const std::vector<std::string_view> scope(ids.begin(), ids.end());
  ASSERT_TRUE(make(KeyId(500), Role::kReader).ok());
  ASSERT_TRUE(as(kOperatorKey, RevokeKey{KeyId(500)}).ok());
  std::uint64_t id = 1000;
  while (make(KeyId(++id), Role::kProvider, scope).ok()) continue;
  ASSERT_EQ(b.out.code, Code::kTooLarge);
  const auto is_there = [&] {
    bool there = false;
    (void)b.state.keys({}, [&](const Key& key) { return there = key.id == KeyId(500), !there; });
    return there;
  };
  EXPECT_TRUE(is_there()) << "it is small: without it there would not be room either";
  const std::uint64_t digest = test::copy(b.state).digest();
  EXPECT_EQ(b.state.digest(), digest) << "one who joins gets the same";
  b.check();
}

TEST_F(Keys, the_switch_stops_every_write_but_those_of_operators_on_keys_and_itself) {
  ASSERT_TRUE(as(kOperatorKey, SetWriteStop{true}).ok());
  EXPECT_EQ(as(kOperatorKey, set("a", 1)).code, Code::kWritesStopped);
  EXPECT_NE(b.out.message.find("a reason"), std::string::npos);
  EXPECT_EQ(as(kMachine, set("a", 1)).code, Code::kWritesStopped);
  EXPECT_TRUE(b.state.judge(kNoKey, Act::kRead, WallTime(b.now)).ok());
  EXPECT_TRUE(make(KeyId(77), Role::kReader).ok());
  EXPECT_TRUE(b.state.writes().stopped);
  ASSERT_TRUE(as(kOperatorKey, SetWriteStop{false}).ok());
  EXPECT_EQ(as(kOperatorKey, set("a", 1)).code, Code::kOk);
}

TEST_F(Keys, what_happens_to_them_is_in_the_history_without_a_site_and_for_auditors_only) {
  std::vector<std::string> kinds;
  History query;
  query.limit = 5;
  const auto show = [&](const Event& event) {
    kinds.emplace_back(name(event.kind));
    EXPECT_TRUE(event.site_id.empty());
    return true;
  };
  ASSERT_TRUE(b.state.history(query, show).ok());
  EXPECT_EQ(kinds, std::vector<std::string>(5, "create_key"));
  query.audit = false;
  const auto of_a_site = [](const Event& event) {
    EXPECT_FALSE(event.site_id.empty());
    return true;
  };
  ASSERT_TRUE(b.state.history(query, of_a_site).ok());
  ASSERT_TRUE(b.state.changes({}, of_a_site).ok());
  EXPECT_EQ(as(kOperatorKey, Undo{Position(b.position)}).code, Code::kInvalid);
}

TEST_F(Keys, a_secret_opens_its_own_key_only) {
  const auto check = [&](KeyId id, unsigned char secret) {
    return b.state.check_secret({id, hash_of(secret)}, WallTime(b.now)).ok();
  };
  EXPECT_TRUE(check(kOperatorKey, 1));
  EXPECT_FALSE(check(kOperatorKey, 2));
  EXPECT_FALSE(check(KeyId(5), 0)) << "there is no such key";
  EXPECT_FALSE(check(kMachine, 0));
  EXPECT_FALSE(check(kNoKey, 0));
}

TEST_F(Keys, are_pages_in_the_order_of_their_ids) {
  std::vector<std::uint64_t> ids;
  KeyId after;
  for (bool more = true; more;)
    more = b.state.keys({after, 2}, [&](const Key& key) {
      ids.push_back(key.id.value);
      after = key.id;
      return true;
    });
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 11, 12, 13, 14, 15}));
}

TEST_F(Keys, travel_with_the_state_and_count_in_its_digest) {
  ASSERT_TRUE(as(kOperatorKey, SetWriteStop{true}).ok());
  State other = test::copy(b.state);
  EXPECT_EQ(other.digest(), b.state.digest());
  EXPECT_TRUE(other.writes().stopped);
  EXPECT_TRUE(other.check_secret({kOperatorKey, hash_of(1)}, WallTime(b.now)).ok());
  ASSERT_TRUE(as(kOperatorKey, RevokeKey{key_of(Role::kReader)}).ok());
  EXPECT_NE(other.digest(), b.state.digest());
  Bytes newer, older;
  b.state.write_access({}, newer);
  other.write_access({}, older);
  ASSERT_TRUE(other.read_transfer(newer).ok());
  ASSERT_TRUE(other.read_transfer(older).ok()) << "the newer one stays";
  EXPECT_EQ(other.digest(), b.state.digest());
  Bytes nothing;
  b.state.write_access(b.state.access_changed(), nothing);
  EXPECT_TRUE(nothing.empty());
}

TEST(RandomKeys, end_equal_however_the_state_was_reached) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const State::HistoryBounds bounds{60, 6000};
    Bench b(bounds);
    test::RandomRequests requests(seed);
    requests.use_keys();
    const auto run = [&](int n) {
      for (int i = 0; i < n; ++i) {
        const auto digest = b.state.digest();
        const Request request = requests.next(b.position, b.now);
        b.apply(request);
        if (!b.out.ok() && b.out.code != Code::kOutOfDate) {
          ASSERT_EQ(b.state.digest(), digest) << "a refusal changes nothing: " << describe(request, b.out);
        }
      }
    };
    run(300);
    State other = test::copy(b.state, bounds);
    ASSERT_EQ(other.digest(), b.state.digest());
    const Status status = other.check();
    ASSERT_TRUE(status.ok()) << status.error().message;
    for (int i = 0; i < 200; ++i) {
      const Request request = requests.next(b.position, b.now);
      Outcome out;
      b.apply(request);
      other.apply(request, Position(b.position), WallTime(b.now), out);
      ASSERT_EQ(out.code, b.out.code) << describe(request, out);
      ASSERT_EQ(other.digest(), b.state.digest()) << describe(request, out);
    }
    b.check();
  }
}

}  // namespace
}  // namespace titer::registry
