// SPDX-License-Identifier: Apache-2.0

// ReplicaCore: one replica, put together. It routes each input to the parts and performs what the view change
// decides.
//
// Why apart from replica.h: that header is the contract with the other modules; this one names all the parts.
// Thread rule: one thread, as Replica. Invariants: Invariants::check after every step (TITER_INVARIANTS).
#pragma once

#include "smr/checkpoints.h"
#include "smr/direct_clients.h"
#include "smr/flush.h"
#include "smr/gateway.h"
#include "smr/invariants.h"
#include "smr/lease.h"
#include "smr/next_view_buffer.h"
#include "smr/read_fence.h"
#include "smr/receiver.h"
#include "smr/replica_context.h"
#include "smr/suspicion.h"
#include "smr/wall_clock.h"

namespace titer::smr {

class ReplicaCore {
 public:
  ReplicaCore(Options options, ViewRecord initial);
  ReplicaCore(Options options, const Recovered& recovered);

  void step(BootTime now, const Input& input, Output& out);

  [[nodiscard]] bool waits_for(TransmitterId client) const {
    const Stream* stream = c_.streams.find(client);
    return stream != nullptr && stream->active;
  }
  [[nodiscard]] bool accepts(std::size_t body_bytes) const { return gateway_.accepts(c_, body_bytes); }
  [[nodiscard]] bool full() const { return c_.full; }
  [[nodiscard]] bool wedged() const { return c_.wedged(); }
  [[nodiscard]] ReadLease read_lease() const { return leases_.held(c_); }
  [[nodiscard]] ReadTerms read_terms() const;
  [[nodiscard]] const std::string& dispute() const { return c_.halted; }
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::vector<Lag> lags() const { return suspicion_.lags(); }
  [[nodiscard]] Checkpoint checkpoint() const;
  [[nodiscard]] FrameStatus frame_status(ViewNumber view, Uid uid, Seq seq) const;
  [[nodiscard]] const Options& options() const { return c_.options; }

 private:
  friend class Invariants;

  void handle(const input::Submit& in);
  void handle(const input::Receive& in);
  void handle(const input::Direct& in);
  void handle(const input::DirectLost& in);
  void handle(const input::LinkUp& in);
  void handle(const input::LinkDown& in);
  void handle(const input::Died& in);
  void handle(const input::View& in);
  void handle(const input::Persisted& in);
  void handle(const input::Executed& in);
  void handle(const input::Learned& in);
  void handle(const input::StateInstalled& in);
  void handle(const input::Read& in);
  void handle(const input::Tick& in);
  void handle(const input::Stalled& in);
  void handle(const input::EndOfTurn& in);

  void on_frame(ReplicaId from, Incarnation incarnation, const FramePtr& frame);
  void on_flush(ReplicaId from, Incarnation incarnation, const Flush& flush);
  void on_relay(ReplicaId from, Incarnation incarnation, const Relay& relay);
  void on_done(ReplicaId from, Incarnation incarnation, const Done& done);
  void on_heartbeat(ReplicaId from, Incarnation incarnation, const Heartbeat& beat);
  // Takes the frame if it is the next of its stream. False: it is not, or against the protocol.
  bool take(ReplicaId from, const FramePtr& frame);

  // Goes as far with the view change as it can.
  void progress();
  void install(const ViewRecord& record);
  void replay_early();
  void answer_learner(ReplicaId to, Incarnation incarnation);
  void suspect();
  // Acts on digests that differ.
  void judge();
  void heartbeat(ReplicaId to, bool urgent = false);
  void heartbeats(bool urgent = false);
  // Echoes of before count for no read any more.
  void distrust_leases();

  ReplicaContext c_;
  Receiver receiver_;
  Gateway gateway_;
  ReadFence reads_;
  DirectClients direct_;
  Leases leases_;
  NextViewBuffer next_view_buffer_;
  ViewChange change_;
  Suspicion suspicion_;
  Checkpoints checkpoints_;
  WallClock wall_;
  std::array<BootTime, limits::kReplicasMax> answered_at_{};  // a process that is no member, with a heartbeat
  bool confirm_due_ = false;                                  // reads wait for echoes of a heartbeat of this turn
  Position learned_;                                          // learner: Input Learned
  BootTime beaten_at_;                                        // last heartbeats to all
  BootTime judged_at_;      // the register was last asked for a view without those whose state is wrong
  bool replaying_ = false;  // replay_early() is due or under way
#ifdef TITER_INVARIANTS
  Invariants invariants_;
#endif
};

}  // namespace titer::smr
