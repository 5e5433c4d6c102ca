// SPDX-License-Identifier: Apache-2.0

// Properties of writing and reading together: what is exported is imported as the same, whatever is in the registry.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "formats/testing.h"
#include "registry/random_requests.h"

namespace titer::formats {
namespace {

registry::State random_state(std::uint64_t seed) {
  registry::State state;
  registry::test::RandomRequests random(seed);
  registry::Outcome outcome;
  for (std::uint64_t position = 1; position <= 80; ++position) {
    const std::int64_t now = 1'700'000'000'000 + static_cast<std::int64_t>(position) * 1000;
    state.apply(random.next(position, now), Position(position), WallTime(now), outcome);
  }
  return state;
}

RC_GTEST_PROP(RoundTrip, an_export_changes_nothing_where_it_comes_from, (std::uint64_t seed)) {
  for (const std::string_view format : {"csv", "ndjson"}) {
    registry::State state = random_state(seed);
    const std::string exported = export_of(state, format);
    const Imported again = import_into(state, exported);
    RC_ASSERT(again.refused == 0U);
    RC_ASSERT(again.changed == 0U);
    RC_ASSERT(export_of(state, format) == exported);
  }
}

RC_GTEST_PROP(RoundTrip, an_empty_registry_becomes_what_was_exported, (std::uint64_t seed)) {
  const registry::State state = random_state(seed);
  for (const std::string_view format : {"csv", "ndjson"}) {
    const std::string exported = export_of(state, format);
    registry::State copy;
    RC_ASSERT(import_into(copy, exported).refused == 0U);
    RC_ASSERT(export_of(copy, format) == exported);
  }
}

RC_GTEST_PROP(RoundTrip, both_formats_say_the_same, (std::uint64_t seed)) {
  const registry::State state = random_state(seed);
  registry::State by_csv, by_ndjson;
  (void)import_into(by_csv, export_of(state, "csv"));
  (void)import_into(by_ndjson, export_of(state, "ndjson"));
  RC_ASSERT(export_of(by_csv, "geojson") == export_of(by_ndjson, "geojson"));
}

}  // namespace
}  // namespace titer::formats
