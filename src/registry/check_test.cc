// SPDX-License-Identifier: Apache-2.0

#include <chrono>

#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

constexpr int kSites = 12'000;

// How long checking so many sites takes; all at the point of one ZIP code, or each at a point of its own.
double seconds_to_check(bool one_zip) {
  Bench b;
  for (int i = 0; i < kSites; ++i) {
    const std::string name = "site " + std::to_string(i);
    AddSite op;
    op.fields.name = name;
    if (one_zip) {
      op.fields.zip = "02138";
    } else {
      op.fields.lat = 30 + i * 0.001;
      op.fields.lon = -100 + i * 0.001;
    }
    EXPECT_TRUE(b.apply(op).ok()) << b.out.message;
  }
  const auto began = std::chrono::steady_clock::now();
  b.check();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// `titer verify` took 17 s for 40,000 sites of one ZIP code, and 0.3 s for as many that were spread.
TEST(Check, sites_at_one_point_take_no_longer_than_sites_that_are_spread) {
  const double spread = seconds_to_check(false);
  EXPECT_LT(seconds_to_check(true), 3 * spread + 0.05);
}

}  // namespace
}  // namespace titer::registry
