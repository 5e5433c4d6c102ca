// SPDX-License-Identifier: Apache-2.0

// What one stock line must do: the sequential specification that a history is held against.
//
// Written from the rules that users are told (the comments of registry/request.h), and not by calling registry::apply:
// a check that shared that code would share its mistakes. A refusal is an answer like any other: "not enough" is right
// only if there was not enough, and it shows the line as it was.
//
// Outside of the model: sites are neither added, closed nor hidden while the history runs, lines are not undone, a site
// has fewer products than the limit, and times: a set refused as out of date must only show the line as it is.
#pragma once

#include <cstdint>

#include "check/history.h"

namespace titer::check {

struct StockState {
  // False: nothing is known yet. The first answered operation settles it; see below.
  bool known = false;
  bool exists = false;
  registry::Availability value;
  std::uint32_t version = 0;

  bool operator==(const StockState&) const = default;
};

enum class Fit : std::uint8_t {
  kNo,        // this operation cannot have given this answer here
  kObserved,  // it can, and changes nothing
  kChanged,   // it can, and `state` is what follows
};

// Places the operation at `state`. One without an answer fits wherever it has an effect; where it has none it is kNo, as
// if it never happened, which is the same. From an unknown state an operation with an answer fits if the line it shows
// could be any line at all; one without an answer never does (its effect is part of what is not known).
[[nodiscard]] Fit apply(const Op& op, StockState& state);

// Has an answer that came out of the order, so it must be placed.
[[nodiscard]] bool is_answered(const Op& op);
// The version that the line had before the operation, by its answer; 0: it did not exist. Only if the answer shows it.
[[nodiscard]] std::uint32_t version_before(const Op& op);
// The operation says that it changed the line.
[[nodiscard]] bool shows_change(const Op& op);

}  // namespace titer::check
