// SPDX-License-Identifier: Apache-2.0

// Sites, events and outcomes as JSON: the one shape that the commands (--json), the HTTP interface and the change
// stream print.
//
// Written straight into a text (json_text.h), because these are the answers that are asked for most. Blank and
// unknown fields are left out; an availability is a number, true, false or "unknown"; times are UTC; a stock line
// carries its freshness as of `now`. Each function appends one JSON object. Pure: the caller says what time it is.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::formats {

// How far a site is from the place that was asked for.
struct Distance {
  double metres = 0;
  double value = 0;  // in `unit`
  std::string_view unit;
};

void print_json(registry::Availability availability, std::string& out);
void print_json(const registry::Site& site, WallTime now, std::string& out);
// With distance_m, distance and unit after the site's own members.
void print_json(const registry::Site& site, WallTime now, const Distance& distance, std::string& out);
void print_json(const registry::Event& event, std::string& out);
void print_json(const registry::Outcome& outcome, std::string& out);

}  // namespace titer::formats
