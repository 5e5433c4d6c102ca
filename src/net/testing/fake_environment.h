// SPDX-License-Identifier: Apache-2.0

// FakeEnvironment: the world of a unit test — a clock that stands still until the test moves it, connections whose other ends
// the test holds, and turns that the test takes. For tests only.
//
//   FakeEnvironment env;
//   Acceptor … (env, …);
//   FakeWire wire = env.connect(port);         // somebody dials what listens there …
//   wire.send(bytes); env.run();               // … and says something
//   wire.take();                               // what was answered
//   env.pass(5'000'000); env.run();            // time
//
// A wire may refuse to take what it is sent (hold()), as a peer that does not read. Nothing happens by itself.
// Thread rule: one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/environment.h"
#include "wire/message.h"

namespace titer::net::test {

// One direction of a connection.
struct FakePipe {
  Bytes bytes;                  // sent and not yet read
  std::size_t room = SIZE_MAX;  // for so many
  bool ended = false;
  std::function<void()> changed;  // tells the reading, or the sending, end; null: it is the test's
};

// The end of a connection that the test holds.
class FakeWire {
 public:
  FakeWire(std::shared_ptr<FakePipe> in, std::shared_ptr<FakePipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}

  void send(ByteView bytes) {
    out_->bytes.insert(out_->bytes.end(), bytes.begin(), bytes.end());
    if (out_->changed) out_->changed();
  }
  void close() {
    out_->ended = true;
    if (out_->changed) out_->changed();
  }
  // Takes no more than so many unread bytes from now on.
  void hold(std::size_t room) { in_->room = room; }
  // The other side has closed it.
  [[nodiscard]] bool closed() const { return in_->ended; }
  // All that has come.
  Bytes take() {
    Bytes all;
    std::swap(all, in_->bytes);
    if (in_->changed) in_->changed();
    return all;
  }
  // … as the types of its messages.
  std::vector<wire::Type> take_types();
  // The code and reason of the goodbye in what has come.
  std::optional<std::string> take_goodbye();

 private:
  std::shared_ptr<FakePipe> in_, out_;
};

class FakeStream;

class FakeEnvironment final : public Environment {
 public:
  // Connections that wait for bytes hold themselves: they are let go.
  ~FakeEnvironment();

  // --- what the test does
  void pass(std::int64_t us) { now_us_ += us; }
  void jump_wall(std::int64_t ms) { wall_ms_ += ms; }
  // The machine sleeps: CLOCK_MONOTONIC stands still.
  void suspend(std::int64_t us) {
    now_us_ += us;
    slept_us_ += us;
  }
  // Every look at the clock takes so long.
  void let_looks_take(std::int64_t us) { look_us_ = us; }
  // The process is interrupted for so long before its n-th look at the clock from now; 0: no longer.
  void interrupt_before_look(unsigned n, std::int64_t us) {
    looks_left_ = n;
    interrupt_us_ = us;
  }
  // It has been.
  [[nodiscard]] bool interrupted() const { return looks_left_ == 0; }
  // The first part of a turn: rings what is due, and runs what is ready, until nothing is.
  void run();
  // Somebody connects to what listens at this port; from this address, as a number.
  [[nodiscard]] FakeWire connect(std::uint16_t port, std::uint64_t from = 1, bool local = false);
  // A connection of nobody's making.
  [[nodiscard]] std::pair<ByteStreamPtr, FakeWire> pair(std::uint64_t from = 1, bool local = false);
  // The dials since the last time: their ports, and how to answer.
  struct Dial {
    std::uint16_t port;
    Dialled done;
  };
  [[nodiscard]] std::vector<Dial> take_dials() { return std::exchange(dials_, {}); }
  // Answers a dial with a connection.
  [[nodiscard]] FakeWire answer(Dial& dial);
  // When the next turn is wanted, since forget_wakes(); nullopt: it is not.
  [[nodiscard]] std::optional<BootTime> wakes() const { return wakes_; }
  void forget_wakes() { wakes_.reset(); }
  [[nodiscard]] bool stopped() const { return stopped_; }

  // --- Environment
  [[nodiscard]] BootTime boot_now() const override {
    now_us_ += look_us_;
    if (looks_left_ > 0 && --looks_left_ == 0) now_us_ += interrupt_us_;
    return BootTime(now_us_);
  }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(wall_ms_ + now_us_ / 1000); }
  [[nodiscard]] std::int64_t monotonic_us() const override { return now_us_ - slept_us_; }
  void dial(const Address& address, std::int64_t timeout_us, Dialled done) override;
  [[nodiscard]] Result<std::unique_ptr<Listening>> listen(const Address& address, Accepted accepted) override;
  void wake_at(BootTime when) override {
    if (!wakes_ || when < *wakes_) wakes_ = when;
  }
  void post(std::function<void()> work) override { ready_.push_back(std::move(work)); }
  [[nodiscard]] std::unique_ptr<Timer> make_timer() override;
  void random(std::span<std::byte> out) override {
    for (std::byte& one : out) one = static_cast<std::byte>(++random_);
  }
  void stop() override { stopped_ = true; }

 private:
  friend class FakeTimer;
  friend class FakeStream;
  struct Ring {
    std::int64_t at;
    std::function<void()> ring;
  };
  [[nodiscard]] bool run_one_ready() override;

  mutable std::int64_t now_us_ = 1'000'000'000;
  std::int64_t look_us_ = 0, interrupt_us_ = 0, slept_us_ = 0, wall_ms_ = 1'700'000'000'000;
  mutable unsigned looks_left_ = 0;
  std::optional<BootTime> wakes_;
  std::deque<std::function<void()>> ready_;
  std::map<std::uint16_t, Accepted> listening_;
  std::vector<Dial> dials_;
  std::set<FakeStream*> streams_;
  std::map<std::uint64_t, Ring> rings_;
  std::uint64_t next_ring_ = 1;
  unsigned random_ = 0;
  bool stopped_ = false;
};

}  // namespace titer::net::test
