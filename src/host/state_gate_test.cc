// SPDX-License-Identifier: Apache-2.0

// The gate in front of the state, with threads. Built with -fsanitize=thread (docs/explanation/testing.md) it also shows that
// nothing behind the gate is touched by two threads at once.
#include "host/state_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "host/published.h"
#include "net/clock.h"

namespace titer::host {
namespace {

constexpr std::int64_t kPatienceUs = 20'000'000;

// Until the condition holds; false: it took too long.
template <typename Condition>
bool wait_until(const Condition& condition) {
  const std::int64_t end = net::boot_now().value + kPatienceUs;
  while (!condition()) {
    if (net::boot_now().value > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(StateGate, readers_see_no_change_half_made) {
  constexpr std::size_t kReaders = 4;
  StateGate gate;
  std::array<std::uint64_t, 64> state{};  // of equal numbers, outside of a change
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> looked = 0, torn = 0;
  std::vector<std::thread> readers;
  for (std::size_t r = 0; r < kReaders; ++r)
    readers.emplace_back([&, r] {
      while (!over) {
        gate.enter(r);
        const std::uint64_t first = state.front();
        for (const std::uint64_t value : state) torn += value != first ? 1 : 0;
        gate.leave(r);
        ++looked;
      }
    });
  for (std::uint64_t change = 1; change <= 3'000; ++change) {
    gate.lock();
    for (std::uint64_t& value : state) value = change;
    gate.unlock();
    if (change % 100 == 0) {
      const std::uint64_t before = looked;
      ASSERT_TRUE(wait_until([&] { return looked > before; })) << "readers go on after a change";
    }
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0U);
}

TEST(StateGate, the_writer_waits_for_a_reader_that_is_in_and_the_reader_is_told) {
  StateGate gate;
  gate.enter(1);
  std::atomic<bool> in = false;
  std::thread writer([&] {
    gate.lock();
    in = true;
    gate.unlock();
  });
  EXPECT_TRUE(wait_until([&] { return gate.wanted(); }));
  EXPECT_FALSE(in);
  gate.leave(1);
  EXPECT_TRUE(wait_until([&] { return in.load(); }));
  writer.join();
  EXPECT_FALSE(gate.wanted());
}

// An import leaves no time for a thread to wake up in between.
TEST(StateGate, a_writer_that_is_in_nearly_always_lets_a_reader_in_now_and_then) {
  StateGate gate;
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> looked = 0;
  std::thread writer([&] {
    while (!over) {
      gate.lock();
      const std::int64_t until = net::boot_now().value + 500;
      while (net::boot_now().value < until) {
      }
      gate.unlock();
    }
  });
  std::thread reader([&] {
    while (!over) {
      gate.enter(0);
      ++looked;
      gate.leave(0);
    }
  });
  EXPECT_TRUE(wait_until([&] { return looked >= 20; }));
  over = true;
  writer.join();
  reader.join();
}

TEST(Published, a_reader_sees_values_whole_and_none_after_a_later_one) {
  struct Value {
    std::uint64_t a = 0, b = 0, c = 0, d = 0, e = 0;
  };
  Published<Value> published;
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> wrong = 0, seen = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r)
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!over) {
        const Value value = published.get();
        const bool whole = value.a == value.b && value.b == value.c && value.c == value.d && value.d == value.e;
        wrong += !whole || value.a < last ? 1 : 0;
        last = value.a;
        ++seen;
      }
    });
  for (std::uint64_t i = 1; i <= 100'000; ++i) published.set({i, i, i, i, i});
  EXPECT_TRUE(wait_until([&] { return seen > 1'000; }));
  over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace titer::host
