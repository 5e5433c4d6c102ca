// SPDX-License-Identifier: Apache-2.0

// Reading sites: one, a page of all, those near a place.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/answers.h"
#include "api/cursor.h"
#include "api/limits.h"
#include "api/routes.h"
#include "api/site_tag.h"
#include "api/stock_values.h"
#include "base/json_string.h"
#include "base/limits.h"
#include "client/read.h"
#include "formats/site_json.h"
#include "http/parameters.h"
#include "http/problem.h"
#include "registry/products.h"
#include "registry/query.h"
#include "registry/state.h"

namespace titer::api {

namespace {

constexpr double kMetresPerKilometre = 1000;
constexpr std::uint64_t kNearDefault = 20;

Status ended(const Result<bool>& visited) { return visited ? ok_status() : Status(visited.error()); }

void get_site(HandlerContext& context, const http::Exchange& exchange) {
  const registry::SiteRef site{.id = exchange.request().values[0], .name = {}};
  const std::uint64_t stream = context.setup.cluster;
  answer_query(context, exchange, registry::GetSite{site}, [stream](const Rows& rows, http::Response& response) {
    const WallTime now = net::wall_now();
    return ended(client::visit_sites(rows.body, [&](const registry::Site& found) {
      formats::print_json(found, now, response.body);
      response.etag = site_tag(found, now, stream);
      return false;
    }));
  });
}

using Products = std::vector<std::string>;  // that a filter shows views of

// The filter that the parameters ask for; a list of all sites and the search near a place take the same ones.
Result<registry::SiteFilter> filter_of(const http::Request& request, Products& products) {
  registry::SiteFilter filter;
  auto meant = products_of(request, "product");
  if (!meant) return meant.error();
  products = std::move(meant).value();
  const auto available = http::flag_of(request, "available");
  if (!available) return available.error();
  const auto expired = http::flag_of(request, "expired");
  if (!expired) return expired.error();
  const auto closed = http::flag_of(request, "closed");
  if (!closed) return closed.error();
  const auto since = http::time_of(request, "updated_since");
  if (!since) return since.error();
  filter.state = http::text_of(request, "state");
  filter.text = http::text_of(request, "q");
  filter.products.assign(products.begin(), products.end());
  filter.available_only = *available;
  if (!*expired) filter.claimed_since = registry::not_expired_since(net::wall_now());
  filter.with_closed = *closed;
  filter.updated_since = *since;
  return filter;
}

// What the replica looked at, as a member with its comma; nothing if that was not asked.
void print_explanation(ByteView rows, std::string& out) {
  const auto found = client::explanation_of(rows);
  if (!found) return;
  out += R"("explain":{"indexes":[)";
  bool first = true;
  for (std::uint8_t i = 0; i < registry::kAlongs; ++i) {
    const auto along = static_cast<registry::Along>(i);
    if ((found->indexes & bit(along)) == 0) continue;
    out += fmt::format(R"({}"{}")", std::exchange(first, false) ? "" : ",", name(along));
  }
  out += fmt::format(R"(],"rows":{},"steps":{}}},)", found->rows, found->steps);
}

Result<registry::ListSites> list_of(const http::Request& request, Products& products) {
  const auto filter = filter_of(request, products);
  if (!filter) return filter.error();
  const auto limit = http::number_of(request, "limit", limits::kPageDefault, 1, titer::limits::kPageMax);
  if (!limit) return limit.error();
  const auto explain = http::flag_of(request, "explain");
  if (!explain) return explain.error();
  registry::ListSites query;
  query.filter = *filter;
  query.explain = *explain;
  query.filter.zip = http::text_of(request, "zip");
  query.limit = static_cast<std::uint32_t>(*limit);
  if (const std::string_view* cursor = request.parameter("cursor")) {
    const auto last = read_cursor(*cursor);
    if (!last) return last.error();
    query.after_id = last->id;
    query.after_name = last->name;
  }
  return query;
}

void list_sites(HandlerContext& context, const http::Exchange& exchange) {
  Products products;
  const auto query = list_of(exchange.request(), products);
  if (!query) return exchange.respond(bad_request(query.error()));
  answer_query(context, exchange, *query, [exchange](const Rows& rows, http::Response& response) -> Status {
    const WallTime now = net::wall_now();
    std::string& out = response.body;
    out += "{";
    print_explanation(rows.body, out);
    out += R"("sites":[)";
    const std::size_t begin = out.size();
    std::string next;
    const auto more = client::visit_sites(rows.body, [&](const registry::Site& site) {
      if (out.size() > begin) out += ",\n";
      formats::print_json(site, now, out);
      next.clear();
      print_cursor({site.id, site.name}, next);
      return true;
    });
    if (!more) return more.error();
    out += "],\"links\":{";
    if (*more) print_next(exchange.request(), "cursor", next, out);
    out += "}}\n";
    tag_by_content(response);
    return ok_status();
  });
}

struct Unit {
  std::string_view name;
  double metres;
};

Result<Unit> unit_of(const http::Request& request) {
  const std::string_view unit = http::text_of(request, "unit");
  if (unit.empty() || unit == "mi") return Unit{"mi", registry::kMetresPerMile};
  if (unit == "km") return Unit{"km", kMetresPerKilometre};
  return Error{Code::kInvalid, "unit is mi or km"};
}

// Either a ZIP code or a point.
Status read_place(const http::Request& request, registry::Near& query) {
  const bool zip = request.parameter("zip") != nullptr;
  const bool lat = request.parameter("lat") != nullptr, lon = request.parameter("lon") != nullptr;
  if (zip == lat || lat != lon) return Error{Code::kInvalid, "say where: zip=02139, or lat=42.37 and lon=-71.11"};
  query.zip = http::text_of(request, "zip");
  if (zip) return query.zip.empty() ? Status(Error{Code::kInvalid, "zip is empty"}) : ok_status();
  const auto north = http::real_of(request, "lat", 0);
  if (!north) return north.error();
  const auto east = http::real_of(request, "lon", 0);
  if (!east) return east.error();
  query.lat = *north;
  query.lon = *east;
  return ok_status();
}

Result<registry::Near> near_of(const http::Request& request, const Unit& unit, Products& products) {
  const auto filter = filter_of(request, products);
  if (!filter) return filter.error();
  const auto limit = http::number_of(request, "limit", kNearDefault, 1, titer::limits::kPageMax);
  if (!limit) return limit.error();
  const auto within = http::real_of(request, "within", 25);
  if (!within) return within.error();
  const auto explain = http::flag_of(request, "explain");
  if (!explain) return explain.error();
  registry::Near query;
  query.filter = *filter;
  query.explain = *explain;
  query.limit = static_cast<std::uint32_t>(*limit);
  query.within_m = *within * unit.metres;
  if (query.within_m > titer::limits::kNearMetresMax)
    return Error{Code::kInvalid, "within is at most 500 miles, or 804 km"};
  const Status place = read_place(request, query);
  return place ? Result<registry::Near>(query) : place.error();
}

// Where the distances begin: the point that was asked for, or that of the ZIP code. Maps are drawn around it. With a ZIP
// code also its town, so that a person sees which place was understood.
void print_center(const registry::Near& query, std::string& out) {
  const auto zip = registry::zip_point(query.zip);
  const double lat = zip ? zip->lat : query.lat, lon = zip ? zip->lon : query.lon;
  out += fmt::format(R"("center":{{"lat":{},"lon":{})", lat, lon);
  if (zip && !zip->city.empty()) {
    out += R"(,"city":)";
    print_json_string(zip->city, out);
    out += R"(,"state":)";
    print_json_string(zip->state, out);
  }
  out += "},";
}

void near_sites(HandlerContext& context, const http::Exchange& exchange) {
  const auto unit = unit_of(exchange.request());
  if (!unit) return exchange.respond(bad_request(unit.error()));
  Products products;
  const auto query = near_of(exchange.request(), *unit, products);
  if (!query) return exchange.respond(bad_request(query.error()));
  // Not "nothing near there": the place itself is not known.
  if (!query->zip.empty() && !registry::zip_point(query->zip))
    return exchange.respond(
        http::problem(422, "unknown_zip", "no ZIP code of the US has these digits; give five, or lat and lon"));
  std::string head = "{";
  print_center(*query, head);
  answer_query(context, exchange, *query,
               [unit = *unit, head](const Rows& rows, http::Response& response) -> Status {
                 const WallTime now = net::wall_now();
                 response.body = head;
                 print_explanation(rows.body, response.body);
                 response.body += R"("sites":[)";
                 const std::size_t begin = response.body.size();
                 const auto more = client::visit_near(rows.body, [&](const registry::Site& site, double metres) {
                   if (response.body.size() > begin) response.body += ",\n";
                   formats::print_json(site, now, {metres, metres / unit.metres, unit.name}, response.body);
                   return true;
                 });
                 if (!more) return more.error();
                 response.body += *more ? "],\"more\":true}\n" : "],\"more\":false}\n";
                 tag_by_content(response);
                 return ok_status();
               });
}

constexpr Route kSiteReadRoutes[] = {
    {http::Method::kGet, "/api/v1/sites", list_sites, registry::Act::kRead, "list_sites",
     "zip state product available expired q updated_since closed explain limit cursor"},
    {http::Method::kGet, "/api/v1/sites/near", near_sites, registry::Act::kRead, "near_sites",
     "zip lat lon within unit state product available expired q updated_since closed explain limit"},
    {http::Method::kGet, "/api/v1/sites/{id}", get_site, registry::Act::kRead, "get_site", {}},
};

}  // namespace

Routes site_read_routes() { return kSiteReadRoutes; }

}  // namespace titer::api
