// SPDX-License-Identifier: Apache-2.0

#include <map>

#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

std::vector<std::uint64_t> positions(const State& state, const History& query) {
  std::vector<std::uint64_t> out;
  const auto more = state.history(query, [&](const Event& e) {
    out.push_back(e.position.value);
    return true;
  });
  EXPECT_TRUE(more.ok());
  return out;
}

// The parts of each position, in the order of the history.
std::map<std::uint64_t, std::vector<std::uint32_t>> parts_of(const State& state) {
  std::map<std::uint64_t, std::vector<std::uint32_t>> parts;
  for (Position since = state.complete_after();;) {
    const auto more = state.changes({since, 7}, [&](const Event& e) {
      parts[e.position.value].push_back(e.part);
      since = e.position;
      return true;
    });
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return parts;
  }
}

TEST(Event, of_a_request_with_two_effects_each_has_its_number) {
  Bench b;
  b.add("A", "02138", 3);
  Bulk bulk;
  for (const char* name : {"B", "C"}) {
    AddSite add;
    add.fields.name = name;
    add.stock = StockClaim{kAnyProduct, Availability::of(1), {}, {}};
    bulk.operations.emplace_back(add);
  }
  ASSERT_TRUE(b.apply(bulk).ok()) << b.out.message;
  using Parts = std::vector<std::uint32_t>;
  const auto parts = parts_of(b.state);
  EXPECT_EQ(parts.at(1), (Parts{0, 1}));
  EXPECT_EQ(parts.at(2), (Parts{0, 1, 2, 3}));
}

// A listener knows where it stands by position and part: two events with one number would be one for it.
TEST(Event, is_numbered_within_its_position_from_0_whatever_was_asked) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomRequests requests(seed);
    Bench b;
    for (int i = 0; i < 1000; ++i) b.apply(requests.next(b.position + 1, b.now));
    for (const auto& [position, parts] : parts_of(b.state))
      for (std::uint32_t n = 0; n < parts.size(); ++n) ASSERT_EQ(parts[n], n) << "at position " << position;
  }
}

TEST(Event, says_who_what_when_and_why) {
  Bench b;
  b.add("A", "02138", 3);
  Request request;
  request.operation = Reserve{{"a", {}}, kAnyProduct, 2};
  request.actor = "nurse";
  request.reason = "walk-in";
  request.idempotency_key = "key-1";
  b.apply(request);
  bool seen = false;
  EXPECT_TRUE(b.state.changes({Position(1), 10}, [&](const Event& e) {
    seen = true;
    EXPECT_EQ(e.position, Position(2));
    EXPECT_EQ(e.time, WallTime(b.now));
    EXPECT_EQ(e.kind, EventKind::kReserve);
    EXPECT_EQ(e.actor, "nurse");
    EXPECT_EQ(e.site_id, "a");
    EXPECT_EQ(e.product, "any");
    EXPECT_EQ(e.before, Availability::of(3));
    EXPECT_EQ(e.after, Availability::of(1));
    EXPECT_TRUE(e.existed);
    EXPECT_EQ(e.reason, "walk-in");
    EXPECT_EQ(e.idempotency_key, "key-1");
    return true;
  }));
  EXPECT_TRUE(seen);
}

TEST(Event, of_an_edit_has_every_changed_field) {
  Bench b;
  b.add("A");
  SiteFields f;
  f.zip = "90210";
  f.city = "X";
  f.lat = 34;
  f.lon = -118.5;
  b.edit("a", f);
  std::string text;
  EXPECT_TRUE(b.state.changes({Position(1), 10}, [&](const Event& e) {
    for (const FieldChange& c : e.fields)
      text.append(c.field).append(":").append(c.before).append(">").append(c.after).append(" ");
    return true;
  }));
  EXPECT_EQ(text, "zip:02138>90210 city:>X state:MA>CA lat:>34 lon:>-118.5 ");
}

TEST(History, of_a_site_is_its_own_newest_first) {
  Bench b;
  b.add("A", "02138", 100);
  b.add("B", "02138", 100);
  for (int i = 0; i < 3; ++i) {
    b.reserve("a", 1);
    b.reserve("b", 1);
  }
  EXPECT_EQ(positions(b.state, {SiteRef{"a", {}}, {}, 100}), (std::vector<std::uint64_t>{7, 5, 3, 1, 1}));
  EXPECT_EQ(positions(b.state, {SiteRef{{}, "B"}, Position(6), 100}), (std::vector<std::uint64_t>{4, 2, 2}));
  EXPECT_EQ(positions(b.state, {{}, Position(5), 2}), (std::vector<std::uint64_t>{4, 3}));
  EXPECT_EQ(b.state.history({SiteRef{"c", {}}, {}, 10}, [](const Event&) { return true; }).error().code,
            Code::kNotFound);
}

TEST(History, is_bounded_by_events_oldest_dropped_first) {
  Bench b({10, std::size_t{1} << 20});
  b.add("A", "02138", 100);
  for (int i = 0; i < 30; ++i) b.reserve("a", 1);
  EXPECT_EQ(b.state.totals().events, 10U);
  EXPECT_EQ(b.state.totals().oldest_event, Position(22));
  EXPECT_EQ(positions(b.state, {SiteRef{"a", {}}, {}, 100}).size(), 10U);
  b.check();
  EXPECT_EQ(b.undo(5).code, Code::kTooOld);
  EXPECT_TRUE(b.undo(31).ok());
}

TEST(History, is_bounded_by_bytes) {
  Bench b({1'000'000, 300'000});
  b.add("A", "02138", 1'000'000);
  b.reason = "because";
  for (int i = 0; i < 20'000; ++i) b.reserve("a", 1);
  EXPECT_LT(b.state.totals().events, 10'000U);
  EXPECT_GT(b.state.totals().events, 2000U);
  b.check();
}

TEST(Changes, that_reach_too_far_back_say_where_to_start) {
  Bench b({10, std::size_t{1} << 20});
  b.add("A", "02138", 100);
  for (int i = 0; i < 30; ++i) b.reserve("a", 1);
  const auto all = [](const Event&) { return true; };
  const auto old = b.state.changes({Position(20), 100}, all);
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().code, Code::kTooOld);
  EXPECT_NE(old.error().message.find("22"), std::string::npos) << old.error().message;
  EXPECT_TRUE(b.state.changes({Position(21), 100}, all).ok()) << "everything after 21 is kept";
  EXPECT_TRUE(b.state.changes({Position(31), 100}, all).ok());
}

TEST(Changes, come_in_order_and_never_cut_a_bulk) {
  Bench b;
  b.add("A", "02138", 100);
  Bulk bulk;
  bulk.operations.assign(5, Reserve{{"a", {}}, kAnyProduct, 1});
  b.apply(bulk);
  b.reserve("a", 1);
  std::vector<std::uint64_t> seen;
  Position since;
  for (bool more = true; more;) {
    const auto page = b.state.changes({since, 3}, [&](const Event& e) {
      seen.push_back(e.position.value);
      since = e.position;
      return true;
    });
    ASSERT_TRUE(page.ok());
    more = *page;
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 1, 2, 2, 2, 2, 2, 3}));
}

TEST(Changes, over_many_chunks_are_all_there) {
  Bench b;
  b.add("A", "02138", 1'000'000);
  for (int i = 0; i < 5000; ++i) b.reserve("a", 1);
  for (const std::uint64_t since : {0ULL, 1ULL, 1000ULL, 1023ULL, 4999ULL, 5001ULL}) {
    std::uint64_t expected = since;
    const auto more = b.state.changes({Position(since), 2000}, [&](const Event& e) {
      EXPECT_TRUE(e.position.value == expected + 1 || e.position.value == 1);
      expected = e.position.value;
      return true;
    });
    ASSERT_TRUE(more.ok());
    EXPECT_EQ(expected, std::min<std::uint64_t>(5001, since + (since == 0 ? 1999 : 2000)));
  }
}

TEST(ChangedSites, are_those_after_the_position) {
  Bench b;
  b.add("A");
  b.add("B");
  b.add("C");
  b.set("b", Availability::of(4));
  std::string seen;
  EXPECT_TRUE(b.state.changed_sites(Position(2), [&](const Site& s) {
    seen += s.id;
    return true;
  }));
  EXPECT_EQ(seen, "bc");
}

// By commit times, which are the same at every replica.
TEST(History, older_than_its_bound_is_dropped) {
  Bench b({1000, 1 << 20, 10'000});
  b.add("A", "02138", 100);
  for (int i = 0; i < 30; ++i) b.reserve("a", 1);  // one a second
  EXPECT_EQ(b.state.totals().oldest_event, Position(b.position - 10));
  EXPECT_EQ(b.state.complete_after(), Position(b.position - 11));
  EXPECT_EQ(b.state.changes({Position(5), 10}, [](const Event&) { return true; }).error().code, Code::kTooOld);
  b.now += 1'000'000;
  b.reserve("a", 1);
  EXPECT_EQ(b.state.totals().events, 1U);
  b.now += 1'000'000;
  b.reserve("a", 1000);  // refused: no event, but time goes on
  EXPECT_EQ(b.state.totals().events, 0U);
  b.check();
}

}  // namespace
}  // namespace titer::registry
