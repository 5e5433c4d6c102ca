// SPDX-License-Identifier: Apache-2.0

#include "client/window.h"

#include <gtest/gtest.h>

#include <vector>

namespace titer::client {
namespace {

std::vector<std::uint64_t> sent(Window& window, std::int64_t now = 0) {
  std::vector<std::uint64_t> out;
  window.send(BootTime(now), [&](RequestNumber n, ByteView) { out.push_back(n.value); });
  return out;
}
RequestNumber n(std::uint64_t value) { return RequestNumber(value); }

using Numbers = std::vector<std::uint64_t>;

TEST(Window, ANewSessionNumbersFromOneAndPlacesStay) {
  Window window;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(window.add(as_bytes("a")), n(static_cast<std::uint64_t>(i) + 1));
  EXPECT_EQ(sent(window), Numbers({1, 2, 3, 4, 5}));
  window.settle(n(1));
  window.settle(n(2));
  window.settle(n(4));
  window.begin_session();
  EXPECT_FALSE(window.may_be_done(n(3))) << "the replicas have not executed it";
  EXPECT_EQ(sent(window), Numbers({1, 3})) << "places 3 and 5";
  EXPECT_EQ(window.place(n(3)), n(5));
  EXPECT_EQ(window.add({}), n(6));
  EXPECT_EQ(sent(window), Numbers({4}));
  EXPECT_TRUE(window.settle(window.place(n(1))));
  EXPECT_EQ(window.first_open(), n(5));
}

TEST(Window, OnlyWhatWasSentOnALostLinkMayBeExecutedBefore) {
  Window window;
  for (int i = 0; i < 3; ++i) window.add({});
  window.send(BootTime(0), [](RequestNumber, ByteView) {});
  window.refuse(n(2), BootTime(5));
  EXPECT_FALSE(window.may_be_executed_before(n(1)));
  window.link_lost();
  EXPECT_TRUE(window.may_be_executed_before(n(1)));
  EXPECT_FALSE(window.may_be_executed_before(n(2))) << "the replica refused it";
  window.settle(n(1));
  window.settle(n(3));
  window.begin_session();
  sent(window);
  EXPECT_FALSE(window.may_be_executed_before(n(2)));
}

TEST(Window, HoldsAsManyNumbersAsReplicasRemember) {
  Window window;
  window.add({});
  window.settle(n(1));
  while (window.can_add()) window.add({});
  EXPECT_EQ(window.open(), limits::kSessionWindow);
  // An answer in the middle frees nothing: the span counts, not the number of open ones.
  EXPECT_TRUE(window.settle(n(3)));
  EXPECT_FALSE(window.can_add());
  EXPECT_TRUE(window.settle(n(2)));
  EXPECT_TRUE(window.can_add());
  EXPECT_EQ(window.first_open(), n(4));
}

TEST(Window, SendsEachOnceUntilTheLinkIsLost) {
  Window window;
  window.add({});
  window.settle(n(1));
  window.add({});
  window.add({});
  window.add({});
  EXPECT_EQ(sent(window), Numbers({2, 3, 4}));
  EXPECT_EQ(sent(window), Numbers());
  window.settle(n(3));
  window.link_lost();
  EXPECT_EQ(sent(window), Numbers({2, 4}));
}

TEST(Window, RefusedWaitsForItsTime) {
  Window window;
  window.add({});
  sent(window);
  window.refuse(n(1), BootTime(500));
  EXPECT_EQ(window.next_retry(), BootTime(500));
  EXPECT_EQ(sent(window, 499), Numbers());
  EXPECT_EQ(sent(window, 500), Numbers({1}));
  EXPECT_EQ(window.next_retry(), std::nullopt);
}

TEST(Window, SecondAnswerIsIgnored) {
  Window window;
  window.add({});
  EXPECT_TRUE(window.settle(n(1)));
  EXPECT_FALSE(window.settle(n(1)));
  EXPECT_FALSE(window.settle(n(77)));
  EXPECT_TRUE(window.empty());
}

TEST(Window, KnowsWhatMayHaveBeenExecuted) {
  Window window;
  window.add({});
  EXPECT_FALSE(window.may_be_done(n(1)));
  sent(window);
  EXPECT_TRUE(window.may_be_done(n(1)));
  window.refuse(n(1), BootTime(5));
  EXPECT_FALSE(window.may_be_done(n(1))) << "who refuses it has not executed it";
  sent(window, 5);
  window.link_lost();
  EXPECT_TRUE(window.may_be_done(n(1)));
  sent(window);
  window.refuse(n(1), BootTime(5));
  EXPECT_TRUE(window.may_be_done(n(1))) << "the one before, who was lost, may have";
}

}  // namespace
}  // namespace titer::client
