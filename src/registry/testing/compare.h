// SPDX-License-Identifier: Apache-2.0

// What a State and the Model of the same requests disagree on, as a text for a failure; empty: on nothing.
//
// Pure, and drawn from a Random where there are too many questions to ask them all.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "registry/testing/model.h"

namespace titer::registry::test {

[[nodiscard]] std::string difference(const Outcome& is, const Outcome& expected);
// One page of the change stream: the events after `since`, oldest first, up to the position `upto`, and whether it says that
// there are more of these.
[[nodiscard]] std::string difference_of_page(const std::vector<Event>& page, bool more, Position since,
                                             Position upto, const Model& model);
// All rows, all keys, the switch, the counts.
[[nodiscard]] std::string difference_of_rows(const State& state, const Model& model);
// The whole history from the newest event back, and the whole change stream, in pages; of one site; of keys alone.
[[nodiscard]] std::string difference_of_events(const State& state, const Model& model, Random& random);
// Some lists and circles with filters, in pages.
[[nodiscard]] std::string difference_of_questions(const State& state, const Model& model, Random& random);
// All of them.
[[nodiscard]] std::string difference(const State& state, const Model& model, Random& random);
// Likewise, but of the events one page of each kind, from anywhere: what a long run can afford again and again.
[[nodiscard]] std::string difference_of_sample(const State& state, const Model& model, Random& random);

}  // namespace titer::registry::test
