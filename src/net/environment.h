// SPDX-License-Identifier: Apache-2.0

// Environment: all that code which works in turns asks of the world — the time, connections, to be woken, and chance.
//
// It is given at construction (Node, Link, Connection …). On a real machine it is a Loop (loop.h), in the simulator a
// process's part of the simulated world (sim/sim_environment.h), in a unit test a small fake. Code that has only an
// Environment is a function of what it is given there, so a run of the simulator is a run of the code that ships. For that it
// must not read another clock, and must not walk a container in an order that depends on addresses in memory.
//
// A turn: take_in() runs what is ready, then the owner's turn handler is called once (loop.h says why). A turn accepts work
// for kIntakeUs at most, or one handler more: what is still ready waits for the next one. Without that bound a sender that
// is never silent would keep the turn handler, and with it every heartbeat, from being called.
//
// Why one interface and not one per part: all parts of one process share a thread and a time. Code that needs a part only
// takes that (const Clock&).
// Thread rule: one thread; only stop() and post() may be called from others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/ids.h"
#include "net/clock.h"
#include "net/message_queue.h"
#include "net/transport.h"

namespace titer::net {

// Rings once, in a turn of its environment; destruction cancels it.
class Timer {
 public:
  virtual ~Timer() = default;
  // `ring` is called so many microseconds from now, unless start() or cancel() comes before.
  virtual void start(std::int64_t us, std::function<void()> ring) = 0;
  virtual void cancel() = 0;
};

class Environment : public Clock, public Transport {
 public:
  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Of the connections whose messages wait for their turn.
  [[nodiscard]] MessageQueue& queue() { return queue_; }

  // The next turn begins no later than this. The earliest of all calls since the last turn counts.
  virtual void wake_at(BootTime when) = 0;
  // Runs `work` in a turn.
  virtual void post(std::function<void()> work) = 0;
  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer() = 0;
  // Bytes that nobody can guess.
  virtual void random(std::span<std::byte> out) = 0;
  // No turns after this one.
  virtual void stop() = 0;

 protected:
  ~Environment() = default;

  // The first part of a turn.
  void take_in();
  // Runs one handler that is ready; false: there was none.
  [[nodiscard]] virtual bool run_one_ready() = 0;

 private:
  static constexpr std::int64_t kIntakeUs = 1'000;

  MessageQueue queue_;
};

}  // namespace titer::net
