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
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    return store.place(a) != store.place(b) ? store.place(a) < store.place(b) : a < b;
  }
};
struct ProductOrder {  // of lines
  const Store& store;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    const Line& one = store.line(a);
    const Line& two = store.line(b);
    const int products = one.product == two.product ? 0 : store.product(a).compare(store.product(b));
    return products != 0 ? products < 0 : compare_names(store, one.slot, two.slot) < 0;
  }
};

}  // namespace titer::registry
