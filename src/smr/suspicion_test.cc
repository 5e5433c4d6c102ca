#include "smr/suspicion.h"

#include <gtest/gtest.h>

#include "smr/replica.h"

namespace titer::smr {
namespace {

constexpr std::int64_t kTickUs = limits::kHeartbeatEveryUs / 2;

// Replica 0 of five, by itself: the test says who is linked and heard.
struct OneOfFive {
  OneOfFive() : replica(options(), record()) { find({1, 2, 3, 4}); }
  static Options options() {
    Options o;
    o.me = ReplicaId(0);
    o.incarnation = Incarnation(100);
    return o;
  }
  static ViewRecord record() {
    ViewRecord record;
    for (std::uint16_t i = 0; i < 5; ++i) record.members.push_back({ReplicaId(i), Incarnation(100U + i), ""});
    return record;
  }
  void step(const Input& in) { replica.step(now, in, out); }
  void lose(std::initializer_list<std::uint16_t> ids) {
    for (const std::uint16_t id : ids) step(input::LinkDown{ReplicaId(id), Incarnation(100U + id)});
  }
  void find(std::initializer_list<std::uint16_t> ids) {
    for (const std::uint16_t id : ids) step(input::LinkUp{ReplicaId(id), Incarnation(100U + id)});
  }

  // Time passes, with heartbeats of these; how long until it asks for a view, in ms.
  std::int64_t asks_after_ms(std::initializer_list<std::uint16_t> heard) {
    const BootTime since = now;
    while (out.ask.empty() && now.value - since.value < 10'000'000) {
      now = BootTime(now.value + kTickUs);
      for (const std::uint16_t id : heard)
        step(input::Receive{ReplicaId(id), Incarnation(100U + id), Heartbeat{now, {}, {}, {}, 0}});
      step(input::Tick{});
    }
    return (now.value - since.value) / 1000;
  }

  BootTime now{1'000'000'000};
  Replica replica;
  Output out;
};

TEST(Minority, the_larger_side_asks_as_soon_as_a_link_stays_away) {
  OneOfFive one;
  EXPECT_EQ(one.asks_after_ms({1, 2, 3, 4}), 10'000);
  one.lose({3, 4});
  EXPECT_LE(one.asks_after_ms({1, 2}), Suspicion::kLinkUs / 1000 + 50);
  ASSERT_EQ(one.out.ask.size(), 1U);
  EXPECT_TRUE(one.out.ask[0].without.has(ReplicaId(3)) && one.out.ask[0].without.has(ReplicaId(4)));
}

TEST(Minority, who_hears_fewer_than_half_waits_a_second_longer_for_the_others_to_exclude_it) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  one.lose({2, 3, 4});
  const std::int64_t waited = one.asks_after_ms({1});
  EXPECT_GE(waited, Suspicion::kMinorityUs / 1000);
  EXPECT_LE(waited, (Suspicion::kMinorityUs + Suspicion::kLinkUs) / 1000 + 50);
}

TEST(Minority, who_hears_the_others_again_in_time_asks_for_nothing) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  one.lose({2, 3, 4});
  for (int i = 0; i < 30; ++i) {
    one.now = BootTime(one.now.value + kTickUs);
    one.step(input::Tick{});
  }
  EXPECT_TRUE(one.out.ask.empty());
  one.find({2, 3, 4});
  EXPECT_EQ(one.asks_after_ms({1, 2, 3, 4}), 10'000);
}

}  // namespace
}  // namespace titer::smr
