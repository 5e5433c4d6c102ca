// SPDX-License-Identifier: Apache-2.0

#include "check/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace titer::check {

namespace {

constexpr std::uint64_t kAskEverySteps = 4096;
constexpr std::size_t kLastShown = 5, kStuckShown = 20;

// splitmix64 (Steele, Lea, Flood 2014): every input a different, thoroughly mixed word.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

bool called_earlier(const Op* a, const Op* b) {
  return std::tie(a->call_ns, a->client, a->id) < std::tie(b->call_ns, b->client, b->id);
}

std::string state_text(const StockState& state) {
  if (!state.known) return "not known yet";
  if (!state.exists) return "not there";
  return to_text(state.value) + fmt::format(" at version {}", state.version);
}

}  // namespace

std::size_t Search::Hash::operator()(const Configuration& c) const {
  const std::uint64_t value = (c.state.value.count << 3) ^ (static_cast<std::uint64_t>(c.state.value.kind) << 1) ^
                              static_cast<std::uint64_t>(c.state.exists);
  return static_cast<std::size_t>(mixed(c.placed.low ^ mixed(value ^ (std::uint64_t{c.state.version} << 32))));
}

Search::Search(std::vector<const Op*> answered, std::vector<const Op*> open, const Options& options)
    : answered_(std::move(answered)), open_(std::move(open)), options_(options), open_placed_(open_.size(), false) {
  std::sort(answered_.begin(), answered_.end(), called_earlier);
  std::sort(open_.begin(), open_.end(), called_earlier);
  link_entries();
  find_steps_made();
  find_twins();
  state_.known = options.begin == Begin::kNoLine;
}

// --- what is known beforehand

// Intervals are closed: of a call and a return at the same moment the call is first, so the two overlap.
void Search::link_entries() {
  struct Moment {
    std::int64_t ns;
    bool is_return;
    std::uint32_t entry;
  };
  std::vector<Moment> moments;
  moments.reserve(2 * answered_.size());
  for (std::uint32_t i = 0; i < answered_.size(); ++i) {
    moments.push_back({answered_[i]->call_ns, false, 2 * i});
    moments.push_back({*answered_[i]->end_ns, true, 2 * i + 1});
  }
  std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
    return std::tie(a.ns, a.is_return, a.entry) < std::tie(b.ns, b.is_return, b.entry);
  });
  list_.resize(moments.size() + 1);
  std::uint32_t last = head();
  for (const Moment& moment : moments) {
    list_[last].after = moment.entry;
    list_[moment.entry].before = last;
    last = moment.entry;
  }
}

void Search::find_steps_made() {
  for (const Op* op : answered_)
    if (shows_change(*op)) steps_made_.push_back(version_before(*op));
  std::sort(steps_made_.begin(), steps_made_.end());
}

void Search::find_twins() {
  const auto asks = [](const Op& op) {
    return std::make_tuple(op.kind, op.value.kind, op.value.count, op.amount, op.if_version);
  };
  std::map<decltype(asks(std::declval<Op>())), std::uint32_t> newest;
  for (std::uint32_t i = 0; i < open_.size(); ++i) {
    const auto [place, first] = newest.try_emplace(asks(*open_[i]), i);
    twin_.push_back(first ? kNone : std::exchange(place->second, i));
  }
}

// --- the search

void Search::run(LineVerdict& verdict) {
  Choice from;
  bool dead = place_observations() == Scan::kDead;
  while (answered_placed_ < answered_.size()) {
    if (exhausted()) {
      verdict.answer = Answer::kUnknown;
      break;
    }
    if (!dead && choose(from)) {
      from = {};
      dead = place_observations() == Scan::kDead;
      continue;
    }
    note_dead_end();
    if (!take_back(from)) {
      verdict.answer = Answer::kViolation;
      break;
    }
    dead = false;
  }
  verdict.placed = std::max(answered_placed_, longest_.placed);
  verdict.steps = steps_;
  if (verdict.answer == Answer::kViolation) explain(verdict);
}

bool Search::exhausted() {
  if (steps_ >= options_.max_steps) return true;
  // Steps go by in bursts, so ask when a mark was passed, and at the very beginning.
  if (steps_ < ask_at_) return false;
  ask_at_ = steps_ + kAskEverySteps;
  return options_.give_up && options_.give_up();
}

// Every candidate that fits and changes nothing. kDead: some candidate can never be placed from here.
Search::Scan Search::place_observations() {
  std::uint32_t entry = list_[head()].after;
  while (entry != kNone && is_call(entry)) {
    const std::uint32_t index = entry / 2;
    const Op& op = *answered_[index];
    StockState next = state_;
    const Fit fit = apply(op, next);
    if (fit == Fit::kObserved) {
      const std::uint32_t before = list_[entry].before;
      place({false, index}, true, state_);
      entry = list_[before].after;
      continue;
    }
    if (fit == Fit::kNo && state_.known && op.shown && version_before(op) <= state_.version) return Scan::kDead;
    entry = list_[entry].after;
  }
  return Scan::kChoose;
}

bool Search::choose(Choice from) {
  if (!from.open && choose_answered(from.index)) return true;
  return choose_open(from.open ? from.index : kNone);
}

bool Search::choose_answered(std::uint32_t from) {
  std::uint32_t entry = list_[from == kNone ? head() : 2 * from].after;
  for (; entry != kNone && is_call(entry); entry = list_[entry].after)
    if (try_change(*answered_[entry / 2], {false, entry / 2})) return true;
  return false;
}

bool Search::choose_open(std::uint32_t from) {
  if (!state_.known || std::binary_search(steps_made_.begin(), steps_made_.end(), state_.version)) return false;
  const std::int64_t until = *answered_[first_return() / 2]->end_ns;
  for (std::uint32_t i = from == kNone ? 0 : from + 1; i < open_.size() && open_[i]->call_ns <= until; ++i) {
    if (open_placed_[i] || (twin_[i] != kNone && !open_placed_[twin_[i]])) continue;
    if (try_change(*open_[i], {true, i})) return true;
  }
  return false;
}

bool Search::try_change(const Op& op, Choice choice) {
  StockState next = state_;
  if (apply(op, next) != Fit::kChanged) return false;
  const Fingerprint w = word(choice);
  if (!tried_.insert({{placed_.high ^ w.high, placed_.low ^ w.low}, next}).second) return false;
  place(choice, false, next);
  return true;
}

void Search::place(Choice choice, bool forced, const StockState& next) {
  stack_.push_back({choice, forced, state_});
  state_ = next;
  mark(choice, true);
}

bool Search::take_back(Choice& last) {
  while (!stack_.empty()) {
    const Step step = stack_.back();
    stack_.pop_back();
    state_ = step.before;
    mark(step.choice, false);
    if (step.forced) continue;
    last = step.choice;
    return true;
  }
  return false;
}

void Search::mark(Choice choice, bool placed) {
  ++steps_;
  const Fingerprint w = word(choice);
  placed_ = {placed_.high ^ w.high, placed_.low ^ w.low};
  if (choice.open) {
    open_placed_[choice.index] = placed;
  } else if (placed) {
    ++answered_placed_;
    lift(choice.index);
  } else {
    --answered_placed_;
    put_back(choice.index);
  }
}

// --- the list

std::uint32_t Search::first_return() const {
  std::uint32_t entry = list_[head()].after;
  while (is_call(entry)) entry = list_[entry].after;
  return entry;
}

// Knuth's dancing links: what is lifted keeps its own links, so it can be put back, in the opposite order.
void Search::lift(std::uint32_t op) {
  for (const std::uint32_t entry : {2 * op, 2 * op + 1}) {
    const Entry& e = list_[entry];
    list_[e.before].after = e.after;
    if (e.after != kNone) list_[e.after].before = e.before;
  }
}

void Search::put_back(std::uint32_t op) {
  for (const std::uint32_t entry : {2 * op + 1, 2 * op}) {
    const Entry& e = list_[entry];
    list_[e.before].after = entry;
    if (e.after != kNone) list_[e.after].before = entry;
  }
}

Search::Fingerprint Search::word(Choice choice) const {
  const std::uint64_t number = 2 * std::uint64_t{choice.index} + (choice.open ? 1 : 0);
  return {mixed(2 * number), mixed(2 * number + 1)};
}

// --- telling people

void Search::note_dead_end() {
  if (longest_.any && answered_placed_ <= longest_.placed) return;
  longest_ = {.any = true, .placed = answered_placed_, .state = state_, .last = {}, .stuck = {}};
  const std::size_t shown = std::min(stack_.size(), kLastShown);
  for (std::size_t i = stack_.size() - shown; i < stack_.size(); ++i)
    longest_.last.push_back((stack_[i].choice.open ? open_ : answered_)[stack_[i].choice.index]);
  std::uint32_t entry = list_[head()].after;
  for (; entry != kNone && is_call(entry) && longest_.stuck.size() < kStuckShown; entry = list_[entry].after)
    longest_.stuck.push_back(answered_[entry / 2]);
}

void Search::explain(LineVerdict& verdict) const {
  std::string& out = verdict.explanation;
  out = fmt::format("the longest order places {} of {} answered operations", longest_.placed, answered_.size());
  out += "; its end:\n";
  for (const Op* op : longest_.last) out += "  " + describe(*op) + "\n";
  out += "the line is then " + state_text(longest_.state) + ", and one of these is next, but not all can follow:\n";
  for (const Op* op : longest_.stuck) out += "  " + describe(*op) + "\n";
}

}  // namespace titer::check
