// SPDX-License-Identifier: Apache-2.0

// Queries that are answered in steps (progress.h), against a model that looks at every site.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <tuple>

#include "base/limits.h"
#include "base/text.h"
#include "registry/geo.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

using Distances = std::vector<std::pair<double, std::string>>;

// Sites from 10 m to 1,000 km around a few places, the pole and the date line among them; some are at one point.
struct Map {
  static constexpr std::size_t kSites = 3'000;
  static constexpr std::pair<double, double> kPlaces[] = {
      {42.38, -71.12}, {40, -100}, {51.9, 179.9}, {89.5, 10}, {-17, -179.99}};

  explicit Map(unsigned seed) : random(seed) {
    for (std::size_t i = 0; i < kSites; ++i) add(i);
  }
  double real(double from, double to) { return std::uniform_real_distribution<double>(from, to)(random); }
  std::pair<double, double> point() {
    const auto [lat, lon] = kPlaces[random() % std::size(kPlaces)];
    if (random() % 4 == 0) return {lat, lon};
    const double spread = std::pow(10, real(-4, 1));
    const double east = lon + real(-spread, spread) * 2;
    return {std::clamp(lat + real(-spread, spread), -90.0, 90.0), east > 180    ? east - 360
                                                                  : east < -180 ? east + 360
                                                                                : east};
  }
  void add(std::size_t i) {
    ImportRow op;  // keeps a site whose point is not in its state
    const std::string id = "s" + std::to_string(i), name = (i % 3 == 0 ? "Pharmacy " : "Clinic ") + id;
    op.id = id;
    op.fields.name = name;
    op.fields.state = i % 2 == 0 ? "MA" : "NE";
    const auto [lat, lon] = point();
    op.fields.lat = lat;
    op.fields.lon = lon;
    bench.apply(op);
    if (random() % 2 == 0) bench.set(id, Availability::of(random() % 3), "208");
    if (random() % 300 == 0) bench.set(id, Availability::of(random() % 2), "309");
    if (random() % 20 == 0) bench.apply(CloseSite{{id, {}}, {}});
  }
  SiteFilter filter() {
    SiteFilter f;
    if (random() % 3 == 0) f.products = {"208", "any"};
    if (random() % 3 == 0) f.state = "MA";
    static constexpr std::string_view kTexts[] = {"pharm", "Y S12", "c s2999", "nobody has this"};
    if (random() % 4 == 0) f.text = kTexts[random() % std::size(kTexts)];
    if (random() % 5 == 0) f.products = {"309"};  // which few have
    f.available_only = random() % 3 == 0;
    f.with_closed = random() % 4 == 0;
    return f;
  }
  [[nodiscard]] static std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
  }
  [[nodiscard]] static bool fits(const Site& s, const SiteFilter& f) {
    const auto line = [&](const StockLine& l) {
      const bool asked = f.products.empty() || std::ranges::count(f.products, l.product) > 0;
      return asked && (!f.available_only || l.availability.available());
    };
    return (f.with_closed || s.status == SiteStatus::kActive) && (f.state.empty() || s.state == f.state) &&
           lower(s.name).find(lower(f.text)) != std::string::npos &&
           ((f.products.empty() && !f.available_only) || std::any_of(s.stock.begin(), s.stock.end(), line));
  }
  [[nodiscard]] Distances expected(const Near& query) const {
    Distances rows;
    for (std::size_t i = 0; i < kSites; ++i) {
      const Result<Site> site = bench.state.get({"s" + std::to_string(i), {}});
      const double metres = distance_m(query.lat, query.lon, site->lat, site->lon);
      if (metres <= query.within_m && fits(*site, query.filter)) rows.emplace_back(metres, site->id);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::mt19937 random;
  Bench bench;
};

struct Asked {
  Distances rows;
  bool more = false;
  std::size_t steps = 0;
};
Asked ask_in_steps(const State& state, const Near& query, std::uint32_t rows_max) {
  Asked asked;
  Progress progress;
  do {
    progress.begin_step(rows_max);
    const auto visit = [&](const Site& s, double metres) {
      asked.rows.emplace_back(metres, s.id);
      return true;
    };
    const Result<bool> more = state.near(query, visit, progress);
    EXPECT_TRUE(more.ok());
    asked.more = more.ok() && *more;
    ++asked.steps;
  } while (progress.unfinished);
  return asked;
}

TEST(Steps, near_finds_what_a_search_of_all_sites_finds) {
  Map map(7);
  for (int round = 0; round < 300; ++round) {
    Near query;
    std::tie(query.lat, query.lon) = map.point();
    const double radii[] = {0.01, 20, 5'000, 40'000, 300'000, limits::kNearMetresMax};
    query.within_m = round % 2 == 0 ? radii[map.random() % std::size(radii)] : map.real(1, limits::kNearMetresMax);
    query.limit = round % 5 == 0 ? 2'000 : 1 + static_cast<std::uint32_t>(map.random() % 40);
    query.filter = map.filter();
    Distances expected = map.expected(query);
    const bool more = expected.size() > query.limit;
    if (more) expected.resize(query.limit);
    for (const std::uint32_t rows : {1U, 100U, 1'000'000U}) {
      const Asked asked = ask_in_steps(map.bench.state, query, rows);
      ASSERT_EQ(asked.rows, expected) << "round " << round << ", " << rows << " rows per step";
      EXPECT_EQ(asked.more, more);
    }
  }
}

// What a step costs is counted in rows. So a query that must look at all sites takes as many steps as there are rows for.
TEST(Steps, no_step_looks_at_more_rows_than_it_may) {
  Map map(8);
  Near near;
  std::tie(near.lat, near.lon) = Map::kPlaces[0];
  near.within_m = limits::kNearMetresMax;
  near.filter.text = "zq";  // nobody has this, and no summary says so of two letters
  std::size_t around = 0;
  for (std::size_t i = 0; i < Map::kSites; ++i) {
    const Result<Site> site = map.bench.state.get({"s" + std::to_string(i), {}});
    around += distance_m(near.lat, near.lon, site->lat, site->lon) <= near.within_m ? 1 : 0;
  }
  ASSERT_GT(around, 300U);
  EXPECT_GE(ask_in_steps(map.bench.state, near, 10).steps, around / 10);

  const auto steps = [](const std::function<Result<bool>(Progress&)>& ask) {
    Progress progress;
    std::size_t count = 0;
    do {
      progress.begin_step(10);
      EXPECT_TRUE(ask(progress).ok());
      ++count;
    } while (progress.unfinished);
    return count;
  };
  ListSites list;
  list.filter.text = "zq";
  const auto no_site = [](const Site&) { return true; };
  EXPECT_GE(steps([&](Progress& p) { return map.bench.state.list(list, no_site, p); }), Map::kSites / 10 - 20);
  const auto any_event = [](const Event&) { return true; };
  const std::size_t events = map.bench.state.totals().events;
  EXPECT_GE(steps([&](Progress& p) {
              return map.bench.state.history({{}, {}, 2'000, History::Of::kEverything, true}, any_event, p);
            }),
            2'000 / 10U);
  EXPECT_GE(steps([&](Progress& p) { return map.bench.state.changes({{}, 2'000}, any_event, p); }), 2'000 / 10U);
  ASSERT_GT(events, 2'000U);
  // One site, and a position that all its events are above.
  for (int i = 0; i < 100; ++i) map.bench.set("s0", Availability::of(static_cast<std::uint64_t>(i) + 5), "208");
  const History old{SiteRef{"s0", {}}, Position(1), 100, History::Of::kEverything, true};
  EXPECT_GE(steps([&](Progress& p) { return map.bench.state.history(old, any_event, p); }), 100 / 10U);
}

// What a question says that it looked at.
class Explained : public testing::Test {
 protected:
  Explanation near(double within_m, const SiteFilter& filter, std::uint32_t limit = 20) {
    Near query;
    std::tie(query.lat, query.lon) = Map::kPlaces[1];
    query.within_m = within_m;
    query.filter = filter;
    query.limit = limit;
    Progress progress;
    EXPECT_TRUE(map.bench.state
                    .near(
                        query, [](const Site&, double) { return true; }, progress)
                    .ok());
    return progress.explanation;
  }
  Explanation list(const SiteFilter& filter, std::uint32_t limit = 2'000) {
    ListSites query;
    query.filter = filter;
    query.limit = limit;
    Progress progress;
    EXPECT_TRUE(map.bench.state
                    .list(
                        query, [](const Site&) { return true; }, progress)
                    .ok());
    return progress.explanation;
  }
  static SiteFilter of(std::string_view product, std::string_view state = {}, bool available = false) {
    SiteFilter filter;
    filter.products = {product};
    filter.state = state;
    filter.available_only = available;
    return filter;
  }
  static SiteFilter text(std::string_view part) {
    SiteFilter filter;
    filter.text = part;
    return filter;
  }

  Map map{11};
};

TEST_F(Explained, near_looks_at_about_as_many_rows_as_it_shows) {
  const Explanation looked_at = near(limits::kNearMetresMax, {});
  EXPECT_EQ(looked_at.indexes, bit(Along::kPlaces));
  EXPECT_LT(looked_at.rows, 300U);
}

TEST_F(Explained, near_leaves_the_rings_for_a_product_that_few_have) {
  const Explanation looked_at = near(limits::kNearMetresMax, of("309"));
  EXPECT_EQ(looked_at.indexes, bit(Along::kPlaces) | bit(Along::kProducts));
  EXPECT_LT(looked_at.rows, 700U);
  EXPECT_EQ(near(limits::kNearMetresMax, text("nobody has this")).indexes, bit(Along::kPlaces) | bit(Along::kText));
}

TEST_F(Explained, a_list_goes_along_the_index_that_has_the_fewest_sites) {
  EXPECT_EQ(list({}).indexes, bit(Along::kNames));
  EXPECT_EQ(list(of("309", "MA")).indexes, bit(Along::kProducts));
  EXPECT_LT(list(of("309", "MA")).rows, 100U);
  SiteFilter state;
  state.state = "NE";
  EXPECT_EQ(list(state).indexes, bit(Along::kState));
  for (std::size_t i = 0; i < Map::kSites; ++i) map.bench.set("s" + std::to_string(i), Availability::no(), "141");
  EXPECT_EQ(list(of("141", "NE")).indexes, bit(Along::kState)) << "all sites have it";
  EXPECT_EQ(list(of("141", "NE", true)).indexes, bit(Along::kProducts));
  EXPECT_EQ(list(of("141", "NE", true)).rows, 0U) << "it is available nowhere";
}

TEST_F(Explained, a_text_is_looked_for_only_where_its_groups_of_letters_are) {
  const Explanation none = list(text("nobody has this"));
  EXPECT_EQ(none.indexes, bit(Along::kText));
  EXPECT_LT(none.rows, Map::kSites / 64);
  EXPECT_LT(list(text("nic s2999")).rows, 1'000U);
  EXPECT_GE(list(text("zq")).rows, Map::kSites) << "too short";
}

TEST(Steps, lists_and_events_are_the_same_in_steps_and_at_once) {
  Map map(9);
  const State& state = map.bench.state;
  for (int round = 0; round < 60; ++round) {
    ListSites list;
    list.filter = map.filter();
    list.limit = 1 + static_cast<std::uint32_t>(map.random() % 300);
    const History history{{}, Position(map.random() % 4'000), list.limit, History::Of::kEverything, round % 2 == 0};
    const Changes changes{Position(map.random() % 4'000), list.limit};
    const auto seen = [&](std::uint32_t rows) {
      std::string out;
      const auto site = [&](const Site& s) {
        out.append(s.id).append(" ");
        return true;
      };
      const auto event = [&](const Event& e) {
        out.append(std::to_string(e.position.value)).append(e.site_id).append(" ");
        return true;
      };
      const std::function<Result<bool>(Progress&)> queries[] = {
          [&](Progress& p) { return state.list(list, site, p); },
          [&](Progress& p) { return state.history(history, event, p); },
          [&](Progress& p) { return state.changes(changes, event, p); }};
      for (const auto& query : queries) {
        Progress progress;
        Result<bool> more = false;
        do {
          progress.begin_step(rows);
          more = query(progress);
          EXPECT_TRUE(more.ok());
        } while (progress.unfinished);
        out += *more ? "more\n" : "all\n";
      }
      return out;
    };
    const std::string at_once = seen(1'000'000);
    EXPECT_EQ(seen(1), at_once) << round;
    EXPECT_EQ(seen(37), at_once) << round;
  }
}

// Between two steps sites come, move and close.
TEST(Steps, sites_that_change_between_two_steps_are_shown_as_they_are_then) {
  Map map(10);
  Near query;
  std::tie(query.lat, query.lon) = Map::kPlaces[1];
  query.within_m = limits::kNearMetresMax;
  query.limit = 2'000;
  for (int round = 0; round < 20; ++round) {
    Progress progress;
    Distances rows;
    const auto visit = [&](const Site& s, double metres) {
      const Result<Site> now = map.bench.state.get({s.id, {}});
      EXPECT_TRUE(now.ok() && now->status == SiteStatus::kActive) << s.id;
      if (now.ok()) {
        EXPECT_EQ(distance_m(query.lat, query.lon, now->lat, now->lon), metres) << s.id;
      }
      rows.emplace_back(metres, s.id);
      return true;
    };
    std::size_t steps = 0;
    do {
      progress.begin_step(40);
      ASSERT_TRUE(map.bench.state.near(query, visit, progress).ok());
      const std::string id = "s" + std::to_string(map.random() % Map::kSites);
      ImportRow move;
      move.id = id;
      std::tie(move.fields.lat, move.fields.lon) = map.point();
      if (progress.unfinished) map.bench.apply(move);
      if (progress.unfinished && ++steps % 7 == 0) map.bench.apply(CloseSite{{id, {}}, {}});
    } while (progress.unfinished);
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
    std::vector<std::string> ids;
    for (const auto& row : rows) ids.push_back(row.second);
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << "a site is shown once";
  }
  EXPECT_TRUE(map.bench.state.check().ok());
}

// A step ends for those who must not wait; yet each one gets somewhere, and so the query has an end.
TEST(Steps, a_step_ends_soon_when_somebody_wants_the_state_and_the_answer_is_the_same) {
  Map map(11);
  const State& state = map.bench.state;
  std::string seen, at_once;
  const auto into = [](std::string& out) {
    return [&out](const Site& s) {
      out.append(s.id).append(" ");
      return true;
    };
  };
  ListSites list;
  list.limit = 2'000;
  Progress progress;
  std::size_t asked = 0, steps = 0;
  progress.wanted = [&] { return ++asked % 2 == 1; };
  do {
    progress.begin_step(1'000'000);
    ASSERT_TRUE(state.list(list, into(seen), progress).ok());
    ASSERT_LE(++steps, Map::kSites);
  } while (progress.unfinished);
  EXPECT_GT(steps, 100U);
  ASSERT_TRUE(state.list(list, into(at_once)).ok());
  EXPECT_EQ(seen, at_once);
}

// The nearest sites come and go between any two steps; those behind them stay, and are what is asked for.
TEST(Steps, near_misses_no_site_that_stays_while_nearer_ones_come_and_go) {
  Bench bench;
  const auto add = [&](const std::string& id, double north, bool available) {
    ImportRow op;
    op.id = id;
    op.fields.name = id;
    op.fields.state = "MA";
    op.fields.lat = 42.38 + north;
    op.fields.lon = -71.12;
    bench.apply(op);
    bench.set(id, Availability::of(available ? 5 : 0), "208");
  };
  for (int i = 0; i < 400; ++i) add("filler" + std::to_string(i), 0.02 + i * 1e-5, false);
  for (int i = 0; i < 30; ++i) add("stays" + std::to_string(i), 0.06 + i * 1e-3, true);
  for (int i = 0; i < 10; ++i) add("flips" + std::to_string(i), i * 1e-4, true);
  for (const std::uint32_t limit : {1U, 5U, 20U}) {
    Near query;
    query.lat = 42.38;
    query.lon = -71.12;
    query.within_m = 40'000;
    query.limit = limit;
    query.filter.available_only = true;
    for (int round = 0; round < 40; ++round) {
      Progress progress;
      std::size_t rows = 0, steps = 0;
      bool more = false;
      const auto visit = [&rows](const Site&, double) { return ++rows > 0; };
      do {
        progress.wanted = [] { return true; };
        progress.begin_step(4'096);
        const Result<bool> asked = bench.state.near(query, visit, progress);
        ASSERT_TRUE(asked.ok());
        more = *asked;
        if (++steps % 3 == static_cast<std::size_t>(round) % 3)
          for (int i = 0; i < 10; ++i)
            bench.set("flips" + std::to_string(i), Availability::of(steps % 2 == 0 ? 5 : 0), "208");
      } while (progress.unfinished);
      EXPECT_GT(steps, 3U);
      EXPECT_EQ(rows, limit) << "round " << round;
      EXPECT_TRUE(more) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace titer::registry
