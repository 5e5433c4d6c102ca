// SPDX-License-Identifier: Apache-2.0

#include "view/cell_register.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rules.h"

namespace titer::view {

CellRegister::CellRegister(BootTime now, const Authority& seen, Events events)
    : events_(std::move(events)),
      seen_(seen),
      answered_(now),
      wrote_(now),
      poll_at_(now),
      watch_at_(BootTime(now.value + kAgainUs)) {
  TITER_CHECK(events_.remember && events_.record, "a register without memory would forget what it has acted on");
}

void CellRegister::close() {
  closed_ = true;
  events_ = {};
  proposals_.clear();
  actions_.clear();
}

std::optional<CellAction> CellRegister::next() {
  if (actions_.empty()) return std::nullopt;
  CellAction action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

BootTime CellRegister::wake_at() const {
  BootTime at(INT64_MAX);
  if (!asking_) at = std::min(at, poll_at_);
  if (!watching_) at = std::min(at, watch_at_);
  return at;
}

void CellRegister::propose(BootTime now, Kind kind, Proposal proposal, std::int64_t valid_us) {
  proposals_[kind] = {std::move(proposal), BootTime(now.value + valid_us)};
  woken_ = true;
  poll_at_ = now;
}

// Reads, changes, reads again; sleeps when there is nothing to change.
void CellRegister::wake(BootTime now) {
  if (!asking_ && now >= poll_at_) {
    woken_ = false;
    asked_with_ = seen_;
    ask(GetCell{});
  }
  if (watching_ || now < watch_at_) return;
  watch_at_ = BootTime(now.value + kAgainUs);
  if (!record_) return;
  watching_ = true;
  actions_.emplace_back(WatchCell{looked_at_ + 1});
}

void CellRegister::ask(CellAction action) {
  TITER_CHECK(!asking_, "one question at a time");
  asking_ = true;
  actions_.push_back(std::move(action));
}

void CellRegister::got(BootTime now, const Result<CellState>& state, bool elsewhere) {
  TITER_CHECK(asking_ && !closed_, "an answer has its question");
  asking_ = false;
  if (!state) {
    on_away(now, state.error());
    if (elsewhere && watching_) {  // the watch is at the one that does not answer
      actions_.emplace_back(StopWatchingCell{});
      watch_ended(now);
    }
    poll_at_ = BootTime(now.value + (state.error().code == Code::kUnreachable ? kAgainUs : kPollEveryUs));
    return;
  }
  answered_ = now;
  looked_at_ = state->revision;
  if (std::exchange(is_away_, false)) spdlog::info("the register answers again: views can change");
  on_state(*state, asked_with_);
  if (closed_) return;
  if (const NextRecord next = next_record(now)) return ask(ReplaceCell{seen_.revision, to_json(*next)});
  if (record_ && now >= try_write_at_) {
    try_write_at_ = BootTime(now.value + kTryWriteEveryUs);
    return ask(TryWriteCell{});
  }
  answered_at(now, false);
}

// Whether it happened is seen by reading.
void CellRegister::replaced(BootTime now, const Result<bool>& done) {
  on_write(now, done ? ok_status() : Status(done.error()));
  answered_at(now, done.ok());
}

void CellRegister::tried_write(BootTime now, const Status& done) {
  on_write(now, done);
  answered_at(now, false);
}

void CellRegister::answered_at(BootTime now, bool again) {
  TITER_CHECK(!closed_, "no input follows the end");
  asking_ = false;
  poll_at_ = again || woken_ ? now : BootTime(now.value + kPollEveryUs);
}

// A write that merely got no answer may be one of an election; a refusal stays one.
void CellRegister::on_write(BootTime now, const Status& done) {
  if (done) {
    wrote_ = now;
    if (!std::exchange(write_error_, {}).empty())
      spdlog::info("the register can be written again: views can change");
    return;
  }
  const Error& why = done.error();
  if (why.code == Code::kUnreachable && now.value - wrote_.value < kNoWriteUs) return;
  if (std::exchange(write_error_, why.message).empty())
    spdlog::warn("the register cannot be written ({}): service continues, but views cannot change", why.message);
}

// The first proposal that has something to change; those that have not, or are too old, are dropped.
NextRecord CellRegister::next_record(BootTime now) {
  if (!record_ || !refused_.empty()) return std::nullopt;
  for (auto at = proposals_.begin(); at != proposals_.end(); at = proposals_.erase(at)) {
    if (now > at->second.until) continue;
    if (NextRecord next = at->second.proposal(*record_)) return next;
  }
  return std::nullopt;
}

// It may be behind what was read.
void CellRegister::changed(const CellState& state) {
  if (state.value && state.value->revision <= seen_.revision) return;
  on_state(state, seen_);
}

void CellRegister::watch_ended(BootTime now) {
  watching_ = false;
  watch_at_ = BootTime(now.value + kAgainUs);
}

// `at_least`: the newest authority when it was asked for; the watch may be ahead of the answer.
void CellRegister::on_state(const CellState& state, const Authority& at_least) {
  if (!state.value)
    return refuse(gone(seen_).value_or("the register has no record of this cluster yet: `titer init` makes it"));
  auto record = cluster_record_from(state.value->text);
  if (!record) return refuse(record.error().message);
  const Authority now = authority_of(state.etcd, state.value->revision, *record);
  if (rule_enabled(ProtocolRule::kAuthority)) {
    if (const auto why = gone_back(at_least, now)) return refuse(*why);
    if (gone_back(seen_, now)) return;  // the watch was faster than this answer
  }
  const bool known = record_ && now == seen_;
  if (!known)
    if (const Status kept = events_.remember(now); !kept)
      return refuse("the state of the register that was seen cannot be saved: " + kept.error().message);
  if (!std::exchange(refused_, {}).empty()) spdlog::info("the register is believable again");
  if (known) return;
  TITER_CHECK(seen_.revision <= now.revision || seen_.etcd != now.etcd || now.losses > seen_.losses ||
                  !rule_enabled(ProtocolRule::kAuthority),
              "records are told in the order of their revisions");
  seen_ = now;
  record_ = std::move(record).value();
  const ClusterRecord told = *record_;
  const auto tell = events_.record;  // it may close us
  tell(told);
}

void CellRegister::refuse(const std::string& why) {
  if (refused_ == why) return;
  refused_ = why;
  spdlog::error("{}. Views do not change meanwhile", why);
  const auto tell = events_.refused;
  if (tell) tell(why);
}

void CellRegister::on_away(BootTime now, const Error& why) {
  const bool for_long = now.value - answered_.value >= kAwayUs;
  if (!for_long || std::exchange(is_away_, true)) return;
  spdlog::warn("the register is away ({}): service goes on, but views cannot change", why.message);
}

}  // namespace titer::view
