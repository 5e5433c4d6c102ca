// SPDX-License-Identifier: Apache-2.0

#include "smr/session_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>

#include "base/limits.h"
#include "smr/testing/schedule.h"

namespace titer::smr {
namespace {

using Verdict = SessionTable::Verdict;

struct Table : SessionTable {
  using SessionTable::SessionTable;
  Verdict ask(std::uint64_t s, std::uint64_t n, std::uint64_t born = 0) const {
    return find(SessionId(s), RequestNumber(n), Position(born)).verdict;
  }
  std::string result(std::uint64_t s, std::uint64_t n) const {
    return std::string(as_text(find(SessionId(s), RequestNumber(n), {}).result));
  }
  void note(std::uint64_t s, std::uint64_t n, const std::string& result) {
    remember(SessionId(s), RequestNumber(n), Position(++position), as_bytes(result));
  }
  std::uint64_t position = 0;
};

TEST(SessionTable, a_repeated_request_gets_its_first_result) {
  Table t;
  EXPECT_EQ(t.ask(1, 1), Verdict::kFresh);
  t.note(1, 1, "first");
  EXPECT_EQ(t.ask(1, 1), Verdict::kRepeat);
  EXPECT_EQ(t.result(1, 1), "first");
}

// --- numbers

TEST(SessionTable, numbers_are_from_1_to_the_end_of_counters) {
  Table t({10, 8, 1000});
  t.note(1, 3, "c");
  for (const std::uint64_t session : {1, 2}) {
    EXPECT_EQ(t.ask(session, 0), Verdict::kNoNumber);
    EXPECT_EQ(t.ask(session, 1), Verdict::kFresh);
    EXPECT_EQ(t.ask(session, limits::kCounterMax), Verdict::kFresh);
    EXPECT_EQ(t.ask(session, limits::kCounterMax + 1), Verdict::kNoNumber);
    EXPECT_EQ(t.ask(session, ~std::uint64_t{0}), Verdict::kNoNumber);
  }
}

// The requests between were refused by gateways, and never came to the table.
TEST(SessionTable, a_number_far_above_the_others_is_taken_and_its_window_ends_there) {
  Table t({10, 8, 1000});
  t.note(1, 1, "a");
  t.note(1, 2, "b");
  for (const std::uint64_t far : {std::uint64_t{1000}, std::uint64_t{1} << 40, limits::kCounterMax}) {
    ASSERT_EQ(t.ask(1, far), Verdict::kFresh);
    t.note(1, far, "far");
    EXPECT_EQ(t.result(1, far), "far");
    EXPECT_EQ(t.ask(1, far - 7), Verdict::kFresh) << "in the window, and not used";
    EXPECT_EQ(t.ask(1, far - 8), Verdict::kEvicted);
    EXPECT_EQ(t.ask(1, 1), Verdict::kEvicted);
  }
  EXPECT_EQ(t.bytes(), 3U) << "what fell out of the window is forgotten";
}

// The end of the range, as a session that a donor sent may have it.
TEST(SessionTable, at_the_end_of_the_numbers_a_session_is_refused_and_every_walk_ends) {
  const auto bytes_of = [](std::uint64_t highest) {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const std::uint64_t field : {std::uint64_t{7}, highest, std::uint64_t{1}}) out.u64(field);
    out.u32(1);
    out.u64(highest);
    out.u8(1);
    out.text("r");
    return bytes;
  };
  for (const std::uint64_t bad : {limits::kCounterMax + 1, ~std::uint64_t{0} - 1, ~std::uint64_t{0}})
    EXPECT_FALSE(Table().read(bytes_of(bad)).ok()) << bad;
  Table t;
  ASSERT_TRUE(t.read(bytes_of(limits::kCounterMax)).ok());
  EXPECT_EQ(t.result(7, limits::kCounterMax), "r");
  Bytes out;
  t.write_since(Position(0), out);
  EXPECT_LT(out.size(), 200U);
}

// --- births: an evicted session is never taken for a new one

TEST(SessionTable, the_first_request_of_an_evicted_session_is_not_executed_again) {
  Table t({2, 4, 1000});
  t.note(1, 1, "a");  // at position 1; born at 1, when nothing had been executed
  t.note(2, 1, "b");
  t.note(3, 1, "c");
  EXPECT_EQ(t.horizon(), Position(1));
  EXPECT_EQ(t.ask(1, 1, 1), Verdict::kEvicted);
  EXPECT_EQ(t.ask(1, 2, 1), Verdict::kEvicted);
  EXPECT_EQ(t.ask(4, 1, 1), Verdict::kEvicted) << "as old as the evicted one: nobody knows";
}

TEST(SessionTable, a_session_born_above_the_horizon_is_new) {
  Table t({2, 4, 1000});
  for (std::uint64_t s = 1; s <= 5; ++s) t.note(s, 1, "x");
  EXPECT_EQ(t.horizon(), Position(3));
  EXPECT_EQ(t.ask(9, 1, 3), Verdict::kEvicted);
  EXPECT_EQ(t.ask(9, 1, 4), Verdict::kFresh);
  EXPECT_EQ(t.ask(9, 2, 4), Verdict::kFresh) << "its number 1 may be on its way";
}

TEST(SessionTable, a_session_that_is_here_is_known_whatever_birth_it_names) {
  Table t({2, 4, 1000});
  for (std::uint64_t s = 1; s <= 5; ++s) t.note(s, 1, "x");
  EXPECT_EQ(t.ask(5, 1, 0), Verdict::kRepeat);
  EXPECT_EQ(t.ask(5, 2, 0), Verdict::kFresh);
}

TEST(SessionTable, the_horizon_is_part_of_the_digest_and_of_a_transfer) {
  Table a({2, 4, 1000}), b({2, 4, 1000});
  for (std::uint64_t s = 1; s <= 5; ++s) a.note(s, 1, "x");
  Bytes bytes;
  a.write_since(Position(0), bytes);
  ASSERT_TRUE(b.read(bytes).ok());
  EXPECT_NE(a.digest(), b.digest());
  b.forget_before(a.oldest(), a.horizon());
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(b.ask(1, 1, 1), Verdict::kEvicted);
}

TEST(SessionTable, a_skipped_number_inside_the_window_is_fresh) {
  Table t({10, 8, 1000});
  t.note(1, 1, "a");
  t.note(1, 5, "e");
  EXPECT_EQ(t.ask(1, 3), Verdict::kFresh);
  t.note(1, 3, "c");
  EXPECT_EQ(t.result(1, 3), "c");
  EXPECT_EQ(t.result(1, 5), "e");
}

TEST(SessionTable, a_number_below_the_window_is_evicted) {
  Table t({10, 4, 1000});
  for (std::uint64_t n = 1; n <= 5; ++n) t.note(1, n, std::to_string(n));
  EXPECT_EQ(t.ask(1, 1), Verdict::kEvicted);
  EXPECT_EQ(t.result(1, 2), "2");
}

TEST(SessionTable, a_step_of_a_whole_window_forgets_what_is_below) {
  Table t({10, 4, 1000});
  t.note(1, 1, "a");
  t.note(1, 5, "z");
  EXPECT_EQ(t.ask(1, 1), Verdict::kEvicted);
  EXPECT_EQ(t.ask(1, 3), Verdict::kFresh);
  EXPECT_EQ(t.result(1, 5), "z");
  EXPECT_EQ(t.bytes(), 1U);
}

TEST(SessionTable, the_least_lately_used_session_goes_first) {
  Table t({2, 4, 1000});
  t.note(1, 1, "a");
  t.note(2, 1, "b");
  t.note(1, 2, "c");
  t.note(3, 1, "d");
  EXPECT_EQ(t.sessions(), 2U);
  EXPECT_EQ(t.ask(2, 2), Verdict::kEvicted);
  EXPECT_EQ(t.result(1, 2), "c");
}

TEST(SessionTable, results_over_the_limit_of_bytes_go_by_session_then_by_age) {
  Table t({10, 8, 10});
  t.note(1, 1, "12345");
  t.note(2, 1, "12345");
  t.note(2, 2, "12345");
  EXPECT_EQ(t.ask(1, 2), Verdict::kEvicted) << "the older session is gone";
  EXPECT_EQ(t.bytes(), 10U);
  t.note(2, 3, "12345");
  EXPECT_EQ(t.ask(2, 1), Verdict::kEvicted) << "executed, but its result is gone: never fresh again";
  EXPECT_EQ(t.result(2, 3), "12345");
}

TEST(SessionTable, equal_calls_give_equal_digests_and_different_ones_do_not) {
  Table a;
  Table b;
  EXPECT_EQ(a.digest(), b.digest());
  a.note(1, 1, "x");
  b.note(1, 1, "y");
  EXPECT_NE(a.digest(), b.digest());
  Table c;
  c.note(1, 1, "x");
  EXPECT_EQ(a.digest(), c.digest());
}

TEST(SessionTable, malformed_transfer_is_an_error) {
  Table a;
  a.note(1, 1, "some result");
  Bytes bytes;
  a.write_since(Position(0), bytes);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Table b;
    EXPECT_FALSE(b.read(ByteView(bytes).first(cut)).ok()) << cut;
  }
}

// Nobody could have written it, and nobody would write it again (found by fuzz/batches).
TEST(SessionTable, a_session_that_was_never_used_is_malformed) {
  Bytes bytes;
  ByteWriter out(bytes);
  for (const std::uint64_t field : {1U, 1U, 0U}) out.u64(field);  // id, highest, last use
  out.u32(0);
  Table table;
  EXPECT_FALSE(table.read(bytes).ok());
}

// A slow, obvious model: per session a map, sessions in the order of their last use.
struct SessionModel {
  struct Session {
    std::uint64_t highest = 0;
    std::uint64_t last_used = 0;
    std::map<std::uint64_t, std::string> results;
  };
  std::size_t sessions_max, window;
  std::map<std::uint64_t, Session> sessions;
  std::deque<std::uint64_t> order;
  std::uint64_t horizon = 0, position = 0;

  Verdict ask(std::uint64_t s, std::uint64_t n, std::uint64_t born) const {
    const auto it = sessions.find(s);
    if (it == sessions.end() && horizon > 0 && born <= horizon) return Verdict::kEvicted;
    const std::uint64_t highest = it == sessions.end() ? 0 : it->second.highest;
    if (n > highest) return Verdict::kFresh;
    if (n + window <= highest) return Verdict::kEvicted;
    return it->second.results.contains(n) ? Verdict::kRepeat : Verdict::kFresh;
  }
  void note(std::uint64_t s, std::uint64_t n, const std::string& result) {
    Session& x = sessions[s];
    x.highest = std::max(x.highest, n);
    x.last_used = ++position;
    x.results[n] = result;
    std::erase_if(x.results, [&](const auto& r) { return r.first + window <= x.highest; });
    std::erase(order, s);
    order.push_back(s);
    if (sessions.size() > sessions_max) {
      horizon = sessions[order.front()].last_used;
      sessions.erase(order.front());
      order.pop_front();
    }
  }
};

TEST(SessionTable, behaves_as_the_obvious_model_and_survives_transfers) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const std::size_t window = 1 + random.below(40);
    const std::size_t sessions = 1 + random.below(6);
    Table table({sessions, window, 100'000});
    Table mirror({sessions, window, 100'000});
    SessionModel model{sessions, window, {}, {}};
    std::uint64_t copied = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t s = 1 + random.below(sessions + 2);
      const auto it = model.sessions.find(s);
      const std::uint64_t highest = it == model.sessions.end() ? 0 : it->second.highest;
      const std::uint64_t low = highest > window + 3 ? highest - window - 3 : 0;
      const std::uint64_t n = low + 1 + random.below(highest - low + (random.chance(.05) ? 50 : 3));
      const std::uint64_t born = random.chance(.5) ? model.position + 1 : random.below(model.position + 2);
      ASSERT_EQ(table.ask(s, n, born), model.ask(s, n, born)) << "seed " << seed << " step " << i;
      if (model.ask(s, n, born) == Verdict::kRepeat) {
        ASSERT_EQ(table.result(s, n), model.sessions[s].results[n]) << "seed " << seed << " step " << i;
      } else if (model.ask(s, n, born) == Verdict::kFresh) {
        const std::size_t bytes = random.below(60);
        const std::string result(bytes, static_cast<char>('a' + random.below(26)));
        table.note(s, n, result);
        model.note(s, n, result);
        ASSERT_EQ(table.sessions(), model.sessions.size());
        ASSERT_EQ(table.horizon(), Position(model.horizon));
      }
      if (!random.chance(.01)) continue;
      Bytes bytes;
      table.write_since(Position(copied), bytes);
      ASSERT_TRUE(mirror.read(bytes).ok());
      mirror.forget_before(table.oldest(), table.horizon());
      copied = table.position;
      ASSERT_EQ(mirror.digest(), table.digest()) << "seed " << seed << " step " << i;
      ASSERT_EQ(mirror.bytes(), table.bytes());
    }
  }
}

// As the tables on disk do it: each session by itself, the gone ones deleted, sorted when they are read.
TEST(SessionTable, kept_session_by_session_comes_back_and_evicts_alike) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    const SessionTable::Limits limits{6, 4, 400};
    Table table(limits);
    std::map<std::uint64_t, Bytes> kept;
    std::map<std::uint64_t, std::uint64_t> numbers;
    Position taken;
    for (int round = 0; round < 40; ++round) {
      for (std::uint64_t i = random.below(12); i > 0; --i) {
        const std::uint64_t s = 1 + random.below(9);
        if (!table.knows(SessionId(s))) numbers[s] = 0;
        table.note(s, ++numbers[s], std::string(random.below(60), 'r'));
      }
      std::erase_if(kept, [&](const auto& session) { return !table.knows(SessionId(session.first)); });
      table.visit_since(taken,
                        [&](SessionId id, ByteView bytes) { kept[id.value].assign(bytes.begin(), bytes.end()); });
      taken = Position(table.position);
      std::map<Position, Bytes> by_use;
      for (const auto& [id, bytes] : kept) by_use[SessionTable::last_used(bytes)] = bytes;
      ASSERT_EQ(by_use.size(), kept.size());
      Table other(limits);
      other.position = table.position;
      for (const auto& [used, bytes] : by_use) ASSERT_TRUE(other.read(bytes).ok());
      other.forget_before(table.oldest(), table.horizon());
      ASSERT_EQ(other.digest(), table.digest()) << "seed " << seed << " round " << round;
      for (std::uint64_t s = 100; s < 104; ++s) other.note(s, 1, "new");
      Bytes all;
      table.write_since({}, all);
      Table same(limits);
      same.position = table.position;
      ASSERT_TRUE(same.read(all).ok());
      same.forget_before(table.oldest(), table.horizon());
      for (std::uint64_t s = 100; s < 104; ++s) same.note(s, 1, "new");
      ASSERT_EQ(other.digest(), same.digest())
          << "they evict in another order; seed " << seed << " round " << round;
    }
  }
}

}  // namespace
}  // namespace titer::smr
