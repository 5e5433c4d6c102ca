// SPDX-License-Identifier: Apache-2.0

// How often a key or an address may ask: buckets that fill with the time that they are given.
#include "net/rates.h"

#include <gtest/gtest.h>

namespace titer::net {
namespace {

TEST(Rates, a_bucket_holds_two_seconds_and_fills_again) {
  Rate rate({10, true}, "key");
  BootTime now(1'000'000);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(rate.take(1, now));
  EXPECT_FALSE(rate.take(1, now));
  EXPECT_TRUE(rate.take(2, now)) << "each for itself";
  now.value += 100'000;
  EXPECT_TRUE(rate.take(1, now));
  EXPECT_FALSE(rate.take(1, now));
  EXPECT_EQ(rate.retry_after_s(), 1U);
  EXPECT_EQ(Rate({0.25, true}, "key").retry_after_s(), 4U);
}

TEST(Rates, of_zero_are_none) {
  Rates rates(RateLimits::of(0, 0));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(rates.take({1, 2, false}, BootTime(1)).ok());
}

int taken(const RateLimits& limits, bool this_machine) {
  Rates rates(limits);
  int n = 0;
  while (n < 1000 && rates.take({7, 0, this_machine}, BootTime(1)).ok()) ++n;
  return n;
}

TEST(Rates, that_nobody_has_set_are_for_other_machines) {
  EXPECT_EQ(taken(RateLimits::of({}, {}), false), 2 * kDefaultPerAddress);
  EXPECT_EQ(taken(RateLimits::of({}, {}), true), 1000)
      << "the operator's tools, and a proxy that stands for everybody";
  EXPECT_EQ(taken(RateLimits::of({}, 5), true), 10) << "what an operator has set is for all";
  EXPECT_EQ(taken(RateLimits::of({}, 0), false), 1000);
}

TEST(Rates, of_a_key_that_nobody_has_set_are_for_other_machines_too) {
  Rates rates(RateLimits::of({}, 0));
  int n = 0;
  while (n < 1000 && rates.take({7, 1, false}, BootTime(1)).ok()) ++n;
  EXPECT_EQ(n, 2 * kDefaultPerKey);
  EXPECT_TRUE(rates.take({7, 1, true}, BootTime(1)).ok());
}

TEST(Rates, an_address_and_a_key_are_counted_each_for_itself_and_the_refusal_says_which) {
  Rates rates(RateLimits::of(1, 2));
  const BootTime now(1);
  EXPECT_TRUE(rates.take({7, 1}, now).ok());
  EXPECT_TRUE(rates.take({8, 1}, now).ok());
  const Status of_key = rates.take({9, 1}, now);
  ASSERT_FALSE(of_key.ok()) << "the key is the same at every address";
  EXPECT_EQ(of_key.error().code, Code::kTooMany);
  EXPECT_EQ(of_key.error().message, "too many requests of this key; slow down");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.take({7, 0}, now).ok()) << "who has no key has no bucket of one";
  const Status of_address = rates.take({7, 2}, now);
  ASSERT_FALSE(of_address.ok());
  EXPECT_EQ(of_address.error().message, "too many requests of this address; slow down");
}

}  // namespace
}  // namespace titer::net
