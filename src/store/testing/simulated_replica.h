// SPDX-License-Identifier: Apache-2.0

// SimulatedReplica: the only replica of a cluster, on a simulated disk: the real protocol, machine and store in one thread.
// Nothing happens by itself: the test lets it turn, lets its workers work, and kills it at any moment. For tests only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "machine/testing.h"
#include "store/simulated/simulated_disk.h"
#include "store/store.h"

namespace titer::store::test {

inline constexpr std::uint64_t kCluster = 0xC1;
inline constexpr ReplicaId kMe(0);
inline constexpr const char* kDir = "/data";

// The view of the only replica; its earlier lives, from 11 on, are known to be over.
inline smr::ViewRecord alone(std::uint64_t number, std::uint64_t incarnation) {
  smr::ViewRecord record{ViewNumber(number), {{kMe, Incarnation(incarnation), "here:1"}}, {}};
  for (std::uint64_t dead = 11; dead < incarnation; ++dead) record.known_dead.emplace_back(dead);
  return record;
}

// A process that has opened the disk, and lives until end().
class SimulatedReplica {
 public:
  SimulatedReplica(SimulatedDisk& disk, std::uint64_t incarnation, StoreLimits limits = {})
      : incarnation_(incarnation), process_(disk) {
    StoreOptions options{kDir, kCluster, kMe, Incarnation(incarnation)};
    options.limits = limits;
    auto opened = Store::open(options, events(), machine, nullptr, process_.environment());
    if (opened)
      store = std::move(opened).value();
    else
      refused = opened.error().message;
  }
  ~SimulatedReplica() { end(); }
  SimulatedReplica(const SimulatedReplica&) = delete;
  SimulatedReplica& operator=(const SimulatedReplica&) = delete;

  // --- how it goes on
  bool bootstrap(const smr::ViewRecord& record) {
    if (const Status done = store->bootstrap(machine, record); !done) {
      failure = done.error().message;
      return false;
    }
    replica.emplace(options(), record);
    return true;
  }
  void resume(const smr::ViewRecord& record) {
    store->resume();
    replica.emplace(options(), store->recovered());
    step(smr::input::View{record});
    pass(limits::kReadLeaseUs);
    step(smr::input::Tick{});
  }

  // --- what happens
  void submit(std::uint64_t session, std::uint64_t number, const registry::Request& request) {
    Bytes body;
    wire::encode_request(body, request);
    step(smr::input::Submit{SessionId(session), RequestNumber(number), body});
  }
  [[nodiscard]] bool accepts() const { return replica && replica->accepts(limits::kRequestBytesMax); }
  // A turn: what the workers have said, then everything that the protocol wants done.
  void turn(bool urgent = true) {
    for (std::size_t n = posts_.size(); n > 0; --n) {
      const auto next = std::move(posts_.front());
      posts_.pop_front();
      next();
    }
    if (!replica || !failure.empty()) return;
    step(smr::input::EndOfTurn{WallTime(1'700'000'000'000)});
    const smr::Output out = std::exchange(out_, {});
    store->persist(out.persist);
    store->commit(now_, urgent);
    for (const smr::Execution& one : out.execute) {
      machine.execute(*one.frame, nullptr);
      if (on_executed) on_executed(machine);
    }
  }
  // A piece of the tables, when it is due.
  void write_tables() {
    if (replica && failure.empty()) (void)store->write_tables(now_, machine, *replica);
  }
  void pass(std::int64_t us) { now_ = BootTime(now_.value + us); }
  // A step of one of the workers; false: none waits.
  bool work(Random& random) {
    const auto waiting = process_.workers.woken();
    return !waiting.empty() && process_.workers.run(waiting[random.below(waiting.size())]);
  }
  // Turns until nothing moves any more.
  void settle(Random& random) {
    for (int quiet = 0; quiet < 3; ++quiet) {
      turn();
      while (work(random)) quiet = 0;
      if (!posts_.empty()) quiet = 0;
    }
  }
  // Until one more batch of the tables is written, which must be due.
  bool write_batch(Random& random) {
    const std::uint64_t before = store->stats().tables_written;
    for (int i = 0; i < 1000 && store->stats().tables_written == before && failure.empty(); ++i) {
      pass(1'000'000);
      write_tables();
      settle(random);
    }
    return store->stats().tables_written > before;
  }

  // --- how it ends
  void close() { store->close(machine, *replica); }
  // Killed: nothing that was not done is done.
  void end() {
    process_.workers.end();
    posts_.clear();
    store.reset();
  }

  machine::Machine machine;
  std::unique_ptr<Store> store;  // null: `refused`
  std::optional<smr::Replica> replica;
  std::string refused;
  std::string failure;            // why the disk has failed; empty: it has not
  std::uint64_t persisted = 0;    // the newest ticket
  std::vector<std::string> said;  // what the scrub found
  std::function<void(const machine::Machine&)> on_executed;

 private:
  [[nodiscard]] smr::Options options() const {
    return {.me = kMe, .incarnation = Incarnation(incarnation_), .durable = true};
  }
  StoreEvents events() {
    StoreEvents events;
    events.post = [this](std::function<void()> work) { posts_.push_back(std::move(work)); };
    events.persisted = [this](std::uint64_t ticket) {
      persisted = ticket;
      if (replica) step(smr::input::Persisted{ticket});
    };
    events.failed = [this](const std::string& why) { failure = why; };
    events.room = [](bool) {};
    events.mismatch = [this](const std::string& what) { said.push_back(what); };
    return events;
  }
  void step(const smr::Input& input) { replica->step(now_, input, out_); }

  std::uint64_t incarnation_;
  SimulatedProcess process_;
  std::deque<std::function<void()>> posts_;
  smr::Output out_;
  BootTime now_{1'000'000'000};
};

}  // namespace titer::store::test
