// SPDX-License-Identifier: Apache-2.0

// Stream: what one replica holds of one transmitter's broadcasts within the installed view.
//
// Why a stream per transmitter and not one ordered heap: channels are FIFO, so each stream is already in uid
// order and the order of all of them is a merge of t heads. A null request changes nothing, so it counts as
// executed as soon as everything before it in its stream has been; the head of a stream is always a frame
// with requests.
//
//   seq:   1 … trimmed | … executed | … persisted … | … held
//           dropped      in memory                     in memory
//
// Thread rule: none; belongs to its replica.
// Invariants: trimmed <= executed <= held, persisted <= held; frames are a gapless run (I1); nothing is
// trimmed that is not executed and acknowledged by every member (I7).
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

// The running content of a direct client's frames: two lanes of XXH3. Its inputs are bits of SHA-256, so nobody can choose them.
[[nodiscard]] Content fold(const Content& before, const Content& next);

// The little that has to be known of a direct client's stream that is settled (Stream::settled()).
struct SettledStream {
  Seq held;  // executed, and acknowledged by every member
  LamportTime last_ts;
  Content folded;
  std::int64_t late_us = 0;
};

class Stream {
 public:
  Stream(TransmitterId id, ReplicaId me) : id_(id), me_(me) {}

  [[nodiscard]] TransmitterId id() const { return id_; }
  [[nodiscard]] Seq held() const { return held_; }
  [[nodiscard]] Seq persisted() const { return acked_[me_.value]; }
  [[nodiscard]] Seq executed() const { return executed_; }
  [[nodiscard]] Seq trimmed() const { return trimmed_; }
  [[nodiscard]] std::size_t in_memory() const { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // Uid of the newest frame; for a direct client that was just welcomed, of the welcome. Monotonic.
  [[nodiscard]] Uid last() const { return {last_ts_, id_}; }
  void raise_last(LamportTime ts) { last_ts_ = std::max(last_ts_, ts); }

  // The next frame of the stream; seq must be held + 1.
  void append(FramePtr frame);
  void set_persisted(Seq seq) { set_acked(me_, seq); }

  // What a member is known to hold (for this replica itself: what it has persisted). Monotonic.
  [[nodiscard]] Seq acked(ReplicaId member) const { return acked_[member.value]; }
  void set_acked(ReplicaId member, Seq seq) { acked_[member.value] = std::max(acked_[member.value], seq); }
  // Highest seq that every one of these holds.
  [[nodiscard]] Seq acked_by_all(ReplicaSet members) const;

  // The oldest frame with requests that is not executed; null if there is none.
  [[nodiscard]] const FramePtr* head() const {
    return executed_ < held_ ? &frames_[executed_.value - trimmed_.value] : nullptr;
  }
  void pop_head();
  // An empty stream goes on behind `base`, which every one of `members` holds.
  void restore(Seq base, ReplicaSet members);
  // --- what the members hold alike of a direct client (§3)
  // Member `member` acknowledges the frames up to `seq`, with this running content. It counts when ours is the same; else
  // disagrees() from then on. A claim beyond what is held here is compared later.
  void claim(ReplicaId member, Seq seq, const Content& content);
  // The running content up to `seq`, which is in memory.
  [[nodiscard]] const Content& running(Seq seq) const { return running_[seq.value - trimmed_.value - 1]; }
  // Its transmitter has sent different frames under one name to two members.
  [[nodiscard]] bool disagrees() const { return disagrees_; }
  // The newest frames up to `held`, at most so many.
  [[nodiscard]] std::vector<Unsettled::Item> newest(std::size_t most) const;
  // Of the newest frame in memory; of a direct client it may be below last().
  [[nodiscard]] LamportTime held_ts() const { return frames_.empty() ? LamportTime() : frames_.back()->ts; }

  // A direct client that has nothing under way: it is passive, and all that it sent is executed and held alike by every member.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] SettledStream summary() const { return {held_, last_ts_, folded_, late_us}; }
  // A new stream becomes the one of which this is the summary.
  void resume(const SettledStream& summary, ReplicaSet members);

  // In memory: trimmed < seq <= held.
  [[nodiscard]] const FramePtr& at(Seq seq) const;
  void trim(ReplicaSet members);
  // Forgets all beyond `seq`, which is not below what was executed of requests. In a flush: nothing of this view is
  // acknowledged any more, so no running content is needed again.
  void drop_beyond(Seq seq);

  Seq told;  // highest seq of this stream that an ack row of ours has named

  // --- direct clients only (§3)
  bool active = false;
  bool lost = false;      // its connection broke while it was active; only the next view helps
  LamportTime solicited;  // the newest solicit sent to it, 0: none unanswered
  BootTime solicited_at;
  std::int64_t late_us = 0;  // it has kept the others waiting in this view, beyond kSolicitLateUs each time

 private:
  void skip_nulls();
  void fold_in(const Content& content);
  void compare(ReplicaId member);

  TransmitterId id_;
  ReplicaId me_;
  LamportTime last_ts_;
  Seq held_;
  Seq executed_;
  Seq trimmed_;
  std::size_t bytes_ = 0;  // of requests in memory
  std::deque<FramePtr> frames_;
  std::array<Seq, limits::kReplicasMax> acked_{};
  // --- direct clients only
  struct Claim {
    Seq seq;
    Content content;
  };
  std::deque<Content> running_;  // of the frames in memory
  Content folded_;               // of all frames
  std::array<Claim, limits::kReplicasMax> claims_{};
  bool disagrees_ = false;
};

}  // namespace titer::smr
