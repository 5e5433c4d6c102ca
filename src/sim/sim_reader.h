// SPDX-License-Identifier: Apache-2.0

// SimReader: a reader in a replica's process (client/local_reads.h), in place of the threads of HTTP. It reads when the seed
// says, between two turns of its replica, and what it is told is held against the ledger and noted in the scene's history.
//
// It has a random sequence of its own, so that the rest of a run is what it would be without it. It stands still when its
// process does, and ends with it. Thread rule: one thread. It outlives the run's events.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "client/local_reads.h"
#include "node/sharing.h"
#include "sim/scene.h"
#include "sim/sim_environment.h"

namespace titer::sim {

class SimReader final : public node::Sharing, public client::LocalState, private Handler {
 public:
  SimReader(Scene& scene, const SimEnvironment& env, Incarnation incarnation);

  // The node is there; it reads its machine.
  void begin(const machine::Machine& machine);
  // The node is gone.
  void end();

  // --- node::Sharing
  void begin_change() override;
  void end_change() override { changing_ = false; }
  void publish(const smr::ReadTerms& terms, const std::string& refusal) override;
  [[nodiscard]] std::uint64_t reads_answered() const override { return answered_; }

  // --- client::LocalState
  [[nodiscard]] smr::ReadTerms terms() const override { return terms_; }
  [[nodiscard]] std::string refusal() const override { return refusal_; }
  void query(std::size_t reader, ByteView body, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId as,
             registry::Progress& progress) override;
  void on_change(std::size_t reader, std::function<void()> wake) override;
  [[nodiscard]] bool wait(std::size_t reader, const smr::ReadTerms& seen) override;
  void confirm() override {}  // no plan has Options::confirm_reads
  void answered(std::size_t) override { ++answered_; }

 private:
  enum What : std::uint32_t { kAsk, kLook };
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void ask();
  void look();
  void look_at(Time when);
  void take(std::size_t op, Position floor, const wire::QueryAnswer& answer);

  Scene& scene_;
  const SimEnvironment& env_;
  Incarnation incarnation_;
  Random random_;
  const machine::Machine* machine_ = nullptr;  // null: the node is not there, or gone
  smr::ReadTerms terms_;
  std::string refusal_;
  std::function<void()> wake_;
  bool changing_ = false, waits_ = false;
  Time look_at_ = kNever;
  std::uint64_t asked_ = 0, answered_ = 0;
  std::unique_ptr<client::LocalReads> reads_;
};

}  // namespace titer::sim
