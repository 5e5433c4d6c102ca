// SPDX-License-Identifier: Apache-2.0

// EventLog: the history. Three rings of events (lanes), so that nobody's events push out everybody's.
//
//   share   what each key may have for itself: at most 1/kHistoryShares of this ring, in events and in bytes. All events
//           of requests without a key are here: where there are no keys, it is the history
//   excess  events of keys that have used up their share. A busy feed pushes out its own events and those of other busy
//           keys, nobody else's
//   access  keys and the write switch. No change of a site, however many, removes who was let in, by whom and when
//
// An event's lane is decided when its request is executed, from the share that its key has used, and is a part of the event.
// So each lane is a plain first in, first out ring, and stays one in a transfer and in the tables; the replica that
// receives an event decides nothing. Why not drop the oldest event of whoever has most: holes in the middle of the ring,
// which the changes after a position, undo, the transfer and the tables would all have to know.
//
// All events of one position are in one lane. A share may be exceeded by the events of one request.
// Completeness: above complete_after() no change of a site is missing; above dropped(lane) none of that lane.
//
// Limits: those of each ring; older events go as well. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>

#include "registry/event_ring.h"
#include "registry/lane.h"

namespace titer::registry {

class EventLog {
 public:
  // `sites`: of share and excess, each.
  EventLog(EventRing::Bounds sites, EventRing::Bounds access);

  // Where the events of this request go. It may only be asked with positions that do not fall.
  [[nodiscard]] Lane lane_of(KeyId key, EventKind kind, Position position);
  // The lane of a record that another replica, or an earlier life, has put there.
  [[nodiscard]] static Lane lane_of(const Record& record);

  // Appends to lane_of(record), and returns the offset there.
  std::uint64_t append(const Record& record);
  // Drops what is over the bounds. After the whole request is executed.
  void trim(WallTime now);
  // Drops the oldest of a lane until `events` are left, but none above `dropped`, which is what dropped() says
  // afterwards: makes a history that reached back farther, perhaps with a gap, the one that another replica has.
  void cut(Lane lane, std::uint64_t events, Position dropped);

  [[nodiscard]] const EventRing& operator[](Lane lane) const { return rings_[index(lane)]; }
  [[nodiscard]] Position dropped(Lane lane) const { return (*this)[lane].dropped(); }
  [[nodiscard]] Position complete_after() const { return std::max(dropped(Lane::kShare), dropped(Lane::kExcess)); }
  // The oldest change of a site above complete_after(); 0: there is none.
  [[nodiscard]] Position oldest_complete() const;
  [[nodiscard]] std::size_t events() const;
  [[nodiscard]] std::size_t bytes() const;  // of memory
  [[nodiscard]] std::uint64_t digest() const;
  [[nodiscard]] Position newest() const;

  // Rollback of a bulk: forgets everything appended since. A bulk changes sites only.
  struct Mark {
    EventRing::Mark share, excess;
  };
  [[nodiscard]] Mark mark() const { return {(*this)[Lane::kShare].mark(), (*this)[Lane::kExcess].mark()}; }
  void rewind(const Mark& mark);

  // The shares that are in use, computed from scratch, are those that are kept.
  [[nodiscard]] bool shares_agree() const;

 private:
  struct Used {
    std::uint64_t events = 0, bytes = 0;
    bool operator==(const Used&) const = default;
  };
  using Shares = boost::unordered_flat_map<std::uint64_t, Used>;  // by key; only what is above 0

  static constexpr std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
  [[nodiscard]] EventRing& ring(Lane lane) { return rings_[index(lane)]; }
  void drop_oldest(Lane lane);
  void give_back(const EventRing::Weight& weight);

  std::array<EventRing, kLanes> rings_;
  Used share_;     // what one key may use
  Shares shares_;  // follows from the share ring
  Position decided_;
  Lane decision_ = Lane::kShare;  // of the request at decided_
};

}  // namespace titer::registry
