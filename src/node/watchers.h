// SPDX-License-Identifier: Apache-2.0

// Watchers: the clients that follow the changes on the wire.
//
// Events are encoded once for all who may see the same (watch_ring.h): for everybody, and for keys that may see who did what
// and why. A watcher that begins in the past is fed from the history, one by one, until it reaches the ring.
//
// A pass over the watchers comes at most every kPassEveryUs and feeds a bounded number of them: a send costs some
// microseconds, so a thousand watchers that read would otherwise cost every write milliseconds. So together they take about a
// tenth of this thread, however many they are, and a change reaches the last of a thousand some 30 ms late. A watcher whose
// connection has not taken what it was given before is passed over: so it keeps one piece in memory, at most kPieceBytes or
// the batch of one position. One whose position the ring has left behind is cut off with the position where it can resume.
//
// Limits: of the watchers of one address and of all; kRingBytes per ring.
// Errors: kTooMany, kBusy from watch(); a history that does not reach back far enough is said in the events themselves
// (kTooOld), and the watch is over. Thread rule: the loop's thread.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "machine/machine.h"
#include "net/connection.h"
#include "net/environment.h"
#include "net/places.h"
#include "node/watch_ring.h"

namespace titer::node {

class Watchers {
 public:
  // Some 100,000 events, seconds of the heaviest load; and of those with actors and reasons.
  static constexpr std::size_t kRingBytes = std::size_t{8} << 20;

  Watchers(net::Environment& env, const machine::Machine& machine, net::PlaceLimits limits,
           std::size_t ring_bytes = kRingBytes);

  // From now on it gets what follows `since`, as the key `as` may see it. Again for one that watches already: another since.
  // `address`: to count by.
  [[nodiscard]] Status watch(net::Connection& connection, std::uint64_t address, Position since,
                             registry::KeyId as);
  [[nodiscard]] bool watches(const net::Connection& connection) const { return index_.contains(&connection); }
  // The connection has ended.
  void forget(const net::Connection& connection);
  // Once a turn, after execution.
  void on_turn(BootTime now);

  [[nodiscard]] std::size_t count() const { return watchers_.size(); }
  [[nodiscard]] std::uint64_t fallen_behind() const { return fallen_behind_; }

 private:
  static constexpr std::int64_t kPassEveryUs = 2'000;
  static constexpr unsigned kPassBudget = 64;   // a send costs one, a batch of the history kHistoryCost
  static constexpr unsigned kHistoryCost = 16;  // encoding 500 events takes as long as some 16 sends
  static constexpr std::uint32_t kBatchEvents = 500;
  static constexpr unsigned kBatchesPerPass = 4;  // encoded for a ring
  static constexpr std::size_t kPieceBytes = std::size_t{16} << 10;

  struct Shared {
    WatchRing ring;
    std::size_t watchers = 0;  // that have reached it
  };
  struct Watcher {
    net::ConnectionPtr connection;
    std::uint64_t address = 0;
    Position since;
    registry::KeyId as;
    Shared* from = nullptr;  // the ring that it has reached
    bool over = false;       // the history does not reach back to `since`, and it has been told
  };

  // Makes the ring complete up to the newest position, or begin there when nobody is fed from it.
  void encode_news(Shared& shared, bool audit);
  // Returns what it cost.
  [[nodiscard]] unsigned feed(Watcher& watcher, WallTime now);
  void cut_off(Watcher& watcher);
  void move_to(Watcher& watcher, Shared* shared);
  void remove(std::size_t at);

  net::Environment& env_;
  const machine::Machine& machine_;
  net::Places places_;
  std::array<Shared, 2> shared_;  // by what is seen: [0] what everybody may see, [1] all
  std::vector<std::unique_ptr<Watcher>> watchers_;
  boost::unordered_flat_map<const net::Connection*, Watcher*> index_;
  std::size_t next_ = 0;  // where the next pass begins
  BootTime next_pass_;
  Position newest_;      // of the state, in the last pass
  bool behind_ = false;  // it left something to do
  std::uint64_t fallen_behind_ = 0;
};

}  // namespace titer::node
