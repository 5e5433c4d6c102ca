// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <random>

#include "base/limits.h"
#include "registry/geo.h"
#include "registry/products.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

// 600 sites over a few ZIPs, states and products.
Bench& crowd() {
  static Bench* const kBench = [] {
    auto* b = new Bench;
    std::mt19937 random(3);
    const char* zips[] = {"02138", "02139", "90210", "99501", "10001", "00000"};
    const char* states[] = {"MA", "MA", "CA", "AK", "NY", ""};
    for (int i = 0; i < 600; ++i) {
      const auto at = random() % 6;
      AddSite op;
      const std::string name = "Site " + std::to_string(random() % 100000) + (i % 3 == 0 ? " Pharmacy" : " clinic");
      op.fields.name = name;
      op.fields.zip = zips[at];
      op.fields.state = states[at];
      if (random() % 2 == 0) {
        op.fields.lat = static_cast<double>(random() % 1800) / 10 - 90;
        op.fields.lon = static_cast<double>(random() % 3600) / 10 - 180;
      }
      const std::string id = "s" + std::to_string(i);
      op.id = id;
      if (!b->apply(op).ok()) continue;
      for (const char* product : {"any", "208", "309"}) {
        if (random() % 2 == 0) b->set(id, Availability::of(random() % 3), product);
      }
      if (random() % 10 == 0) b->apply(CloseSite{{id, {}}, {}});
    }
    return b;
  }();
  return *kBench;
}

std::vector<std::string> pages(const State& state, ListSites query) {
  std::vector<std::string> ids;
  std::string name, id;
  for (bool more = true; more;) {
    query.after_name = name;
    query.after_id = id;
    std::string next_name, next_id;
    const auto page = state.list(query, [&](const Site& s) {
      ids.emplace_back(s.id);
      next_name = s.name;
      next_id = s.id;
      return true;
    });
    EXPECT_TRUE(page.ok());
    more = page.ok() && *page;
    name = next_name;
    id = next_id;
  }
  return ids;
}

bool fits(const Site& s, const SiteFilter& f) {
  if (!f.with_closed && s.status != SiteStatus::kActive) return false;
  if (!f.zip.empty() && s.zip != f.zip) return false;
  if (!f.state.empty() && s.state != f.state) return false;
  const auto line = [&](const StockLine& l) {
    const bool asked = f.products.empty() || std::ranges::count(f.products, l.product) > 0;
    return asked && (!f.available_only || (l.availability.available() && claimed_at(l) >= f.claimed_since));
  };
  if ((!f.products.empty() || f.available_only) && std::none_of(s.stock.begin(), s.stock.end(), line)) return false;
  return f.text.empty() || std::string(s.name).find("Pharmacy") != std::string::npos;
}

std::vector<Site> everything(const State& state) {
  std::vector<Site> all;
  ListSites query;
  query.filter.with_closed = true;
  for (const std::string& id : pages(state, query)) all.push_back(*state.get({id, {}}));
  return all;
}

TEST(List, shows_every_fitting_site_once_sorted_whatever_the_page) {
  Bench& b = crowd();
  const std::vector<Site> all = everything(b.state);
  ASSERT_EQ(all.size(), b.state.totals().sites);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Site& x, const Site& y) {
    return std::pair(x.name, x.id) < std::pair(y.name, y.id);
  }));
  std::vector<SiteFilter> filters(15);
  filters[1].zip = "02138";
  filters[2].state = "MA";
  filters[3].products = {"208"};
  filters[4].available_only = true;
  filters[5].text = "pHARMacy";
  filters[6].zip = "02139", filters[6].products = {"309"}, filters[6].available_only = true;
  filters[7].state = "CA", filters[7].products = {"any"};
  filters[8].with_closed = true;
  filters[9].products = {"none-such"};
  filters[10].zip = "12345";
  filters[12].products = {"309", "none-such", "208", "any", "208"};  // each site once
  filters[13].products = {"208", "309"}, filters[13].available_only = true;
  filters[13].claimed_since = WallTime(b.now - 500'000);
  filters[14].products = {"208", "309"}, filters[14].state = "MA";
  filters[11].state = "MA", filters[11].text = "Pharmacy", filters[11].with_closed = true;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    std::vector<std::string> expected;
    for (const Site& s : all) {
      if (fits(s, filters[i])) expected.emplace_back(s.id);
    }
    for (const std::uint32_t limit : {1U, 7U, 2000U}) {
      EXPECT_EQ(pages(b.state, {filters[i], {}, {}, limit}), expected) << "filter " << i << " limit " << limit;
    }
  }
}

TEST(List, says_whether_there_is_more_exactly) {
  Bench b;
  b.add("A");
  b.add("B");
  const auto all = [](const Site&) { return true; };
  EXPECT_TRUE(*b.state.list({{}, {}, {}, 1}, all));
  EXPECT_FALSE(*b.state.list({{}, {}, {}, 2}, all));
  EXPECT_TRUE(*b.state.list({{}, {}, {}, 2}, [](const Site&) { return false; }));
  EXPECT_EQ(b.state.list({{}, {}, {}, 0}, all).error().code, Code::kInvalid);
  EXPECT_EQ(b.state.list({{}, {}, {}, 2001}, all).error().code, Code::kInvalid);
}

TEST(List, since_a_time_shows_what_changed_from_then_on) {
  Bench b;
  b.add("A");
  b.add("B");
  b.set("a", Availability::of(9));
  ListSites query;
  query.filter.updated_since = WallTime(b.now);
  EXPECT_EQ(pages(b.state, query), (std::vector<std::string>{"a"}));
}

TEST(List, goes_on_after_a_cursor_whose_site_is_gone) {
  Bench b;
  for (const char* name : {"A", "B", "C"}) b.add(name);
  b.apply(CloseSite{{"b", {}}, {}});
  std::string seen;
  EXPECT_TRUE(b.state.list({{}, "B", "b", 10}, [&](const Site& s) {
    seen += s.id;
    return true;
  }));
  EXPECT_EQ(seen, "c");
}

TEST(Near, crosses_the_date_line_and_the_pole) {
  Bench b;
  const auto put = [&](const char* name, double lat, double lon) {
    AddSite op;
    op.fields.name = name;
    op.fields.lat = lat;
    op.fields.lon = lon;
    b.apply(op);
  };
  put("east", 52, 179.99);
  put("west", 52, -179.99);
  put("pole", 90, 0);
  Near query;
  query.lat = 52;
  query.lon = 179.999;
  query.within_m = 5000;
  std::string seen;
  EXPECT_TRUE(b.state.near(query, [&](const Site& s, double) {
    seen.append(s.id).append(" ");
    return true;
  }));
  EXPECT_EQ(seen, "east west ");
  query.lat = 89.99;
  query.lon = 77;
  EXPECT_TRUE(b.state.near(query, [&](const Site& s, double metres) {
    seen.append(s.id);
    EXPECT_NEAR(metres, 1112, 2);
    return true;
  }));
  EXPECT_EQ(seen, "east west pole");
}

TEST(Near, a_zip_starts_at_its_centroid) {
  Bench b;
  b.add("A", "02139");
  Near query;
  query.zip = "02139";
  double distance = -1;
  EXPECT_TRUE(b.state.near(query, [&](const Site&, double metres) {
    distance = metres;
    return true;
  }));
  EXPECT_EQ(distance, 0);
  query.zip = "00000";
  EXPECT_EQ(b.state.near(query, [](const Site&, double) { return true; }).error().code, Code::kNotFound);
  query.zip = "";
  query.lat = 100;
  EXPECT_EQ(b.state.near(query, [](const Site&, double) { return true; }).error().code, Code::kInvalid);
}

TEST(Near, a_distance_is_above_0_and_at_most_500_miles) {
  Bench b;
  const auto ask = [&](double within_m) {
    Near query;
    query.within_m = within_m;
    return b.state.near(query, [](const Site&, double) { return true; });
  };
  EXPECT_TRUE(ask(500 * kMetresPerMile).ok());
  for (const double wrong : {0.0, -1.0, 500 * kMetresPerMile + 1, std::nan("")})
    EXPECT_EQ(ask(wrong).error().code, Code::kInvalid) << wrong;
}

TEST(Get, by_id_or_name) {
  Bench b;
  b.add("A B");
  EXPECT_EQ(b.state.get({"a-b", {}})->name, "A B");
  EXPECT_EQ(b.state.get({{}, "A B"})->id, "a-b");
  EXPECT_EQ(b.state.get({{}, "A"}).error().code, Code::kNotFound);
  EXPECT_EQ(b.state.get({"a-b", "A B"}).error().code, Code::kInvalid);
  EXPECT_EQ(b.state.get({}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace titer::registry
