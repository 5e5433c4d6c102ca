// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;
using test::RandomRequests;

void run(Bench& b, RandomRequests& requests, int n) {
  for (int i = 0; i < n; ++i) b.apply(requests.next(b.position, b.now));
}

// Both must answer everything alike from now on.
void expect_same_future(Bench& one, State& two, RandomRequests& requests, int n) {
  Outcome out;
  for (int i = 0; i < n; ++i) {
    const Request request = requests.next(one.position, one.now);
    one.apply(request);
    two.apply(request, Position(one.position), WallTime(one.now), out);
    ASSERT_EQ(out.code, one.out.code) << describe(request, out) << " / " << out.message << " / " << one.out.message;
    ASSERT_EQ(out.message, one.out.message);
    ASSERT_EQ(out.site_id, one.out.site_id);
    ASSERT_EQ(one.state.digest(), two.digest()) << describe(request, out);
  }
  const auto totals = one.state.totals();
  EXPECT_EQ(two.totals().events, totals.events);
  EXPECT_EQ(two.totals().oldest_event, totals.oldest_event);
}

TEST(Transfer, gives_a_state_that_goes_on_alike) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const State::HistoryBounds bounds{60, 4000};
    Bench b(bounds);
    RandomRequests requests(seed);
    run(b, requests, 400);
    State other = test::copy(b.state, bounds);
    EXPECT_EQ(other.digest(), b.state.digest());
    EXPECT_EQ(other.position(), b.state.position());
    EXPECT_EQ(other.time(), b.state.time());
    const Status status = other.check();
    ASSERT_TRUE(status.ok()) << status.error().message;
    expect_same_future(b, other, requests, 300);
    EXPECT_TRUE(other.check().ok());
  }
}

TEST(Transfer, over_many_turns_with_requests_in_between_ends_equal) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const State::HistoryBounds bounds{50, 4000};
    Bench b(bounds);
    RandomRequests requests(seed);
    run(b, requests, 200);
    const Position began = b.state.position();
    State other(bounds);
    Bytes bytes;
    const auto send = [&] {
      const Status status = other.read_transfer(bytes);
      ASSERT_TRUE(status.ok()) << status.error().message;
      bytes.clear();
    };
    std::uint32_t slot = 0;
    while (slot < b.state.slots()) {
      slot = b.state.write_sites(slot, 1, bytes);
      send();
      run(b, requests, static_cast<int>(requests.below(20)));
    }
    PerLane<Position> events;
    const auto write_some = [&](std::size_t bytes_max) {
      for (const Lane lane : kAllLanes) events[lane] = b.state.write_events(lane, events[lane], bytes_max, bytes);
    };
    for (int turn = 0; turn < 8; ++turn) {
      if (slot < b.state.slots()) slot = b.state.write_sites(slot, 1 << 20, bytes);  // before their events
      write_some(300);
      send();
      run(b, requests, static_cast<int>(requests.below(10)));
    }
    test::write_changed_sites(b.state, began, bytes);
    send();
    while (std::ranges::any_of(events.each, [&](Position upto) { return upto < b.state.position(); }))
      write_some(500);
    send();
    b.state.write_head(bytes);
    send();
    ASSERT_EQ(other.digest(), b.state.digest());
    const Status status = other.check();
    ASSERT_TRUE(status.ok()) << status.error().message;
    expect_same_future(b, other, requests, 100);
  }
}

// It was away while the writer's history moved on: between what it kept and what it is given is a gap.
TEST(Transfer, to_one_with_an_older_history_leaves_exactly_the_writers) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const State::HistoryBounds bounds{50, 4000, 60'000};
    Bench b(bounds);
    RandomRequests requests(seed);
    run(b, requests, static_cast<int>(10 + requests.below(60)));
    State other = test::copy(b.state, bounds);
    const Position since = other.position();
    b.now += static_cast<std::int64_t>(requests.below(100'000));
    run(b, requests, static_cast<int>(requests.below(200)));
    Bytes bytes;
    test::write_changed_sites(b.state, since, bytes);
    test::write_events(b.state, since, bytes);
    b.state.write_head(bytes);
    const Status status = other.read_transfer(bytes);
    ASSERT_TRUE(status.ok()) << status.error().message;
    for (const Lane lane : kAllLanes) EXPECT_EQ(other.dropped(lane), b.state.dropped(lane));
    ASSERT_TRUE(other.check().ok());
    expect_same_future(b, other, requests, 100);
  }
}

TEST(Transfer, that_misses_something_is_refused_at_the_head) {
  Bench b;
  b.add("A");
  b.add("B");
  const auto code = [](const Bytes& bytes) {
    State other;
    const Status status = other.read_transfer(bytes);
    return status.ok() ? Code::kOk : status.error().code;
  };
  Bytes one, events, head;
  EXPECT_EQ(b.state.write_sites(0, 1, one), 1U);
  test::write_events(b.state, {}, events);
  b.state.write_head(head);
  Bytes all = one;
  b.state.write_sites(1, 1, all);
  Bytes no_events = all;
  no_events.insert(no_events.end(), head.begin(), head.end());
  EXPECT_EQ(code(no_events), Code::kProtocol);
  all.insert(all.end(), events.begin(), events.end());
  all.insert(all.end(), head.begin(), head.end());
  EXPECT_EQ(code(all), Code::kOk);
  one.insert(one.end(), head.begin(), head.end());
  EXPECT_EQ(code(one), Code::kProtocol);
}

TEST(Transfer, of_damaged_bytes_is_an_error_and_never_a_crash) {
  Bench b;
  RandomRequests requests(4);
  run(b, requests, 200);
  Bytes bytes;
  b.state.write_sites(0, 1 << 20, bytes);
  test::write_events(b.state, {}, bytes);
  b.state.write_head(bytes);
  for (std::size_t size = 0; size < bytes.size(); size += 13) {
    State other;
    (void)other.read_transfer(ByteView(bytes).first(size));
  }
  for (int round = 0; round < 2000; ++round) {
    Bytes damaged = bytes;
    for (std::uint64_t n = 1 + requests.below(3); n > 0; --n) {
      damaged[requests.below(damaged.size())] = static_cast<std::byte>(requests.below(256));
    }
    State other;
    (void)other.read_transfer(damaged);
  }
}

TEST(TwoStates, fed_the_same_requests_are_equal) {
  Bench b;
  State other;
  RandomRequests requests(77);
  expect_same_future(b, other, requests, 2000);
  b.check();
}

TEST(Digest, does_not_depend_on_how_words_were_numbered) {
  Bench one, two;
  one.add("A");
  two.actor = "someone else";
  two.add("Z");
  two.apply(CloseSite{{"z", {}}, {}});
  const State copied = test::copy(one.state);
  EXPECT_EQ(copied.digest(), one.state.digest());
  EXPECT_NE(one.state.digest(), two.state.digest());
}

}  // namespace
}  // namespace titer::registry
