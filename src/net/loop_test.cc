// SPDX-License-Identifier: Apache-2.0

// What code with an Environment may rely on, as the Loop keeps it.
#include "net/loop.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace titer::net {
namespace {

class LoopTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool wait(const std::function<bool()>& done) {
    return loop_.run_until(later(boot_now(), 5'000'000), done);
  }

  Loop loop_;
  int rings_ = 0;
};

TEST_F(LoopTest, a_timer_rings_once_and_not_within_start) {
  const auto timer = loop_.make_timer();
  timer->start(0, [&] { ++rings_; });
  EXPECT_EQ(rings_, 0);
  EXPECT_TRUE(wait([&] { return rings_ == 1; }));
  int turns = 0;
  loop_.post([] {});
  EXPECT_TRUE(wait([&] { return ++turns > 1; }));
  EXPECT_EQ(rings_, 1);
}

TEST_F(LoopTest, a_timer_that_is_started_again_forgets_the_ring_before) {
  const auto timer = loop_.make_timer();
  std::vector<int> rings;
  timer->start(0, [&] { rings.push_back(1); });
  timer->start(1, [&] { rings.push_back(2); });
  EXPECT_TRUE(wait([&] { return !rings.empty(); }));
  EXPECT_EQ(rings, std::vector{2});
}

TEST_F(LoopTest, a_timer_that_is_cancelled_or_destroyed_does_not_ring) {
  auto cancelled = loop_.make_timer(), destroyed = loop_.make_timer();
  const auto last = loop_.make_timer();
  cancelled->start(0, [&] { ++rings_; });
  destroyed->start(0, [&] { ++rings_; });
  cancelled->cancel();
  destroyed.reset();
  bool over = false;
  last->start(2'000, [&] { over = true; });
  EXPECT_TRUE(wait([&] { return over; }));
  EXPECT_EQ(rings_, 0);
}

TEST_F(LoopTest, a_timer_may_be_started_from_its_own_ring) {
  const auto timer = loop_.make_timer();
  timer->start(0, [&] {
    ++rings_;
    timer->start(0, [&] { ++rings_; });
  });
  EXPECT_TRUE(wait([&] { return rings_ == 2; }));
}

TEST_F(LoopTest, chance_differs_each_time) {
  std::array<std::byte, 32> a{}, b{};
  loop_.random(a);
  loop_.random(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace titer::net
