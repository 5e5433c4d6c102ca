// SPDX-License-Identifier: Apache-2.0

// A cluster that failed as a whole starts again from its disks (docs/explanation/protocol.md §7): which frames count, and that a
// replica which was brought back says nothing before the next view.
#include "smr/recovery.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "smr/testing/cluster.h"

namespace titer::smr {
namespace {

using testing::Cluster;
using testing::make_frame;
using testing::make_view;
using Texts = std::vector<std::string>;

constexpr int kReplicas = 3;

// The view after everything died: these ids, as incarnations 200 + id, after the death of all of `before`.
ViewRecord reborn(std::uint64_t number, const std::vector<std::uint16_t>& ids, const ViewRecord& before) {
  ViewRecord view{ViewNumber(number), {}, {}};
  for (const auto i : ids) view.members.push_back({ReplicaId(i), Incarnation(200U + i), ""});
  for (const Member& m : before.members) view.known_dead.push_back(m.incarnation);
  return view;
}

void sync_all(Cluster& c, std::initializer_list<int> replicas) {
  for (int round = 0; round < 6; ++round) {
    c.settle();
    for (const int i : replicas) c.sync(i);
  }
  c.settle();
}

TEST(Recovery, who_begins_anew_by_a_register_that_went_back_stops_when_it_hears_of_a_later_view) {
  Cluster c(kReplicas, true);
  sync_all(c, {0, 1, 2});
  c.crash(2);
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    c.view(make_view(number, {0, 1}));
    sync_all(c, {0, 1});
  }
  c.restart(2, 202);
  c.view(2, reborn(1, {2}, make_view(0, {0, 1, 2})));  // the record is what it was long ago
  for (const int i : {0, 1}) c.link(i, 2);
  c.settle();
  EXPECT_TRUE(c[2].installed.empty());
  ASSERT_TRUE(c[2].stop);
  EXPECT_EQ(c[2].stop->why, Output::Stop::Why::kExcluded);
  EXPECT_NE(c[2].stop->reason.find("has installed view 3"), std::string::npos) << c[2].stop->reason;
}

// Everybody dies; these start again, and the flush of view `number` among them comes to its end.
void start_again(Cluster& c, std::uint64_t number, const std::vector<std::uint16_t>& ids) {
  for (int i = 0; i < kReplicas; ++i)
    if (c[i].alive) c.crash(i);
  for (const auto i : ids) c.restart(i, 200U + i);
  c.view(reborn(number, ids, make_view(0, {0, 1, 2})));
  c.pass(limits::kReadLeaseUs + limits::kHeartbeatEveryUs);
  for (int round = 0; round < 4; ++round) {
    c.settle();
    for (const auto i : ids) c.sync(i);
  }
  c.settle();
}

class AnyOneLeft : public ::testing::TestWithParam<int> {};

TEST_P(AnyOneLeft, has_every_answered_update) {
  Cluster c(kReplicas, true);
  for (const char* body : {"a", "b", "c"}) {
    c.submit(1, body);
    sync_all(c, {0, 1, 2});
  }
  ASSERT_EQ(c[1].answered, (Texts{"a", "b", "c"}));
  const auto left = static_cast<std::uint16_t>(GetParam());
  start_again(c, 1, {left});
  EXPECT_EQ(c.executed(left), (Texts{"a", "b", "c"}));
  c.submit(left, "d");
  sync_all(c, {left});
  EXPECT_EQ(c[left].answered.back(), "d");
}

INSTANTIATE_TEST_SUITE_P(Recovery, AnyOneLeft, ::testing::Values(0, 1, 2));

// 0 has executed "a" and given the answer; the others hold it and do not know yet that it is safe.
TEST(Recovery, what_one_has_executed_the_others_execute_first_too) {
  Cluster c(kReplicas, true);
  c.submit(0, "a");
  c.turns();
  for (int j : {1, 2}) c.deliver_all(0, j);
  for (int i : {0, 1, 2}) c.sync(i);
  for (int j : {1, 2}) {
    c.turn(j);
    c.deliver_all(j, 0);
  }
  c.turn(0);
  ASSERT_EQ(c[0].answered, Texts{"a"});
  ASSERT_TRUE(c.executed(1).empty());
  start_again(c, 1, {1, 2});
  EXPECT_EQ(c.executed(1), Texts{"a"});
  EXPECT_EQ(c.executed(2), Texts{"a"});
}

TEST(Recovery, what_only_one_holds_is_relayed_to_all_who_start_again) {
  Cluster c(kReplicas, true);
  c.submit(0, "lonely");
  c.turn(0);
  c.sync(0);
  start_again(c, 1, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) EXPECT_EQ(c.executed(i), Texts{"lonely"}) << i;
}

TEST(Recovery, what_was_not_synced_is_gone) {
  Cluster c(kReplicas, true);
  c.submit(0, "unsynced");
  c.turn(0);
  start_again(c, 1, {0});
  EXPECT_TRUE(c.executed(0).empty());
}

// The tables are ahead of the journal's beginning, as after segments were recycled: frames that everybody holds are
// gone, a frame that one of them lacks is still there.
TEST(Recovery, goes_on_from_the_tables_and_can_relay_all_beyond_their_bases) {
  Cluster c(kReplicas, true);
  c.submit(0, "a");
  sync_all(c, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) c.write_tables(i);
  const AckRow bases = c[0].tables.bases;
  ASSERT_FALSE(bases.empty());
  for (int i = 0; i < kReplicas; ++i) {
    std::erase_if(c[i].disk, [&](const Output::Persist& p) {
      const auto* frame = std::get_if<FramePtr>(&p.what);
      return frame != nullptr && std::ranges::any_of(c[i].tables.bases, [&](const auto& base) {
               return base.first == (*frame)->transmitter && (*frame)->seq <= base.second;
             });
    });
  }
  c.submit(0, "b");
  c.turn(0);
  c.sync(0);
  start_again(c, 1, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) EXPECT_EQ(c.executed(i), (Texts{"a", "b"})) << i;
}

TEST(Recovery, a_replica_brought_back_is_silent_and_reads_nothing_before_the_next_view) {
  Cluster c(kReplicas, true);
  c.submit(0, "a");
  sync_all(c, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  c.restart(0, 200);
  c.submit(0, "b");
  c.give(0, input::Read{7});
  c.turn(0);
  EXPECT_TRUE(c[0].reads.empty());
  EXPECT_FALSE(c[0].replica->read_lease(c.now));
  EXPECT_TRUE(c[0].replica->snapshot().wedged);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, 0U);
  c.view(reborn(1, {0}, make_view(0, {0, 1, 2})));
  c.pass(limits::kReadLeaseUs + limits::kHeartbeatEveryUs);
  sync_all(c, {0});
  EXPECT_EQ(c[0].answered.back(), "b");
}

// A replica that has a promise of 0's earlier life may still read. It may be one that neither the disk nor the
// record mentions: one that had joined in a view whose line was not synced, and was excluded while it lived.
TEST(Recovery, an_earlier_lifes_promises_to_readers_are_kept_whoever_has_them) {
  Cluster c(kReplicas, true);
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  c.restart(0, 200);
  c.give(0, input::View{reborn(1, {0}, make_view(0, {0, 1, 2}))});
  c.turn(0);
  EXPECT_TRUE(c[0].installed.empty());
  c.pass(limits::kReadLeaseUs - limits::kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].installed.empty());
  c.pass(2 * limits::kHeartbeatEveryUs);
  EXPECT_EQ(c[0].installed, std::vector<ViewNumber>{ViewNumber(1)});
}

TEST(Recovery, views_that_ended_are_executed_and_the_last_one_is_held) {
  Cluster c(kReplicas, true);
  c.submit(0, "a");
  sync_all(c, {0, 1, 2});
  c.crash(2);
  c.view(make_view(1, {0, 1}));
  sync_all(c, {0, 1});
  c.submit(1, "b");
  sync_all(c, {0, 1});
  ASSERT_EQ(c[1].answered, Texts{"b"});
  start_again(c, 2, {0, 1});
  for (int i : {0, 1}) EXPECT_EQ(c.executed(i), (Texts{"a", "b"})) << i;
}

TEST(Recovery, can_fail_again_in_the_middle) {
  Cluster c(kReplicas, true);
  c.submit(0, "a");
  sync_all(c, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  for (int i : {0, 1}) c.restart(i, 200U + static_cast<unsigned>(i));
  c.view(reborn(1, {0, 1}, make_view(0, {0, 1, 2})));
  c.deliver_all(0, 1);  // its flush; then both die
  start_again(c, 2, {0, 1});
  for (int i : {0, 1}) EXPECT_EQ(c.executed(i), Texts{"a"}) << i;
}

// --- a disk that was put back to an earlier state of the same life

// The contents of replica i's disk.
class DiskCopy {
 public:
  DiskCopy(Cluster& c, int i)
      : i_(i),
        tables_(c[i].tables),
        tables_executed_(c[i].tables_executed),
        disk_(c[i].disk),
        persisted_(c[i].persisted),
        executed_(c.executed(i)) {}
  void put_back(Cluster& c) const {
    c[i_].tables = tables_;
    c[i_].tables_executed = tables_executed_;
    c[i_].disk = disk_;
    c[i_].persisted = persisted_;
    c[i_].executed = executed_;
  }

 private:
  int i_;
  Checkpoint tables_;
  std::size_t tables_executed_;
  std::vector<Output::Persist> disk_;
  std::uint64_t persisted_;
  Texts executed_;
};

void answer(Cluster& c, const Texts& bodies) {
  for (const std::string& body : bodies) {
    c.submit(0, body);
    sync_all(c, {0, 1, 2});
  }
}

// The state is written down, and what everybody has acknowledged leaves the journal.
void forget(Cluster& c, int i) {
  c.write_tables(i);
  std::erase_if(c[i].disk, [&](const Output::Persist& p) {
    const auto& frame = std::get<FramePtr>(p.what);
    return std::ranges::any_of(c[i].tables.bases, [&](const auto& base) {
      return base.first == frame->transmitter && frame->seq <= base.second;
    });
  });
}

TEST(GoneBack, the_others_go_on_with_every_answered_update_and_the_disk_that_went_back_leaves) {
  Cluster c(kReplicas, true);
  answer(c, {"a"});
  const DiskCopy copy(c, 2);
  answer(c, {"b", "c"});
  for (int i = 0; i < kReplicas; ++i) forget(c, i);
  answer(c, {"d"});
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  copy.put_back(c);
  start_again(c, 1, {0, 1, 2});
  ASSERT_TRUE(c[2].stop);
  EXPECT_EQ(c[2].stop->why, Output::Stop::Why::kExcluded);
  EXPECT_NE(c[2].stop->reason.find("gone back in time"), std::string::npos) << c[2].stop->reason;
  for (int i : {0, 1}) {
    EXPECT_FALSE(c[i].stop);
    ASSERT_FALSE(c[i].asks.empty());
    EXPECT_TRUE(c[i].asks.back().without.has(ReplicaId(2)));
    EXPECT_NE(c[i].asks.back().reason.find("gone back in time"), std::string::npos);
  }
  c.crash(2);
  c.view(reborn(2, {0, 1}, make_view(0, {0, 1, 2})));
  sync_all(c, {0, 1});
  for (int i : {0, 1}) EXPECT_EQ(c.executed(i), (Texts{"a", "b", "c", "d"})) << i;
}

// Nothing is missing that the others could not give.
TEST(GoneBack, a_disk_that_lacks_only_what_the_others_still_have_gets_it_from_them) {
  Cluster c(kReplicas, true);
  answer(c, {"a"});
  const DiskCopy copy(c, 2);
  answer(c, {"b", "c"});
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  copy.put_back(c);
  start_again(c, 1, {0, 1, 2});
  for (int i = 0; i < kReplicas; ++i) EXPECT_EQ(c.executed(i), (Texts{"a", "b", "c"})) << i;
}

// It may lack what was answered, and nobody knows that before the flush.
TEST(GoneBack, answers_no_read_before_it_has_what_the_others_give) {
  Cluster c(kReplicas, true);
  answer(c, {"a"});
  c.write_tables(2);
  const DiskCopy copy(c, 2);
  answer(c, {"b"});
  for (int i = 0; i < kReplicas; ++i) c.crash(i);
  copy.put_back(c);
  for (const int i : {1, 2}) c.restart(i, 200U + static_cast<unsigned>(i));
  c.view(reborn(1, {1, 2}, make_view(0, {0, 1, 2})));
  c.give(2, input::Read{7});
  c.turn(2);
  EXPECT_EQ(c[2].reads, std::vector<std::uint64_t>{7}) << "it has executed everything that it knows of";
  for (std::int64_t us = 0; us < limits::kReadLeaseUs; us += limits::kHeartbeatEveryUs) {
    ASSERT_EQ(c.executed(2), Texts{"a"}) << us;
    EXPECT_FALSE(c[2].replica->read_lease(c.now)) << us;
    c.pass(limits::kHeartbeatEveryUs);
  }
  sync_all(c, {1, 2});
  EXPECT_EQ(c.executed(2), (Texts{"a", "b"}));
  EXPECT_TRUE(c[2].replica->read_lease(c.now));
}

TEST(GoneBack, if_all_have_lost_something_nobody_begins) {
  Cluster c(2, true);
  for (int i : {0, 1}) c.crash(i);
  // Each has a checkpoint by which the other must hold more than its own disk has.
  for (int i : {0, 1}) {
    c[i].tables.bases = {{gateway_of(ReplicaId(static_cast<std::uint16_t>(1 - i))), Seq(9)}};
    c[i].disk.clear();
    c.restart(i, 200U + static_cast<std::uint64_t>(i));
  }
  ViewRecord next = reborn(1, {0, 1}, make_view(0, {0, 1}));
  c.view(next);
  c.pass(limits::kReadLeaseUs + limits::kHeartbeatEveryUs);
  for (int i : {0, 1}) {
    ASSERT_TRUE(c[i].stop) << i;
    EXPECT_EQ(c[i].stop->why, Output::Stop::Why::kLost);
    EXPECT_NE(c[i].stop->reason.find("titer recover"), std::string::npos);
    EXPECT_TRUE(c[i].installed.empty());
  }
}

// --- a journal that is not what it should be

Checkpoint born() {
  Checkpoint at;
  at.installed = make_view(0, {0, 1, 2});
  return at;
}

TEST(Recovery, a_missing_frame_is_an_error) {
  Recovery recovery(born());
  ASSERT_TRUE(recovery.frame(make_frame(0, TransmitterId(1), 1, 5, "a")).ok());
  EXPECT_EQ(recovery.frame(make_frame(0, TransmitterId(1), 3, 9, "c")).error().code, Code::kInternal);
}

TEST(Recovery, a_frame_before_its_view_is_an_error) {
  Recovery recovery(born());
  EXPECT_FALSE(recovery.frame(make_frame(1, TransmitterId(1), 1, 5, "a")).ok());
}

TEST(Recovery, a_view_whose_frames_are_missing_is_an_error) {
  Recovery recovery(born());
  ASSERT_TRUE(recovery.frame(make_frame(0, TransmitterId(1), 1, 5, "a")).ok());
  EXPECT_FALSE(recovery.installed({make_view(1, {0, 1}), {LamportTime(9), TransmitterId(0)}}).ok());
}

TEST(Recovery, a_frame_of_nobody_is_an_error) {
  Recovery recovery(born());
  EXPECT_FALSE(recovery.frame(make_frame(0, TransmitterId(3), 1, 5, "a")).ok());
}

TEST(Recovery, a_stream_whose_times_do_not_rise_is_an_error) {
  Recovery recovery(born());
  ASSERT_TRUE(recovery.frame(make_frame(0, TransmitterId(1), 1, 5, "a")).ok());
  EXPECT_FALSE(recovery.frame(make_frame(0, TransmitterId(1), 2, 5, "b")).ok());
}

TEST(Recovery, a_checkpoint_that_no_replica_writes_is_an_error) {
  for (const AckRow& bases : {AckRow{{TransmitterId(3), Seq(1)}}, AckRow{{TransmitterId(1), Seq(0)}},
                              AckRow{{TransmitterId(1), Seq(1)}, {TransmitterId(1), Seq(2)}}}) {
    Checkpoint at = born();
    at.bases = bases;
    EXPECT_FALSE(Recovery(at).end().ok());
  }
  Checkpoint twice = born();
  twice.installed.members[1] = twice.installed.members[0];
  EXPECT_FALSE(Recovery(twice).end().ok());
}

TEST(Recovery, what_the_tables_have_is_passed_over) {
  Checkpoint at = born();
  at.installed.number = ViewNumber(3);
  at.bases = {{TransmitterId(1), Seq(4)}};
  Recovery recovery(at);
  ASSERT_TRUE(recovery.frame(make_frame(2, TransmitterId(1), 9, 5, "old view")).ok());
  ASSERT_TRUE(recovery.frame(make_frame(3, TransmitterId(1), 3, 6, "below the base")).ok());
  ASSERT_TRUE(recovery.frame(make_frame(3, TransmitterId(1), 5, 8, "next")).ok());
  ASSERT_TRUE(recovery.installed({make_view(2, {0, 1}), {LamportTime(9), TransmitterId(0)}}).ok());
  const Recovered found = std::move(recovery).end().value();
  ASSERT_EQ(found.frames.size(), 1U);
  EXPECT_EQ(found.frames.front()->seq, Seq(5));
}

}  // namespace
}  // namespace titer::smr
