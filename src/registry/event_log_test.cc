// SPDX-License-Identifier: Apache-2.0

// The history in three lanes: whose events push out whose, what an answer says of those that are gone, and undo.
#include "registry/event_log.h"

#include <deque>
#include <map>
#include <type_traits>
#include <vector>

#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

constexpr KeyId kOperator{1}, kBusy{2}, kQuiet{3};

// A cluster with keys, and a history of so many events in each lane.
class Lanes : public testing::Test {
 protected:
  explicit Lanes(State::HistoryBounds bounds = {160, std::size_t{1} << 20}) : b(bounds) {
    make_key(kMachine, kOperator, Role::kOperator, {});
    add("busy");
    add("quiet");
    make_key(kOperator, kBusy, Role::kProvider, {"busy"});
    make_key(kOperator, kQuiet, Role::kProvider, {"quiet"});
  }
  Outcome& as(KeyId key, Operation operation) {
    Request request;
    request.operation = std::move(operation);
    request.key = key;
    return b.apply(request);
  }
  void make_key(KeyId by, KeyId key, Role role, std::vector<std::string_view> scope) {
    ASSERT_TRUE(as(by, CreateKey{key, {}, "owner", role, std::move(scope), {}}).ok()) << b.out.message;
  }
  void add(std::string_view id) {
    AddSite op;
    op.id = op.fields.name.emplace(id);
    op.stock = StockClaim{kAnyProduct, Availability::of(1), {}, {}};
    ASSERT_TRUE(as(kOperator, op).ok()) << b.out.message;
  }
  std::uint64_t set(KeyId key, std::string_view site, std::uint64_t count) {
    EXPECT_TRUE(as(key, SetAvailability{{site, {}}, {kAnyProduct, Availability::of(count), {}, {}}, {}}).ok());
    return b.position;
  }
  void flood(int requests) {
    for (int i = 0; i < requests; ++i) set(kBusy, "busy", 10 + static_cast<std::uint64_t>(i));
  }
  std::vector<std::uint64_t> positions(const History& query) {
    std::vector<std::uint64_t> out;
    const auto more = b.state.history(query, [&](const Event& e) {
      out.push_back(e.position.value);
      return true;
    });
    EXPECT_TRUE(more.ok());
    return out;
  }
  Result<bool> ask(const History& query) {
    return b.state.history(query, [](const Event&) { return true; });
  }
  Position removed(const History& query) { return b.state.history_removed(query); }
  static History of_site(std::string_view id) { return {.site = SiteRef{id, {}}, .before = {}, .limit = 2000}; }
  static History of_access() { return {.site = {}, .before = {}, .limit = 2000, .of = History::Of::kAccess}; }

  Bench b;
};

// 210 requests of a provider with one site removed every sign of who had been given a key.
TEST_F(Lanes, no_change_of_a_site_removes_who_was_given_a_key) {
  const auto before = positions(of_access());
  EXPECT_EQ(before, (std::vector<std::uint64_t>{5, 4, 1}));
  flood(2000);
  EXPECT_EQ(positions(of_access()), before);
  EXPECT_EQ(removed(of_access()), Position());
  b.check();
}

TEST_F(Lanes, a_busy_key_pushes_out_its_own_events_and_nobody_elses) {
  set(kQuiet, "quiet", 7);
  const std::uint64_t last = set(kQuiet, "quiet", 8);
  const auto before = positions(of_site("quiet"));
  flood(2000);
  EXPECT_EQ(positions(of_site("quiet")), before);
  const auto busy = positions(of_site("busy"));
  EXPECT_EQ(busy.front(), b.position) << "its newest are there";
  EXPECT_LT(busy.size(), 160U + 160U / 16 + 3);
  EXPECT_EQ(set(kQuiet, "quiet", 9), last + 2001) << "and it goes on";
  b.check();
}

TEST_F(Lanes, keys_that_are_busy_share_what_is_left_by_the_others) {
  for (std::uint64_t i = 0; i < 400; ++i) set(i % 2 == 0 ? kBusy : kQuiet, i % 2 == 0 ? "busy" : "quiet", 20 + i);
  const std::size_t busy = positions(of_site("busy")).size(), quiet = positions(of_site("quiet")).size();
  EXPECT_NEAR(static_cast<double>(busy), static_cast<double>(quiet), 4);
}

TEST_F(Lanes, an_answer_says_what_was_removed) {
  EXPECT_EQ(removed(of_site("busy")), Position());
  flood(2000);
  const Position upto = removed(of_site("busy"));
  EXPECT_GT(upto, Position(1000));
  EXPECT_LT(upto, Position(b.position - 100));
  EXPECT_EQ(removed(of_access()), Position()) << "nothing of these";
}

TEST_F(Lanes, an_answer_of_which_nothing_is_left_is_no_empty_list) {
  Bench old({10, std::size_t{1} << 20});
  old.add("A");
  old.add("B");
  for (int i = 0; i < 50; ++i) old.set("b", Availability::of(static_cast<std::uint64_t>(i) + 1));
  const auto more = old.state.history({.site = SiteRef{"a", {}}, .before = {}}, [](const Event&) { return true; });
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, Code::kTooOld);
  EXPECT_NE(more.error().message.find("older events were removed"), std::string::npos) << more.error().message;
  Bench fresh;
  const auto none = fresh.state.history({}, [](const Event&) { return true; });
  EXPECT_TRUE(none.ok()) << "nothing has happened yet: that is an empty list";
}

TEST_F(Lanes, the_history_of_access_is_of_no_site) {
  History query = of_access();
  query.site = SiteRef{"busy", {}};
  EXPECT_EQ(ask(query).error().code, Code::kInvalid);
  query = {};
  query.audit = false;
  for (const std::uint64_t position : positions(query)) EXPECT_NE(position, 1U) << "only for those who may audit";
}

TEST_F(Lanes, all_events_are_shown_in_one_order_page_by_page) {
  flood(30);
  set(kQuiet, "quiet", 7);
  flood(30);
  std::vector<std::uint64_t> all;
  History page{.site = {}, .before = {}, .limit = 7};
  for (bool more = true; more;) {
    const auto answer = b.state.history(page, [&](const Event& e) {
      all.push_back(e.position.value);
      page.before = e.position;
      return true;
    });
    ASSERT_TRUE(answer.ok());
    more = *answer;
  }
  EXPECT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
  EXPECT_EQ(all.size(), b.state.totals().events);
  std::vector<std::uint64_t> changes;
  ASSERT_TRUE(b.state.changes({{}, 2000}, [&](const Event& e) {
    changes.push_back(e.position.value);
    return true;
  }));
  EXPECT_TRUE(std::is_sorted(changes.begin(), changes.end()));
  EXPECT_EQ(changes.size(), all.size() - 3) << "keys are no changes of sites";
}

TEST_F(Lanes, changes_of_which_some_are_missing_are_too_old) {
  flood(2000);
  const Position complete = b.state.complete_after();
  const auto visit = [](const Event&) { return true; };
  EXPECT_EQ(b.state.changes({Position(complete.value - 1), 10}, visit).error().code, Code::kTooOld);
  EXPECT_TRUE(b.state.changes({complete, 10}, visit).ok());
}

TEST_F(Lanes, undo_reaches_back_where_the_site_was_not_touched_since) {
  const std::uint64_t last = set(kQuiet, "quiet", 7);
  flood(2000);
  ASSERT_LT(last, b.state.complete_after().value);
  ASSERT_TRUE(as(kOperator, Undo{Position(last)}).ok()) << b.out.message;
  EXPECT_EQ(b.value("quiet"), "1");
  b.check();
}

// An event that was dropped may have changed the site: undoing the old event would take that back too.
TEST_F(Lanes, undo_of_a_change_that_others_may_have_followed_is_too_old) {
  flood(9);
  const std::uint64_t last = set(kBusy, "busy", 5);  // the last of its share
  flood(200);
  EXPECT_EQ(as(kOperator, Undo{Position(last)}).code, Code::kStaleVersion) << b.out.message;
  for (std::uint64_t i = 0; i < 400; ++i) set(kQuiet, "quiet", 20 + i);  // pushes out all that is beyond shares
  const auto kept = positions(of_site("busy"));
  ASSERT_EQ(kept.front(), last);
  EXPECT_EQ(as(kOperator, Undo{Position(last)}).code, Code::kTooOld);
  EXPECT_NE(b.out.message.find("no longer kept"), std::string::npos) << b.out.message;
  EXPECT_EQ(as(kOperator, Undo{Position(1)}).code, Code::kInvalid) << "keys";
}

TEST_F(Lanes, a_bulk_that_is_refused_gives_its_share_back) {
  Bulk bulk;
  for (int i = 0; i < 5; ++i)
    bulk.operations.emplace_back(SetAvailability{
        {"busy", {}}, {kAnyProduct, Availability::of(100 + static_cast<std::uint64_t>(i)), {}, {}}, {}});
  bulk.operations.emplace_back(Reserve{{"busy", {}}, kAnyProduct, 1'000'000});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(as(kBusy, bulk).ok());
  b.check();
  set(kBusy, "busy", 7);
  EXPECT_EQ(b.state.dropped(Lane::kExcess), Position());
  flood(9);
  b.check();
}

TEST_F(Lanes, the_events_of_one_request_are_in_one_lane) {
  flood(8);  // two are left of ten
  Bulk bulk;
  for (int i = 0; i < 6; ++i)
    bulk.operations.emplace_back(SetAvailability{
        {"busy", {}}, {kAnyProduct, Availability::of(100 + static_cast<std::uint64_t>(i)), {}, {}}, {}});
  ASSERT_TRUE(as(kBusy, bulk).ok()) << b.out.message;
  ASSERT_TRUE(as(kOperator, Undo{Position(b.position)}).ok()) << b.out.message;
  EXPECT_EQ(b.value("busy"), "17");
  b.check();
}

// A slow, obvious model: the lanes as lists, and what each key has in the first.
struct LanesModel {
  struct One {
    std::uint64_t position = 0, key = 0, bytes = 0;
    bool operator==(const One&) const = default;
  };
  EventRing::Bounds bounds;
  std::map<Lane, std::deque<One>> lanes;

  Lane choose(std::uint64_t key) {
    std::size_t events = 0, bytes = 0;
    for (const One& one : lanes[Lane::kShare]) {
      if (one.key != key) continue;
      ++events;
      bytes += one.bytes;
    }
    const bool full = events >= bounds.events / 16 || bytes >= bounds.bytes / 16;
    return key != 0 && full ? Lane::kExcess : Lane::kShare;
  }
  void trim() {
    for (auto& [lane, list] : lanes) {
      std::size_t bytes = 0;
      for (const One& one : list) bytes += one.bytes;
      while (list.size() > bounds.events || bytes > bounds.bytes) {
        bytes -= list.front().bytes;
        list.pop_front();
      }
    }
  }
};

std::deque<LanesModel::One> listed(const EventRing& ring) {
  std::deque<LanesModel::One> out;
  Record record;
  for (std::uint64_t at = ring.begin(); at < ring.end(); at = record.next) {
    ring.read(at, record);
    out.push_back({record.event.position.value, record.key.value, record.next - at});
  }
  return out;
}

TEST(EventLog, behaves_as_the_obvious_model) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomRequests chance(seed);
    const EventRing::Bounds bounds{32 + chance.below(100), 500 + chance.below(4000), std::int64_t{1} << 40};
    EventLog log(bounds, bounds);
    LanesModel model{bounds, {}};
    for (std::uint64_t position = 1; position <= 1500; ++position) {
      const KeyId key(chance.below(3) == 0 ? chance.below(8) : 1);
      const EventKind kind = chance.below(20) == 0 ? EventKind::kCreateKey : EventKind::kSetAvailability;
      const EventLog::Mark mark = log.mark();
      const bool bulk = kind == EventKind::kSetAvailability && chance.below(5) == 0;
      const bool refused = bulk && chance.below(2) == 0;
      const Lane lane = concerns_site(kind) ? model.choose(key.value) : Lane::kAccess;
      for (std::uint64_t part = 0; part < (bulk ? 1 + chance.below(6) : 1); ++part) {
        Record record;
        record.event.position = Position(position);
        record.event.part = static_cast<std::uint32_t>(part);
        record.event.kind = kind;
        record.event.time = WallTime(1'700'000'000'000);
        const std::string reason(chance.below(60), 'r');
        record.event.reason = reason;
        record.slot = concerns_site(kind) ? 0 : kNil;
        record.key = key;
        ASSERT_EQ(log.lane_of(key, kind, Position(position)), lane);
        record.excess = lane == Lane::kExcess;
        const std::uint64_t at = log.append(record);
        if (!refused) model.lanes[lane].push_back({position, key.value, log[lane].end() - at});
      }
      if (refused) log.rewind(mark);
      log.trim(WallTime(1'700'000'000'000));
      model.trim();
      ASSERT_TRUE(log.shares_agree());
      if (position % 50 != 0) continue;
      for (const Lane each : kAllLanes) ASSERT_EQ(listed(log[each]), model.lanes[each]);
    }
  }
}

// A step may end in the middle of a lane, or between two lanes of the same positions.
TEST_F(Lanes, answer_in_steps_what_they_answer_at_once) {
  for (int i = 0; i < 30; ++i) {
    flood(1);
    set(kQuiet, "quiet", 100 + static_cast<std::uint64_t>(i));
    if (i % 7 == 0) make_key(kOperator, KeyId(100 + static_cast<std::uint64_t>(i)), Role::kReader, {});
  }
  for (const Lane lane : kAllLanes) {
    Bytes events;
    (void)b.state.write_events(lane, Position(), std::size_t{1} << 20, events);
    ASSERT_FALSE(events.empty()) << "every lane has some";
  }
  const auto in_steps = [this](std::uint32_t rows, const auto& query) {
    std::vector<std::uint64_t> seen;
    Progress progress;
    Result<bool> more = false;
    const auto visit = [&](const Event& e) {
      seen.push_back(e.position.value);
      return true;
    };
    do {
      progress.begin_step(rows);
      if constexpr (std::is_same_v<std::decay_t<decltype(query)>, History>)
        more = b.state.history(query, visit, progress);
      else
        more = b.state.changes(query, visit, progress);
      EXPECT_TRUE(more.ok());
    } while (progress.unfinished);
    seen.push_back(more.ok() && *more ? 1 : 0);
    return seen;
  };
  for (const std::uint32_t limit : {1U, 5U, 40U, 2'000U}) {
    for (std::uint64_t at = 0; at <= b.position + 1; at += 3) {
      const History history{{}, Position(at), limit, History::Of::kEverything, true};
      const History of_site{SiteRef{"busy", {}}, Position(at), limit, History::Of::kEverything, true};
      const Changes changes{Position(at), limit};
      for (const std::uint32_t rows : {1U, 3U, 10U}) {
        ASSERT_EQ(in_steps(rows, history), in_steps(1'000'000, history)) << at << ", " << limit << ", " << rows;
        ASSERT_EQ(in_steps(rows, of_site), in_steps(1'000'000, of_site)) << at << ", " << limit << ", " << rows;
        ASSERT_EQ(in_steps(rows, changes), in_steps(1'000'000, changes)) << at << ", " << limit << ", " << rows;
      }
    }
  }
  EXPECT_GT(in_steps(3, History{{}, {}, 2'000, History::Of::kEverything, true}).size(), 40U);
}

}  // namespace
}  // namespace titer::registry
