#include "smr/replica.h"

#include "smr/core.h"

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

struct Replica::Core {
  smr::Core core;
};

Replica::Replica(Options options, ViewRecord initial)
    : core_(std::make_unique<Core>(Core{smr::Core(options, std::move(initial))})) {}
Replica::Replica(Options options, const Recovered& recovered)
    : core_(std::make_unique<Core>(Core{smr::Core(options, recovered)})) {}
Replica::~Replica() = default;
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;

void Replica::step(BootTime now, const Input& input, Output& out) { core_->core.step(now, input, out); }
bool Replica::accepts(std::size_t body_bytes) const { return core_->core.accepts(body_bytes); }
bool Replica::read_lease(BootTime now) const { return core_->core.read_lease(now); }
bool Replica::full() const { return core_->core.full(); }
bool Replica::wedged() const { return core_->core.wedged(); }
Snapshot Replica::snapshot() const { return core_->core.snapshot(); }
Checkpoint Replica::checkpoint() const { return core_->core.checkpoint(); }
Standing Replica::standing(ViewNumber view, Uid uid, Seq seq) const { return core_->core.standing(view, uid, seq); }
const Options& Replica::options() const { return core_->core.options(); }

}  // namespace titer::smr
