// SPDX-License-Identifier: Apache-2.0

// Loop: the Environment of a real machine — one thread that works in turns, with Asio's sockets and timers.
//
// A turn: sleep until something is ready, run what is ready, then call the turn handler once. So work gathers by itself:
// whatever came in during a turn goes out in one frame, one sync and one write per connection. Environment bounds what a
// turn accepts; messages of clients wait in its MessageQueue, so that those of replicas pass them. The turn handler bounds
// itself: it continues unfinished work in the next turn (wake_at).
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

#include "net/environment.h"

namespace titer::net {

class Loop final : public Environment {
 public:
  Loop() : context_(1), wake_(context_) {}
  ~Loop() { queue().clear(); }  // its connections have sockets in the context

  // For what needs Asio itself: HTTP, signals.
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  // Runs turns until stop(). `turn` is called at the end of every turn.
  void run(const std::function<void()>& turn);
  // Runs turns until `done` says so or `deadline` has passed. True: done.
  bool run_until(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& turn = {});

  // --- Environment
  [[nodiscard]] BootTime boot_now() const override { return net::boot_now(); }
  [[nodiscard]] WallTime wall_now() const override { return net::wall_now(); }
  [[nodiscard]] std::int64_t monotonic_us() const override { return net::monotonic_us(); }
  void dial(const Address& address, std::int64_t timeout_us, Dialled done) override;
  [[nodiscard]] Result<std::unique_ptr<Listening>> listen(const Address& address, Accepted accepted) override;
  void wake_at(BootTime when) override;
  void post(std::function<void()> work) override;
  [[nodiscard]] std::unique_ptr<Timer> make_timer() override;
  void random(std::span<std::byte> out) override;
  void stop() override;

 private:
  [[nodiscard]] bool run_one_ready() override { return context_.poll_one() > 0; }
  void one_turn();

  boost::asio::io_context context_;
  boost::asio::steady_timer wake_;
  BootTime wake_when_{INT64_MAX};
  bool stopped_ = false;
};

}  // namespace titer::net
