// SPDX-License-Identifier: Apache-2.0

#include "api/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/limits.h"
#include "base/hex.h"
#include "base/number.h"
#include "formats/site_json.h"
#include "wire/codec.h"

namespace titer::api {

namespace {

constexpr std::int64_t kBeatUs = 15'000'000;       // proxies give up after 30 s or more of silence
constexpr std::int64_t kWatchIdleUs = 30'000'000;  // nobody listens any more

client::Link::Options watch_options(const net::Address& replica) {
  client::Link::Options options;
  options.addresses = {replica};
  options.learn = false;
  options.hello.role = wire::Role::kGatewayClient;
  return options;
}

}  // namespace

std::string text_of(Mark mark, std::uint64_t cluster) {
  std::string text = std::to_string(mark.position.value);
  if (mark.part != UINT32_MAX) text += fmt::format(".{}", mark.part);
  if (cluster != 0) text += "-" + hex64(cluster);
  return text;
}

Result<Place> place_of(std::string_view text) {
  Place place;
  const std::size_t dash = text.find('-');
  const std::string_view mark = text.substr(0, dash);
  const std::size_t dot = mark.find('.');
  const bool whole = dot == std::string_view::npos, anywhere = dash == std::string_view::npos;
  const auto position = parse_number<std::uint64_t>(mark.substr(0, dot));
  const auto part =
      whole ? std::optional<std::uint32_t>(UINT32_MAX) : parse_number<std::uint32_t>(mark.substr(dot + 1));
  if (!anywhere) place.cluster = parse_hex64(text.substr(dash + 1));
  if (position && part && (anywhere || place.cluster)) {
    place.mark = {Position(*position), *part};
    return place;
  }
  return Error{Code::kInvalid,
               "since and Last-Event-ID are the id of an event of this stream, or a position: "
               "1042.0-9f3c77d1a2b4e058 or 1042"};
}

Change rendered(const registry::Event& event, std::uint64_t cluster) {
  Change out;
  out.mark = {event.position, event.part};
  out.text = fmt::format("event: change\nid: {}\ndata: ", text_of(out.mark, cluster));
  out.json = out.text.size();
  formats::print_json(event, out.text);
  out.bytes = out.text.size() - out.json;
  out.text += "\n\n";
  return out;
}

Changes::Changes(net::Loop& loop, const net::Address& replica, std::uint64_t cluster, registry::KeyId as,
                 std::size_t ring_bytes_max)
    : loop_(loop),
      cluster_(cluster),
      as_(as),
      ring_bytes_max_(ring_bytes_max),
      link_(loop, watch_options(replica), *this) {}

void Changes::add(const std::shared_ptr<Listener>& listener) { listeners_.push_back(listener); }

void Changes::begin_at(Position position) {
  if (std::exchange(begun_, true)) return;
  begin_ = Mark::behind(position);
  upto_ = position;
  link_.start();
}

void Changes::on_link_up(const wire::HelloReply&) { wire::encode(link_.outgoing(), wire::Watch{upto_, as_}); }

void Changes::on_link_message(const wire::Message& message) {
  if (message.type != wire::Type::kEvents) return;
  const Result<wire::Events> events = wire::decode_events(message.payload);
  if (!events) return link_.try_another(events.error().message);
  news_ = true;
  // Cut off from the history: what is in the ring is no longer all. Listeners find themselves before begin().
  if (events->code != Code::kOk) return end_watch();
  ByteReader in(events->events);
  for (std::uint32_t i = 0; i < events->count; ++i) {
    const registry::Event event = wire::decode_event(in);
    if (!in.ok()) return link_.try_another("it sent events that cannot be read");
    push(event);
  }
  upto_ = std::max(upto_, events->upto);
}

void Changes::push(const registry::Event& event) {
  const Mark mark{event.position, event.part};
  if (!ring_.empty() && mark <= ring_.back().mark) return;
  ring_.push_back(rendered(event, cluster_));
  ring_bytes_ += ring_.back().text.size();
  while (ring_bytes_ > ring_bytes_max_ && ring_.size() > 1) {
    begin_ = ring_.front().mark;
    ring_bytes_ -= ring_.front().text.size();
    ring_.pop_front();
  }
}

const Change* Changes::after(Mark mark) const {
  const auto it = std::upper_bound(ring_.begin(), ring_.end(), mark,
                                   [](Mark m, const Change& change) { return m < change.mark; });
  return it == ring_.end() ? nullptr : &*it;
}

void Changes::end_watch() {
  begun_ = false;
  begin_ = Mark::behind(Position(UINT64_MAX));
  ring_.clear();
  ring_bytes_ = 0;
  link_.stop();
}

void Changes::on_turn(BootTime now) {
  link_.flush();
  if (!begun_ && listeners_.empty()) return;
  std::erase_if(listeners_, [](const std::weak_ptr<Listener>& one) { return one.expired(); });
  const bool beat = now >= next_beat_;
  if (beat) next_beat_ = BootTime(now.value + kBeatUs);
  if (beat || news_) {
    news_ = false;
    // A listener that ends may be followed by another that is added.
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      const std::shared_ptr<Listener> one = listeners_[i].lock();
      if (!one) continue;
      one->wake();
      if (beat) one->beat();
    }
  }
  if (!listeners_.empty()) idle_since_ = now;
  if (begun_ && now.value - idle_since_.value > kWatchIdleUs) end_watch();
}

void Changes::stop() {
  stopping_ = news_ = true;
  loop_.wake_at(BootTime());
}

}  // namespace titer::api
