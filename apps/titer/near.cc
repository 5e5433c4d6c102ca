// SPDX-License-Identifier: Apache-2.0

// titer near ZIP | LAT,LON
#include <charconv>
#include <cstdio>

#include "client/read.h"
#include "formats/site_json.h"
#include "titer/command.h"
#include "titer/site_table.h"
#include "titer/write.h"

namespace titer::app {
namespace {

struct Options {
  At at;
  std::string place, product, unit = "mi";
  double within = 25;
  bool available = false, json = false;
  std::uint32_t limit = 20;
};

constexpr double kMetresPerMile = 1609.344;

// "42.37,-71.11"
bool parse_point(const std::string& text, double& lat, double& lon) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return false;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), text.data() + comma, lat);
  const auto second = std::from_chars(text.data() + comma + 1, end, lon);
  return first.ec == std::errc() && first.ptr == text.data() + comma && second.ec == std::errc() &&
         second.ptr == end;
}

int show(Remote& remote, const Options& o, const registry::Near& query) {
  const double metres_per_unit = o.unit == "mi" ? kMetresPerMile : 1000;
  const std::string product(query.filter.product);
  Table table = site_table(true);
  JsonArray array(o.json);
  const Status done = client::near_sites(remote.client(), query, [&](const registry::Site& site, double metres) {
    if (o.json) {
      std::string row;
      formats::print_json(site, net::wall_now(), {metres, metres / metres_per_unit, o.unit}, row);
      array.add(row);
    } else {
      char distance[32];
      std::snprintf(distance, sizeof distance, "%.1f %s", metres / metres_per_unit, o.unit.c_str());
      add_rows(table, site, distance, product);
    }
    return true;
  });
  if (!done) return fail(done.error());
  array.close();
  if (!o.json && table.rows() > 0) table.print();
  if (!o.json && table.rows() == 0) complain("no site fits; widen the search with --within");
  return kExitOk;
}

int run(const Options& o) {
  registry::Near query;
  std::optional<std::string> product = std::string();
  if (!o.product.empty()) product = product_code(o.product);
  if (!product) return kExitUsage;
  if (!parse_point(o.place, query.lat, query.lon)) query.zip = o.place;
  query.within_m = o.within * (o.unit == "mi" ? kMetresPerMile : 1000);
  query.filter.product = *product;
  query.filter.available_only = o.available;
  query.limit = o.limit;
  return with_remote(o.at, [&](Remote& remote) { return show(remote, o, query); });
}

Runner setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("place", o->place, "ZIP code, or LAT,LON")->required();
  app.add_option("--within", o->within, "radius")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--unit", o->unit, "mi or km")->check(CLI::IsMember({"mi", "km"}))->capture_default_str();
  app.add_option("--product", o->product, "only sites that have this vaccine (CVX, NDC or any)");
  app.add_flag("--available", o->available, "only where there is some");
  app.add_option("--limit", o->limit, "at most this many sites")->check(CLI::Range(1, 2000))->capture_default_str();
  app.add_flag("--json", o->json, "as a JSON array");
  o->at.declare(app);
  return [o] { return run(*o); };
}

const Registration registered({Group::kSites, "near", "find sites near a place, nearest first", setup});

}  // namespace
}  // namespace titer::app
