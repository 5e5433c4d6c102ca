// SPDX-License-Identifier: Apache-2.0

// Linearizability: is there one order of the operations, each at some point between its call and its answer, in which a
// single stock line would have given all these answers? (Herlihy and Wing, TOPLAS 12(3), 1990)
//
// The search is that of Wing and Gong (JPDC 17, 1993) as Lowe made it fast (Testing for linearizability, 2017): place
// whatever may be next, take it back when stuck, and remember the configurations — what is placed, and the state — that
// were tried. A history is linearizable if it is for each object alone (locality), so each stock line is checked apart,
// as porcupine does. search.h says what is added for this object.
//
// Verdicts: a found order is proof. A violation is proof that there is none, up to the model (stock_model.h). When the
// budget ends first it says so: kUnknown is not a pass.
//
// Pure and deterministic: no clock. A budget in seconds is the caller's `give_up`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "check/history.h"

namespace titer::check {

enum class Answer : std::uint8_t { kLinearizable, kViolation, kUnknown };
[[nodiscard]] std::string_view name(Answer answer);  // "linearizable", "violation", "unknown"

enum class Begin : std::uint8_t {
  kAnyState,  // the line held something before the history began
  kNoLine,    // the history begins with the cluster: no stock line yet
};

struct Options {
  Begin begin = Begin::kAnyState;
  std::uint64_t max_steps = UINT64_MAX;  // per stock line; a step places or takes back one operation
  std::function<bool()> give_up;         // asked now and then; true: the rest is kUnknown
};

struct LineVerdict {
  std::string site, product;
  Answer answer = Answer::kLinearizable;
  std::size_t operations = 0;  // that had to be placed: with an answer
  std::size_t open = 0;        // that might be: without
  std::size_t placed = 0;      // of the former, in the longest order found
  std::uint64_t steps = 0;
  std::string
      explanation;  // of a violation: where the longest order ends, and what could not follow. Several lines
};

struct Verdict {
  std::vector<LineVerdict> lines;  // by site, then product
  std::size_t operations = 0, open = 0;
  std::size_t violations = 0, unknown = 0;  // stock lines

  // One violation outweighs everything; one unknown outweighs the rest.
  [[nodiscard]] Answer answer() const;
};

// Also finds operations that are wrong by themselves: an end before the call is a violation of its line.
[[nodiscard]] Verdict check(const History& history, const Options& options = {});

// One operation for people: "client 3 #17 reserve 2: not_enough, 1 at version 9 [1.000002 s, 1.000345 s]".
[[nodiscard]] std::string describe(const Op& op);

}  // namespace titer::check
