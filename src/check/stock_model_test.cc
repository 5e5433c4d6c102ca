// SPDX-License-Identifier: Apache-2.0

// The model is written apart from registry::apply so that both must agree: here they are held against each other.
#include "check/stock_model.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/limits.h"
#include "check/linearizability.h"
#include "check/test_history.h"
#include "registry/state.h"

namespace titer::check {
namespace {

using registry::Availability;

// A registry with one site, and what it answers as operations of a history.
class Registry {
 public:
  Registry() {
    registry::AddSite add;
    add.fields.name = "Elm";
    add.fields.zip = "02138";
    apply(add);
  }
  const registry::Outcome& apply(const registry::Operation& operation) {
    ++position_;
    state_.apply({.operation = operation, .actor = "test", .reason = {}, .idempotency_key = {}},
                 Position(position_), WallTime(1'700'000'000'000 + static_cast<std::int64_t>(position_)), out_);
    return out_;
  }
  void execute(Op& op) {
    if (op.kind == OpKind::kRead) return read(op);
    const registry::SiteRef site{"elm", {}};
    const auto doses = static_cast<std::uint64_t>(op.amount);
    switch (op.kind) {
      case OpKind::kSet: {
        registry::SetAvailability set{site, {}, op.if_version};
        set.claim.availability = op.value;
        apply(set);
        break;
      }
      case OpKind::kAdjust: apply(registry::Adjust{site, op.product, op.amount, op.if_version}); break;
      case OpKind::kReserve: apply(registry::Reserve{site, op.product, doses}); break;
      case OpKind::kRelease: apply(registry::Release{site, op.product, doses}); break;
      case OpKind::kRead: break;
    }
    op.code = out_.code;
    if (out_.has_stock) op.shown = Shown{out_.before, out_.after, out_.stock_version};
  }

 private:
  void read(Op& op) {
    const auto site = state_.get({"elm", {}});
    ASSERT_TRUE(site.ok());
    for (const registry::StockLine& line : site->stock)
      op.shown = Shown{line.availability, line.availability, line.version};
  }

  registry::State state_;
  registry::Outcome out_;
  std::uint64_t position_ = 0;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  template <typename T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + below(list.size()));
  }

 private:
  std::mt19937_64 engine_;
};

Op random_op(Dice& dice, std::int64_t moment) {
  Op op;
  op.site = "elm";
  op.kind = dice.one_of({OpKind::kSet, OpKind::kAdjust, OpKind::kReserve, OpKind::kRelease, OpKind::kRead});
  op.value = dice.one_of({Availability::of(dice.below(4)), Availability::of(dice.below(4)), Availability::yes(),
                          Availability::no(), Availability::unknown(), Availability::of(limits::kCountMax),
                          Availability::of(limits::kCountMax + 1)});
  op.amount = static_cast<std::int64_t>(dice.below(4));
  if (op.kind == OpKind::kAdjust) op.amount -= 2;
  if (dice.below(10) == 0) op.amount = static_cast<std::int64_t>(limits::kCountMax);
  const bool may_ask = op.kind == OpKind::kSet || op.kind == OpKind::kAdjust;
  if (may_ask && dice.below(4) == 0) op.if_version = static_cast<std::uint32_t>(dice.below(5));
  op.call_ns = op.end_ns.emplace(moment);
  return op;
}

TEST(StockModel, allows_what_the_registry_answers_and_nothing_else) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    Registry registry;
    StockState state{.known = true, .exists = false, .value = {}, .version = 0};
    for (std::int64_t i = 0; i < 60; ++i) {
      Op op = random_op(dice, i);
      registry.execute(op);
      Op wrong = op;
      if (wrong.shown && dice.below(2) == 0)
        wrong.shown->version += 1;
      else if (wrong.shown)
        wrong.shown->after = Availability::of(77);
      else
        wrong.code = Code::kNotEnough;
      StockState elsewhere = state;
      EXPECT_EQ(apply(wrong, elsewhere), Fit::kNo) << describe(wrong);
      ASSERT_NE(apply(op, state), Fit::kNo) << describe(op);
      if (op.shown) {
        ASSERT_EQ(state.value, op.shown->after);
        ASSERT_EQ(state.version, op.shown->version);
      }
    }
  }
}

TEST(StockModel, every_refusal_is_met_by_the_test_above) {
  std::set<Code> met;
  Dice dice(1);
  for (int round = 0; round < 50; ++round) {
    Registry registry;
    for (std::int64_t i = 0; i < 60; ++i) {
      Op op = random_op(dice, i);
      registry.execute(op);
      met.insert(op.code);
    }
  }
  EXPECT_EQ(met, (std::set{Code::kOk, Code::kInvalid, Code::kNotFound, Code::kStaleVersion, Code::kNotEnough,
                           Code::kNotACount, Code::kTooLarge}));
}

TEST(StockModel, an_unknown_line_is_known_after_one_answer) {
  StockState state;
  EXPECT_EQ(apply(test::open(test::reserve({1, 0}, 1, {})), state), Fit::kNo) << "part of what is not known";
  Op refused = test::reserve({1, 2}, 0, {}, Code::kInvalid);
  refused.shown.reset();
  EXPECT_EQ(apply(refused, state), Fit::kObserved);
  EXPECT_FALSE(state.known) << "refused whatever the line is";
  EXPECT_EQ(apply(test::reserve({1, 2}, 3, test::changed(5, 3, 9)), state), Fit::kNo) << "5 - 3 is 2";
  EXPECT_EQ(apply(test::reserve({1, 2}, 3, test::changed(5, 2, 9)), state), Fit::kChanged);
  EXPECT_EQ(state, (StockState{.known = true, .exists = true, .value = Availability::of(2), .version = 9}));
}

TEST(StockModel, a_claim_out_of_date_shows_the_line_as_it_is) {
  StockState state{.known = true, .exists = true, .value = Availability::of(5), .version = 3};
  Op late = test::set({1, 2}, 9, test::same(5, 3));
  late.code = Code::kOutOfDate;
  EXPECT_EQ(apply(late, state), Fit::kObserved);
  late.shown->version = 2;
  EXPECT_EQ(apply(late, state), Fit::kNo);
}

}  // namespace
}  // namespace titer::check
