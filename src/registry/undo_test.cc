// SPDX-License-Identifier: Apache-2.0

#include "base/limits.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

// Everything about the sites that undo must bring back, versions and times apart.
std::string picture(Bench& b) {
  std::string out;
  ListSites all;
  all.filter.with_closed = true;
  EXPECT_TRUE(b.state.list(all, [&](const Site& s) {
    for (const auto text : {s.id, s.name, s.zip, s.street, s.city, s.state, s.hours, name(s.status)}) {
      out.append(text).append("|");
    }
    out += std::to_string(s.lat) + "," + std::to_string(s.lon) + "|";
    for (const auto& [system, value] : s.external_ids) out.append(system).append(":").append(value).append("|");
    for (const StockLine& line : s.stock) {
      out.append(line.product).append("=").append(to_text(line.availability)).append("@");
      out.append(std::to_string(line.valid_at.value)).append(line.source).append("|");
    }
    out += "\n";
    return true;
  }));
  return out;
}

TEST(Undo, puts_a_value_back_with_its_claim) {
  Bench b;
  SetAvailability op;
  b.add("A");
  op.site.id = "a";
  op.claim = {kAnyProduct, Availability::of(4), WallTime(b.now + 1), "feed one"};
  b.apply(op);
  const std::string before = picture(b);
  op.claim = {kAnyProduct, Availability::yes(), WallTime(b.now + 2), "feed two"};
  b.apply(op);
  const auto event = b.position;
  EXPECT_TRUE(b.undo(event).ok()) << b.out.message;
  EXPECT_EQ(b.out.before, Availability::yes());
  EXPECT_EQ(b.out.after, Availability::of(4));
  EXPECT_EQ(b.out.stock_version, 4U) << "a change like any other";
  EXPECT_EQ(picture(b), before);
  b.check();
}

// One bulk over all products of a busy site, undone: each of its parts looked at all later events of the site, which took
// seconds in all replicas at once.
TEST(Undo, looks_at_later_events_once_for_all_parts_and_not_without_bound) {
  Bench b;
  b.add("A");
  std::vector<std::string> products;
  for (int i = 0; i < 100; ++i) products.push_back("p" + std::to_string(i));
  const auto changed_often = [&b](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) ASSERT_TRUE(b.set("a", Availability::of(i % 2 + 1), "busy").ok());
  };
  Bulk bulk;
  for (const std::string& product : products) {
    SetAvailability op;
    op.site.id = "a";
    op.claim = {product, Availability::of(7), {}, {}};
    bulk.operations.emplace_back(op);
  }
  ASSERT_TRUE(b.apply(bulk).ok()) << b.out.message;
  const auto event = b.position;
  constexpr std::size_t kTimes = limits::kUndoLooksMax / 5;
  changed_often(kTimes);
  EXPECT_TRUE(b.undo(event).ok()) << "each part alone would fit, all hundred would not: " << b.out.message;
  EXPECT_EQ(b.value("a", "p0"), "-");
  ASSERT_TRUE(b.set("a", Availability::of(5), "p0").ok());
  const auto old = b.position;
  changed_often(limits::kUndoLooksMax + 1);
  EXPECT_EQ(b.undo(old).code, Code::kTooOld);
  EXPECT_NE(b.out.message.find("too often"), std::string::npos) << b.out.message;
  EXPECT_TRUE(b.undo(b.position - 1).ok()) << "the next request has the whole bound again: " << b.out.message;
  b.check();
}

TEST(Undo, of_an_undo_does_it_again) {
  Bench b;
  b.add("A");
  b.set("a", Availability::of(5), "208");
  const std::string with = picture(b);
  const auto event = b.position;
  EXPECT_TRUE(b.undo(event).ok());
  EXPECT_EQ(b.value("a", "208"), "-") << "the line was not there before";
  EXPECT_TRUE(b.undo(event + 1).ok()) << b.out.message;
  EXPECT_EQ(picture(b), with);
  EXPECT_TRUE(b.undo(event + 2).ok()) << b.out.message;
  EXPECT_EQ(b.value("a", "208"), "-");
  EXPECT_EQ(b.undo(event + 1).code, Code::kStaleVersion);
  b.check();
}

TEST(Undo, of_what_was_changed_since_is_refused) {
  Bench b;
  b.add("A", "02138", 10);
  b.reserve("a", 4);
  const auto event = b.position;
  b.reserve("a", 1);
  EXPECT_EQ(b.undo(event).code, Code::kStaleVersion);
  EXPECT_EQ(b.out.after, Availability::of(5)) << "the current value is shown";
  EXPECT_EQ(b.value("a"), "5");
  EXPECT_TRUE(b.undo(event + 1).ok());
  EXPECT_EQ(b.undo(event).code, Code::kStaleVersion) << "the undo is a change too";
}

TEST(Undo, is_not_disturbed_by_other_products_or_fields) {
  Bench b;
  b.add("A", "02138", 10);
  b.reserve("a", 4);
  const auto event = b.position;
  b.set("a", Availability::of(1), "208");
  SiteFields f;
  f.street = "x";
  b.edit("a", f);
  EXPECT_TRUE(b.undo(event).ok());
  EXPECT_EQ(b.value("a"), "10");
}

TEST(Undo, of_an_edit_restores_every_field) {
  Bench b;
  b.add("A", "02139", 1);
  const std::string before = picture(b);
  SiteFields f;
  f.name = "B";
  f.zip = "90210";
  f.street = "1 Main";
  f.state = "CA";
  f.hours = "9-5";
  f.lat = 34.125;
  f.lon = -118.5;
  f.status = SiteStatus::kHidden;
  f.external_ids = {{"cvs", "1"}, {"npi_usa", "2"}};
  b.edit("a", f);
  const auto event = b.position;
  const std::string after = picture(b);
  EXPECT_TRUE(b.undo(event).ok()) << b.out.message;
  EXPECT_EQ(picture(b), before);
  EXPECT_TRUE(b.undo(event + 1).ok()) << b.out.message;
  EXPECT_EQ(picture(b), after);
  b.check();
}

TEST(Undo, of_a_close_needs_the_name) {
  Bench b;
  b.add("A");
  b.apply(CloseSite{{"a", {}}, {}});
  const auto event = b.position;
  b.add("A");
  const auto digest = b.state.digest();
  EXPECT_EQ(b.undo(event).code, Code::kDuplicate);
  EXPECT_EQ(b.state.digest(), digest);
  b.apply(CloseSite{{"a-2", {}}, {}});
  EXPECT_TRUE(b.undo(event).ok());
  EXPECT_EQ(b.site("a").status, SiteStatus::kActive);
}

TEST(Undo, of_an_addition_closes_the_site) {
  Bench b;
  b.add("A", "02138", 3);
  EXPECT_TRUE(b.undo(1).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").status, SiteStatus::kClosed);
  EXPECT_EQ(b.value("a"), "-");
  EXPECT_TRUE(b.undo(2).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").status, SiteStatus::kActive);
  EXPECT_EQ(b.value("a"), "3");
  b.check();
}

TEST(Undo, of_an_addition_is_refused_when_anything_happened_there) {
  Bench b;
  b.add("A", "02138", 3);
  b.set("a", Availability::of(1), "208");
  EXPECT_EQ(b.undo(1).code, Code::kStaleVersion);
}

TEST(Undo, takes_a_whole_bulk_back) {
  Bench b;
  b.add("A", "02138", 10);
  b.add("B", "02138", 10);
  const std::string before = picture(b);
  Bulk bulk;
  SetAvailability op;
  op.site.id = "a";
  op.claim.availability = Availability::of(5);
  bulk.operations.emplace_back(op);
  op.claim.availability = Availability::of(6);
  bulk.operations.emplace_back(op);
  bulk.operations.emplace_back(Reserve{{"b", {}}, kAnyProduct, 3});
  b.apply(bulk);
  const auto event = b.position;
  // valid_at of adjusted counts comes back too, so the pictures are equal.
  EXPECT_TRUE(b.undo(event).ok()) << b.out.message;
  EXPECT_EQ(picture(b), before);
  b.check();
}

TEST(Undo, of_a_bulk_is_all_or_nothing) {
  Bench b;
  b.add("A", "02138", 10);
  b.add("B", "02138", 10);
  Bulk bulk;
  bulk.operations = {Reserve{{"a", {}}, kAnyProduct, 3}, Reserve{{"b", {}}, kAnyProduct, 3}};
  b.apply(bulk);
  const auto event = b.position;
  b.apply(CloseSite{{"a", {}}, {}});
  const auto digest = b.state.digest();
  const auto events = b.state.totals().events;
  EXPECT_EQ(b.undo(event).code, Code::kClosed) << "b was put back first, and is taken back";
  EXPECT_EQ(b.state.digest(), digest);
  EXPECT_EQ(b.state.totals().events, events);
  b.check();
}

// Only what stands counts, and no value that was put back and then taken back.
TEST(Undo, that_is_refused_shows_no_value_that_is_not_there) {
  Bench b;
  ImportRow row;
  row.id = "x-1";
  row.fields.name = "A";
  row.stock = StockClaim{kAnyProduct, Availability::of(5), {}, {}};
  b.apply(row);
  row.fields.name = "B";
  row.stock->availability = Availability::of(6);
  b.apply(row);
  const auto event = b.position;
  b.add("A");
  EXPECT_EQ(b.undo(event).code, Code::kDuplicate) << "the name is taken by now";
  EXPECT_EQ(b.value("x-1"), "6");
  EXPECT_FALSE(b.out.has_stock) << to_text(b.out.after);
}

TEST(Undo, of_what_never_happened_is_not_found) {
  Bench b;
  b.add("A");
  EXPECT_EQ(b.undo(0).code, Code::kNotFound);
  EXPECT_EQ(b.undo(99).code, Code::kNotFound);
  b.set("a", Availability::of(0));
  EXPECT_EQ(b.undo(b.position).code, Code::kNotFound) << "it changed nothing";
  EXPECT_EQ(b.undo(b.position + 1).code, Code::kNotFound) << "itself";
}

TEST(Line, versions_do_not_start_again_after_an_undo) {
  Bench b;
  b.add("A");
  b.set("a", Availability::of(1), "208");
  EXPECT_EQ(b.out.stock_version, 1U);
  b.undo(b.position);
  b.set("a", Availability::of(40), "208");
  EXPECT_EQ(b.out.stock_version, 2U) << "or an old if_version would fit";
  EXPECT_EQ(test::copy(b.state).digest(), b.state.digest());
}

}  // namespace
}  // namespace titer::registry
