// SPDX-License-Identifier: Apache-2.0

// How sites are shown to people: one row for each stock line.
#pragma once

#include <string>
#include <vector>

#include "registry/types.h"
#include "titer/text.h"

namespace titer::app {

// Rows of `table`: [distance,] availability, product, checked, id, zip, state, name. Only lines of `products` when
// there are any; a site without (such) stock gets one row that says so.
void add_rows(Table& table, const registry::Site& site, const std::string& distance,
              const std::vector<std::string_view>& products);
[[nodiscard]] Table site_table(bool with_distance);
// Everything about one site, field by field.
void print_site(const registry::Site& site);

}  // namespace titer::app
