// SPDX-License-Identifier: Apache-2.0

#include "smr/stream.h"

#include <algorithm>
#include <span>

#include "base/hash.h"
#include "smr/rules.h"

namespace titer::smr {

namespace {
std::size_t request_bytes(const Frame& frame) { return frame.requests ? frame.requests->size() : 0; }

}  // namespace

Content fold(const Content& before, const Content& next) {
  const std::array<std::uint64_t, 4> words{before.high, before.low, next.high, next.low};
  const ByteView bytes = std::as_bytes(std::span(words));
  return {hash64(bytes, 1), hash64(bytes, 2)};
}

void Stream::append(FramePtr frame) {
  SMR_CHECK(frame->seq == held_.next(), "a stream takes only its next frame (I1)");
  ++held_;
  last_ts_ = std::max(last_ts_, frame->ts);
  if (frame->ts > solicited) solicited = {};
  bytes_ += request_bytes(*frame);
  if (is_direct_client(id_)) fold_in(frame->content);
  frames_.push_back(std::move(frame));
  skip_nulls();
}

void Stream::fold_in(const Content& content) {
  folded_ = fold(folded_, content);
  running_.push_back(folded_);
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j) compare(ReplicaId(j));
}

void Stream::claim(ReplicaId member, Seq seq, const Content& content) {
  if (seq <= acked(member)) return;  // a repeat
  claims_[member.value] = {seq, content};
  compare(member);
}

void Stream::compare(ReplicaId member) {
  const Claim& claim = claims_[member.value];
  if (claim.seq <= acked(member) || claim.seq > held_) return;
  if (running(claim.seq) == claim.content || !rule_enabled(ProtocolRule::kSameContent))
    set_acked(member, claim.seq);
  else
    disagrees_ = true;
}

std::vector<Unsettled::Item> Stream::newest(std::size_t most) const {
  std::vector<Unsettled::Item> out;
  for (std::size_t i = frames_.size() - std::min(most, frames_.size()); i < frames_.size(); ++i)
    out.push_back({frames_[i]->ts, frames_[i]->content});
  return out;
}

Seq Stream::acked_by_all(ReplicaSet members) const {
  Seq least = Seq(~std::uint64_t{0});
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
    if (members.has(ReplicaId(j))) least = std::min(least, acked_[j]);
  return least;
}

void Stream::pop_head() {
  SMR_CHECK(executed_ < held_, "no head to execute");
  ++executed_;
  skip_nulls();
}

void Stream::restore(Seq base, ReplicaSet members) {
  SMR_CHECK(held_ == Seq() && frames_.empty(), "only a new stream is restored");
  held_ = executed_ = trimmed_ = told = base;
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
    if (members.has(ReplicaId(j))) acked_[j] = base;
}

bool Stream::settled() const {
  return !active && !lost && !disagrees_ && held_ > Seq() && trimmed_ == held_ &&
         std::ranges::all_of(claims_, [this](const Claim& claim) { return claim.seq <= held_; });
}

void Stream::resume(const SettledStream& summary, ReplicaSet members) {
  restore(summary.held, members);
  raise_last(summary.last_ts);
  folded_ = summary.folded;
  late_us = summary.late_us;
}

void Stream::skip_nulls() {
  while (executed_ < held_ && frames_[executed_.value - trimmed_.value]->count == 0) ++executed_;
}

const FramePtr& Stream::at(Seq seq) const {
  SMR_CHECK(seq > trimmed_ && seq <= held_, "frame is not in memory");
  return frames_[seq.value - trimmed_.value - 1];
}

void Stream::drop_beyond(Seq seq) {
  SMR_CHECK(seq >= trimmed_, "what every member holds counts");
  for (; held_ > seq; held_ = Seq(held_.value - 1)) {
    bytes_ -= request_bytes(*frames_.back());
    frames_.pop_back();
    if (!running_.empty()) running_.pop_back();
  }
  executed_ = std::min(executed_, held_);  // null requests beyond it count as executed
  told = std::min(told, held_);
  acked_[me_.value] = std::min(acked_[me_.value], held_);
}

void Stream::trim(ReplicaSet members) {
  const Seq limit = std::min({executed_, told, acked_by_all(members)});
  while (trimmed_ < limit) {
    bytes_ -= request_bytes(*frames_.front());
    frames_.pop_front();
    if (!running_.empty()) running_.pop_front();
    ++trimmed_;
  }
}

}  // namespace titer::smr
