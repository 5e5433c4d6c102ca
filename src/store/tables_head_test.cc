// SPDX-License-Identifier: Apache-2.0

#include "store/tables_head.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace titer::store {
namespace {

Head some_head() {
  Head head;
  head.batch = 3;
  head.standing = {true, Position(400),          0xD1,          Position(390),
                   17,   Bytes(5, std::byte{9}), Position(380), Bytes(16, std::byte{8})};
  head.checkpoint.installed.number = ViewNumber(7);
  head.checkpoint.installed.members = {{ReplicaId(1), Incarnation(99), "host:1"}};
  head.checkpoint.installed.known_dead = {Incarnation(5)};
  head.checkpoint.last_executed = {LamportTime(5), TransmitterId(2)};
  head.checkpoint.clock = LamportTime(9);
  head.checkpoint.bases = {{TransmitterId(0), Seq(4)}, {TransmitterId(kDirectClientBit | 5), Seq(6)}};
  head.events.each = {Position(399), Position(398), Position(12)};
  head.journal = {0x5A17, 12};
  head.written = WallTime(-1);
  head.recoveries = {"one", ""};
  return head;
}

// All its fields are in its bytes: encoded again they are the same.
TEST(TablesHead, comes_back_with_every_field) {
  Bytes bytes, again;
  encode_head(some_head(), bytes);
  const auto head = decode_head(bytes);
  ASSERT_TRUE(head.ok()) << head.error().message;
  encode_head(*head, again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(head->batch, 3U);
  EXPECT_TRUE(head->standing.learning);
  EXPECT_EQ(head->standing.next_slot, 17U);
  EXPECT_EQ(head->standing.pass_began, Position(390));
  EXPECT_EQ(head->standing.digest, 0xD1U);
  EXPECT_EQ(head->standing.horizon, Position(380));
  EXPECT_EQ(head->standing.idempotency, Bytes(16, std::byte{8}));
  EXPECT_EQ(head->checkpoint.installed, some_head().checkpoint.installed);
  EXPECT_EQ(head->checkpoint.bases, some_head().checkpoint.bases);
  EXPECT_EQ(head->journal, some_head().journal);
  EXPECT_EQ(head->recoveries, some_head().recoveries);
}

TEST(TablesHead, with_a_number_out_of_range_is_refused) {
  const auto refused = [](void (*spoil)(Head&)) {
    Head head = some_head();
    spoil(head);
    Bytes bytes;
    encode_head(head, bytes);
    return !decode_head(bytes).ok();
  };
  EXPECT_TRUE(refused([](Head& h) { h.standing.position = Position(limits::kCounterMax + 1); }));
  EXPECT_TRUE(refused([](Head& h) { h.standing.horizon = Position(~std::uint64_t{0}); }));
  EXPECT_TRUE(refused([](Head& h) { h.checkpoint.clock = LamportTime(~std::uint64_t{0}); }));
  EXPECT_FALSE(refused([](Head& h) { h.checkpoint.clock = LamportTime(limits::kCounterMax); }));
}

TEST(TablesHead, that_is_cut_short_or_bent_is_an_error_and_never_a_crash) {
  Bytes bytes;
  encode_head(some_head(), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_head(ByteView(bytes).first(size)).ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bend : {0x01, 0x80, 0xFF}) {
      Bytes bent = bytes;
      bent[at] ^= static_cast<std::byte>(bend);
      (void)decode_head(bent);
    }
  }
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_head(bytes).ok()) << "bytes are left over";
}

}  // namespace
}  // namespace titer::store
