// SPDX-License-Identifier: Apache-2.0

#include "titer/site_table.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "net/loop.h"
#include "registry/products.h"
#include "registry/state.h"

namespace titer::app {

namespace {

std::string age(const registry::StockLine& line) {
  const WallTime since = line.valid_at != WallTime() ? line.valid_at : line.checked_at;
  if (since == WallTime()) return "";
  return duration_text(net::wall_now().value - since.value) + " ago";
}

void field(const char* name, std::string_view value) {
  if (!value.empty()) std::printf("%-12s %s\n", name, printable(value).c_str());
}

std::string product_name(std::string_view code) {
  std::string out(code);
  if (const auto name = registry::product_name(code)) out += " (" + std::string(*name) + ")";
  return out;
}

}  // namespace

Table site_table(bool with_distance) {
  std::vector<std::string> headings{">AVAILABLE", "PRODUCT", ">CHECKED", "ZIP", "STATE", "ID", "NAME"};
  if (with_distance) headings.insert(headings.begin(), ">DISTANCE");
  return Table(std::move(headings));
}

void add_rows(Table& table, const registry::Site& site, const std::string& distance,
              const std::vector<std::string_view>& products) {
  const auto add = [&](std::string value, std::string code, std::string checked) {
    std::vector<std::string> row{std::move(value),      std::move(code),         std::move(checked),
                                 std::string(site.zip), std::string(site.state), std::string(site.id),
                                 std::string(site.name)};
    if (!distance.empty()) row.insert(row.begin(), distance);
    table.add(std::move(row));
  };
  bool any = false;
  for (const registry::StockLine& line : site.stock) {
    if (!products.empty() && std::ranges::find(products, line.product) == products.end()) continue;
    any = true;
    add(to_text(line.availability), std::string(line.product), age(line));
  }
  if (!any) add("-", "-", "");
}

void print_site(const registry::Site& site) {
  field("name", site.name);
  field("id", site.id);
  field("street", site.street);
  field("city", site.city);
  const auto zip = registry::zip_point(site.zip);
  if (site.county.empty() && zip)
    field("county", std::string(zip->county) + " (of the ZIP code)");
  else
    field("county", site.county);
  field("state", site.state);
  field("ZIP", std::string(site.zip) + (site.zip_plus4.empty() ? "" : "-" + std::string(site.zip_plus4)));
  if (site.point != registry::PointSource::kNone)
    field("point", std::to_string(site.lat) + ", " + std::to_string(site.lon) +
                       (site.point == registry::PointSource::kZipCentroid ? " (centre of the ZIP code)" : ""));
  field("phone", site.phone);
  field("information", site.info_url);
  field("booking", site.booking_url);
  field("provider", site.provider);
  field("hours", site.hours);
  for (std::size_t i = 0; i < site.external_ids.size(); ++i) {
    const auto& [system, value] = site.external_ids[i];
    const char* mark = is_unverified(site, i) ? " (not verified)" : "";
    field("known as", std::string(system) + " " + std::string(value) + mark);
  }
  field("status", registry::name(site.status));
  field("version", std::to_string(site.version));
  field("updated",
        iso_time(site.updated_at) + (site.updated_by.empty() ? "" : " by " + std::string(site.updated_by)));
  std::printf("\n");
  Table stock({">AVAILABLE", "PRODUCT", "LABEL", ">CHECKED", ">VERSION", "BY", "SOURCE"});
  for (const registry::StockLine& line : site.stock)
    stock.add({to_text(line.availability), product_name(line.product),
               std::string(registry::name(registry::freshness(line, net::wall_now()))), age(line),
               std::to_string(line.version), std::string(line.updated_by), std::string(line.source)});
  if (stock.rows() > 0)
    stock.print();
  else
    std::printf("nothing is known of its stock\n");
}

}  // namespace titer::app
