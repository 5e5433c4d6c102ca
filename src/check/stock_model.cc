// SPDX-License-Identifier: Apache-2.0

#include "check/stock_model.h"

#include "base/limits.h"

namespace titer::check {

using registry::Availability;

namespace {

// What the operation answers at a state whose line is known, and what the line is afterwards.
struct Effect {
  Code code = Code::kOk;
  bool shows = true;  // the answer shows the line, if there is one
  StockState next;

  [[nodiscard]] bool changes(const StockState& before) const { return !(next == before); }
};

Effect refused(Code code, const StockState& state, bool shows = true) { return {code, shows, state}; }

Effect changed_to(const StockState& state, Availability value) {
  Effect effect{Code::kOk, true, state};
  if (state.exists && state.value == value) return effect;
  effect.next = {.known = true, .exists = true, .value = value, .version = state.version + 1};
  return effect;
}

bool version_differs(const Op& op, const StockState& state) {
  return op.if_version && *op.if_version != (state.exists ? state.version : 0);
}

Effect set(const Op& op, const StockState& state) {
  if (op.value.count > limits::kCountMax) return refused(Code::kTooLarge, state, false);
  if (version_differs(op, state)) return refused(Code::kStaleVersion, state);
  if (op.end_ns && op.code == Code::kOutOfDate && state.exists) return refused(Code::kOutOfDate, state);
  return changed_to(state, op.value);
}

// Adjust, reserve and release: `up` or down by `doses`.
Effect count(const Op& op, const StockState& state, bool up, std::uint64_t doses) {
  if (!state.exists) return refused(Code::kNotFound, state);
  if (state.value.kind != Availability::Kind::kCount) return refused(Code::kNotACount, state);
  if (version_differs(op, state)) return refused(Code::kStaleVersion, state);
  if (!up && doses > state.value.count) return refused(Code::kNotEnough, state);
  if (up && doses > limits::kCountMax - state.value.count) return refused(Code::kTooLarge, state);
  return changed_to(state, Availability::of(up ? state.value.count + doses : state.value.count - doses));
}

Effect effect_of(const Op& op, const StockState& state) {
  const auto amount = static_cast<std::uint64_t>(op.amount);
  switch (op.kind) {
    case OpKind::kSet: return set(op, state);
    case OpKind::kAdjust: return count(op, state, op.amount >= 0, op.amount >= 0 ? amount : 0 - amount);
    case OpKind::kReserve:
    case OpKind::kRelease:
      if (op.amount < 1 || amount > limits::kCountMax) return refused(Code::kInvalid, state, false);
      return count(op, state, op.kind == OpKind::kRelease, amount);
    case OpKind::kRead: break;
  }
  // A read of a site says ok and shows no line, or, of a product alone, not found.
  const bool bare = !state.exists && op.end_ns && op.code == Code::kNotFound;
  return refused(bare ? Code::kNotFound : Code::kOk, state);
}

bool answers(const Op& op, const StockState& state, const Effect& effect) {
  if (op.code != effect.code) return false;
  if (!effect.shows || !effect.next.exists) return !op.shown;
  if (!op.shown) return false;
  const Availability before = state.exists ? state.value : Availability::unknown();
  return *op.shown == Shown{before, effect.next.value, effect.next.version};
}

// The only line for which the answer can be right, seen from nothing but the answer.
StockState implied(const Op& op) {
  StockState state{.known = true, .exists = false, .value = {}, .version = 0};
  if (op.shown && version_before(op) > 0)
    state = {.known = true, .exists = true, .value = op.shown->before, .version = version_before(op)};
  return state;
}

Fit apply_to_unknown(const Op& op, StockState& state) {
  if (!is_answered(op)) return Fit::kNo;
  const StockState guess = implied(op);
  const Effect effect = effect_of(op, guess);
  if (!answers(op, guess, effect)) return Fit::kNo;
  if (!effect.shows) return Fit::kObserved;  // refused whatever the line is: nothing is learned
  state = effect.next;
  return Fit::kChanged;
}

}  // namespace

Fit apply(const Op& op, StockState& state) {
  if (!state.known) return apply_to_unknown(op, state);
  const Effect effect = effect_of(op, state);
  const bool changes = effect.changes(state);
  if (is_answered(op) ? !answers(op, state, effect) : !changes) return Fit::kNo;
  state = effect.next;
  return changes ? Fit::kChanged : Fit::kObserved;
}

bool is_answered(const Op& op) { return op.end_ns && !leaves_open(op.code) && !did_nothing(op.code); }

std::uint32_t version_before(const Op& op) {
  if (!op.shown) return 0;
  return shows_change(op) && op.shown->version > 0 ? op.shown->version - 1 : op.shown->version;
}

bool shows_change(const Op& op) { return op.shown && op.shown->before != op.shown->after; }

}  // namespace titer::check
