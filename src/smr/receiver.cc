// SPDX-License-Identifier: Apache-2.0

#include "smr/receiver.h"

#include "base/limits.h"
#include "smr/request_batch.h"
#include "smr/rules.h"

namespace titer::smr {

void Receiver::hold(ReplicaContext& c, Stream& stream, FramePtr frame) {
  if (rule_enabled(ProtocolRule::kClock)) c.clock.receive(frame->ts);
  if (frame->count > 0) c.newest_request = std::max(c.newest_request, frame->uid());
  const Seq seq = frame->seq;
  if (c.options.durable) {
    waiting_.push_back({++last_ticket_, stream.id(), seq, false});
    c.out->persist.push_back({last_ticket_, frame});
  }
  stream.append(std::move(frame));
  c.streams.enliven(stream);
  if (!c.options.durable) note_persisted(c, stream, stream.held());
}

void Receiver::recover(ReplicaContext& c, Stream& stream, FramePtr frame) {
  const Uid uid = frame->uid();
  const bool requests = frame->count > 0;
  c.clock.receive(frame->ts);
  if (requests) c.newest_request = std::max(c.newest_request, uid);
  stream.append(std::move(frame));
  stream.set_persisted(stream.held());
  c.streams.enliven(stream);
  if (!requests || uid > c.last_executed) return;
  SMR_CHECK((*stream.head())->uid() == uid, "executions are in uid order, in each stream too");
  stream.pop_head();
}

void Receiver::installed(ReplicaContext& c, Installed installed) {
  if (c.options.durable && rule_enabled(ProtocolRule::kInstalledLine))
    c.out->persist.push_back({++last_ticket_, std::move(installed)});
}

void Receiver::persisted(ReplicaContext& c, std::uint64_t ticket) {
  while (!waiting_.empty() && waiting_.front().ticket <= ticket) {
    const Waiting w = waiting_.front();
    waiting_.pop_front();
    if (w.voids) {
      --c.voids_unsynced;
      continue;
    }
    Stream* stream = c.streams.find(w.transmitter);
    SMR_CHECK(stream != nullptr, "a held frame's stream lives as long as its view");
    note_persisted(c, *stream, w.seq);
  }
}

// The tickets of what is dropped are dropped too: another frame may be held under the same name later.
void Receiver::drop_beyond(ReplicaContext& c, const AckRow& targets) {
  for (const auto& target : targets) {
    const TransmitterId x = target.first;
    const Seq last = target.second;
    Stream* stream = c.streams.find(x);
    if (stream == nullptr || stream->held() <= last) continue;
    stream->drop_beyond(last);
    std::erase_if(waiting_, [&](const Waiting& w) { return !w.voids && w.transmitter == x && w.seq > last; });
    if (!c.options.durable) continue;
    waiting_.push_back({++last_ticket_, x, last, true});
    ++c.voids_unsynced;
    c.out->persist.push_back({last_ticket_, Voided{c.installed.number, x, last}});
  }
}

void Receiver::reset(ReplicaContext& c) {
  waiting_.clear();
  c.voids_unsynced = 0;
}

void Receiver::note_persisted(ReplicaContext& c, Stream& stream, Seq seq) {
  stream.set_persisted(seq);
  if (stream.at(seq)->count > 0) c.owes = true;
}

bool Receiver::take_acks(ReplicaContext& c, ReplicaId from, const Frame& frame) {
  const TransmitterId own = gateway_of(c.me());
  std::size_t direct = 0;  // of these, so far
  for (const auto& [transmitter, seq] : frame.acks) {
    if (transmitter == own && seq > c.streams.own().held()) return false;
    const Content* content = nullptr;
    if (is_direct_client(transmitter)) {
      if (direct == frame.ack_contents.size()) return false;
      content = &frame.ack_contents[direct++];
    }
    // Of a settled stream every member's acknowledgement is known.
    if (const SettledStream* known = c.streams.settled(transmitter); known != nullptr && seq <= known->held)
      continue;
    // A stream unknown here: its transmitter is no member, or beyond our limit of clients. Nothing to note.
    Stream* stream = c.streams.find_or_add(transmitter);
    if (stream == nullptr) continue;
    if (content == nullptr)
      stream->set_acked(from, seq);
    else
      stream->claim(from, seq, *content);
  }
  return true;
}

std::optional<std::string> Receiver::check(const ReplicaContext& c, LamportTime after, const Frame& frame) {
  const std::uint64_t leap =
      is_direct_client(frame.transmitter) ? limits::kDirectClockLeapMax : limits::kClockLeapMax;
  if (frame.ts.value > limits::kCounterMax) return "the logical clock has come to its end";
  if (frame.ts.value > c.clock.now().value + leap)
    return "timestamp " + std::to_string(frame.ts.value) + " is too far ahead of the clock " +
           std::to_string(c.clock.now().value);
  if (frame.ts <= after)
    return "timestamp " + std::to_string(frame.ts.value) + " is not above the one before, " +
           std::to_string(after.value);
  // Everything that was executed was stable, so its transmitter had sent something later; LC2 covers earlier views.
  if (frame.count > 0 && frame.uid() <= c.last_executed)
    return "timestamp " + std::to_string(frame.ts.value) + " is not above what has been executed, " +
           std::to_string(c.last_executed.ts.value);
  if ((frame.count == 0) != (frame.requests == nullptr)) return "request count and requests disagree";
  if (frame.count > 0) {
    const Status batch = check_batch(*frame.requests, frame.count);
    if (!batch.ok()) return batch.error().message;
  }
  return std::nullopt;
}

}  // namespace titer::smr
