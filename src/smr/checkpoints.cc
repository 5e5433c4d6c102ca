// SPDX-License-Identifier: Apache-2.0

#include "smr/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "smr/replica_context.h"

namespace titer::smr {

void Checkpoints::executed(Position position, std::uint64_t digest) {
  while (!points_.empty() && points_.back().position >= position) points_.pop_back();
  if (points_.size() == kPointsMax) points_.pop_front();
  points_.push_back({position, digest});
  if (position < next_ahead_) return;
  next_ahead_ = Position(~std::uint64_t{0});
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j) {
    if (!ahead_[j]) continue;
    const Claim claim = *ahead_[j];
    if (claim.point.position <= position) {
      ahead_[j].reset();
      compare({}, ReplicaId(j), claim);
    } else {
      next_ahead_ = std::min(next_ahead_, claim.point.position);
    }
  }
}

const Checkpoints::Point* Checkpoints::find(Position position) const {
  const auto at = std::ranges::lower_bound(points_, position, {}, &Point::position);
  return at != points_.end() && at->position == position ? &*at : nullptr;
}

void Checkpoints::begin_dispute(BootTime now, Position position, std::optional<std::uint64_t> mine) {
  if (dispute_ && dispute_->position <= position) return;
  dispute_ = Dispute{position, mine, now, {}};
}

void Checkpoints::compare(BootTime now, ReplicaId from, const Claim& claim) {
  const Point* mine = find(claim.point.position);
  if (mine != nullptr && mine->digest != claim.point.digest) begin_dispute(now, mine->position, mine->digest);
  if (dispute_ && claim.point.position == dispute_->position) dispute_->claims[from.value] = claim;
}

void Checkpoints::heard(BootTime now, ReplicaId from, Incarnation incarnation, const Heartbeat& beat) {
  const Claim claim{incarnation, {beat.checkpoint, beat.digest}};
  if (beat.checkpoint == Position()) return;
  if (points_.empty() || beat.checkpoint > points_.back().position) {
    std::optional<Claim>& ahead = ahead_[from.value];
    if (ahead && ahead->incarnation == incarnation && ahead->point.position <= beat.checkpoint) return;
    ahead = claim;
    next_ahead_ = std::min(next_ahead_, beat.checkpoint);
    return;
  }
  if (beat.disputed) {
    const Point* mine = find(beat.checkpoint);
    if (std::ranges::count(settled_, beat.checkpoint) == 0)
      begin_dispute(now, beat.checkpoint, mine != nullptr ? std::optional(mine->digest) : std::nullopt);
    else if (mine != nullptr)
      asked_ = Asked{*mine, BootTime(now.value + kForgetUs)};
  }
  compare(now, from, claim);
}

Checkpoints::Point Checkpoints::told(BootTime now) const {
  if (tells_dispute()) return {dispute_->position, *dispute_->mine};
  if (asked_ && now < asked_->until) return asked_->point;
  return points_.empty() ? Point{} : points_.back();
}

std::optional<std::uint64_t> Checkpoints::digest_of(const ReplicaContext& c, const Member& member) const {
  if (member.id == c.me()) return dispute_->mine;
  const std::optional<Claim>& claim = dispute_->claims[member.id.value];
  return claim && claim->incarnation == member.incarnation ? std::optional(claim->point.digest) : std::nullopt;
}

Checkpoints::Judgement Checkpoints::judge(const ReplicaContext& c) {
  using Verdict = Judgement::Verdict;
  if (!dispute_) return {};
  if (dispute_->since == BootTime()) dispute_->since = c.now;
  std::map<std::uint64_t, ReplicaSet> sides;
  std::string said;
  ReplicaSet known;
  for (const Member& m : c.installed.members) {
    const auto digest = digest_of(c, m);
    said += digest ? fmt::format("{}{:016x} at replica {}", said.empty() ? "" : ", ", *digest, m.id.value) : "";
    if (!digest) continue;
    sides[*digest].add(m.id);
    known.add(m.id);
  }
  const auto text = [&](const char* end) {
    return fmt::format("state differs at position {}: digest {} (I10){}", dispute_->position.value, said, end);
  };
  const auto most = std::ranges::max_element(sides, {}, [](const auto& side) { return side.second.size(); });
  const bool all = known.size() == static_cast<int>(c.installed.members.size());
  // A member that has joined since has no digest at that position and never will.
  if (sides.size() <= 1 && (all || c.now.value - dispute_->since.value > kForgetUs)) {
    settled_.push_back(dispute_->position);
    if (settled_.size() > kSettledMax) settled_.pop_front();
    dispute_.reset();
    return {};
  }
  if (most == sides.end() || 2 * most->second.size() <= static_cast<int>(c.installed.members.size())) {
    if (!all) return {Verdict::kUndecided, {}, text("; waiting for the digests of the other members")};
    return {
        Verdict::kNoMajority,
        {},
        text(
            "; no majority of the replicas agrees, so reads and writes have stopped. Find out which state is right "
            "(titer verify on a copy of each data directory), then stop the replicas that are wrong: the others "
            "go on. If all are stopped: titer recover --from the right one")};
  }
  const ReplicaSet wrong{known.bits & ~most->second.bits};
  if (wrong.has(c.me()))
    return {Verdict::kWrongHere, wrong,
            text("; most replicas agree on another state than this one. It starts over by "
                 "learning from them")};
  if (!wrong.empty()) return {Verdict::kWrongThere, wrong, text("; the minority has to learn")};
  return {Verdict::kAgree, {}, {}};
}

}  // namespace titer::smr
