// SPDX-License-Identifier: Apache-2.0

// What keys reach when they try for more: a jurisdiction, an aggregator, and what a provider says about external ids.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

constexpr KeyId kBoss{1}, kProvider{2}, kMass{3}, kBeverlyHills{4}, kFeed{5}, kNamesake{6}, kFew{7};

class Scope : public testing::Test {
 protected:
  void SetUp() override {
    key(kBoss, "ann", Role::kOperator, {});
    key(kProvider, "clinic", Role::kProvider, {"a"});
    key(kMass, "Massachusetts", Role::kJurisdiction, {"MA"});
    key(kBeverlyHills, "Los Angeles", Role::kJurisdiction, {"902"});
    key(kFeed, "feed", Role::kAggregator, {"feed"});
    key(kNamesake, "ann", Role::kAggregator, {"other"});
    key(kFew, "few", Role::kAggregator, {"few"}, 2);
    ASSERT_TRUE(add(kBoss, "a", "02138", "MA").ok()) << b.out.message;
    ASSERT_TRUE(add(kBoss, "c", "90210", "CA").ok()) << b.out.message;
  }
  Outcome& as(KeyId who, Operation operation) {
    Request request;
    request.operation = std::move(operation);
    request.key = who;
    return b.apply(request);
  }
  void key(KeyId id, std::string_view owner, Role role, std::vector<std::string_view> scope,
           std::uint32_t sites = 0) {
    ASSERT_TRUE(as(kMachine, CreateKey{id, {}, owner, role, std::move(scope), {}, sites}).ok()) << b.out.message;
  }
  Outcome& add(KeyId who, std::string_view id, std::string_view zip, std::string_view state = {}) {
    AddSite op;
    op.id = id;
    op.fields.name = id;
    op.fields.zip = zip;
    op.fields.state = state;
    return as(who, op);
  }
  Outcome& edit(KeyId who, std::string_view id, SiteFields fields) {
    return as(who, EditSite{{id, {}}, std::move(fields), {}});
  }
  Outcome& set(KeyId who, std::string_view id, std::string_view product) {
    return as(who, SetAvailability{{id, {}}, {product, Availability::of(1), {}, {}}, {}});
  }
  Outcome& import_row(KeyId who, std::string_view name, std::string_view external) {
    ImportRow row;
    row.fields.name = name;
    row.fields.zip = "02139";
    row.fields.external_ids = {{"store", external}};
    return as(who, row);
  }
  static SiteFields moved(std::string_view zip) {
    SiteFields fields;
    fields.zip = zip;
    return fields;
  }
  static SiteFields known_as(std::string_view value) {
    SiteFields fields;
    fields.external_ids = {{"store", value}};
    return fields;
  }
  test::Bench b;
};

// --- jurisdictions

TEST_F(Scope, a_jurisdiction_reaches_a_site_that_has_only_a_zip_code_of_its_state) {
  ASSERT_TRUE(add(kBoss, "z", "02139").ok());
  EXPECT_TRUE(set(kMass, "z", "208").ok()) << b.out.message;
}

TEST_F(Scope, a_jurisdiction_neither_moves_a_site_out_nor_pulls_one_in) {
  EXPECT_EQ(edit(kMass, "a", moved("90210")).code, Code::kForbidden);
  SiteFields fields = moved("90210");
  fields.state = "MA";
  EXPECT_EQ(edit(kMass, "a", fields).code, Code::kForbidden);
  EXPECT_NE(b.out.message.find("90210 is in CA"), std::string::npos) << b.out.message;
  fields = {};
  fields.state = "MA";
  EXPECT_EQ(edit(kBeverlyHills, "c", fields).code, Code::kForbidden);
  EXPECT_EQ(edit(kMass, "c", fields).code, Code::kForbidden);
  fields = {};
  fields.lat = 34.05, fields.lon = -118.24;
  EXPECT_EQ(edit(kMass, "a", fields).code, Code::kForbidden);
}

TEST_F(Scope, a_jurisdiction_adds_no_site_whose_zip_code_or_point_is_elsewhere) {
  EXPECT_EQ(add(kMass, "fake", "90001", "MA").code, Code::kForbidden);
  EXPECT_EQ(add(kMass, "fake", "90299", "MA").code, Code::kForbidden);
  AddSite op;
  op.id = op.fields.name.emplace("fake");
  op.fields.state = "MA";
  op.fields.lat = 34.05, op.fields.lon = -118.24;
  EXPECT_EQ(as(kMass, op).code, Code::kForbidden);
  ImportRow row;
  row.id = row.fields.name.emplace("fake");
  row.fields.state = "MA";
  row.fields.zip = "90001";
  EXPECT_EQ(as(kMass, row).code, Code::kForbidden);
}

TEST_F(Scope, a_site_that_contradicts_itself_is_in_nobodys_jurisdiction_until_it_is_corrected) {
  ImportRow row;
  row.id = row.fields.name.emplace("torn");
  row.fields.state = "MA";
  row.fields.zip = "90210";
  ASSERT_TRUE(as(kBoss, row).ok()) << b.out.message;
  EXPECT_EQ(set(kMass, "torn", "208").code, Code::kForbidden);
  EXPECT_EQ(set(kBeverlyHills, "torn", "208").code, Code::kForbidden);
  ASSERT_TRUE(edit(kBoss, "torn", moved("02139")).ok()) << b.out.message;
  EXPECT_TRUE(set(kMass, "torn", "208").ok()) << b.out.message;
}

// --- aggregators

TEST_F(Scope, one_source_fills_no_more_than_its_part_of_a_site_and_all_feeds_leave_the_site_room) {
  const auto fill = [&](KeyId who, char name) {
    std::size_t lines = 0;
    while (lines <= limits::kStockLinesMax && set(who, "a", name + std::to_string(lines)).ok()) ++lines;
    EXPECT_EQ(b.out.code, Code::kTooLarge) << b.out.message;
    return lines;
  };
  EXPECT_EQ(fill(kFeed, 'f'), limits::kSourceLinesMax);
  EXPECT_EQ(fill(kNamesake, 'n'), limits::kSourceLinesMax);
  EXPECT_EQ(fill(kFew, 'w'), limits::kStockLinesMax - limits::kLinesKeptFree - 2 * limits::kSourceLinesMax);
  EXPECT_TRUE(set(kProvider, "a", "208").ok()) << b.out.message;
  EXPECT_TRUE(set(kFeed, "a", "f0").ok()) << "its own lines stay its own: " << b.out.message;
}

TEST_F(Scope, an_aggregator_edits_what_its_key_added_and_not_what_a_namesake_added) {
  SiteFields fields;
  fields.hours = "9-5";
  EXPECT_EQ(edit(kNamesake, "a", fields).code, Code::kForbidden) << "added by ann, the operator";
  ASSERT_TRUE(add(kNamesake, "own", "02138").ok()) << b.out.message;
  EXPECT_TRUE(edit(kNamesake, "own", fields).ok()) << b.out.message;
  State other = test::copy(b.state);
  EXPECT_EQ(other.digest(), b.state.digest());
  fields.hours = "10-6";
  Request request;
  request.operation = EditSite{{"own", {}}, fields, {}};
  request.key = kNamesake;
  Outcome out;
  other.apply(request, Position(b.position + 1), WallTime(b.now), out);
  EXPECT_TRUE(out.ok()) << out.message;
}

// A feed took the id of a clinic before the operator's file came, and could change the clinic's booking link from then on.
TEST_F(Scope, an_import_without_a_scope_takes_over_what_an_aggregator_added) {
  for (const std::string_view hours : {"9-5", ""}) {  // a row that changes something, and one that does not
    const std::string id = hours.empty() ? "same" : "other";
    ASSERT_TRUE(add(kFeed, id, "02138", "MA").ok()) << b.out.message;
    ImportRow row;
    row.id = id;
    row.fields.zip = "02138";
    if (!hours.empty()) row.fields.hours = hours;
    ASSERT_TRUE(as(kBoss, row).ok()) << b.out.message;
    SiteFields fields;
    fields.booking_url = "https://example.org/";
    EXPECT_EQ(edit(kFeed, id, fields).code, Code::kForbidden) << id;
    EXPECT_TRUE(edit(kBoss, id, fields).ok()) << b.out.message;
  }
}

// `titer set Walgreens` took the id first, and so the wrong site.
TEST_F(Scope, an_id_is_not_the_name_of_another_site) {
  AddSite op;
  op.id = "w-1";
  op.fields.name = "Walgreens";
  op.fields.zip = "06103";
  ASSERT_TRUE(as(kBoss, op).ok()) << b.out.message;
  op.id = "Walgreens";
  op.fields.name = "Trap";
  op.fields.zip = "02138";
  EXPECT_EQ(as(kMass, op).code, Code::kDuplicate);
  EXPECT_NE(b.out.message.find("w-1"), std::string::npos) << b.out.message;
}

TEST_F(Scope, a_key_adds_no_more_sites_than_it_may) {
  EXPECT_TRUE(add(kFew, "one", "02138").ok());
  EXPECT_TRUE(add(kFew, "two", "02138").ok());
  EXPECT_EQ(add(kFew, "three", "02138").code, Code::kTooLarge);
  EXPECT_NE(b.out.message.find("--sites-max"), std::string::npos) << b.out.message;
  ImportRow row;
  row.fields.name = "three";
  EXPECT_EQ(as(kFew, row).code, Code::kTooLarge);
  EXPECT_TRUE(add(kFeed, "three", "02138").ok()) << "each key counts for itself";
  EXPECT_EQ(as(kBoss, CreateKey{KeyId(9), {}, "x", Role::kReader, {}, {}, 5}).code, Code::kInvalid);
  b.check();
}

// --- external ids

TEST_F(Scope, an_import_does_not_find_a_site_by_what_its_provider_only_claims) {
  ASSERT_TRUE(edit(kProvider, "a", known_as("N42")).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").unverified, 1U);
  ASSERT_TRUE(import_row(kBoss, "Neighbour", "N42").ok()) << b.out.message;
  EXPECT_TRUE(b.out.created);
  EXPECT_EQ(b.site("a").name, "a");
  EXPECT_EQ(b.site("neighbour").unverified, 0U);
  ASSERT_TRUE(import_row(kBoss, "Neighbour", "N42").ok());
  EXPECT_FALSE(b.out.changed) << "found again by the verified id";
  EXPECT_EQ(edit(kBoss, "a", known_as("N42")).code, Code::kDuplicate) << "it belongs to the neighbour now";
  SiteFields hours;
  hours.hours = "9-5";
  EXPECT_TRUE(edit(kProvider, "a", hours).ok())
      << "a claim that came too late is in nobody's way: " << b.out.message;
  EXPECT_TRUE(as(kBoss, CloseSite{{"a", {}}, {}}).ok()) << b.out.message;
  b.check();
}

TEST_F(Scope, a_providers_claim_holds_for_its_own_imports_and_against_other_claims) {
  key(KeyId(8), "other clinic", Role::kProvider, {"c"});
  ASSERT_TRUE(edit(kProvider, "a", known_as("N42")).ok());
  ASSERT_TRUE(import_row(kProvider, "a renamed", "N42").ok()) << b.out.message;
  EXPECT_EQ(b.site("a").name, "a renamed");
  EXPECT_EQ(b.site("a").unverified, 1U) << "a repetition confirms nothing";
  EXPECT_EQ(edit(KeyId(8), "c", known_as("N42")).code, Code::kDuplicate);
}

TEST_F(Scope, a_claim_is_confirmed_by_giving_the_same_id_and_stays_so) {
  ASSERT_TRUE(edit(kProvider, "a", known_as("N42")).ok());
  ASSERT_TRUE(edit(kBoss, "a", known_as("N42")).ok());
  EXPECT_TRUE(b.out.changed);
  EXPECT_EQ(b.site("a").unverified, 0U);
  ASSERT_TRUE(import_row(kBoss, "a", "N42").ok());
  EXPECT_FALSE(b.out.created);
  SiteFields two;
  two.external_ids = {{"store", "N42"}, {"store", "N43"}};
  ASSERT_TRUE(edit(kProvider, "a", two).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").unverified, 2U) << "the first stays verified, the second is new";
  ASSERT_TRUE(as(kBoss, Undo{Position(b.position)}).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").unverified, 0U);
  State other = test::copy(b.state);
  EXPECT_EQ(other.digest(), b.state.digest());
  b.check();
}

TEST_F(Scope, an_undo_of_a_confirmation_makes_it_a_claim_again) {
  ASSERT_TRUE(edit(kProvider, "a", known_as("N42")).ok());
  ASSERT_TRUE(edit(kBoss, "a", known_as("N42")).ok());
  ASSERT_TRUE(as(kBoss, Undo{Position(b.position)}).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").unverified, 1U);
  ASSERT_EQ(b.site("a").external_ids.size(), 1U);
  EXPECT_EQ(b.site("a").external_ids[0], (ExternalId{"store", "N42"}));
  b.check();
}

double cpu_seconds(const std::function<void()>& work) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t begin = std::clock();
    work();
    least = std::min(least, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return least;
}

// A bulk asks for each of its thousand operations, and each asked all parts of the scope.
TEST_F(Scope, of_a_thousand_areas_costs_a_bulk_hardly_more_than_of_one) {
  constexpr KeyId kNarrow{20}, kWide{21};
  std::vector<std::string> areas;
  for (std::size_t i = 0; i + 1 < limits::kKeyScopeMax; ++i) areas.push_back(std::to_string(60000 + i));
  areas.emplace_back("021");
  key(kNarrow, "one", Role::kJurisdiction, {"021"});
  key(kWide, "many", Role::kJurisdiction, {areas.begin(), areas.end()});
  Bulk bulk;
  SetAvailability op;
  op.site.id = "a";
  op.claim.availability = Availability::of(1);
  bulk.operations.assign(limits::kBulkOperationsMax, op);
  const auto cost = [&](KeyId who) {
    return cpu_seconds([&] { ASSERT_TRUE(as(who, bulk).ok()) << b.out.message; });
  };
  const double narrow = cost(kNarrow), wide = cost(kWide);
  EXPECT_LT(wide, 1.5 * narrow + 0.002) << narrow;
  for (const std::string_view zip : {"60000", "60998", "02139"}) EXPECT_TRUE(add(kWide, zip, zip).ok()) << zip;
  for (const std::string_view zip : {"60999", "59999", "90210"})
    EXPECT_EQ(add(kWide, zip, zip).code, Code::kForbidden) << zip;
}

}  // namespace
}  // namespace titer::registry
