// SPDX-License-Identifier: Apache-2.0

// The product table (CDC's CVX and NDC codes) and the centroids of all US ZIP codes, compiled into the program.
//
// Used before a request is made (NDC → CVX, names for people) and for points of sites that give none. apply() uses
// only zip_point(), so all replicas of a cluster must run the same table: its digest is part of the handshake.
// Sources and licences: data/README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace titer::registry {

struct Product {
  std::string_view cvx;     // without leading zeros beyond the CDC's own form: "08", "208"
  std::string_view name;    // short description
  std::string_view groups;  // "COVID-19", "FLU", …, |-joined
  bool active = false;
};
// CVX in any zero padding. nullopt: not in the table.
[[nodiscard]] std::optional<Product> find_product(std::string_view cvx);
// For people: the short description of a CVX code, or the name of a treatment that HHS's files report by its NDC
// (5-4-2 digits, as they write it). nullopt: neither.
[[nodiscard]] std::optional<std::string_view> product_name(std::string_view code);
// NDC of 10 or 11 digits, with or without dashes and zero padding; segments are compared as integers.
[[nodiscard]] std::optional<std::string_view> cvx_of_ndc(std::string_view ndc);
// What a person or file may write for a product — "any", CVX, NDC — as the code to store. Unknown text is kept if
// it is a legal product token; nullopt if it is not even that.
[[nodiscard]] std::optional<std::string_view> normalize_product(std::string_view text);

struct ZipPoint {
  double lat = 0, lon = 0;
  std::string_view city, state, county;
};
[[nodiscard]] std::optional<ZipPoint> zip_point(std::string_view zip5);
// A known ZIP code with the same first three digits lies in this state.
[[nodiscard]] bool zip_area_has(std::string_view zip5, std::string_view state);
// Around the centres of all known ZIP codes of a state; nullopt: none is known.
struct StateBox {
  double south = 90, north = -90, west = 180, east = -180;
};
[[nodiscard]] std::optional<StateBox> state_box(std::string_view state);
// Of everything above but the names of treatments, for the handshake between replicas.
[[nodiscard]] std::uint64_t tables_digest();

}  // namespace titer::registry
