// SPDX-License-Identifier: Apache-2.0

// SharedState: the state of the node of this process, for the readers of this process (docs/decisions/0043).
//
// The protocol's thread executes behind the gate and publishes the terms on which readers may answer; readers look at the
// state in steps, through the gate, and ask for a wake-up when the terms do not let them go on. Before a machine is
// attached no terms serve.
//
// Thread rule: the Sharing half and attach() on the protocol's thread, the LocalState half on the readers'. It outlives
// both; the machine outlives the readers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "client/local_state.h"
#include "host/published.h"
#include "host/state_gate.h"
#include "machine/machine.h"
#include "node/sharing.h"

namespace titer::host {

class SharedState final : public client::LocalState, public node::Sharing {
 public:
  // How many threads read: one for each processor, since the protocol's thread works little while nobody writes.
  [[nodiscard]] static unsigned readers();

  // `confirm`: LocalState::confirm(), on any thread.
  void attach(const machine::Machine& machine, std::function<void()> confirm);

  // --- node::Sharing
  void begin_change() override { gate_.lock(); }
  void end_change() override { gate_.unlock(); }
  void publish(const smr::ReadTerms& terms, const std::string& refusal) override;
  [[nodiscard]] std::uint64_t reads_answered() const override;

  // --- client::LocalState
  [[nodiscard]] smr::ReadTerms terms() const override { return terms_.get(); }
  [[nodiscard]] std::string refusal() const override;
  void query(std::size_t reader, ByteView body, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId as,
             registry::Progress& progress) override;
  void on_change(std::size_t reader, std::function<void()> wake) override;
  [[nodiscard]] bool wait(std::size_t reader, const smr::ReadTerms& seen) override;
  void confirm() override { confirm_(); }
  void answered(std::size_t reader) override;

 private:
  struct alignas(64) Reader {
    std::atomic<bool> waits{false};
    std::atomic<std::uint64_t> answered{0};
    std::mutex mutex;  // of `wake`
    std::function<void()> wake;
  };

  StateGate gate_;
  Published<smr::ReadTerms> terms_;
  smr::ReadTerms newest_;                      // the same, for the protocol's thread
  const machine::Machine* machine_ = nullptr;  // set before terms serve
  std::function<void()> confirm_;
  std::array<Reader, StateGate::kReadersMax> readers_;
  mutable std::mutex mutex_;  // of `refusal_`
  std::string refusal_ = "this replica is not up yet; ask another one";
};

}  // namespace titer::host
