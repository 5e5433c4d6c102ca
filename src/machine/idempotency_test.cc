// SPDX-License-Identifier: Apache-2.0

// Idempotency keys: the table by itself, in the state machine, and over a state transfer.

#include <gtest/gtest.h>

#include <string>

#include "machine/transfer_testing.h"

namespace titer::machine {
namespace {

using Verdict = IdempotencyTable::Verdict;
constexpr registry::KeyId kAnn{5}, kBob{6};

struct Table : IdempotencyTable {
  using IdempotencyTable::IdempotencyTable;
  Verdict ask(std::string_view text, std::int64_t now, std::uint64_t fingerprint = 1, registry::KeyId key = kAnn) {
    return find({key, text}, fingerprint, WallTime(now)).verdict;
  }
  void note(std::string_view text, std::int64_t now, std::uint64_t fingerprint = 1, registry::KeyId key = kAnn) {
    remember({key, text}, fingerprint, WallTime(now), Position(++position), as_bytes(text));
  }
  std::uint64_t position = 0;
};

TEST(IdempotencyTable, a_key_belongs_to_who_used_it_and_to_one_request) {
  Table t;
  t.note("visit", 1);
  EXPECT_EQ(t.ask("visit", 2), Verdict::kRepeat);
  EXPECT_EQ(as_text(t.find({kAnn, "visit"}, 1, WallTime(2)).result), "visit");
  EXPECT_EQ(t.ask("visit", 2, 7), Verdict::kOther);
  EXPECT_EQ(t.ask("visit", 2, 1, kBob), Verdict::kFresh);
  EXPECT_EQ(t.ask("visi", 2), Verdict::kFresh);
}

TEST(IdempotencyTable, a_record_is_kept_for_its_time_and_no_longer) {
  Table t({.bytes = 1 << 20, .keep_ms = 1000, .keep_min_ms = 100});
  t.note("a", 5000);
  EXPECT_EQ(t.ask("a", 5999), Verdict::kRepeat);
  EXPECT_EQ(t.ask("a", 6000), Verdict::kFresh);
  EXPECT_EQ(t.stats().records, 0U);
  EXPECT_EQ(t.stats().forgotten, WallTime()) << "none was forgotten early";
}

TEST(IdempotencyTable, a_full_table_forgets_the_old_and_refuses_rather_than_forget_the_young) {
  Table t({.bytes = 2000, .keep_ms = 1000, .keep_min_ms = 100});
  int kept = 0;
  while (t.ask(std::to_string(kept), 5000) == Verdict::kFresh) t.note(std::to_string(kept++), 5000);
  ASSERT_GT(kept, 3);
  EXPECT_EQ(t.ask("new", 5099), Verdict::kFull);
  EXPECT_EQ(t.ask("0", 5099), Verdict::kRepeat) << "a retry needs no room";
  EXPECT_EQ(t.ask("new", 5100), Verdict::kFresh);
  EXPECT_EQ(t.stats().forgotten, WallTime(5000));
  EXPECT_LE(t.stats().bytes, 2000U);
}

// One key of one site filled all of it, and nobody could write with an Idempotency-Key for an hour.
TEST(IdempotencyTable, however_many_api_keys_have_used_up_their_room_another_one_finds_some) {
  Table t({.bytes = 60'000, .keep_ms = 1000, .keep_min_ms = 100});
  std::vector<int> kept;
  for (std::uint64_t key = 10; key < 16; ++key) {
    int n = 0;
    for (; t.ask(std::to_string(n), 5000, 1, registry::KeyId(key)) == Verdict::kFresh; ++n)
      t.note(std::to_string(n), 5000, 1, registry::KeyId(key));
    kept.push_back(n);
  }
  EXPECT_NEAR(kept[0] * 161, 30'000, 1'500) << "one alone gets half";
  EXPECT_NEAR(2 * kept[1], kept[0], 10) << "and the next one half of what is left";
  EXPECT_EQ(t.ask("new", 5000, 1, registry::KeyId(10)), Verdict::kFull);
  for (int n = 0; n < 2; ++n) {
    ASSERT_EQ(t.ask(std::to_string(n), 5000, 1, kBob), Verdict::kFresh);
    t.note(std::to_string(n), 5000, 1, kBob);
  }
  EXPECT_EQ(t.ask("0", 5099, 1, registry::KeyId(10)), Verdict::kRepeat) << "nothing young was forgotten";
}

TEST(IdempotencyTable, equal_calls_give_equal_digests_and_others_do_not) {
  Table a, b, c;
  a.note("x", 1), b.note("x", 1), c.note("x", 1, 2);
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_NE(a.digest(), c.digest());
}

TEST(IdempotencyTable, it_comes_over_in_pieces_and_forgets_alike) {
  const IdempotencyTable::Limits limits{.bytes = 4000, .keep_ms = 1000, .keep_min_ms = 10};
  Table a(limits), b(limits);
  for (int i = 0; i < 100; ++i) {
    const std::string text = "key " + std::to_string(i);
    ASSERT_EQ(a.ask(text, 1000 + i * 20), Verdict::kFresh);
    a.note(text, 1000 + i * 20);
    if (i % 7 != 0) continue;
    for (Position from = b.newest();;) {
      Bytes piece;
      const Position upto = a.write_since(from, 300, piece);
      ASSERT_TRUE(b.read(piece).ok());
      if (upto == from) break;
      from = upto;
    }
    Bytes again, head;
    (void)a.write_since({}, 1 << 20, again);
    ASSERT_TRUE(b.read(again).ok()) << "what is there already is skipped";
    a.write_head(head);
    ASSERT_TRUE(b.read_head(head).ok());
    ASSERT_EQ(a.digest(), b.digest()) << i;
    ASSERT_EQ(a.stats().bytes, b.stats().bytes);
  }
  EXPECT_EQ(a.ask("key 99", 5000), b.ask("key 99", 5000));
}

TEST(IdempotencyTable, what_nobody_wrote_is_malformed) {
  Table a;
  a.note("key", 1);
  Bytes bytes;
  (void)a.write_since({}, 1000, bytes);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) EXPECT_FALSE(Table().read(ByteView(bytes).first(cut)).ok());
  for (const std::uint64_t position : {std::uint64_t{0}, limits::kCounterMax + 1}) {
    Bytes bad = bytes;
    std::memcpy(bad.data(), &position, sizeof position);
    EXPECT_FALSE(Table().read(bad).ok());
  }
}

// --- in the state machine

registry::Request keyed(registry::Request request, std::string_view text,
                        registry::KeyId key = registry::kMachine) {
  request.idempotency_key = text;
  request.key = key;
  return request;
}

std::uint64_t doses(const Machine& m) { return m.registry().get({"elm", {}})->stock[0].availability.count; }

struct Clinic {
  Clinic() { run(m, make.add(1, 1, add_site("elm", "Elm Street")).add(1, 2, set("elm", 100)).frame()); }
  Machine m;
  FrameMaker make;
};

// 16,384 other sessions later the same key was executed again.
TEST(Idempotency, a_key_is_executed_once_however_many_sessions_come_in_between) {
  Clinic c;
  const Results first = run(c.m, c.make.add(7, 1, keyed(reserve("elm", 1), "visit-17")).frame());
  for (std::uint64_t s = 0; s < limits::kSessionsMax + 100; ++s) {
    c.make.born(c.m.position().next()).add(100 + s, 1, keyed(set("elm", 50), "other-" + std::to_string(s)));
    if (s % 1000 == 0) run(c.m, c.make.frame());
  }
  run(c.m, c.make.frame());
  const std::uint64_t before = doses(c.m);
  const Results again =
      run(c.m, c.make.born(c.m.position().next()).add(8, 1, keyed(reserve("elm", 1), "visit-17")).frame());
  EXPECT_EQ(again[0].bytes, first[0].bytes);
  EXPECT_TRUE(again[0].repeated);
  EXPECT_EQ(doses(c.m), before);
}

TEST(Idempotency, two_at_once_get_the_same_outcome) {
  Clinic c;
  const Results r = run(c.m, c.make.add(7, 1, keyed(reserve("elm", 1), "k"))
                                 .add(7, 2, keyed(reserve("elm", 1), "k"))
                                 .add(8, 1, keyed(reserve("elm", 1), "k"))
                                 .frame());
  EXPECT_EQ(r[1].bytes, r[0].bytes);
  EXPECT_EQ(r[2].bytes, r[0].bytes);
  EXPECT_EQ(doses(c.m), 99U);
}

TEST(Idempotency, another_request_under_the_same_key_is_refused) {
  Clinic c;
  const Results r = run(c.m, c.make.add(7, 1, keyed(reserve("elm", 1), "k"))
                                 .add(7, 2, keyed(reserve("elm", 2), "k"))
                                 .add(7, 3, keyed(set("elm", 1), "k"))
                                 .frame());
  EXPECT_EQ(r[1].outcome.code, Code::kKeyReused);
  EXPECT_EQ(r[2].outcome.code, Code::kKeyReused);
  EXPECT_EQ(doses(c.m), 99U);
}

TEST(Idempotency, a_refusal_is_an_outcome_but_not_one_for_lack_of_permission) {
  Clinic c;
  EXPECT_EQ(run(c.m, c.make.add(7, 1, keyed(reserve("elm", 500), "k")).frame())[0].outcome.code, Code::kNotEnough);
  run(c.m, c.make.add(7, 2, set("elm", 900)).frame());
  EXPECT_EQ(run(c.m, c.make.add(7, 3, keyed(reserve("elm", 500), "k")).frame())[0].outcome.code, Code::kNotEnough);
  const registry::KeyId key(77);
  run(c.m,
      c.make
          .add(7, 4,
               keyed(request(registry::CreateKey{registry::KeyId(1), {}, "op", registry::Role::kOperator, {}, {}}),
                     {}))
          .frame());
  const Results stranger = run(c.m, c.make.add(9, 1, keyed(reserve("elm", 1), "k", key)).frame());
  EXPECT_EQ(stranger[0].outcome.code, Code::kUnauthorized);
  run(c.m,
      c.make.add(7, 5, keyed(request(registry::CreateKey{key, {}, "op", registry::Role::kOperator, {}, {}}), {}))
          .frame());
  EXPECT_TRUE(run(c.m, c.make.add(9, 2, keyed(reserve("elm", 1), "k", key)).frame())[0].outcome.ok());
}

TEST(Idempotency, when_the_memory_is_full_a_request_is_refused_and_may_come_again) {
  Machine::Limits limits = Machine::default_limits();
  limits.idempotency = {.bytes = 2000, .keep_ms = 100'000, .keep_min_ms = 10'000};
  Machine m(limits);
  FrameMaker make;
  run(m, make.add(1, 1, add_site("elm", "Elm Street")).add(1, 2, set("elm", 100)).frame());
  std::uint64_t n = 2;
  Results r;
  do {
    ++n;
    r = run(m, make.add(1, n, keyed(reserve("elm", 1), "k" + std::to_string(n))).frame());
  } while (r[0].outcome.ok() && n < 100);
  EXPECT_EQ(r[0].outcome.code, Code::kTooMany);
  const std::uint64_t before = doses(m);
  make.pass_ms(10'000);
  r = run(m, make.add(1, n, keyed(reserve("elm", 1), "k" + std::to_string(n))).frame());
  EXPECT_TRUE(r[0].outcome.ok()) << "the number was not used up";
  EXPECT_EQ(doses(m), before - 1);
}

TEST(Idempotency, a_learner_gets_them_and_answers_alike) {
  Clinic c;
  Machine learner;
  Machine::Cursor cursor = c.m.begin_transfer({});
  for (std::uint64_t i = 0; i < 2000; ++i)
    run(c.m, c.make.add(7, 1 + i, keyed(reserve("elm", 1), "k" + std::to_string(i))).frame());
  give_pass(c.m, cursor, learner);
  for (std::uint64_t i = 2000; i < 2100; ++i)
    run(c.m, c.make.add(7, 1 + i, keyed(reserve("elm", 1), "k" + std::to_string(i))).frame());
  finish(c.m, learner, learner.position());
  expect_equal(c.m, learner);
  const smr::Frame again = c.make.add(8, 1, keyed(reserve("elm", 1), "k50")).frame();
  EXPECT_EQ(run(learner, again)[0].bytes, run(c.m, again)[0].bytes);
  expect_equal(c.m, learner);
}

}  // namespace
}  // namespace titer::machine
