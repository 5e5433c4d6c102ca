// SPDX-License-Identifier: Apache-2.0

// The orders of the ordered indexes, over the rows of a Store.
#pragma once

#include <cstdint>

#include "registry/store.h"

namespace titer::registry {

// (name, id), bytewise: < 0, 0, > 0.
[[nodiscard]] inline int compare_names(const Store& store, std::uint32_t a, std::uint32_t b) {
  const int names = store.name(a).compare(store.name(b));
  return names != 0 ? names : store.id(a).compare(store.id(b));
}
struct NameOrder {
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const { return compare_names(store, a, b) < 0; }
  void add(std::uint32_t slot, NameSummary& summary) const { summary.add(store.name(slot)); }
};
struct ZipOrder {
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    const int zips = store.hot(a).text.zip().compare(store.hot(b).text.zip());
    return zips != 0 ? zips < 0 : compare_names(store, a, b) < 0;
  }
};
struct StateOrder {
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    const int states = store.state(a).compare(store.state(b));
    return states != 0 ? states < 0 : compare_names(store, a, b) < 0;
  }
};
struct PlaceOrder {
  bool operator()(const Placed& a, const Placed& b) const {
    return a.place() != b.place() ? a.place() < b.place() : a.slot < b.slot;
  }
};
struct ProductOrder {  // of lines
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    const Line& one = store.line(a);
    const Line& two = store.line(b);
    const int products = one.product == two.product ? 0 : store.product(a).compare(store.product(b));
    if (products != 0) return products < 0;
    if (one.available() != two.available()) return one.available();
    return compare_names(store, one.slot, two.slot) < 0;
  }
};

}  // namespace titer::registry
