// SPDX-License-Identifier: Apache-2.0

#include "smr/stream.h"

#include "smr/rules.h"

namespace titer::smr {

namespace {
std::size_t request_bytes(const Frame& frame) { return frame.requests ? frame.requests->size() : 0; }
}  // namespace

void Stream::append(FramePtr frame) {
  SMR_CHECK(frame->seq == held_.next(), "a stream takes only its next frame (I1)");
  ++held_;
  last_ts_ = std::max(last_ts_, frame->ts);
  if (frame->ts > solicited) solicited = {};
  bytes_ += request_bytes(*frame);
  frames_.push_back(std::move(frame));
  skip_nulls();
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

void Stream::skip_nulls() {
  while (executed_ < held_ && frames_[executed_.value - trimmed_.value]->count == 0) ++executed_;
}

const FramePtr& Stream::at(Seq seq) const {
  SMR_CHECK(seq > trimmed_ && seq <= held_, "frame is not in memory");
  return frames_[seq.value - trimmed_.value - 1];
}

void Stream::trim(ReplicaSet members) {
  const Seq limit = std::min({executed_, told, acked_by_all(members)});
  while (trimmed_ < limit) {
    bytes_ -= request_bytes(*frames_.front());
    frames_.pop_front();
    ++trimmed_;
  }
}

}  // namespace titer::smr
