// SPDX-License-Identifier: Apache-2.0

// Good and bad histories, each a few lines; then random small ones against a checker that tries every order; then size.
#include "check/linearizability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "check/stock_model.h"
#include "check/test_history.h"

namespace titer::check {
namespace {

using registry::Availability;
using test::adjust;
using test::changed;
using test::open;
using test::read;
using test::reserve;
using test::same;
using test::set;

Answer answer_of(const History& history, Begin begin = Begin::kAnyState) {
  return check(history, {.begin = begin, .max_steps = UINT64_MAX, .give_up = {}}).answer();
}
void expect_good(const History& history) {
  const Verdict verdict = check(history);
  EXPECT_EQ(verdict.answer(), Answer::kLinearizable) << verdict.lines.front().explanation;
}
void expect_bad(const History& history) {
  const Verdict verdict = check(history);
  ASSERT_EQ(verdict.answer(), Answer::kViolation);
  EXPECT_FALSE(verdict.lines.front().explanation.empty());
}

// --- fixtures: versions are shown, so most of these are wrong in one way only

TEST(Linearizability, nothing_happened) { EXPECT_EQ(check({}).answer(), Answer::kLinearizable); }

TEST(Linearizability, one_after_another) {
  expect_good({set({1, 2}, 5, changed(0, 5, 2)), read({3, 4}, same(5, 2)), reserve({5, 6}, 2, changed(5, 3, 3)),
               reserve({7, 8}, 4, same(3, 3), Code::kNotEnough), adjust({9, 10}, 1, changed(3, 4, 4)),
               read({11, 12}, same(4, 4))});
}

TEST(Linearizability, a_read_that_overlaps_a_write_may_see_either_side) {
  const Op write = set({10, 20}, 5, changed(0, 5, 2));
  expect_good({write, read({11, 19}, same(0, 1))});
  expect_good({write, read({11, 19}, same(5, 2))});
  expect_good({write, read({11, 12}, same(5, 2)), read({13, 14}, same(5, 2))});
}

TEST(Linearizability, a_stale_read) { expect_bad({set({1, 2}, 5, changed(0, 5, 2)), read({3, 4}, same(0, 1))}); }

TEST(Linearizability, a_read_at_the_very_end_of_a_write_overlaps_it) {
  expect_good({set({1, 3}, 5, changed(0, 5, 2)), read({3, 4}, same(0, 1))});
}

TEST(Linearizability, a_lost_write) {
  expect_bad({set({1, 2}, 5, changed(0, 5, 2)), set({3, 4}, 6, changed(0, 6, 2))});
}

TEST(Linearizability, a_write_applied_twice) {
  expect_bad({reserve({1, 2}, 2, changed(9, 7, 2)), read({3, 4}, same(5, 3))});
}

TEST(Linearizability, the_last_dose_reserved_twice) {
  expect_bad(
      {read({1, 2}, same(1, 1)), reserve({3, 8}, 1, changed(1, 0, 2)), reserve({4, 7}, 1, changed(1, 0, 2))});
}

TEST(Linearizability, a_read_of_the_future) {
  expect_bad({read({1, 2}, same(5, 2)), set({3, 4}, 5, changed(0, 5, 2))});
}

TEST(Linearizability, two_reads_that_disagree_on_the_order) {
  const Op one = set({1, 100}, 5, changed(0, 5, 2)), two = set({1, 100}, 6, changed(5, 6, 3));
  expect_good({one, two, read({10, 11}, same(5, 2)), read({12, 13}, same(6, 3))});
  expect_bad({one, two, read({10, 11}, same(6, 3)), read({12, 13}, same(5, 2))});
}

TEST(Linearizability, a_refusal_must_be_true) {
  expect_good({read({1, 2}, same(3, 1)), reserve({3, 4}, 4, same(3, 1), Code::kNotEnough)});
  expect_bad({read({1, 2}, same(3, 1)), reserve({3, 4}, 3, same(3, 1), Code::kNotEnough)});
}

TEST(Linearizability, an_unanswered_write_may_be_seen_later_or_never) {
  const History before{set({1, 2}, 5, changed(0, 5, 2)), open(set({3, 0}, 9, {}))};
  const auto then = [&](std::initializer_list<Op> more) {
    History out = before;
    out.insert(out.end(), more);
    return out;
  };
  expect_good(then({read({90, 91}, same(5, 2))}));
  expect_good(then({read({90, 91}, same(5, 2)), read({92, 93}, same(9, 3))}));
  expect_good(then({read({90, 91}, same(9, 3))}));
  expect_bad(then({read({90, 91}, same(9, 3)), read({92, 93}, same(5, 2))}));
  expect_bad(then({read({90, 91}, same(9, 3)), set({92, 93}, 9, changed(5, 9, 3))}));
  expect_bad({read({1, 2}, same(9, 3)), set({3, 4}, 5, changed(9, 5, 4)), open(set({5, 0}, 7, {})),
              read({6, 7}, same(7, 6))});
}

TEST(Linearizability, an_unanswered_write_does_not_happen_before_its_call) {
  expect_bad({set({1, 2}, 5, changed(0, 5, 2)), read({3, 4}, same(9, 3)), open(set({5, 0}, 9, {}))});
}

TEST(Linearizability, twenty_equal_unanswered_reserves_are_no_labour) {
  History history{set({1, 2}, 100, changed(0, 100, 2))};
  for (int i = 0; i < 20; ++i) history.push_back(open(reserve({3, 0}, 1, {})));
  history.push_back(read({90, 91}, same(90, 12)));
  history.push_back(read({92, 93}, same(81, 21)));
  const Verdict good = check(history);
  EXPECT_EQ(good.answer(), Answer::kLinearizable);
  EXPECT_LT(good.lines.front().steps, 100U);
  history.back() = read({92, 93}, same(79, 23));
  const Verdict bad = check(history);
  EXPECT_EQ(bad.answer(), Answer::kViolation);
  EXPECT_LT(bad.lines.front().steps, 100U);
}

TEST(Linearizability, refusals_without_outcome_did_nothing_and_unknown_ones_may_have) {
  Op write = set({3, 4}, 9, {});
  write.shown.reset();
  const History around{set({1, 2}, 5, changed(0, 5, 2)), read({5, 6}, same(9, 3))};
  const auto with = [&](Code code) {
    write.code = code;
    return answer_of({around[0], write, around[1]});
  };
  for (const Code code : {Code::kBusy, Code::kUnavailable, Code::kUnreachable, Code::kExcluded})
    EXPECT_EQ(with(code), Answer::kViolation) << name(code);
  for (const Code code : {Code::kOutcomeUnknown, Code::kSessionEvicted})
    EXPECT_EQ(with(code), Answer::kLinearizable) << name(code);
}

TEST(Linearizability, each_stock_line_is_apart) {
  Op other = read({1, 2}, same(7, 9)), product = read({3, 4}, same(8, 9));
  other.site = "oak";
  product.product = "208";
  const Verdict verdict =
      check({set({1, 2}, 5, changed(0, 5, 2)), other, product, read({3, 4}, same(0, 1)), other});
  ASSERT_EQ(verdict.lines.size(), 3U);
  EXPECT_EQ(verdict.lines[0].product, "208");
  EXPECT_EQ(verdict.lines[0].answer, Answer::kLinearizable);
  EXPECT_EQ(verdict.lines[1].product, "any");
  EXPECT_EQ(verdict.lines[1].answer, Answer::kViolation);
  EXPECT_EQ(verdict.lines[2].site, "oak");
  EXPECT_EQ(verdict.lines[2].answer, Answer::kLinearizable);
  EXPECT_EQ(verdict.violations, 1U);
  EXPECT_EQ(verdict.operations, 5U);
}

TEST(Linearizability, a_line_that_is_born_with_the_history) {
  const Op first = set({1, 2}, 5, {Availability::unknown(), Availability::of(5), 1});
  EXPECT_EQ(answer_of({first}, Begin::kNoLine), Answer::kLinearizable);
  EXPECT_EQ(answer_of({read({0, 0}, std::nullopt), first}), Answer::kLinearizable);
  EXPECT_EQ(answer_of({read({1, 2}, same(5, 7))}, Begin::kNoLine), Answer::kViolation);
}

TEST(Linearizability, an_answer_before_its_call) { expect_bad({read({5, 4}, same(5, 2))}); }

TEST(Linearizability, a_violation_is_explained) {
  Op late = read({5'000, 6'000}, same(0, 1));
  late.client = 7;
  late.id = 42;
  const Verdict verdict =
      check({set({1'000, 2'000}, 5, changed(0, 5, 2)), reserve({3'000, 4'000}, 1, changed(5, 4, 3)), late});
  ASSERT_EQ(verdict.violations, 1U);
  EXPECT_EQ(verdict.lines.front().placed, 2U);
  EXPECT_EQ(verdict.lines.front().explanation,
            "the longest order places 2 of 3 answered operations; its end:\n"
            "  client 1000 #0 set 5: ok, 5 at version 2 (was 0) [0.000001 s, 0.000002 s]\n"
            "  client 3000 #0 reserve 1: ok, 4 at version 3 (was 5) [0.000003 s, 0.000004 s]\n"
            "the line is then 4 at version 3, and one of these is next, but not all can follow:\n"
            "  client 7 #42 read: ok, 0 at version 1 [0.000005 s, 0.000006 s]\n");
}

// --- against every order

// Is there an order of all answered and some open operations that respects time and fits? By trying all of them.
class BruteForce {
 public:
  explicit BruteForce(const History& history) : history_(history), placed_(history.size(), false) {}

  bool possible(const StockState& state) {
    bool done = true;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (placed_[i]) continue;
      done = done && !is_answered(history_[i]);
      if (!may_be_next(i)) continue;
      StockState next = state;
      if (apply(history_[i], next) == Fit::kNo) continue;
      placed_[i] = true;
      const bool found = possible(next);
      placed_[i] = false;
      if (found) return true;
    }
    return done;
  }

 private:
  bool may_be_next(std::size_t i) const {
    for (std::size_t j = 0; j < history_.size(); ++j)
      if (j != i && !placed_[j] && is_answered(history_[j]) && *history_[j].end_ns < history_[i].call_ns)
        return false;
    return true;
  }

  const History& history_;
  std::vector<bool> placed_;
};

// A true run — one line, operations with a moment inside of their interval — and then, often, a lie.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

  History run(const StockState& begin, std::size_t operations) {
    std::vector<std::int64_t> moments(operations);
    for (auto& moment : moments) moment = static_cast<std::int64_t>(10 + below(40));
    std::sort(moments.begin(), moments.end());
    StockState state = begin;
    History history;
    for (const std::int64_t moment : moments) {
      Op op = random_op(moment);
      history.push_back(below(5) == 0 && op.kind != OpKind::kRead ? unanswered(op, state) : answered(op, state));
    }
    if (below(3) > 0) lie(history);
    std::shuffle(history.begin(), history.end(), engine_);
    return history;
  }

 private:
  Op random_op(std::int64_t moment) {
    Op op;
    op.site = "elm";
    op.client = static_cast<std::uint64_t>(moment);
    op.kind = static_cast<OpKind>(below(5));
    op.value = Availability::of(below(4));
    op.amount = static_cast<std::int64_t>(1 + below(2)) * (op.kind == OpKind::kAdjust && below(2) == 0 ? -1 : 1);
    op.call_ns = moment - static_cast<std::int64_t>(below(10));
    op.end_ns = moment + static_cast<std::int64_t>(below(10));
    return op;
  }
  // The only answer that fits here, found by asking the model.
  Op answered(Op op, StockState& state) {
    StockState next = state;
    const Op asked = open(op);
    const bool changes = op.kind != OpKind::kRead && apply(asked, next) == Fit::kChanged;
    const Availability before = state.exists ? state.value : Availability::unknown();
    if (next.exists) op.shown = Shown{before, next.value, next.version};
    for (const Code code : {Code::kOk, Code::kNotFound, Code::kNotEnough, Code::kNotACount}) {
      op.code = code;
      StockState after = state;
      if (apply(op, after) == Fit::kNo) continue;
      state = changes ? next : state;
      return op;
    }
    ADD_FAILURE() << "no answer fits " << describe(op);
    return op;
  }
  Op unanswered(const Op& op, StockState& state) {
    if (below(2) == 0) static_cast<void>(answered(op, state));
    return open(op);
  }
  void lie(History& history) {
    Op& op = history[below(history.size())];
    if (!op.end_ns) return;
    switch (below(4)) {
      case 0: op.shown = Shown{Availability::of(below(4)), Availability::of(below(4)), 1 + version()}; break;
      case 1:
        if (op.shown) op.shown->version = 1 + version();
        break;
      case 2: op.call_ns = *op.end_ns = op.call_ns + static_cast<std::int64_t>(below(30)) - 15; break;
      case 3: op.kind = static_cast<OpKind>(below(5)); break;
    }
  }
  std::uint32_t version() { return static_cast<std::uint32_t>(below(4)); }

  std::mt19937_64 engine_;
};

std::string text_of(const History& history) {
  std::string out;
  for (const Op& op : history) print(op, out);
  return out;
}

TEST(Linearizability, agrees_with_trying_every_order) {
  std::size_t good = 0, bad = 0;
  const StockState none{.known = true, .exists = false, .value = {}, .version = 0};
  for (std::uint64_t seed = 1; seed <= 60'000; ++seed) {
    Maker maker(seed);
    const History history = maker.run(none, 2 + maker.below(6));
    const bool expected = BruteForce(history).possible(none);
    (expected ? good : bad) += 1;
    ASSERT_EQ(answer_of(history, Begin::kNoLine), expected ? Answer::kLinearizable : Answer::kViolation)
        << "seed " << seed << "\n"
        << text_of(history);
  }
  EXPECT_GT(good, 10'000U);
  EXPECT_GT(bad, 10'000U);
}

TEST(Linearizability, of_a_line_that_held_anything_agrees_with_trying_every_order_and_every_beginning) {
  std::size_t good = 0, bad = 0;
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    Maker maker(seed);
    const StockState begin{.known = true, .exists = true, .value = Availability::of(maker.below(4)), .version = 2};
    const History history = maker.run(begin, 2 + maker.below(4));
    bool expected = BruteForce(history).possible({.known = true, .exists = false, .value = {}, .version = 0});
    for (std::uint32_t version = 1; version <= 10 && !expected; ++version)
      for (std::uint64_t count = 0; count <= 12 && !expected; ++count)
        expected = BruteForce(history).possible(
            {.known = true, .exists = true, .value = Availability::of(count), .version = version});
    (expected ? good : bad) += 1;
    ASSERT_EQ(answer_of(history), expected ? Answer::kLinearizable : Answer::kViolation) << "seed " << seed << "\n"
                                                                                         << text_of(history);
  }
  EXPECT_GT(good, 2'000U);
  EXPECT_GT(bad, 2'000U);
}

// --- size

// `clients` at a time, each with one operation under way, over `sites` lines; some answers never came.
History long_run(std::size_t operations, std::size_t sites, std::int64_t clients) {
  Maker maker(1);
  std::vector<StockState> states(
      sites, {.known = true, .exists = true, .value = Availability::of(1'000'000), .version = 1});
  History history;
  for (std::size_t i = 0; i < operations; ++i) {
    const std::size_t site = maker.below(sites);
    StockState& state = states[site];
    Op op;
    op.site = "site-" + std::to_string(site);
    op.kind = maker.below(2) == 0 ? OpKind::kRead : OpKind::kReserve;
    op.amount = 1;
    op.id = i;
    const auto moment = static_cast<std::int64_t>(i) * 10;
    op.call_ns = moment - static_cast<std::int64_t>(maker.below(static_cast<std::uint64_t>(clients))) * 10;
    op.end_ns = moment + static_cast<std::int64_t>(maker.below(static_cast<std::uint64_t>(clients))) * 10;
    StockState next = state;
    const bool changes = apply(open(op), next) == Fit::kChanged && op.kind == OpKind::kReserve;
    op.shown = Shown{state.value, changes ? next.value : state.value, changes ? next.version : state.version};
    if (changes) state = next;
    history.push_back(op.kind == OpKind::kReserve && maker.below(100) == 0 ? open(op) : op);
  }
  return history;
}

TEST(Linearizability, a_hundred_thousand_operations) {
  const History history = long_run(100'000, 100, 64);
  const Verdict verdict = check(history, {.begin = {}, .max_steps = 50'000, .give_up = {}});
  EXPECT_EQ(verdict.answer(), Answer::kLinearizable);
  EXPECT_EQ(verdict.operations + verdict.open, 100'000U);
  EXPECT_GT(verdict.open, 100U);
}

TEST(Linearizability, one_wrong_answer_among_very_many_is_found) {
  History history = long_run(100'000, 100, 64);
  Op& op = history[70'000];
  ASSERT_TRUE(op.shown);
  op.shown->version -= 1;
  const Verdict verdict = check(history, {.begin = {}, .max_steps = 50'000, .give_up = {}});
  EXPECT_EQ(verdict.answer(), Answer::kViolation);
  EXPECT_EQ(verdict.violations, 1U);
  EXPECT_EQ(verdict.unknown, 0U);
}

TEST(Linearizability, when_the_budget_is_over_it_does_not_know) {
  const History history = long_run(1'000, 4, 16);
  const Verdict few = check(history, {.begin = {}, .max_steps = 50, .give_up = {}});
  EXPECT_EQ(few.answer(), Answer::kUnknown);
  EXPECT_EQ(few.unknown, 4U);
  EXPECT_GE(few.lines.front().placed, 40U);
  const Verdict stopped = check(history, {.begin = {}, .max_steps = UINT64_MAX, .give_up = [] { return true; }});
  EXPECT_EQ(stopped.answer(), Answer::kUnknown);
}

}  // namespace
}  // namespace titer::check
