// SPDX-License-Identifier: Apache-2.0

#include "node/frame_trace.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>
#include <variant>

namespace titer::node {

namespace {

void put(boost::json::object& to, const char* key, BootTime when) {
  if (when != BootTime()) to[key] = when.value;
}

}  // namespace

// After a link is made again frames are repeated.
bool FrameTrace::knows(const smr::Frame& frame) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.transmitter == frame.transmitter && entry.view == frame.view && entry.seq == frame.seq;
  });
}

FrameTrace::Entry& FrameTrace::add(const smr::Frame& frame) {
  if (entries_.size() >= kFramesMax) entries_.pop_front();
  Entry& entry = entries_.emplace_back();
  entry.transmitter = frame.transmitter;
  entry.view = frame.view;
  entry.seq = frame.seq;
  entry.clock = frame.ts;
  entry.requests = frame.count;
  return entry;
}

void FrameTrace::sent(const std::vector<smr::Output::Send>& messages, BootTime now) {
  if (!watched(now)) return;
  for (const smr::Output::Send& send : messages) {
    const auto* frame = std::get_if<smr::FramePtr>(&send.message);
    if (frame == nullptr || (*frame)->transmitter != gateway_of(me_)) continue;
    if (!knows(**frame)) add(**frame).sent = now;
  }
}

void FrameTrace::received(ReplicaId from, const smr::Frame& frame, BootTime now) {
  if (!watched(now) || frame.transmitter != gateway_of(from) || knows(frame)) return;
  add(frame).received = now;
}

void FrameTrace::look(const smr::Replica& replica, const std::vector<smr::Execution>& executed, BootTime now) {
  if (!watched(now)) return;
  for (Entry& entry : entries_) {
    if (entry.stable != BootTime() && entry.safe != BootTime()) continue;
    const smr::FrameStatus frame_status =
        replica.frame_status(entry.view, {entry.clock, entry.transmitter}, entry.seq);
    if (frame_status.stable && entry.stable == BootTime()) entry.stable = now;
    if (frame_status.safe && entry.safe == BootTime()) entry.safe = now;
  }
  for (const smr::Execution& execution : executed)
    for (Entry& entry : entries_)
      if (entry.transmitter == execution.frame->transmitter && entry.view == execution.frame->view &&
          entry.seq == execution.frame->seq)
        entry.executed = now;
}

std::string FrameTrace::json(BootTime now) {
  if (!watched(now)) entries_.clear();  // what came after them was not seen
  watched_until_ = BootTime(now.value + kWatchedUs);
  boost::json::array frames;
  for (const Entry& entry : entries_) {
    boost::json::object frame{{"from", entry.transmitter.value},
                              {"view", entry.view.value},
                              {"seq", entry.seq.value},
                              {"clock", entry.clock.value},
                              {"requests", entry.requests}};
    put(frame, "sent_us", entry.sent);
    put(frame, "received_us", entry.received);
    put(frame, "stable_us", entry.stable);
    put(frame, "safe_us", entry.safe);
    put(frame, "executed_us", entry.executed);
    frames.push_back(std::move(frame));
  }
  return boost::json::serialize(
      boost::json::object{{"replica", me_.value}, {"now_us", now.value}, {"frames", std::move(frames)}});
}

}  // namespace titer::node
