// SPDX-License-Identifier: Apache-2.0

#include "base/limits.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

TEST(Set, stores_each_kind_as_claimed) {
  Bench b;
  b.add("Elm Street Clinic");
  for (const auto value :
       {Availability::of(12), Availability::yes(), Availability::no(), Availability::unknown()}) {
    ASSERT_TRUE(b.set("elm-street-clinic", value).ok()) << b.out.message;
    EXPECT_TRUE(b.out.changed);
    EXPECT_EQ(b.out.after, value);
    EXPECT_EQ(b.site("elm-street-clinic").stock.at(0).availability, value);
  }
  b.check();
}

TEST(Set, by_name_as_in_the_seed) {
  Bench b;
  b.add("Harvard University");
  SetAvailability op;
  op.site.name = "Harvard University";
  op.claim.availability = Availability::of(3);
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.out.site_id, "harvard-university");
  EXPECT_EQ(b.out.before, Availability::of(0));
  EXPECT_EQ(b.value("harvard-university"), "3");
}

TEST(Set, of_the_same_value_moves_only_the_marks) {
  Bench b;
  b.add("A", "02138", 5);
  const StockLine before = b.site("a").stock[0];
  const auto events = b.state.totals().events;
  const auto digest = b.state.digest();
  EXPECT_TRUE(b.set("a", Availability::of(5)).ok());
  EXPECT_FALSE(b.out.changed);
  const StockLine after = b.site("a").stock[0];
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.changed_at, before.changed_at);
  EXPECT_EQ(after.checked_at, WallTime(b.now));
  EXPECT_EQ(after.valid_at, WallTime(b.now));
  EXPECT_EQ(b.state.totals().events, events);
  EXPECT_NE(b.state.digest(), digest);
  b.check();
}

TEST(Set, of_an_older_claim_is_out_of_date) {
  Bench b;
  b.add("A");
  SetAvailability op;
  op.site.id = "a";
  op.claim.availability = Availability::of(7);
  op.claim.valid_at = WallTime(b.now);
  EXPECT_TRUE(b.apply(op).ok());
  op.claim.availability = Availability::of(9);
  op.claim.valid_at = WallTime(op.claim.valid_at->value - 1);
  EXPECT_EQ(b.apply(op).code, Code::kOutOfDate);
  EXPECT_EQ(b.out.after, Availability::of(7)) << "the current value is shown";
  EXPECT_EQ(b.value("a"), "7");
}

TEST(Set, with_a_stale_version_shows_the_current_values) {
  Bench b;
  b.add("A", "02138", 5);
  SetAvailability op;
  op.site.id = "a";
  op.claim.availability = Availability::of(6);
  op.if_version = 1;
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.out.stock_version, 2U);
  op.claim.availability = Availability::of(9);
  EXPECT_EQ(b.apply(op).code, Code::kStaleVersion);
  EXPECT_TRUE(b.out.has_stock);
  EXPECT_EQ(b.out.before, Availability::of(6));
  EXPECT_EQ(b.out.stock_version, 2U);
  op.if_version = 0;
  EXPECT_EQ(b.apply(op).code, Code::kStaleVersion);
  op.claim.product = "208";
  EXPECT_TRUE(b.apply(op).ok()) << "0 says that the line must not exist yet";
}

TEST(Conditions, ask_for_a_line_that_exists_or_for_one_of_several_versions) {
  Bench b;
  b.add("A", "02138", 5);  // version 1
  SetAvailability set{{"a", {}}, {"208", Availability::of(6), {}, {}}, Precondition::exists()};
  EXPECT_EQ(b.apply(set).code, Code::kStaleVersion) << "no line is made";
  EXPECT_NE(b.out.message.find("does not exist"), std::string::npos) << b.out.message;
  set.claim.product = kAnyProduct;
  EXPECT_TRUE(b.apply(set).ok());  // version 2
  const std::uint32_t two[] = {2, 9}, others[] = {1, 3};
  set.claim.availability = Availability::of(7);
  set.if_version = Precondition::one_of(others).value();
  EXPECT_EQ(b.apply(set).code, Code::kStaleVersion);
  set.if_version = Precondition::none_of(two).value();
  EXPECT_EQ(b.apply(set).code, Code::kStaleVersion);
  set.if_version = Precondition::never();
  EXPECT_EQ(b.apply(set).code, Code::kStaleVersion);
  EXPECT_EQ(b.value("a"), "6");
  set.if_version = Precondition::one_of(two).value();
  EXPECT_TRUE(b.apply(set).ok());
}

TEST(Conditions, hold_for_reserve_and_release_too) {
  Bench b;
  b.add("A", "02138", 5);
  const SiteRef a{"a", {}};
  EXPECT_EQ(b.apply(Reserve{a, kAnyProduct, 1, 7}).code, Code::kStaleVersion);
  EXPECT_EQ(b.out.stock_version, 1U) << "the current version is shown";
  EXPECT_EQ(b.apply(Release{a, kAnyProduct, 1, 7}).code, Code::kStaleVersion);
  EXPECT_EQ(b.value("a"), "5");
  EXPECT_TRUE(b.apply(Reserve{a, kAnyProduct, 1, 1}).ok());
  EXPECT_TRUE(b.apply(Release{a, kAnyProduct, 1, 2}).ok());
}

TEST(Set, refuses_what_cannot_be_kept) {
  Bench b;
  b.add("A");
  EXPECT_EQ(b.set("a", Availability::of(limits::kCountMax + 1)).code, Code::kTooLarge);
  EXPECT_EQ(b.set("a", Availability::of(1), "two words").code, Code::kInvalid);
  EXPECT_EQ(b.set("a", {Availability::Kind::kYes, 4}).code, Code::kInvalid);
  EXPECT_EQ(b.set("b", Availability::of(1)).code, Code::kNotFound);
  EXPECT_EQ(b.apply(SetAvailability{}).code, Code::kInvalid);
  b.actor = "a\nb";
  EXPECT_EQ(b.set("a", Availability::of(1)).code, Code::kInvalid);
  EXPECT_EQ(b.value("a"), "0");
}

TEST(Adjust, never_goes_below_zero) {
  Bench b;
  b.add("A", "02138", 3);
  Adjust op{{"a", {}}, kAnyProduct, -3, {}};
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.apply(op).code, Code::kNotEnough);
  EXPECT_EQ(b.out.before, Availability::of(0));
  EXPECT_NE(b.out.message.find("0 doses"), std::string::npos) << b.out.message;
  op.by = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(b.apply(op).code, Code::kNotEnough);
  op.by = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(b.apply(op).code, Code::kTooLarge);
  op.by = static_cast<std::int64_t>(limits::kCountMax);
  EXPECT_TRUE(b.apply(op).ok());
  op.by = 1;
  EXPECT_EQ(b.apply(op).code, Code::kTooLarge);
  op.by = 0;
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_FALSE(b.out.changed);
  b.check();
}

TEST(Adjust, works_only_on_counts) {
  Bench b;
  b.add("A");
  for (const auto value : {Availability::yes(), Availability::no(), Availability::unknown()}) {
    b.set("a", value);
    EXPECT_EQ(b.apply(Adjust{{"a", {}}, kAnyProduct, 1, {}}).code, Code::kNotACount);
    EXPECT_EQ(b.out.after, value);
    EXPECT_EQ(b.reserve("a", 1).code, Code::kNotACount);
  }
  EXPECT_EQ(b.apply(Adjust{{"a", {}}, "208", 1, {}}).code, Code::kNotFound);
}

TEST(Reserve, never_gives_more_than_there_is) {
  Bench b;
  b.add("A", "02138", 10);
  std::uint64_t given = 0;
  for (std::uint64_t n = 1; n < 8; ++n) {
    if (b.reserve("a", n).ok()) {
      given += n;
    } else {
      EXPECT_EQ(b.out.code, Code::kNotEnough);
    }
  }
  EXPECT_EQ(given, 10U);
  EXPECT_EQ(b.value("a"), "0");
  EXPECT_EQ(b.reserve("a", 0).code, Code::kInvalid);
  EXPECT_EQ(b.reserve("a", limits::kCountMax + 1).code, Code::kInvalid);
}

TEST(Release, gives_doses_back_up_to_the_limit) {
  Bench b;
  b.add("A", "02138", limits::kCountMax - 1);
  Release op{{"a", {}}, kAnyProduct, 1};
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.apply(op).code, Code::kTooLarge);
  op.doses = 0;
  EXPECT_EQ(b.apply(op).code, Code::kInvalid);
}

TEST(Reserve, makes_older_claims_out_of_date) {
  Bench b;
  b.add("A", "02138", 10);
  const WallTime before(b.now);
  b.reserve("a", 4);
  SetAvailability file;
  file.site.id = "a";
  file.claim.availability = Availability::of(10);
  file.claim.valid_at = before;
  EXPECT_EQ(b.apply(file).code, Code::kOutOfDate) << "or four doses would be promised twice";
  EXPECT_EQ(b.value("a"), "6");
}

// Moving doses is no count: an old number does not become fresh by a reservation.
TEST(Reserve, release_and_adjust_leave_the_claim_as_old_as_it_is) {
  Bench b;
  b.add("A", "02138", 10);
  const StockLine counted = b.site("a").stock[0];
  b.now += std::int64_t{30} * 24 * 3600 * 1000;
  b.reserve("a", 4);
  b.apply(Release{{"a", {}}, kAnyProduct, 1});
  b.apply(Adjust{{"a", {}}, kAnyProduct, 2, {}});
  const StockLine moved = b.site("a").stock[0];
  EXPECT_EQ(moved.availability, Availability::of(9));
  EXPECT_EQ(moved.valid_at, counted.valid_at);
  EXPECT_EQ(moved.checked_at, counted.checked_at);
  EXPECT_EQ(moved.changed_at, WallTime(b.now));
  EXPECT_EQ(freshness(moved, WallTime(b.now)), Freshness::kExpired);
  EXPECT_TRUE(b.set("a", Availability::of(9)).ok());
  EXPECT_EQ(freshness(b.site("a").stock[0], WallTime(b.now)), Freshness::kFresh) << "counted again";
  b.check();
}

// A frame gives all its requests one time: the reservation is nevertheless after the count.
TEST(Reserve, in_the_millisecond_of_the_count_makes_older_claims_out_of_date) {
  Bench b;
  b.add("A", "02138", 10);
  b.now -= 1000;
  EXPECT_TRUE(b.reserve("a", 4).ok());
  SetAvailability old;
  old.site.id = "a";
  old.claim = {kAnyProduct, Availability::of(10), WallTime(b.now), {}};
  b.now -= 1000;
  EXPECT_TRUE(b.apply(old).ok()) << "as of now is never too old: " << b.out.message;
  b.check();
}

TEST(Available, sites_are_those_whose_claim_has_not_expired_unless_asked) {
  Bench b;
  b.add("Old", "02138", 5);
  b.now += FreshnessBounds().expired_after_ms;
  b.add("New", "02138", 5);
  const auto found = [&b](WallTime claimed_since) {
    ListSites query;
    query.filter.available_only = true;
    query.filter.claimed_since = claimed_since;
    std::string names;
    EXPECT_TRUE(b.state.list(query, [&names](const Site& site) {
      names += std::string(site.name) + " ";
      return true;
    }));
    return names;
  };
  EXPECT_EQ(found(not_expired_since(WallTime(b.now))), "New ");
  EXPECT_EQ(found({}), "New Old ");
}

TEST(Stock, of_a_closed_site_cannot_change) {
  Bench b;
  b.add("A", "02138", 10);
  EXPECT_TRUE(b.apply(CloseSite{{"a", {}}, {}}).ok());
  EXPECT_EQ(b.set("a", Availability::of(1)).code, Code::kClosed);
  EXPECT_EQ(b.reserve("a", 1).code, Code::kClosed);
  EXPECT_EQ(b.apply(Adjust{{"a", {}}, kAnyProduct, 1, {}}).code, Code::kClosed);
  EXPECT_EQ(b.apply(Release{{"a", {}}, kAnyProduct, 1}).code, Code::kClosed);
  EXPECT_EQ(b.value("a"), "10");
}

TEST(Stock, lines_are_bounded_and_sorted_by_product) {
  Bench b;
  b.add("A");
  for (std::size_t i = 1; i < limits::kStockLinesMax; ++i) {
    ASSERT_TRUE(b.set("a", Availability::of(i), "p" + std::to_string(i * 7919 % 1000)).ok());
  }
  EXPECT_EQ(b.set("a", Availability::of(1), "one-more").code, Code::kTooLarge);
  b.check();
}

TEST(Freshness, follows_valid_at_and_its_bounds) {
  StockLine line;
  line.availability = Availability::of(1);
  EXPECT_EQ(freshness(line, WallTime(5)), Freshness::kUnknown);
  line.changed_at = WallTime(1000);
  EXPECT_EQ(freshness(line, WallTime(1000)), Freshness::kUnknown) << "doses were moved, and nobody counted";
  line.checked_at = WallTime(1000);
  EXPECT_EQ(freshness(line, WallTime(1000)), Freshness::kFresh);
  line.valid_at = WallTime(2000);
  EXPECT_EQ(freshness(line, WallTime(2000 + 24LL * 3600 * 1000 - 1)), Freshness::kFresh);
  EXPECT_EQ(freshness(line, WallTime(2000 + 24LL * 3600 * 1000)), Freshness::kStale);
  EXPECT_EQ(freshness(line, WallTime(2000 + 29LL * 24 * 3600 * 1000)), Freshness::kExpired);
  line.availability = Availability::unknown();
  EXPECT_EQ(freshness(line, WallTime(2000)), Freshness::kUnknown);
}

TEST(Availability, is_written_and_read_in_four_forms) {
  for (const char* text : {"0", "12", "1000000000", "true", "false", "unknown"}) {
    ASSERT_TRUE(parse_availability(text)) << text;
    EXPECT_EQ(to_text(*parse_availability(text)), text);
  }
  EXPECT_EQ(parse_availability("True"), Availability::yes());
  EXPECT_EQ(parse_availability("NO"), Availability::no());
  for (const char* text : {"", "-1", "1.5", " 1", "tru", "99999999999999999999"}) {
    EXPECT_FALSE(parse_availability(text)) << text;
  }
}

}  // namespace
}  // namespace titer::registry
