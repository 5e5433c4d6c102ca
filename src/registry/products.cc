// SPDX-License-Identifier: Apache-2.0

// Searches the packed tables in place; layout: cmake/embed_tables.py.
#include "registry/products.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <span>

#include "base/number.h"
#include "base/text.h"

extern "C" const char titer_tables_begin[];

namespace titer::registry {
namespace {

struct Table {
  std::uint32_t offset, count;
};
struct Head {
  char magic[8];
  std::uint64_t digest;
  Table zips, products, ndcs, strings;
};
struct ZipRow {
  std::uint32_t zip;
  std::int32_t lat, lon;
  std::uint32_t city, county, state, time_zone;
};
struct ProductRow {
  std::uint32_t number, active, cvx, name, groups;
};
struct NdcRow {
  std::uint64_t key;
  std::uint32_t cvx, text, trade_name, unused;
};
static_assert(sizeof(Head) == 48 && sizeof(ZipRow) == 28 && sizeof(ProductRow) == 20 && sizeof(NdcRow) == 24);

const Head& head() { return *reinterpret_cast<const Head*>(titer_tables_begin); }

std::string_view string(std::uint32_t at) {
  const char* from = titer_tables_begin + head().strings.offset + at;
  std::uint16_t size = 0;
  std::memcpy(&size, from, sizeof size);
  return {from + sizeof size, size};
}

// "NDC\tname\n" of each.
std::string_view treatments() {
  const char* from = titer_tables_begin + head().strings.offset + head().strings.count;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  return {from + sizeof size, size};
}

template <typename Row>
std::span<const Row> rows(Table table) {
  return {reinterpret_cast<const Row*>(titer_tables_begin + table.offset), table.count};
}

// The row with this key, by its first member.
template <typename Row, typename Key>
const Row* find(Table table, Key Row::*key, Key wanted) {
  const std::span<const Row> in = rows<Row>(table);
  const auto row = std::ranges::lower_bound(in, wanted, {}, key);
  return row != in.end() && (*row).*key == wanted ? &*row : nullptr;
}

// Digits only, at most `max` of them.
std::optional<std::uint32_t> number(std::string_view text, std::size_t max) {
  return text.size() <= max ? parse_number<std::uint32_t>(text) : std::nullopt;
}

Product show(const ProductRow& row) {
  return {string(row.cvx), string(row.name), string(row.groups), row.active != 0};
}
Pack show(const NdcRow& row) { return {string(row.text), string(row.cvx), string(row.trade_name)}; }

std::optional<Pack> pack_of(std::optional<std::uint32_t> labeler, std::optional<std::uint32_t> product,
                            std::optional<std::uint32_t> package) {
  if (!labeler || !product || !package) return std::nullopt;
  const std::uint64_t key = std::uint64_t{*labeler} * 1'000'000 + *product * 100ULL + *package;
  const NdcRow* row = find(head().ndcs, &NdcRow::key, key);
  return row != nullptr ? std::optional(show(*row)) : std::nullopt;
}

std::optional<std::string_view> treatment_name(std::string_view ndc) {
  std::string_view rest = treatments();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const std::size_t tab = line.find('\t');
    if (line.substr(0, tab) == ndc) return line.substr(tab + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string_view without_vfc(std::string_view code) {
  const bool marked =
      code.size() > kVfcMark.size() && same_ignoring_case(code.substr(code.size() - kVfcMark.size()), kVfcMark);
  return marked ? code.substr(0, code.size() - kVfcMark.size()) : code;
}

std::optional<Product> find_product(std::string_view cvx) {
  const auto n = number(cvx, 9);
  const ProductRow* row = n ? find(head().products, &ProductRow::number, *n) : nullptr;
  return row != nullptr ? std::optional(show(*row)) : std::nullopt;
}

std::vector<Product> all_products() {
  std::vector<Product> all;
  for (const ProductRow& row : rows<ProductRow>(head().products)) all.push_back(show(row));
  return all;
}

std::optional<std::string_view> product_name(std::string_view code) {
  code = without_vfc(code);
  if (const auto product = find_product(code)) return product->name;
  if (const auto name = treatment_name(code)) return name;
  const auto pack = find_pack(code);
  return pack && pack->ndc == code && !pack->trade_name.empty() ? std::optional(pack->trade_name) : std::nullopt;
}

std::optional<Pack> find_pack(std::string_view ndc) {
  ndc = trim(ndc);
  const std::size_t one = ndc.find('-');
  if (one != std::string_view::npos) {
    const std::size_t two = ndc.find('-', one + 1);
    if (two == std::string_view::npos) return std::nullopt;
    return pack_of(number(ndc.substr(0, one), 5), number(ndc.substr(one + 1, two - one - 1), 4),
                   number(ndc.substr(two + 1), 2));
  }
  const auto split = [&](std::size_t a, std::size_t b) {
    return pack_of(number(ndc.substr(0, a), 5), number(ndc.substr(a, b), 4), number(ndc.substr(a + b), 2));
  };
  if (ndc.size() == 11) return split(5, 4);
  if (ndc.size() != 10) return std::nullopt;
  // Ten digits without dashes are 4-4-2, 5-3-2 or 5-4-1.
  std::optional<Pack> found;
  for (const auto& [a, b] : {std::pair<std::size_t, std::size_t>{4, 4}, {5, 3}, {5, 4}}) {
    const auto pack = split(a, b);
    if (pack && found && pack->ndc != found->ndc) return std::nullopt;
    if (pack) found = pack;
  }
  return found;
}

std::vector<Pack> all_packs() {
  std::vector<Pack> all;
  for (const NdcRow& row : rows<NdcRow>(head().ndcs)) all.push_back(show(row));
  return all;
}

std::optional<std::string_view> cvx_of_ndc(std::string_view ndc) {
  const auto pack = find_pack(ndc);
  return pack ? std::optional(pack->cvx) : std::nullopt;
}

std::optional<std::string_view> vaccine_of(std::string_view code) {
  code = without_vfc(code);
  if (const auto product = find_product(code)) return product->cvx;
  return cvx_of_ndc(code);
}

bool is_treatment(std::string_view ndc) { return treatment_name(ndc).has_value(); }

std::optional<ZipPoint> zip_point(std::string_view zip5) {
  const auto n = zip5.size() == 5 ? number(zip5, 5) : std::nullopt;
  const ZipRow* row = n ? find(head().zips, &ZipRow::zip, *n) : nullptr;
  if (row == nullptr) return std::nullopt;
  return ZipPoint{row->lat / 1e7,     row->lon / 1e7,      string(row->city),
                  string(row->state), string(row->county), string(row->time_zone)};
}

bool zip_area_has(std::string_view zip5, std::string_view state) {
  const auto area = number(zip5.substr(0, 3), 3);
  if (!area) return false;
  const std::span<const ZipRow> zips = rows<ZipRow>(head().zips);
  const auto begin = std::ranges::lower_bound(zips, *area * 100, {}, &ZipRow::zip);
  const auto end = std::ranges::lower_bound(zips, (*area + 1) * 100, {}, &ZipRow::zip);
  return std::any_of(begin, end, [&](const ZipRow& row) { return string(row.state) == state; });
}

std::optional<StateBox> state_box(std::string_view state) {
  static const std::map<std::string_view, StateBox> kBoxes = [] {
    std::map<std::string_view, StateBox> around;
    for (const ZipRow& row : rows<ZipRow>(head().zips)) {
      StateBox& box = around[string(row.state)];
      box.south = std::min(box.south, row.lat / 1e7);
      box.north = std::max(box.north, row.lat / 1e7);
      box.west = std::min(box.west, row.lon / 1e7);
      box.east = std::max(box.east, row.lon / 1e7);
    }
    return around;
  }();
  const auto found = kBoxes.find(state);
  return found == kBoxes.end() ? std::nullopt : std::optional(found->second);
}

std::string_view state_time_zone(std::string_view state) {
  static const std::map<std::string_view, std::string_view> kZones = [] {
    std::map<std::string_view, std::map<std::string_view, std::size_t>> counted;
    for (const ZipRow& row : rows<ZipRow>(head().zips)) ++counted[string(row.state)][string(row.time_zone)];
    // No ZIP code of these is in the table.
    counted["GU"]["Pacific/Guam"] = counted["MP"]["Pacific/Guam"] = 1;
    counted["AS"]["Pacific/Pago_Pago"] = counted["PW"]["Pacific/Palau"] = counted["FM"]["Pacific/Pohnpei"] = 1;
    std::map<std::string_view, std::string_view> most;
    for (const auto& [name, of_state] : counted)
      most[name] = std::ranges::max_element(of_state, {}, [](const auto& zone) { return zone.second; })->first;
    return most;
  }();
  const auto found = kZones.find(state);
  return found == kZones.end() ? std::string_view() : found->second;
}

std::uint64_t tables_digest() { return head().digest; }

}  // namespace titer::registry
