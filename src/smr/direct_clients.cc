// SPDX-License-Identifier: Apache-2.0

#include "smr/direct_clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "smr/order.h"

namespace titer::smr {

namespace {
constexpr std::int64_t kAskAgainUs = 100'000;
}

void DirectClients::receive(ReplicaContext& c, Receiver& receiver, TransmitterId client,
                            const FromClient& message) {
  if (!is_direct_client(client)) return c.cut(client, "this is not the id of a direct client");
  if (const auto* h = std::get_if<Hello>(&message)) return hello(c, client, *h);
  if (const FramePtr& f = std::get<FramePtr>(message); f != nullptr) frame(c, receiver, client, f);
}

void DirectClients::hello(ReplicaContext& c, TransmitterId client, const Hello& message) {
  if (!c.full || message.view > c.installed.number) {
    if (hellos_.size() >= c.options.limits.direct_clients && !hellos_.contains(client))
      return c.cut(client, "too many direct clients");
    hellos_[client] = message.view;
    return;
  }
  if (c.wedged()) return;  // it will hear of the next view
  if (message.view < c.installed.number) return c.tell(client, ViewIs{c.installed});
  welcome(c, client);
}

void DirectClients::welcome(ReplicaContext& c, TransmitterId client) {
  Stream* stream = c.streams.find_or_add(client);
  // A stream lasts as long as its view: others may still name it in a flush. A new view forgets all of them at once, and
  // this client hears of it.
  if (stream == nullptr) return ask(c, "this view has had as many direct clients as it may");
  if (stream->lost) return;
  if (!stream->active) {
    stream->active = true;
    stream->raise_last(c.clock.now());
    c.streams.enliven(*stream);
  }
  c.tell(client, Welcome{c.installed.number, c.clock.now(), stream->held().next()});
}

std::optional<std::string> DirectClients::refuse(const ReplicaContext& c, const Stream* stream,
                                                 TransmitterId client, const Frame& f) {
  if (f.transmitter != client) return "frame under the name of another transmitter";
  if (stream == nullptr || !stream->active) return "frame without hello and welcome";
  if (f.seq != stream->held().next())
    return fmt::format("frame {} where {} is the next", f.seq.value, stream->held().next().value);
  if (!f.acks.empty()) return "acknowledgements from a direct client";
  if (c.wall.value != 0 && f.stamp.value > c.wall.value + limits::kWallLeapMaxMs)
    return fmt::format(
        "the client's wall clock is {} ms ahead of the cluster's time; set right the one that is wrong",
        f.stamp.value - c.wall.value);
  if (stream->in_memory() >= limits::kDirectFramesMax) return "too many frames that are not executed yet";
  return Receiver::check(c, stream->last().ts, f);
}

void DirectClients::frame(ReplicaContext& c, Receiver& receiver, TransmitterId client, const FramePtr& f) {
  if (!c.working() || f->view > c.installed.number) return;
  if (f->view < c.installed.number) return c.tell(client, ViewIs{c.installed});
  Stream* stream = c.streams.find(client);
  if (stream != nullptr && stream->lost) return;
  if (auto reason = refuse(c, stream, client, *f)) return c.cut(client, std::move(*reason));
  if (stream->solicited.value != 0 && f->ts > stream->solicited)
    stream->late_us += std::max<std::int64_t>(0, c.now.value - stream->solicited_at.value - limits::kSolicitLateUs);
  receiver.hold(c, *stream, f);
  if (f->rest) stream->active = false;
}

void DirectClients::lost(ReplicaContext& c, TransmitterId client) {
  hellos_.erase(client);
  Stream* stream = c.full ? c.streams.find(client) : nullptr;
  if (stream == nullptr || !stream->active) return;
  stream->lost = true;
  tick(c);
}

void DirectClients::installed(ReplicaContext& c) {
  asked_ = false;
  for (auto it = hellos_.begin(); it != hellos_.end();) {
    if (it->second > c.installed.number) {
      ++it;
      continue;
    }
    if (it->second == c.installed.number) {
      welcome(c, it->first);
    } else {
      c.tell(it->first, ViewIs{c.installed});
    }
    it = hellos_.erase(it);
  }
}

void DirectClients::solicit(ReplicaContext& c) {
  if (!c.working() || c.streams.live_direct().empty()) return;
  const Stream* blocked = order::head(c.streams);
  if (blocked == nullptr) return;
  const Frame& head = **blocked->head();
  if (!order::stable_against_gateways(c, head) || !order::safe(c, *blocked, head.seq)) return;
  for (Stream* s : c.streams.live_direct()) {
    if (!s->active || s->lost || s->id() == head.transmitter || s->last() > head.uid()) continue;
    if (s->solicited >= head.ts) continue;
    if (s->solicited.value == 0) s->solicited_at = c.now;
    s->solicited = head.ts;
    c.tell(s->id(), Solicit{c.installed.number, head.ts});
  }
}

void DirectClients::tick(ReplicaContext& c) {
  if (!c.working()) return;
  for (Stream* s : c.streams.live_direct()) {
    if (s->disagrees()) return give_up(c, *s, "has sent different frames under one name");
    if (!s->active) continue;
    if (s->lost) return ask(c, "a direct client was lost in the middle of its broadcasts");
    if (s->late_us > limits::kSolicitPatienceUs) return give_up(c, *s, "answers late again and again");
    const bool late = s->solicited.value != 0 && c.now.value - s->solicited_at.value > limits::kSolicitPatienceUs;
    if (late) return give_up(c, *s, "does not answer");
  }
  Stream* s = incomplete(c);
  if (s == nullptr) return;
  if (kept_from_somebody(c, *s)) return give_up(c, *s, "has not sent its frame to all members");
  ask(c, "not all members have a direct client's frame");
}

// Only the next view helps, and it may come back in that.
void DirectClients::give_up(ReplicaContext& c, Stream& stream, const std::string& why) {
  if (!std::exchange(stream.lost, true)) c.cut(stream.id(), "this direct client " + why);
  ask(c, "a direct client " + why);
}

Stream* DirectClients::incomplete(ReplicaContext& c) {
  Stream* s = order::head(c.streams);
  if (s == nullptr || !is_direct_client(s->id()) || order::safe(c, *s, (*s->head())->seq)) {
    unsafe_head_ = {};
    return nullptr;
  }
  const Uid uid = (*s->head())->uid();
  if (std::exchange(unsafe_head_, uid) != uid) {
    unsafe_since_ = c.now;
    own_then_ = c.streams.own().held();
  }
  return c.now.value - unsafe_since_.value > limits::kSolicitPatienceUs ? s : nullptr;
}

bool DirectClients::kept_from_somebody(const ReplicaContext& c, const Stream& stream) const {
  const Seq seq = (*stream.head())->seq;
  return std::ranges::any_of(c.installed.members, [&](const Member& m) {
    return m.id != c.me() && stream.acked(m.id) < seq && c.streams.own().acked(m.id) > own_then_;
  });
}

void DirectClients::ask(ReplicaContext& c, std::string reason) {
  const bool again = asked_ && asked_view_ == c.installed.number;
  if (again && c.now.value - asked_at_.value < kAskAgainUs) return;
  asked_ = true;
  asked_view_ = c.installed.number;
  asked_at_ = c.now;
  c.out->ask.push_back({c.installed.number, {}, std::move(reason)});
}

void DirectClients::restart_patience(ReplicaContext& c) {
  for (Stream* s : c.streams.live_direct()) s->solicited_at = c.now;
  unsafe_since_ = c.now;
}

}  // namespace titer::smr
