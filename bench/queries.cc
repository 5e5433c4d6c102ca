// SPDX-License-Identifier: Apache-2.0

// How long the registry's questions take in process, and what they look at: near, lists and text, with filters.
//
//   build/release/bin/queries_bench [SITES] [PART_OF_A_LABEL]
//
// Sites lie around the ZIP codes of the US and have names as real ones have: chains with numbers, and kinds of practices with the
// names of towns. They have some three stock lines each. Every question is asked from many places for a second, and each row that it shows is
// made with all of its fields. Nothing is encoded, and nothing is sent. Run it on a machine that does nothing else.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "registry/products.h"
#include "registry/state.h"

namespace {

using namespace titer;
using namespace titer::registry;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS")) return std::strtod(line.c_str() + line.find(':') + 1, nullptr) / 1024;
  return 0;
}

struct Town {
  std::string zip;
  ZipPoint point;
};

std::vector<Town> all_towns() {
  std::vector<Town> towns;
  for (int zip = 501; zip < 100'000; ++zip) {
    Town town{fmt::format("{:05}", zip), {}};
    const auto point = zip_point(town.zip);
    if (!point || point->city.empty()) continue;
    town.point = *point;
    towns.push_back(std::move(town));
  }
  return towns;
}

// Of which product how many of a thousand sites have stock, and of these how many of a hundred have it available.
struct Share {
  std::string_view product;
  std::uint64_t of_million, available;
};
constexpr Share kShares[] = {
    {"208", 600'000, 60},                                                             // in most places
    {"309", 300'000, 60}, {"141", 400'000, 60}, {"212", 30'000, 60}, {"24", 50, 60},  // rare
    {"115", 100'000, 0},                                                              // nowhere available now
};

class Registry {
 public:
  explicit Registry(std::uint64_t sites) : towns_(all_towns()), sites_(sites) {}

  void fill() {
    for (std::uint64_t i = 0; i < sites_; ++i) add(i);
    TITER_CHECK(state_.totals().sites == sites_, "a site was refused");
  }
  // One claim about a random site's line; the value is new in half of the cases, and otherwise none was there or there is none now.
  void set_some(std::uint64_t count, bool flips) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string id = id_of(random_.below(sites_));
      const std::uint64_t doses =
          flips ? (random_.chance(.5) ? 0 : 1 + random_.below(900)) : 1 + random_.below(900);
      apply(SetAvailability{{id, {}}, {"208", Availability::of(doses), {}, {}}, {}});
    }
  }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const Town& some_town() { return towns_[random_.below(towns_.size())]; }

 private:
  static std::string id_of(std::uint64_t i) { return fmt::format("site-{:07}", i); }

  std::string name_of(std::uint64_t i, const Town& town) {
    static constexpr std::array kChains = {"CVS Pharmacy, Inc.",      "Walgreens Co.",  "Walmart Inc",
                                           "Rite Aid Corp",           "The Kroger Co.", "Costco Wholesale Corp",
                                           "Publix Super Markets Inc"};
    static constexpr std::array kKinds = {"Family Medicine", "Community Health Center",
                                          "Pediatrics",      "Urgent Care",
                                          "Pharmacy",        "Internal Medicine Associates"};
    static constexpr std::array kNames = {"Anderson", "Lopez",  "Nguyen",  "O'Brien",
                                          "Schmidt",  "Haddad", "Kowalski"};
    if (i % 20'000 == 7) return fmt::format("Zuckerman Travel Clinic {}", i);
    const std::uint64_t draw = random_.below(100);
    if (draw < 35) return fmt::format("{} #{:06}", kChains[random_.below(kChains.size())], i);
    const auto* kind = kKinds[random_.below(kKinds.size())];
    if (draw < 75) return fmt::format("{} {} {}", town.point.city, kind, i);
    return fmt::format("{} {} {}", kNames[random_.below(kNames.size())], kind, i);
  }

  void add(std::uint64_t i) {
    const Town& town = some_town();
    const std::string id = id_of(i), name = name_of(i, town), street = fmt::format("{} Main Street", i % 9000);
    AddSite site;
    site.id = id;
    site.fields.name = name;
    site.fields.zip = town.zip;
    site.fields.street = street;
    site.fields.city = town.point.city;
    site.fields.state = town.point.state;
    site.fields.phone = "+1 617 555 0100";
    site.fields.lat = town.point.lat + jitter();
    site.fields.lon = town.point.lon + jitter();
    apply(site);
    for (const Share& share : kShares) {
      if (random_.below(1'000'000) >= share.of_million) continue;
      const std::uint64_t doses = random_.below(100) < share.available ? 1 + random_.below(900) : 0;
      apply(SetAvailability{{id, {}}, {share.product, Availability::of(doses), {}, "bench"}, {}});
    }
  }
  double jitter() { return static_cast<double>(random_.between(-50'000, 50'000)) / 1e6; }
  template <typename Operation>
  void apply(const Operation& operation) {
    Request request;
    request.operation = operation;
    request.actor = "bench";
    ++position_;
    state_.apply(request, Position(position_), WallTime(1'700'000'000'000 + static_cast<std::int64_t>(position_)),
                 out_);
    TITER_CHECK(out_.ok(), "a request was refused");
  }

  std::vector<Town> towns_;
  std::uint64_t sites_;
  State state_;
  Outcome out_;
  std::uint64_t position_ = 0;
  Random random_{44};
};

// What one question took, over all times it was asked.
class Measure {
 public:
  Measure(const char* label, const char* only)
      : label_(label), asked_(std::string_view(label).find(only) != std::string_view::npos) {}
  // ask(progress) answers once and returns how many rows were shown.
  template <typename Ask>
  void operator()(const Ask& ask) {
    if (!asked_) return;
    (void)once(ask);
    times_.clear();
    looked_ = shown_ = 0;
    const auto begin = Clock::now();
    while (times_.size() < 5 || (seconds_since(begin) < 1 && times_.size() < 5000)) once(ask);
    std::sort(times_.begin(), times_.end());
    const auto n = times_.size();
    fmt::print("| {} | {:.3f} | {:.3f} | {} | {} |\n", label_, times_[n / 2] * 1e3, times_[n - 1 - n / 100] * 1e3,
               looked_ / n, shown_ / n);
    std::fflush(stdout);
  }

 private:
  template <typename Ask>
  void once(const Ask& ask) {
    Progress progress;
    const auto begin = Clock::now();
    shown_ += ask(progress);
    times_.push_back(seconds_since(begin));
    looked_ += ~std::uint32_t{0} - progress.rows;
  }

  const char* label_;
  bool asked_;
  std::vector<double> times_;
  std::uint64_t looked_ = 0, shown_ = 0;
};

class Questions {
 public:
  Questions(Registry& registry, const char* only) : registry_(registry), only_(only) {}

  void near(const char* label, double miles, std::uint32_t limit, const SiteFilter& filter = {}) {
    Measure measure(label, only_);
    measure([&](Progress& progress) {
      const Town& town = registry_.some_town();
      Near query;
      query.lat = town.point.lat;
      query.lon = town.point.lon;
      query.within_m = miles * kMetresPerMile;
      query.limit = limit;
      query.filter = filter;
      std::uint64_t shown = 0;
      const auto more = registry_.state().near(
          query, [&](const Site&, double) { return ++shown, true; }, progress);
      TITER_CHECK(more.ok(), "near");
      return shown;
    });
  }
  void list(const char* label, const SiteFilter& filter, bool of_town = false) {
    Measure measure(label, only_);
    measure([&](Progress& progress) {
      ListSites query;
      query.filter = filter;
      if (of_town) query.filter.state = registry_.some_town().point.state;
      std::uint64_t shown = 0;
      const auto more = registry_.state().list(
          query, [&](const Site&) { return ++shown, true; }, progress);
      TITER_CHECK(more.ok(), "list");
      return shown;
    });
  }
  void counts() {
    Measure measure("totals", only_);
    measure([&](Progress&) { return registry_.state().totals().sites > 0 ? 1 : 0; });
  }

 private:
  Registry& registry_;
  const char* only_;
};

SiteFilter of(std::vector<std::string_view> products, bool available = false) {
  SiteFilter filter;
  filter.products = std::move(products);
  filter.available_only = available;
  return filter;
}
SiteFilter text(std::string_view part, std::string_view state = {}) {
  SiteFilter filter;
  filter.text = part;
  filter.state = state;
  return filter;
}

void ask_all(Questions& ask) {
  fmt::print("| question | p50, ms | p99, ms | rows looked at | rows shown |\n|---|---|---|---|---|\n");
  ask.near("near 20 within 25 mi", 25, 20);
  ask.near("near 100 within 25 mi", 25, 100);
  ask.near("near 20 within 5 mi", 5, 20);
  ask.near("near 100 within 500 mi", 500, 100);
  ask.near("near 20 within 25 mi, common product available", 25, 20, of({"208"}, true));
  ask.near("near 20 within 100 mi, 3 % product", 100, 20, of({"212"}));
  ask.near("near 20 within 25 mi, rare product", 25, 20, of({"24"}));
  ask.near("near 20 within 500 mi, rare product", 500, 20, of({"24"}));
  ask.near("near 20 within 500 mi, product nowhere available", 500, 20, of({"115"}, true));
  ask.near("near 20 within 500 mi, rare word", 500, 20, text("zuckerman"));
  ask.list("list 100", {});
  ask.list("list 100 with common product available", of({"208"}, true));
  ask.list("list 100 with rare product", of({"24"}));
  ask.list("list 100 with product nowhere available", of({"115"}, true));
  ask.list("list 100 of a state", {}, true);
  ask.list("list 100 of a state, common product available", of({"208"}, true), true);
  ask.list("list 100 of a state, 3 % product", of({"212"}), true);
  ask.list("list 100 of a state, rare product", of({"24"}), true);
  ask.list("list 100 of a state, product nowhere available", of({"115"}, true), true);
  ask.list("list 100 text, common word", text("pharmacy"));
  ask.list("list 100 text, two words", text("cvs pharm"));
  ask.list("list 100 text, rare word", text("zuckerman"));
  ask.list("list 100 text, no such word", text("quetzalcoatl"));
  ask.list("list 100 text, one name", text("clinic 20007"));
  ask.list("list 100 text, two letters that no name has", text("zq"));
  ask.list("list 100 of a state, rare word", text("zuckerman", "CA"));
  ask.counts();
}

void write_some(Registry& registry, const char* label, bool flips) {
  constexpr std::uint64_t kWrites = 200'000;
  const auto begin = Clock::now();
  registry.set_some(kWrites, flips);
  fmt::print("| {} | {:.2f} us |\n", label, seconds_since(begin) / kWrites * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t sites = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const char* only = argc > 2 ? argv[2] : "";
  Registry registry(sites);
  const auto begin = Clock::now();
  registry.fill();
  const Totals totals = registry.state().totals();
  fmt::print(
      "{} sites, {} stock lines, filled in {:.1f} s, {:.0f} MB resident, {:.0f} MB by the registry's estimate\n\n",
      totals.sites, totals.stock_lines, seconds_since(begin), resident_mb(),
      static_cast<double>(totals.bytes) / 1e6);
  Questions ask(registry, only);
  ask_all(ask);
  fmt::print("\n| write | each |\n|---|---|\n");
  write_some(registry, "set a count", false);
  write_some(registry, "set a count, half of them to 0", true);
}
