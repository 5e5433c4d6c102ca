// SPDX-License-Identifier: Apache-2.0

// Checkpoints: the comparison of digests at equal positions (I10), and the decision which replica is wrong if they
// differ.
//
// The driver reports the digest after every frame, so all replicas have digests at the same positions. A heartbeat carries
// the newest one of its sender. One that differs here means that a state machine is not deterministic or a memory is bad, and
// nothing tells yet at which replica. So it is a *dispute*: from then on heartbeats carry the digest at the disputed position,
// the lowest one if there are several, and every member that hears of the dispute joins it. Digests at a position are facts:
// they never change, in whatever order heartbeats bring them. As soon as more than half of the members have the same one, a
// member with another one is wrong, and every member that knows enough of them comes to the same conclusion. Without such a
// majority nobody can know. When nobody who is still a member differs, the dispute is over: those that differed have left.
// It does not begin again because another member has not ended it yet: that one is told the digest, and nothing else.
//
// Until it is decided the replica halts: it acknowledges, but executes and answers nothing.
//
// Thread rule: none; belongs to its replica.
// Limits: digests of kPointsMax frames. A dispute about an older position halts this replica until the others decide it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

struct ReplicaContext;

class Checkpoints {
 public:
  static constexpr std::size_t kPointsMax = 16'384;
  // By then every member that has a digest at the disputed position has told it. If they are equal, the dispute is over.
  static constexpr std::int64_t kForgetUs = 2'000'000;
  static constexpr std::size_t kSettledMax = 64;

  struct Point {
    Position position;
    std::uint64_t digest = 0;
  };
  struct Judgement {
    enum class Verdict {
      kAgree,       // as far as is known
      kUndecided,   // digests of members are missing
      kNoMajority,  // and none are missing
      kWrongHere,   // most others agree on another digest
      kWrongThere,  // at `wrong`
    } verdict = Verdict::kAgree;
    ReplicaSet wrong;
    std::string text = {};  // for people; empty: kAgree
    [[nodiscard]] bool halts() const { return verdict == Verdict::kUndecided || verdict == Verdict::kNoMajority; }
  };

  // After a frame; also where the state stands when this replica begins. Positions do not fall.
  void executed(Position position, std::uint64_t digest);
  // From a member of the installed view.
  void heard(BootTime now, ReplicaId from, Incarnation incarnation, const Heartbeat& beat);
  // For a heartbeat; 0/0 before the first.
  [[nodiscard]] Point told(BootTime now) const;
  // … and what it tells is disputed.
  [[nodiscard]] bool tells_dispute() const { return dispute_ && dispute_->mine; }
  [[nodiscard]] bool disputed() const { return dispute_.has_value(); }
  // Among the members of the installed view. Ends a dispute about which all agree.
  [[nodiscard]] Judgement judge(const ReplicaContext& c);

 private:
  struct Claim {
    Incarnation incarnation;
    Point point;
  };
  struct Dispute {
    Position position;
    std::optional<std::uint64_t> mine;  // empty: too long ago
    BootTime since;
    std::array<std::optional<Claim>, limits::kReplicasMax> claims{};
  };
  [[nodiscard]] const Point* find(Position position) const;
  void begin_dispute(BootTime now, Position position, std::optional<std::uint64_t> mine);
  void compare(BootTime now, ReplicaId from, const Claim& claim);
  [[nodiscard]] std::optional<std::uint64_t> digest_of(const ReplicaContext& c, const Member& member) const;

  std::deque<Point> points_;                                        // by position
  std::array<std::optional<Claim>, limits::kReplicasMax> ahead_{};  // of positions that are not executed here yet
  Position next_ahead_ = Position(~std::uint64_t{0});               // the lowest of them
  std::optional<Dispute> dispute_;
  std::deque<Position> settled_;  // the newest positions about which a dispute is over
  struct Asked {                  // by a member whose dispute is not
    Point point;
    BootTime until;
  };
  std::optional<Asked> asked_;
};

}  // namespace titer::smr
