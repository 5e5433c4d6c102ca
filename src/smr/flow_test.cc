// SPDX-License-Identifier: Apache-2.0

// Flow and limits (§2.9), natural batching, and what is answered to peers that break the rules.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "smr/request_batch.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;

TEST(Flow, requests_of_one_turn_are_one_frame) {
  Cluster c(2);
  for (int i = 0; i < 10; ++i) c.submit(0, std::to_string(i));
  c.turn(0);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 1U);
  c.settle();
  EXPECT_EQ(c.executed(1).size(), 10U);
}

TEST(Flow, requests_beyond_the_frames_in_flight_gather_into_the_next_frame) {
  Cluster c(2, false, 1);
  for (int i = 0; i < 10; ++i) {
    c.submit(0, std::to_string(i));
    c.turn(0);
  }
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 1U);
  EXPECT_EQ(c[0].replica->snapshot().pending_requests, 9U);
  EXPECT_EQ(c[0].replica->snapshot().unsafe_own_frames, 1U);
  c.deliver_all(0, 1);
  c.turn(1);
  c.deliver_all(1, 0);
  c.turn(0);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 2U);
  c.settle();
  EXPECT_EQ(c.executed(1).size(), 10U);
}

TEST(Flow, never_more_unsafe_frames_than_the_limit) {
  Cluster c(2, false, 1'000'000);
  for (std::size_t i = 0; i < 2 * limits::kUnsafeFramesMax; ++i) {
    c.submit(0, std::to_string(i));
    c.turn(0);
  }
  EXPECT_EQ(c[0].replica->snapshot().unsafe_own_frames, limits::kUnsafeFramesMax);
  c.settle();
  EXPECT_EQ(c.executed(1).size(), 2 * limits::kUnsafeFramesMax);
}

TEST(Flow, a_frame_holds_no_more_requests_and_bytes_than_its_limits) {
  Cluster c(2);
  for (std::size_t i = 0; i < limits::kFrameRequestsMax + 1; ++i) c.submit(0, "x");
  c.turn(0);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 2U);
  const std::string big(limits::kRequestBytesMax, 'x');
  for (int i = 0; i < 5; ++i) c.submit(0, big);
  c.turn(0);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 4U);
  c.settle();
  EXPECT_TRUE(c[1].cuts.empty());
  EXPECT_EQ(c.executed(1).size(), limits::kFrameRequestsMax + 6);
}

TEST(Flow, a_gateway_refuses_what_would_go_beyond_the_pending_bytes) {
  Cluster c(2);
  const std::string big(limits::kRequestBytesMax, 'x');
  EXPECT_FALSE(c[0].replica->accepts(limits::kRequestBytesMax + 1));
  std::size_t taken = 0;
  while (c[0].replica->accepts(big.size())) {
    c.submit(0, big);
    ++taken;
  }
  EXPECT_EQ(taken, limits::kPendingBytesMax / (big.size() + kRequestHeaderBytes));
  c.settle();
  EXPECT_TRUE(c[0].replica->accepts(big.size()));
}

TEST(Flow, memory_is_free_again_once_everybody_has_everything) {
  Cluster c(3);
  for (int i = 0; i < 50; ++i) {
    c.submit(i % 3, std::to_string(i));
    c.settle();
  }
  for (int i = 0; i < 3; ++i) EXPECT_LE(c[i].replica->snapshot().frames_held, 4U) << i;
}

class Misbehaving : public ::testing::Test {
 protected:
  Misbehaving() : c(2) {}
  void receive(const PeerMessage& m) {
    c.give(0, input::Receive{ReplicaId(1), Incarnation(101), m});
    c.turn(0);
  }
  void expect_cut(const std::string& because) {
    ASSERT_EQ(c[0].cuts.size(), 1U);
    EXPECT_EQ(std::get<ReplicaId>(c[0].cuts[0].who), ReplicaId(1));
    EXPECT_NE(c[0].cuts[0].reason.find(because), std::string::npos) << c[0].cuts[0].reason;
    EXPECT_EQ(c[0].replica->snapshot().frames_held, 0U);
  }
  const TransmitterId x = gateway_of(ReplicaId(1));
  Cluster c;
};

TEST_F(Misbehaving, a_timestamp_far_ahead_is_refused) {
  receive(make_frame(0, x, 1, limits::kClockLeapMax + 100, "x"));
  expect_cut("too far ahead");
}

TEST_F(Misbehaving, a_timestamp_that_does_not_rise_is_refused) {
  receive(make_frame(0, x, 1, 0, "x"));
  expect_cut("not above");
}

TEST_F(Misbehaving, a_frame_in_anothers_name_is_refused) {
  receive(make_frame(0, gateway_of(ReplicaId(0)), 1, 5, "x"));
  expect_cut("another transmitter");
}

TEST_F(Misbehaving, acknowledging_what_was_never_sent_is_refused) {
  receive(make_frame(0, x, 1, 5, "", {{gateway_of(ReplicaId(0)), Seq(9)}}));
  ASSERT_EQ(c[0].cuts.size(), 1U);
  EXPECT_NE(c[0].cuts[0].reason.find("never sent"), std::string::npos);
}

TEST_F(Misbehaving, a_malformed_batch_is_refused) {
  Frame bad = *make_frame(0, x, 1, 5, "request");
  bad.count = 2;
  receive(std::make_shared<const Frame>(bad));
  expect_cut("number of requests");
}

TEST_F(Misbehaving, nothing_at_all_is_refused) {
  receive(FramePtr());
  expect_cut("frame");
}

TEST_F(Misbehaving, a_replica_id_out_of_range_is_refused) {
  c.give(0, input::Receive{ReplicaId(40), Incarnation(1), Heartbeat{}});
  c.turn(0);
  EXPECT_EQ(c[0].cuts.size(), 1U);
}

TEST(RequestBatch, check_finds_every_malformation) {
  Bytes good;
  append_request(good, {SessionId(1), RequestNumber(1), as_bytes("body")});
  append_request(good, {SessionId(1), RequestNumber(2), as_bytes("")});
  EXPECT_TRUE(check_batch(good, 2).ok());
  EXPECT_FALSE(check_batch(good, 1).ok());
  EXPECT_FALSE(check_batch(good, 3).ok());
  for (std::size_t n = 1; n < good.size(); ++n) EXPECT_FALSE(check_batch(ByteView(good).first(n), 2).ok()) << n;
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(check_batch(longer, 2).ok());
  Bytes big;
  append_request(big, {SessionId(1), RequestNumber(1), Bytes(limits::kRequestBytesMax + 1)});
  EXPECT_FALSE(check_batch(big, 1).ok());
}

}  // namespace
}  // namespace titer::smr::testing
