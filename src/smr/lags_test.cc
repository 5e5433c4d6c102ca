// SPDX-License-Identifier: Apache-2.0

#include "smr/lags.h"

#include <gtest/gtest.h>

#include <functional>

namespace titer::smr {
namespace {

constexpr std::int64_t kMs = 1000;
constexpr std::int64_t kTickUs = limits::kHeartbeatEveryUs / 2;

// Replica 0 sends one write after another, each as soon as all have acknowledged the one before. The test says when each of
// the others runs; one that runs acknowledges within a millisecond, and sends a heartbeat when one is due.
struct Group {
  using Runs = std::function<bool(std::int64_t ms)>;
  struct Member {
    Runs runs;
    std::int64_t beat_ms = 0;
    Seq acked{};
  };
  static bool always(std::int64_t) { return true; }
  static Runs a_tenth_of(std::int64_t period_ms) {
    return [=](std::int64_t ms) { return ms % period_ms < period_ms / 10; };
  }

  explicit Group(std::vector<Runs> others, bool writes = true) : writes_(writes) {
    for (Runs& runs : others) members.push_back({std::move(runs)});
  }
  void pass(std::int64_t seconds, const Runs& observer = always) {
    for (const std::int64_t end = ms_ + seconds * 1000; ms_ < end; ++ms_) {
      bool all = true;
      for (Member& m : members) {
        if (m.runs(ms_)) {
          m.acked = sent_;
          if (ms_ - m.beat_ms >= 50) m.beat_ms = ms_;
        }
        all = all && m.acked == sent_;
      }
      if (all && writes_) sent_ = Seq(sent_.value + 1);
      if (ms_ % (kTickUs / kMs) == 0 && observer(ms_)) look();
    }
  }
  void look() {
    std::vector<Lags::Sample> samples;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto id = static_cast<std::uint16_t>(i + 1);
      samples.push_back({ReplicaId(id), Incarnation(100U + id), BootTime(kStart + members[i].beat_ms * kMs),
                         members[i].acked, writes_ ? sent_ : Seq()});
    }
    lags.look(BootTime(kStart + ms_ * kMs), ViewNumber(1), samples);
  }
  std::vector<std::uint16_t> limping() const {
    std::vector<std::uint16_t> ids;
    for (const Lag& lag : lags.all())
      if (lag.limps) ids.push_back(lag.id.value);
    return ids;
  }

  static constexpr std::int64_t kStart = 1'000'000'000;
  std::vector<Member> members;
  Lags lags;

 private:
  bool writes_;
  std::int64_t ms_ = 0;
  Seq sent_{};
};

using Ids = std::vector<std::uint16_t>;

TEST(Lags, nobody_limps_among_members_that_run) {
  Group group({Group::always, Group::always});
  group.pass(60);
  EXPECT_EQ(group.limping(), Ids());
  for (const Lag& lag : group.lags.all()) EXPECT_LT(lag.us, kMs);
}

TEST(Lags, one_that_runs_a_tenth_of_the_time_limps_within_25_seconds) {
  for (const std::int64_t period_ms : {100, 200, 500, 800}) {
    Group group({Group::always, Group::a_tenth_of(period_ms)});
    group.pass(2);
    EXPECT_EQ(group.limping(), Ids()) << period_ms;
    group.pass(23);
    EXPECT_EQ(group.limping(), Ids{2}) << period_ms;
  }
}

TEST(Lags, it_is_noticed_without_writes_too_when_its_heartbeats_come_late) {
  Group group({Group::always, Group::a_tenth_of(500)}, false);
  group.pass(15);
  EXPECT_EQ(group.limping(), Ids{2});
}

TEST(Lags, of_two_members_the_other_one_is_measured_against_the_floor) {
  Group group({Group::a_tenth_of(500)});
  group.pass(15);
  EXPECT_EQ(group.limping(), Ids{1});
}

TEST(Lags, nobody_limps_when_all_are_slow) {
  Group group({Group::a_tenth_of(200), Group::a_tenth_of(240), Group::a_tenth_of(300)});
  group.pass(60);
  EXPECT_EQ(group.limping(), Ids());
}

TEST(Lags, one_long_pause_is_no_limp) {
  Group group({Group::always, [](std::int64_t ms) { return ms % 60'000 > 750; }});
  group.pass(180);
  EXPECT_EQ(group.limping(), Ids());
}

TEST(Lags, one_that_runs_again_no_longer_limps) {
  Group group({Group::always, Group::a_tenth_of(500)});
  group.pass(20);
  ASSERT_EQ(group.limping(), Ids{2});
  group.members[1].runs = Group::always;
  group.pass(3);
  EXPECT_EQ(group.limping(), Ids{2});
  group.pass(60);
  EXPECT_EQ(group.limping(), Ids());
}

TEST(Lags, one_that_has_left_is_forgotten) {
  Group group({Group::always, Group::a_tenth_of(500)});
  group.pass(20);
  group.members.pop_back();
  group.pass(1);
  EXPECT_EQ(group.limping(), Ids());
  EXPECT_EQ(group.lags.all().size(), 1U);
}

TEST(Lags, a_replica_that_limps_itself_blames_nobody) {
  Group group({Group::always});
  group.pass(60, Group::a_tenth_of(500));
  EXPECT_EQ(group.limping(), Ids());
}

TEST(Lags, a_view_that_began_anew_owes_nothing_of_the_one_before) {
  Lags lags;
  const auto look = [&](std::int64_t ms, std::uint64_t view, std::uint64_t acked, std::uint64_t sent) {
    const BootTime now(Group::kStart + ms * kMs);
    lags.look(now, ViewNumber(view), {{ReplicaId(1), Incarnation(101), now, Seq(acked), Seq(sent)}});
  };
  look(0, 1, 900, 1000);
  for (std::int64_t ms = 25; ms < 20'000; ms += 25)
    look(ms, 2, 5, 0);  // frame 1000 of view 1 is never acknowledged
  EXPECT_EQ(lags.all().front().us, 0);
}

}  // namespace
}  // namespace titer::smr
