// SPDX-License-Identifier: Apache-2.0

#include "smr/replica.h"

#include "smr/replica_core.h"

namespace titer::smr {

void Output::clear() {
  persist.clear();
  execute.clear();
  give_state.clear();
  send.clear();
  send_client.clear();
  reads_ready.clear();
  reads_refused.clear();
  ask.clear();
  installed.clear();
  cut.clear();
  stop.reset();
  wake_at.reset();
}

struct Replica::Impl {
  ReplicaCore core;
};

Replica::Replica(Options options, ViewRecord initial)
    : impl_(std::make_unique<Impl>(Impl{ReplicaCore(options, std::move(initial))})) {}
Replica::Replica(Options options, const Recovered& recovered)
    : impl_(std::make_unique<Impl>(Impl{ReplicaCore(options, recovered)})) {}
Replica::~Replica() = default;
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;

void Replica::step(BootTime now, const Input& input, Output& out) { impl_->core.step(now, input, out); }
bool Replica::waits_for(TransmitterId client) const { return impl_->core.waits_for(client); }
bool Replica::accepts(std::size_t body_bytes) const { return impl_->core.accepts(body_bytes); }
bool Replica::read_lease(BootTime now, BootTime asked) const { return impl_->core.read_lease().holds(now, asked); }
ReadTerms Replica::read_terms() const { return impl_->core.read_terms(); }
bool Replica::full() const { return impl_->core.full(); }
bool Replica::wedged() const { return impl_->core.wedged(); }
const std::string& Replica::dispute() const { return impl_->core.dispute(); }
Snapshot Replica::snapshot() const { return impl_->core.snapshot(); }
std::vector<Lag> Replica::lags() const { return impl_->core.lags(); }
Checkpoint Replica::checkpoint() const { return impl_->core.checkpoint(); }
FrameStatus Replica::frame_status(ViewNumber view, Uid uid, Seq seq) const {
  return impl_->core.frame_status(view, uid, seq);
}
const Options& Replica::options() const { return impl_->core.options(); }

}  // namespace titer::smr
