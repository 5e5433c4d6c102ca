// SPDX-License-Identifier: Apache-2.0

// ViewChange: the flush, by which the members of the next view agree on what the old one contained (§4).
//
// Virtual synchrony's flush on top of Schneider, Gries and Schlichting's re-rooting: every member says what
// it holds (floors), of every stream the lowest of those who hold most relays what the others miss, and when
// all have everything the old view ends at the same place for all. This class decides; replica_core.cc performs
// (executes, installs), because those touch every other part.
//
//   begin ─▶ flush of all? ─▶ behind the top view? kCatchUp ─▶ relay, kDropBeyond ─▶ all targets held, leases lapsed? done
//         ─▶ all full members done? kExecuteRest, donor gives state ─▶ all done? kInstall
//
// Frames of a direct client count up to the first one of which members hold different contents, or which a member lacks that
// has executed a later frame. Such a difference has one cause: a client that lied, about a frame or about the clocks of its
// welcomes. No member has executed that frame, because it is safe only when all have acknowledged the same content
// (Stream::claim).
//
// Early execution: once the full members are done, each of them holds everything that any of them held, so
// the end of the old view is fixed although joiners are still learning. The rest is executed and answered
// then.
//
// A member whose disk has gone back in time (gone_back) takes part in no view: it would let the others relay frames that
// they have discarded, because it had acknowledged them. The others continue without that member, and it learns what it lost.
//
// A member that has reported done for a view can still install it later: others may have installed it and moved on
// (`prepared`). A failure meanwhile is a new record, and the flush restarts with the current floors.
//
// Thread rule: none; belongs to its replica.
// Invariants: I6 all that install a view have executed the same sequence; I8 by waiting for Leases::lapse.
#pragma once

#include <array>
#include <optional>

#include "smr/lease.h"
#include "smr/next_view_buffer.h"
#include "smr/replica_context.h"

namespace titer::smr {

class ViewChange {
 public:
  static constexpr std::int64_t kRefuseAgainUs = 100'000;
  enum class Step { kWait, kCatchUp, kDropBeyond, kExecuteRest, kInstall };

  // What this replica needs to install a view for which it has reported done.
  struct Prepared {
    ViewRecord record;
    AckRow targets;  // where each stream of the view before ends
    ReplicaId lowest_full;
  };

  // c.record is new and has this replica: tell its members what is held here.
  void begin(ReplicaContext& c, NextViewBuffer& next_view_buffer, Position learned);
  // The target was installed.
  void end();

  // From members of c.record, for c.record only.
  void take_flush(ReplicaId from, const Flush& flush) {
    if (!flushes_[from.value]) flushes_[from.value] = flush;
  }
  void take_done(ReplicaId from) { done_.add(from); }
  // A joiner's state is complete (Input StateInstalled).
  void state_installed() { state_in_ = true; }

  // After kExecuteRest was performed: the donor gives the joiners the state (§6).
  void rest_executed(ReplicaContext& c) const {
    if (lowest_full() == c.me()) give_state(c, c.record.set());
  }
  // Returns what has to happen next. Sends relays and done by itself, each once.
  [[nodiscard]] Step next(ReplicaContext& c, const Leases& leases);
  // A link to this member of c.record is new: everything it may have lost.
  void repeat(ReplicaContext& c, ReplicaId to);

  [[nodiscard]] bool flushed(ReplicaId member) const { return flushes_[member.value].has_value(); }
  [[nodiscard]] const std::optional<Prepared>& prepared() const { return prepared_; }
  // Where the streams of the installed view end. Valid when next() gave kDropBeyond.
  [[nodiscard]] const AckRow& targets() const { return targets_; }
  // The lowest member of c.record that has the whole state.
  [[nodiscard]] ReplicaId lowest_full() const;
  // Members that hold less than another member knows that they have acknowledged: their disks were put back to an earlier
  // state, or lost what they had confirmed as written. Valid when all have flushed.
  [[nodiscard]] ReplicaSet gone_back() const;
  // For whom the view change waits.
  [[nodiscard]] ReplicaSet missing(const ReplicaContext& c) const;

 private:
  [[nodiscard]] bool all_flushed(const ReplicaContext& c) const;
  [[nodiscard]] ReplicaSet fulls() const;
  [[nodiscard]] ViewNumber top() const;
  // What `member` holds of `x` in the top view.
  [[nodiscard]] Seq floor(ReplicaId member, TransmitterId x) const;
  [[nodiscard]] ReplicaId relayer(TransmitterId x, Seq target) const;
  [[nodiscard]] Seq base(ReplicaId member, TransmitterId x) const;
  void refuse(ReplicaContext& c, ReplicaSet gone_back);
  void agree_on_targets();
  // The last of these frames of a direct client up to which all that hold it hold the same, and the others can take it.
  [[nodiscard]] Seq same_up_to(TransmitterId x, Seq target) const;
  void relay(ReplicaContext& c, ReplicaSet to) const;
  [[nodiscard]] static bool leases_lapsed(ReplicaContext& c, const Leases& leases);
  [[nodiscard]] bool has_everything(const ReplicaContext& c) const;
  void report_done(ReplicaContext& c);
  void give_state(ReplicaContext& c, ReplicaSet to) const;
  [[nodiscard]] bool all_done(const ReplicaContext& c) const;

  std::array<std::optional<Flush>, limits::kReplicasMax> flushes_{};  // of c.record; never changed once there
  ReplicaSet done_;
  AckRow targets_;       // valid when agreed_
  bool agreed_ = false;  // targets known, relays sent
  bool i_am_done_ = false;
  bool rest_executed_ = false;  // and, as donor, state given
  bool state_in_ = false;       // joiner: the donor's state is here
  BootTime refused_at_;         // the register was last asked for a view without those that have gone back
  std::optional<Prepared> prepared_;
};

}  // namespace titer::smr
