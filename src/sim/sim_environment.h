// SPDX-License-Identifier: Apache-2.0

// SimEnvironment: the world of one simulated process (net/environment.h) — virtual time, the simulated network, and turns.
//
// Arrivals gather in an inbox; a turn takes them in, then its owner acts once. So the code above is what ships, and
// all that may happen to a process happens here:
//   death         end(): from this call on nothing that the process does has an effect. It may come within any call of the
//                 process to its world (doom()), so at any step of a turn; the owner destroys the process after the turn
//   standing still   between two turns (pause()), and inside one, at any look at the clock: what the process does behind
//                 it reaches the network when it goes on, or never, if the process ends meanwhile
//   its clock     another rate, another origin, a wrong wall clock
//
// Thread rule: one thread. It outlives the run's events, so a dead process keeps its environment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/environment.h"
#include "sim/network.h"
#include "sim/stage.h"

namespace titer::sim {

class SimStream;

// The one place where ports of the simulated network are addresses.
[[nodiscard]] net::Address address_of(Port port);
[[nodiscard]] Port port_of(const net::Address& address);

class SimProcessOwner {
 public:
  virtual void on_turn() = 0;
  // It is asked to end at this step. False: it goes on, because nobody else has the state.
  virtual bool on_doom() = 0;
  // It wants no more turns.
  virtual void on_stop() = 0;
  // It goes on after a pause.
  virtual void on_resumed() = 0;
  // It has ended, and none of its calls is under way: destroy what it was.
  virtual void on_ended() = 0;

 protected:
  ~SimProcessOwner() = default;
};

class SimEnvironment final : public net::Environment, public Endpoint, public Handler {
 public:
  SimEnvironment(Stage& stage, Network& network, Host host, SimProcessOwner& owner);
  ~SimEnvironment();

  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] bool in_turn() const { return in_turn_; }
  [[nodiscard]] bool paused() const { return pauses_ > 0; }

  // The process has ended. `whole`: all that it had sent still arrives.
  void end(bool whole);
  // It ends after so many steps; a step is something that others, or its disk, can notice.
  void doom(unsigned steps) { doom_ = steps; }
  void spare() { doom_.reset(); }
  [[nodiscard]] bool doomed() const { return doom_.has_value(); }
  // It ends in this turn, behind so many writes to connections. What it has written arrives.
  void end_behind(std::uint64_t writes) { writes_left_ = writes; }
  // A step. False: the process has ended, before it.
  bool spend();
  void pause(Time length);
  void resume();  // all pauses end
  // Inside a turn, now and then.
  void stand_still_sometimes(Time at_most) { stands_still_ = at_most; }
  void jump_wall(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }
  void right_wall() { wall_offset_ms_ = 0; }
  // Something has happened: a turn comes soon.
  void prod();

  // --- net::Environment
  [[nodiscard]] BootTime boot_now() const override;
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] std::int64_t monotonic_us() const override { return boot(local_now()).value; }
  void dial(const net::Address& address, std::int64_t timeout_us, Dialled done) override;
  [[nodiscard]] Result<std::unique_ptr<net::Listening>> listen(const net::Address& address,
                                                               Accepted accepted) override;
  void wake_at(BootTime when) override;
  void post(std::function<void()> work) override;
  [[nodiscard]] std::unique_ptr<net::Timer> make_timer() override;
  void random(std::span<std::byte> out) override;
  void stop() override { owner_.on_stop(); }

 private:
  friend class SimStream;
  friend class SimTimer;

  enum What : std::uint32_t { kTurn, kResume, kRing, kRoom };
  struct Item {  // of the inbox
    enum class Kind : std::uint8_t { kDialled, kAccepted, kBytes, kClosed, kGoOn, kWritable, kPosted, kRing } kind;
    ConnectionId connection = 0;
    std::uint64_t argument = 0;  // kDialled: port; kRing: the ring's number
    Bytes bytes = {};
    std::function<void()> work = {};
  };
  struct Effect {  // on the network, of a process that stood still inside its turn
    enum class Kind : std::uint8_t { kDial, kSend, kClose } kind;
    std::uint32_t target = 0;  // a port, or a connection
    Bytes bytes = {};
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId connection) override;
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  [[nodiscard]] bool run_one_ready() override;
  void run(Item& item);
  void enqueue(Item item);
  void wake(Time at);
  void take_turn();
  void bury();
  void affect(Effect effect);
  void perform(Effect& effect);
  [[nodiscard]] net::ByteStreamPtr stream_on(ConnectionId connection);
  [[nodiscard]] SimStream* find(ConnectionId connection);
  // A connection takes no more while so much of what it took is on its way.
  [[nodiscard]] bool full(ConnectionId connection) const;
  void look_for_room(ConnectionId connection);
  // Each is held by what waits for it, which it holds.
  void let_go_of_streams();
  [[nodiscard]] Time local_now() const { return std::max(stage_.time.now(), stands_until_); }
  [[nodiscard]] BootTime boot(Time local) const;
  [[nodiscard]] Time time_of(BootTime boot) const;

  Stage& stage_;
  Network& network_;
  SimProcessOwner& owner_;
  Node node_;
  std::int64_t boot_offset_, drift_ppm_, wall_offset_ms_ = 0;

  bool alive_ = true, in_turn_ = false, turn_due_ = false;
  int pauses_ = 0;
  Time turn_at_ = kNever;
  std::optional<unsigned> doom_;
  std::optional<std::uint64_t> writes_left_;
  Time stands_still_ = 0;                      // inside a turn, at most; 0: never
  mutable std::optional<unsigned> stands_at_;  // … at this look at the clock of the turn
  mutable Time stands_until_ = 0;
  std::deque<Item> inbox_;
  std::deque<Effect> effects_;  // for when it goes on

  std::map<Port, std::deque<Dialled>> dialled_;
  Accepted accepted_;
  std::map<ConnectionId, SimStream*> streams_;
  std::map<std::uint64_t, std::function<void()>> rings_;  // by number
  std::uint64_t next_ring_ = 1;
};

}  // namespace titer::sim
