// SPDX-License-Identifier: Apache-2.0

// The product table (CDC's CVX and NDC codes) and the centroids of all US ZIP codes, compiled into the program.
//
// A vaccine has a CVX code, and its packs have NDC codes; stock is logged of either. Codes have one form each: CVX as the CDC
// writes it ("08", "208"), NDC in 5-4-2 digits ("80777-0112-93").
//
// Products are used before a request is made (product_text.h reads what people write) and for names. apply() uses only places and
// points of ZIP codes, so all replicas of a cluster must run the same table: its digest is part of the handshake.
// Sources and licences: data/README.md. All views are into the tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace titer::registry {

// Behind a code: its stock of the program Vaccines for Children.
inline constexpr std::string_view kVfcMark = ".vfc";
// The code without it.
[[nodiscard]] std::string_view without_vfc(std::string_view code);

struct Product {
  std::string_view cvx;     // without leading zeros beyond the CDC's own form: "08", "208"
  std::string_view name;    // short description
  std::string_view groups;  // "COVID-19", "FLU", …, |-joined
  bool active = false;
};
// CVX in any zero padding. nullopt: not in the table.
[[nodiscard]] std::optional<Product> find_product(std::string_view cvx);
// Every product of the table, by their numbers.
[[nodiscard]] std::vector<Product> all_products();
// For people: the short description of a CVX code, the trade name of a pack, or the name of a treatment that HHS's files report
// by its NDC. nullopt: none of them.
[[nodiscard]] std::optional<std::string_view> product_name(std::string_view code);

struct Pack {
  std::string_view ndc;         // 5-4-2 digits
  std::string_view cvx;         // of the vaccine in it
  std::string_view trade_name;  // may be empty
};
// NDC of 10 or 11 digits, with or without dashes and zero padding; segments are compared as integers. Ten digits without dashes are
// one of three: found when only one of these is a pack.
[[nodiscard]] std::optional<Pack> find_pack(std::string_view ndc);
[[nodiscard]] std::vector<Pack> all_packs();  // by their numbers
[[nodiscard]] std::optional<std::string_view> cvx_of_ndc(std::string_view ndc);
// The CVX code of what is stored: of a vaccine, or of a pack of one. nullopt: of no known vaccine.
[[nodiscard]] std::optional<std::string_view> vaccine_of(std::string_view code);
// The NDC of a treatment that has a name.
[[nodiscard]] bool is_treatment(std::string_view ndc);

struct ZipPoint {
  double lat = 0, lon = 0;
  std::string_view city, state, county;
  std::string_view time_zone;  // "America/New_York"
};
[[nodiscard]] std::optional<ZipPoint> zip_point(std::string_view zip5);
// A known ZIP code with the same first three digits lies in this state.
[[nodiscard]] bool zip_area_has(std::string_view zip5, std::string_view state);
// Around the centres of all known ZIP codes of a state; nullopt: none is known.
struct StateBox {
  double south = 90, north = -90, west = 180, east = -180;
};
[[nodiscard]] std::optional<StateBox> state_box(std::string_view state);
// The time zone that most ZIP codes of a state have; empty: no such state is known.
[[nodiscard]] std::string_view state_time_zone(std::string_view state);
// Of everything above but the names of treatments, for the handshake between replicas.
[[nodiscard]] std::uint64_t tables_digest();

}  // namespace titer::registry
