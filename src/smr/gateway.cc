// SPDX-License-Identifier: Apache-2.0

#include "smr/gateway.h"

#include "base/limits.h"
#include "smr/request_batch.h"
#include "smr/rules.h"

namespace titer::smr {

bool Gateway::accepts(const ReplicaContext& c, std::size_t body_bytes) const {
  return c.full && c.halted.empty() && body_bytes <= limits::kRequestBytesMax &&
         pending_bytes_ + body_bytes + kRequestHeaderBytes <= c.options.limits.pending_bytes;
}

void Gateway::submit(const ReplicaContext& c, const input::Submit& request) {
  SMR_CHECK(accepts(c, request.body.size()), "submit without asking accepts()");
  const std::size_t bytes = kRequestHeaderBytes + request.body.size();
  if (pending_.empty() || pending_.back().count == c.options.limits.frame_requests ||
      pending_.back().requests.size() + bytes > limits::kFrameBytesMax) {
    pending_.emplace_back().requests.reserve(std::max(last_batch_bytes_, bytes));
  }
  append_request(pending_.back().requests, {request.session, request.number, request.body, request.born});
  ++pending_.back().count;
  pending_bytes_ += bytes;
  ++pending_requests_;
}

void Gateway::settle(ReplicaContext& c) {
  const Seq safe = c.streams.own().acked_by_all(c.installed.set());
  while (!in_flight_.empty() && in_flight_.front() <= safe) in_flight_.pop_front();
}

void Gateway::end_of_turn(ReplicaContext& c, Receiver& receiver) {
  if (!c.full || (c.wedged() && rule_enabled(ProtocolRule::kWedge))) return;
  settle(c);
  const std::size_t limit =
      std::min<std::size_t>(std::max(c.options.frames_in_flight, 1U), limits::kUnsafeFramesMax);
  while (c.halted.empty() && !pending_.empty() && in_flight_.size() < limit) {
    PendingBatch batch = std::move(pending_.front());
    pending_.pop_front();
    pending_bytes_ -= batch.requests.size();
    pending_requests_ -= batch.count;
    last_batch_bytes_ = batch.requests.size();
    send(c, receiver, std::move(batch));
    settle(c);
  }
  if (!c.owes) return;
  if (c.others(c.installed).empty()) {
    c.streams.for_each_live([](Stream& s) { s.told = s.persisted(); });
    c.owes = false;
  } else {
    send(c, receiver, {});
  }
}

void Gateway::acknowledge(ReplicaContext& c, Frame& frame) {
  const TransmitterId own = gateway_of(c.me());
  c.streams.for_each_live([&](Stream& s) {
    const Seq holds = s.id() == own && !c.options.durable ? frame.seq : s.persisted();
    if (holds <= s.told) return;
    frame.acks.emplace_back(s.id(), holds);
    if (is_direct_client(s.id())) frame.ack_contents.push_back(s.running(holds));
    s.told = holds;
  });
}

void Gateway::send(ReplicaContext& c, Receiver& receiver, PendingBatch batch) {
  auto frame = std::make_shared<Frame>();
  frame->view = c.installed.number;
  frame->transmitter = gateway_of(c.me());
  frame->seq = c.streams.own().held().next();
  frame->ts = c.clock.tick();
  frame->stamp = c.wall;
  frame->count = batch.count;
  acknowledge(c, *frame);
  if (batch.count > 0) {
    frame->requests = std::make_shared<const Bytes>(std::move(batch.requests));
    in_flight_.push_back(frame->seq);
  } else {
    ++c.null_frames_sent;
  }
  ++c.frames_sent;
  c.owes = false;
  const bool self_acked = !c.options.durable;
  receiver.hold(c, c.streams.own(), frame);
  if (self_acked) c.owes = false;
  c.send(c.others(c.installed), FramePtr(std::move(frame)));
}

}  // namespace titer::smr
