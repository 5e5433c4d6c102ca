// SPDX-License-Identifier: Apache-2.0

// Loop: one thread that works in turns.
//
// A turn: sleep until something is ready, run what is ready, then call the turn handler once. So work gathers by itself:
// whatever came in during a turn goes out in one frame, one sync and one write per connection. A turn accepts work for
// kIntakeUs at most, or one handler more: what is still ready waits for the next one. Without that bound a sender that is
// never silent would keep the turn handler, and with it every heartbeat, from being called. Messages of clients wait in a
// MessageQueue (message_queue.h), so that those of replicas pass them. The turn handler bounds itself: what it does not
// finish it goes on with in the next turn (wake_at).
//
// There is no other thread and no lock on the way of a request; a sleeping thread costs some 40 µs to wake and a send 10 to
// 20 µs, which is why the batch is the turn and not the message.
//
// Thread rule: everything of one Loop happens on the thread that calls run(); only stop() and post() may be
// called from others.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>

#include "base/ids.h"
#include "net/message_queue.h"

namespace titer::net {

// Microseconds of CLOCK_BOOTTIME.
[[nodiscard]] BootTime boot_now();
// Milliseconds of the wall clock.
[[nodiscard]] WallTime wall_now();
// Microseconds of CLOCK_MONOTONIC, which stands still while the machine sleeps.
[[nodiscard]] std::int64_t monotonic_us();

class Loop {
 public:
  Loop() : context_(1), wake_(context_) {}

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  // Of the connections whose messages wait for their turn.
  [[nodiscard]] MessageQueue& queue() { return queue_; }

  // Runs turns until stop(). `turn` is called at the end of every turn.
  void run(const std::function<void()>& turn);
  // Runs turns until `done` says so or `deadline` has passed. True: done.
  bool run_until(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& turn = {});
  void stop();

  // The next turn begins no later than this. The earliest of all calls since the last turn counts.
  void wake_at(BootTime when);
  // Runs `work` in a turn of this loop.
  void post(std::function<void()> work);

 private:
  static constexpr std::int64_t kIntakeUs = 1'000;

  void one_turn();

  boost::asio::io_context context_;
  MessageQueue queue_;  // after the context: its connections have sockets there
  boost::asio::steady_timer wake_;
  BootTime wake_when_{INT64_MAX};
  bool stopped_ = false;
};

}  // namespace titer::net
