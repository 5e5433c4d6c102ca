// SPDX-License-Identifier: Apache-2.0

#include "smr/invariants.h"

#include "smr/order.h"
#include "smr/replica_core.h"
#include "smr/rules.h"

namespace titer::smr {

void Invariants::before(const ReplicaCore& core, const Output& out) {
  const ReplicaContext& c = core.c_;
  clock_ = c.clock.now();
  installed_ = c.installed.number;
  record_ = c.record.number;
  last_executed_ = c.last_executed;
  own_held_ = c.full ? c.streams.own().held() : Seq{};
  full_ = c.full;
  wedged_ = c.wedged();
  frames_sent_ = c.frames_sent;
  executions_ = out.execute.size();
  installs_ = out.installed.size();
}

void Invariants::after(const ReplicaCore& core, const Output& out) const {
  check_streams(core);
  check_delta(core);
  check_output(core, out);
}

void Invariants::check_streams(const ReplicaCore& core) const {
  const ReplicaContext& c = core.c_;
  if (!c.full) return;
  const ReplicaSet members = c.installed.set();
  c.streams.for_each([&](const Stream& s) {
    SMR_CHECK(s.trimmed() <= s.executed() && s.executed() <= s.held(), "trimmed <= executed <= held");
    SMR_CHECK(s.persisted() <= s.held() && s.told <= s.held(), "persisted, told <= held");
    SMR_CHECK(s.in_memory() == s.held().value - s.trimmed().value, "frames in memory are a gapless run (I1)");
    SMR_CHECK(s.trimmed() <= s.acked_by_all(members), "nothing is dropped that a member may miss (I7)");
    SMR_CHECK(c.options.durable || s.persisted() == s.held(), "without durability holding is enough");
    SMR_CHECK(s.last().ts <= c.clock.now(), "the clock is not below anything received (LC2)");
  });
}

void Invariants::check_delta(const ReplicaCore& core) const {
  const ReplicaContext& c = core.c_;
  SMR_CHECK(clock_ <= c.clock.now(), "the clock never falls");
  SMR_CHECK(installed_ <= c.installed.number, "the installed view never falls");
  SMR_CHECK(record_ <= c.record.number, "the newest known view never falls");
  SMR_CHECK(last_executed_ <= c.last_executed, "executed never falls");
  SMR_CHECK(!full_ || c.full, "who has the state keeps it");
  SMR_CHECK(!c.full || c.installed.number <= c.record.number, "installed <= newest known");
  if (wedged_ && c.wedged() && installed_ == c.installed.number && rule_enabled(ProtocolRule::kWedge))
    SMR_CHECK(frames_sent_ == c.frames_sent, "a wedged replica sends no frames and so no acks (I5)");
}

void Invariants::check_output(const ReplicaCore& core, const Output& out) const {
  const ReplicaContext& c = core.c_;
  Uid last = last_executed_;
  for (std::size_t i = executions_; i < out.execute.size(); ++i) {
    const Frame& frame = *out.execute[i].frame;
    SMR_CHECK(frame.count > 0, "null requests are not executed");
    SMR_CHECK(last < frame.uid(), "executions are in uid order, each once");
    last = frame.uid();
    if (wedged_ || c.wedged() || frame.view != c.installed.number) continue;
    SMR_CHECK(order::stable(c, frame), "executed only what is stable");
    const Stream* s = c.streams.find(frame.transmitter);
    SMR_CHECK(s != nullptr && order::safe(c, *s, frame.seq), "executed only what is safe (I3)");
  }
  if (out.installed.size() > installs_ && rule_enabled(ProtocolRule::kLeaseWait) && c.working())
    SMR_CHECK(core.leases_.lapse(c) <= c.now, "a view is installed after the leases of the excluded (I8)");
}

}  // namespace titer::smr
