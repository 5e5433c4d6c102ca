// SPDX-License-Identifier: Apache-2.0

#include "node/watch_ring.h"

#include <gtest/gtest.h>

namespace titer::node {
namespace {

Bytes message(std::size_t size, char fill) { return Bytes(size, static_cast<std::byte>(fill)); }

TEST(WatchRing, every_watcher_gets_the_same_bytes_from_where_it_stands) {
  WatchRing ring(1000);
  ring.begin_at(Position(10));
  EXPECT_TRUE(ring.feeds(Position(10))) << "it waits for what comes";
  ring.push(Position(12), message(3, 'a'));
  ring.push(Position(13), message(2, 'b'));
  Bytes out;
  EXPECT_EQ(ring.read(Position(10), 100, out), Position(13));
  EXPECT_EQ(as_text(out), "aaabb");
  out.clear();
  EXPECT_EQ(ring.read(Position(12), 100, out), Position(13));
  EXPECT_EQ(as_text(out), "bb");
  out.clear();
  EXPECT_EQ(ring.read(Position(13), 100, out), Position(13));
  EXPECT_TRUE(out.empty());
}

TEST(WatchRing, a_watcher_inside_a_batch_or_beyond_the_ring_is_not_fed_from_it) {
  WatchRing ring(1000);
  ring.begin_at(Position(10));
  ring.push(Position(12), message(3, 'a'));
  EXPECT_FALSE(ring.feeds(Position(9))) << "history";
  EXPECT_FALSE(ring.feeds(Position(11))) << "it would get 11 twice";
  EXPECT_TRUE(ring.feeds(Position(12)));
  EXPECT_FALSE(ring.feeds(Position(13))) << "from the future";
}

TEST(WatchRing, the_oldest_batches_go_and_who_stands_there_has_fallen_behind) {
  WatchRing ring(10);
  ring.begin_at(Position(0));
  for (std::uint64_t i = 1; i <= 5; ++i) ring.push(Position(i), message(4, 'x'));
  EXPECT_EQ(ring.begin(), Position(3));
  EXPECT_EQ(ring.bytes(), 8U);
  EXPECT_FALSE(ring.feeds(Position(2)));
  EXPECT_TRUE(ring.feeds(Position(3)));
  ring.push(Position(6), message(100, 'y'));
  EXPECT_EQ(ring.begin(), Position(5)) << "the newest stays, however large";
}

TEST(WatchRing, a_reader_gets_about_as_much_as_it_asks_for_and_at_least_one_batch) {
  WatchRing ring(1000);
  ring.begin_at(Position(0));
  for (std::uint64_t i = 1; i <= 5; ++i) ring.push(Position(i), message(40, 'x'));
  Bytes out;
  EXPECT_EQ(ring.read(Position(0), 100, out), Position(2));
  EXPECT_EQ(ring.read(Position(2), 1, out), Position(3));
  EXPECT_EQ(out.size(), 120U);
}

}  // namespace
}  // namespace titer::node
