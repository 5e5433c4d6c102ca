// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_cell.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::sim {

namespace {

Error no_answer() { return {Code::kUnreachable, "no answer"}; }

}  // namespace

// --- the cell

SimCell::SimCell(std::uint64_t etcd, std::string first) : etcd_(etcd) {
  history_.push_back({revision_, std::move(first)});
}

view::CellState SimCell::read() const {
  return {etcd_, revision_, view::CellState::Value{history_.back().revision, history_.back().text}};
}

bool SimCell::replace(std::int64_t expected, std::string text) {
  if (history_.back().revision != expected) return false;
  const std::string before = history_.back().text;
  history_.push_back({++revision_, std::move(text)});
  if (on_replaced) on_replaced(before, history_.back().text);
  tell_watchers();
  return true;
}

void SimCell::go_back(std::size_t changes, bool same) {
  TITER_CHECK(changes < history_.size() && !before_, "it goes back to what it has been, once");
  before_ = Whole{etcd_, revision_, history_};
  history_.erase(history_.end() - static_cast<std::ptrdiff_t>(changes), history_.end());
  revision_ = history_.back().revision;
  compacted_ = 0;
  if (!same) ++etcd_;
  tell_watchers();
}

void SimCell::bring_back() {
  if (!before_) return;
  etcd_ = before_->etcd;
  revision_ = before_->revision;
  history_ = std::move(before_->history);
  before_.reset();
  tell_watchers();
}

void SimCell::tell_watchers() {
  for (CellAgent* agent : agents_) agent->cell_changed();
}

// --- an agent

CellAgent::CellAgent(Timeline& time, Random& random, SimCell& cell, const view::Authority& seen,
                     view::CellRegister::Events events)
    : time_(time), random_(random), cell_(cell), register_(BootTime(time.now()), seen, std::move(events)) {
  cell_.agents_.push_back(this);
  go_on();
}

void CellAgent::propose(view::CellRegister::Kind kind, view::Proposal proposal, Time valid_us) {
  register_.propose(now(), kind, std::move(proposal), valid_us);
  go_on();
}

void CellAgent::end() {
  lives_ = watches_ = false;
  register_.close();
}

// Later, because events call in from within the register.
void CellAgent::go_on() {
  const Time at = std::max(time_.now(), std::min(register_.wake_at().value, kNever - 1));
  if (!lives_ || at >= wakes_at_) return;
  wakes_at_ = at;
  time_.at(at, *this, kWake);
}

void CellAgent::on_event(std::uint32_t what, std::uint64_t) {
  if (what == kArrives) return arrives();
  if (!lives_) return;
  if (what == kWake && wakes_at_ != time_.now()) return;
  if (what == kWake) wakes_at_ = kNever;
  if (what == kWake) register_.wake(now());
  if (what == kAnswered) answered();
  if (what == kChanged) changed();
  while (const auto action = register_.next()) {
    if (const auto* watch = std::get_if<view::WatchCell>(&*action)) {
      begin_watch(watch->from);
      continue;
    }
    if (std::holds_alternative<view::StopWatchingCell>(*action)) {
      watches_ = false;
      continue;
    }
    TITER_CHECK(!question_, "one question at a time");
    question_ = *action;
    time_.at(time_.now() + delay(), *this, kArrives);
  }
  go_on();
}

void CellAgent::begin_watch(std::int64_t from) {
  watches_ = true;
  changes_.clear();
  if (from <= cell_.compacted_)
    deliver(std::nullopt);
  else if (from <= cell_.revision_)
    cell_changed();
}

// The question has its effect, whether or not the process that asked still lives; then the answer goes back.
void CellAgent::arrives() {
  const view::CellAction& question = *question_;
  const bool lost = cell_.away_ || random_.chance(cell_.faults.loses);
  Answer answer{no_answer(), no_answer()};
  if (!lost) {
    answer = {cell_.read(), true};
    if (const auto* replace = std::get_if<view::ReplaceCell>(&question))
      answer.done = cell_.replace(replace->expected, replace->text);
  }
  const bool comes = !lost && !random_.chance(cell_.faults.loses);
  if (!comes) answer = {no_answer(), no_answer()};
  answer_ = std::move(answer);
  time_.at(time_.now() + (comes ? delay() : cell_.faults.gives_up_us), *this, kAnswered);
}

void CellAgent::answered() {
  const view::CellAction question = *std::exchange(question_, std::nullopt);
  const Answer answer = *std::exchange(answer_, std::nullopt);
  if (std::holds_alternative<view::GetCell>(question)) return register_.got(now(), answer.state, false);
  if (std::holds_alternative<view::ReplaceCell>(question)) return register_.replaced(now(), answer.done);
  register_.tried_write(now(), answer.done ? ok_status() : Status(answer.done.error()));
}

void CellAgent::cell_changed() {
  if (!watches_ || cell_.away_ || random_.chance(cell_.faults.gaps)) return;
  if (random_.chance(cell_.faults.breaks)) return deliver(std::nullopt);
  deliver(cell_.read());
}

void CellAgent::deliver(std::optional<view::CellState> change) {
  changes_at_ = std::max(changes_at_, time_.now() + delay());
  changes_.push_back(std::move(change));
  time_.at(changes_at_, *this, kChanged);
}

void CellAgent::changed() {
  if (changes_.empty()) return;  // of the watch of before
  const std::optional<view::CellState> change = std::move(changes_.front());
  changes_.pop_front();
  if (!watches_) return;
  if (change) return register_.changed(*change);
  watches_ = false;
  register_.watch_ended(now());
}

}  // namespace titer::sim
