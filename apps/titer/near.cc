// SPDX-License-Identifier: Apache-2.0

// titer near ZIP | LAT,LON
#include <fmt/format.h>

#include <cstdio>

#include "base/limits.h"
#include "base/number.h"
#include "client/gateway_client.h"
#include "client/read.h"
#include "formats/site_json.h"
#include "registry/query.h"
#include "registry/state.h"
#include "titer/command.h"
#include "titer/site_table.h"
#include "titer/write.h"

namespace titer::app::near_command {
namespace {

struct Options {
  At at;
  std::string place, product, unit = "mi";
  double within = 25;
  bool available = false, expired = false, json = false, explain = false;
  std::uint32_t limit = 20;
};

// "42.37,-71.11"
bool parse_point(const std::string& text, double& lat, double& lon) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return false;
  const auto first = parse_number<double>(std::string_view(text).substr(0, comma));
  const auto second = parse_number<double>(std::string_view(text).substr(comma + 1));
  lat = first.value_or(0);
  lon = second.value_or(0);
  return first && second;
}

int show(client::GatewayClient& client, const Options& o, const registry::Near& query) {
  const double metres_per_unit = o.unit == "mi" ? registry::kMetresPerMile : 1000;
  Table table = site_table(true);
  JsonArray array(o.json);
  registry::Explanation looked_at;
  const auto add = [&](const registry::Site& site, double metres) {
    if (o.json) {
      std::string row;
      formats::print_json(site, net::wall_now(), {metres, metres / metres_per_unit, o.unit}, row);
      array.add(row);
    } else {
      char distance[32];
      std::snprintf(distance, sizeof distance, "%.1f %s", metres / metres_per_unit, o.unit.c_str());
      add_rows(table, site, distance, query.filter.products);
    }
    return true;
  };
  const Result<bool> more = client::near_sites(client, query, add, &looked_at);
  if (!more) return fail(more.error());
  array.close();
  if (!o.json && table.rows() > 0) table.print();
  // A limit that was typed is no surprise.
  if (*more && o.limit == Options{}.limit)
    complain(fmt::format("these are the nearest {}, and there are more: --limit shows them", o.limit));
  if (!o.json && table.rows() == 0) complain("no site fits; widen the search with --within");
  if (o.explain) complain(one_line(looked_at));
  return kExitOk;
}

int run(const Options& o) {
  registry::Near query;
  const auto products = products_asked(o.product);
  if (!products) return kExitUsage;
  if (!parse_point(o.place, query.lat, query.lon)) query.zip = o.place;
  query.within_m = o.within * (o.unit == "mi" ? registry::kMetresPerMile : 1000);
  if (query.within_m > limits::kNearMetresMax) {
    complain("--within is at most 500 miles, or 804 km");
    return kExitUsage;
  }
  query.filter.products.assign(products->begin(), products->end());
  query.filter.available_only = o.available;
  if (!o.expired) query.filter.claimed_since = registry::not_expired_since(net::wall_now());
  query.limit = o.limit;
  query.explain = o.explain;
  return with_client(o.at, [&](client::GatewayClient& client) { return show(client, o, query); });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("place", o->place, "ZIP code, or LAT,LON").required();
  flags.option("--within", o->within, "radius in the unit of --unit, at most 500 miles")
      .between(0.001, 805.0)
      .show_default();
  flags.option("--unit", o->unit, "unit of distances").one_of({"mi", "km"}).show_default();
  flags.option("--product", o->product, kProductAsked);
  flags.flag("--available", o->available, "only stock that is available");
  flags.flag("--expired", o->expired, kExpiredAsked);
  flags.option("--limit", o->limit, "at most this many sites").between(1, 2000).show_default();
  flags.flag("--json", o->json, "as a JSON array");
  flags.flag("--explain", o->explain, kExplainAsked);
  o->at.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kSites, "near", "find sites near a place, nearest first", setup});

}  // namespace
}  // namespace titer::app::near_command
