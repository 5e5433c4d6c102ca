// SPDX-License-Identifier: Apache-2.0

// A long view, in which many direct clients come, send something, and go (§3).
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "smr/streams.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

TransmitterId passing(std::uint64_t n) { return TransmitterId(kDirectClientBit | (1000 + n)); }

// Says hello, sends one frame with `rest` and goes: passive, executed, acknowledged by all.
void pass_by(Cluster& c, std::uint64_t n, std::uint64_t view = 0) {
  for (int j = 0; j < 3; ++j) c.give(j, input::Direct{passing(n), Hello{ViewNumber(view)}});
  std::uint64_t clock = 0;
  for (int j = 0; j < 3; ++j) clock = std::max(clock, c[j].replica->snapshot().clock.value);
  const FramePtr frame = make_frame(view, passing(n), 1, clock + 1, "by", {}, true);
  for (int j = 0; j < 3; ++j) c.give(j, input::Direct{passing(n), frame});
  c.settle();
  for (int j = 0; j < 3; ++j) c.give(j, input::DirectLost{passing(n)});
}

// So few that a test comes to both soon.
constexpr Limits kFew{.direct_clients = 16, .settled_clients = 64};

// More than are kept in full: of those that are settled a summary is enough. Nothing differs for the client that comes back,
// nor for a flush.
TEST(DirectClients, more_than_are_known_in_full_work_in_one_view_and_the_first_of_them_may_come_back) {
  Cluster c(3, false, 64, kFew);
  constexpr std::uint64_t kClients = kFew.direct_clients * 3;
  for (std::uint64_t n = 0; n < kClients; ++n) pass_by(c, n);
  for (int j = 0; j < 3; ++j) {
    EXPECT_TRUE(c[j].asks.empty()) << "no view changes";
    EXPECT_TRUE(c[j].cuts.empty());
    EXPECT_EQ(c.executed(j).size(), kClients);
    c[j].to_clients.clear();
  }
  std::uint64_t clock = 0;
  for (int j = 0; j < 3; ++j) {
    c.give(j, input::Direct{passing(3), Hello{ViewNumber(0)}});
    c.turn(j);
    ASSERT_EQ(c[j].to_clients.size(), 1U);
    EXPECT_EQ(std::get<Welcome>(c[j].to_clients[0].message).next, Seq(2)) << "its frame of before is not forgotten";
    clock = std::max(clock, c[j].replica->snapshot().clock.value);
  }
  // In the middle of its broadcast the view changes: one replica has the frame, and relays it.
  c.give(1, input::Direct{passing(3), make_frame(0, passing(3), 2, clock + 1, "again", {}, true)});
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  for (int j = 0; j < 3; ++j) EXPECT_EQ(c.executed(j).size(), kClients + 1) << j;
  pass_by(c, 3, 1);
  for (int j = 0; j < 3; ++j) EXPECT_EQ(c.executed(j).size(), kClients + 2) << j;
}

TEST(DirectClients, after_as_many_as_a_view_may_know_the_next_one_gets_a_view_without_them) {
  Cluster c(3, false, 64, kFew);
  constexpr std::uint64_t kKnown = kFew.direct_clients + kFew.settled_clients;
  for (std::uint64_t n = 0; n < kKnown; ++n) pass_by(c, n);
  ASSERT_EQ(c.executed(0).size(), kKnown);
  EXPECT_TRUE(c[0].asks.empty());
  for (int j = 0; j < 3; ++j) c[j].to_clients.clear();
  c.give(0, input::Direct{passing(5000), Hello{ViewNumber(0)}});
  c.turn(0);
  EXPECT_TRUE(c[0].cuts.empty());
  EXPECT_TRUE(c[0].to_clients.empty());
  ASSERT_EQ(c[0].asks.size(), 1U);
  EXPECT_EQ(c[0].asks[0].expected, ViewNumber(0));
  EXPECT_TRUE(c[0].asks[0].without.empty()) << "the same replicas";
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  pass_by(c, 5000, 1);
  for (int j = 0; j < 3; ++j) EXPECT_EQ(c.executed(j).size(), kKnown + 1);
}

// A passive client whose only frame is executed, and acknowledged by all.
bool pass_through(Streams& streams, TransmitterId id, const ReplicaSet& members) {
  Stream* stream = streams.find_or_add(id);
  if (stream == nullptr) return false;
  auto frame = std::make_shared<Frame>(*make_frame(0, id, 1, id.value & 0xFFFF'FFFF, "by", {}, true));
  frame->content = {id.value, 7};
  stream->append(frame);
  for (std::uint16_t j = 0; j < 2; ++j) stream->claim(ReplicaId(j), Seq(1), stream->running(Seq(1)));
  stream->pop_head();
  stream->told = Seq(1);
  stream->trim(members);
  return true;
}

TEST(Streams, a_long_view_knows_many_thousands_and_forgets_nothing_that_a_flush_names) {
  const ViewRecord view = make_view(0, {0, 1});
  Streams streams(ReplicaId(0), limits::kDirectClientsMax, limits::kSettledClientsMax);
  streams.reset(view);
  constexpr std::size_t kKnownMax = limits::kDirectClientsMax + limits::kSettledClientsMax;
  for (std::uint64_t n = 0; n < kKnownMax; ++n) ASSERT_TRUE(pass_through(streams, passing(n), view.set())) << n;
  EXPECT_FALSE(pass_through(streams, passing(kKnownMax), view.set())) << "the next one needs another view";
  EXPECT_EQ(streams.find(passing(0)), nullptr) << "of the first a summary is left";
  ASSERT_NE(streams.settled(passing(0)), nullptr);
  streams.recall_settled();
  EXPECT_EQ(streams.direct_count(), kKnownMax);
  std::size_t seen = 0;
  streams.for_each([&](const Stream& s) {
    if (!is_direct_client(s.id())) return;
    ++seen;
    ASSERT_EQ(s.held(), Seq(1));
    ASSERT_EQ(s.trimmed(), Seq(1));
    ASSERT_EQ(s.acked_by_all(view.set()), Seq(1));
    ASSERT_EQ(s.last().ts, LamportTime(s.id().value & 0xFFFF'FFFF));
  });
  EXPECT_EQ(seen, kKnownMax);
  // The running content goes on where it was: the next frame is held alike with those who never made a summary.
  Stream& again = *streams.find(passing(0));
  Stream never(passing(0), ReplicaId(0));
  for (Stream* s : {&never, &again})
    for (std::uint64_t k = s->held().value + 1; k <= 2; ++k) {
      auto frame = std::make_shared<Frame>(*make_frame(0, passing(0), k, 1'000'000 + k, "x"));
      frame->content = {k == 1 ? passing(0).value : 5, 7};
      s->append(frame);
    }
  EXPECT_EQ(again.running(Seq(2)), never.running(Seq(2)));
}

TEST(DirectClients, one_that_is_known_works_on_in_a_view_that_knows_enough) {
  Cluster c(3, false, 64, kFew);
  for (std::uint64_t n = 0; n < kFew.direct_clients; ++n) pass_by(c, n);
  c[0].to_clients.clear();
  c.give(0, input::Direct{passing(3), Hello{ViewNumber(0)}});
  c.turn(0);
  EXPECT_TRUE(c[0].asks.empty());
  ASSERT_EQ(c[0].to_clients.size(), 1U);
  EXPECT_EQ(std::get<Welcome>(c[0].to_clients[0].message).next, Seq(2));
}

}  // namespace
}  // namespace titer::smr::testing
