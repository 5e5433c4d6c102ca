// SPDX-License-Identifier: Apache-2.0

#include "smr/recovery.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace titer::smr {

namespace {

Error broken(const std::string& what) {
  return {Code::kInternal, "the journal does not continue the tables: " + what};
}

std::string name(const Frame& frame) {
  return "frame " + std::to_string(frame.seq.value) + " of transmitter " + std::to_string(frame.transmitter.value) +
         " in view " + std::to_string(frame.view.value);
}

}  // namespace

Recovery::Recovery(Checkpoint checkpoint) {
  for (const auto& [transmitter, base] : checkpoint.bases) held_[transmitter].seq = base;
  found_.checkpoint = std::move(checkpoint);
}

// A member's gateway, or a direct client.
bool Recovery::may_transmit(TransmitterId x) const {
  return is_direct_client(x) || (x.value < limits::kReplicasMax &&
                                 found_.checkpoint.installed.find(ReplicaId(static_cast<std::uint16_t>(x.value))));
}

Status Recovery::frame(FramePtr frame) {
  Checkpoint& at = found_.checkpoint;
  if (frame->view < at.installed.number) return ok_status();
  if (frame->view > at.installed.number) return broken(name(*frame) + " comes before its view");
  if (!may_transmit(frame->transmitter)) return broken(name(*frame) + " is of nobody who could send it");
  Held& held = held_[frame->transmitter];
  if (frame->seq <= held.seq) return ok_status();
  if (frame->seq != held.seq.next()) return broken("what is before " + name(*frame) + " is missing");
  if (frame->ts <= held.ts) return broken(name(*frame) + " is not later than what is before it");
  held = {frame->seq, frame->ts};
  at.clock = std::max(at.clock, frame->ts);
  found_.frames.push_back(std::move(frame));
  return ok_status();
}

Status Recovery::voided(const Voided& line) {
  if (line.view < found_.checkpoint.installed.number) return ok_status();
  if (line.view > found_.checkpoint.installed.number) return broken("a line about frames comes before their view");
  const auto held = held_.find(line.client);
  if (held == held_.end() || held->second.seq <= line.after) return ok_status();
  std::erase_if(found_.frames, [&](const FramePtr& frame) {
    return frame->transmitter == line.client && frame->seq > line.after;
  });
  held->second = {line.after, {}};
  return ok_status();
}

Result<std::vector<FramePtr>> Recovery::installed(const Installed& line) {
  Checkpoint& at = found_.checkpoint;
  std::vector<FramePtr> execute;
  if (line.view.number <= at.installed.number) return execute;
  for (FramePtr& frame : found_.frames)
    if (frame->count > 0 && frame->uid() > at.last_executed && frame->uid() <= line.last_executed)
      execute.push_back(std::move(frame));
  std::ranges::sort(execute, {}, [](const FramePtr& frame) { return frame->uid(); });
  const Uid reached = execute.empty() ? at.last_executed : execute.back()->uid();
  if (reached != line.last_executed)
    return broken("what was executed before view " + std::to_string(line.view.number.value) + " is missing");
  found_.frames.clear();
  held_.clear();
  at.installed = line.view;
  at.last_executed = line.last_executed;
  at.clock = std::max(at.clock, line.last_executed.ts);
  at.bases.clear();
  return execute;
}

Result<Recovered> Recovery::end() && {
  const Checkpoint& at = found_.checkpoint;
  const auto& members = at.installed.members;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i].id.value >= limits::kReplicasMax || (i > 0 && members[i].id <= members[i - 1].id))
      return broken("the members of their view are out of order");
  for (std::size_t i = 0; i < at.bases.size(); ++i) {
    const auto& [transmitter, base] = at.bases[i];
    if (!may_transmit(transmitter) || base == Seq() || (i > 0 && transmitter <= at.bases[i - 1].first))
      return broken("the bases of their streams are out of order");
  }
  return std::move(found_);
}

}  // namespace titer::smr
