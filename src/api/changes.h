// SPDX-License-Identifier: Apache-2.0

// Changes: one watch of the replica, on behalf of one key, shared by all of a worker's listeners that may see the
// same.
//
// Each event is rendered once into a ring of texts; a listener is a place in it. So a thousand listeners cost a copy
// into their sockets each and nothing else, and a slow one costs nothing at all: it stays where it is until its socket
// has room, and when the ring has moved on beyond its place it is dropped, with the place to resume from.
// A listener that begins before the ring does is fed from the replica's history first (change_routes.cc). For each
// batch the replica decides whether it includes actors and reasons (Machine::events): it omits them once the key
// has ended.
//
// The watch begins with the first listener and ends some time after the last.
// Invariants: the ring has every event after begin(), in order, each once, also when the connection to the replica is
// lost and found again. Limits: of the ring's bytes, as it is made. Thread rule: the worker's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "client/link.h"
#include "net/loop.h"
#include "registry/types.h"

namespace titer::api {

// The place of an event: a bulk makes several with one position.
struct Mark {
  Position position;
  std::uint32_t part = 0;
  auto operator<=>(const Mark&) const = default;
  // Behind every event of this position.
  static Mark behind(Position position) { return {position, UINT32_MAX}; }
};
// How a listener names its place: "1042.0-9f3c77d1a2b4e058", position, part and cluster (wire::stream_of); "1042-…" when it stands behind the whole
// position. The cluster is part of it because a cluster that was restored from a backup counts the same positions again, for
// other events. `cluster` 0: it is left out.
[[nodiscard]] std::string text_of(Mark mark, std::uint64_t cluster);
// A place as a listener says it. Without a cluster ("1042.0", "1042") nothing is checked.
struct Place {
  Mark mark;
  std::optional<std::uint64_t> cluster;
};
[[nodiscard]] Result<Place> place_of(std::string_view text);

// One event as both streams write it.
struct Change {
  Mark mark;
  std::string text;       // "event: change\nid: …\ndata: {…}\n\n"
  std::size_t json = 0;   // where its JSON begins …
  std::size_t bytes = 0;  // … and how long it is
  [[nodiscard]] std::string_view as_json() const { return std::string_view(text).substr(json, bytes); }
};
[[nodiscard]] Change rendered(const registry::Event& event, std::uint64_t cluster);

class Listener {
 public:
  virtual ~Listener() = default;
  // There is something new in the ring, or the stream is to end.
  virtual void wake() = 0;
  // Every now and then, so that proxies and clients see that the stream lives.
  virtual void beat() = 0;
};

class Changes final : client::LinkOwner {
 public:
  // `as`: on whose behalf. `cluster`: named in the events' ids.
  Changes(net::Loop& loop, const net::Address& replica, std::uint64_t cluster, registry::KeyId as,
          std::size_t ring_bytes_max);
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  void add(const std::shared_ptr<Listener>& listener);
  // Makes the ring start here, if it has not started yet.
  void begin_at(Position position);
  // Everything after this is in the ring.
  [[nodiscard]] Mark begin() const { return begin_; }
  [[nodiscard]] bool begun() const { return begun_; }
  // The first event after `mark`; null: there is none yet. Valid until the next turn.
  [[nodiscard]] const Change* after(Mark mark) const;

  // At the end of every turn.
  void on_turn(BootTime now);
  // All listeners are told to end.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] std::size_t listeners() const { return listeners_.size(); }

 private:
  void on_link_up(const wire::HelloReply& reply) override;
  void on_link_message(const wire::Message& message) override;
  void on_link_down(const std::string&) override {}
  void push(const registry::Event& event);
  void end_watch();

  net::Loop& loop_;
  const std::uint64_t cluster_;
  const registry::KeyId as_;
  const std::size_t ring_bytes_max_;
  std::vector<std::weak_ptr<Listener>> listeners_;
  std::deque<Change> ring_;
  std::size_t ring_bytes_ = 0;
  Mark begin_;
  Position upto_;
  bool begun_ = false, stopping_ = false, news_ = false;
  BootTime next_beat_, idle_since_;
  client::Link link_;  // last: it may call us as long as it lives
};

}  // namespace titer::api
