// SPDX-License-Identifier: Apache-2.0

// Place: whether the state, the ZIP code and the point that a site gives are of one place, by the bundled table of ZIP codes.
//
// Why: the key of a jurisdiction reaches sites by state or ZIP code, and people find them by point. If each of the three
// were believed for itself, the key of one state could place a site in another one, or move it there.
//
// The rules:
// - a state that is not given is that of the ZIP code;
// - a ZIP code of the table lies in the state that the table names, also where its area crosses a state line: that of
//   its post office;
// - the ZIP codes of Guam and the other territories, and of the military, which are in no such table, lie in ranges of their
//   own, and a state with such a range has no others;
// - any other ZIP code that the table does not know shares its first three digits with one of its state. Two letters of
//   which nothing is known agree with each of these;
// - a point that is given lies within point_from_zip_max_m() of the ZIP code's centre, or, without a known ZIP code, within
//   kPointFromStateMaxDegrees of the box around the ZIP codes of the state.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/types.h"

namespace titer::registry {

struct Place {
  std::string_view state, zip;
  bool point_given = false;
  double lat = 0, lon = 0;

  bool operator==(const Place&) const = default;
};
[[nodiscard]] Place stated_place(const Site& site);

// How far a point may lie from the centre of a ZIP code of this state.
[[nodiscard]] double point_from_zip_max_m(std::string_view state);

// Empty: it is not known.
[[nodiscard]] std::string_view state_of_zip(std::string_view zip);
// The state that is given, else that of the ZIP code; empty if neither is known.
[[nodiscard]] std::string_view state_of(const Place& place);

// A sentence that names the two that do not fit together; nullopt: everything does.
[[nodiscard]] std::optional<std::string> contradiction(const Place& place);

}  // namespace titer::registry
