// SPDX-License-Identifier: Apache-2.0

#include "smr/recovery.h"

#include <algorithm>
#include <utility>

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
  held_.insert(checkpoint.bases.begin(), checkpoint.bases.end());
  found_.checkpoint = std::move(checkpoint);
}

Status Recovery::frame(FramePtr frame) {
  Checkpoint& at = found_.checkpoint;
  if (frame->view < at.installed.number) return ok_status();
  if (frame->view > at.installed.number) return broken(name(*frame) + " comes before its view");
  Seq& held = held_[frame->transmitter];
  if (frame->seq <= held) return ok_status();
  if (frame->seq != held.next()) return broken("what is before " + name(*frame) + " is missing");
  held = frame->seq;
  at.clock = std::max(at.clock, frame->ts);
  found_.frames.push_back(std::move(frame));
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

Recovered Recovery::end() && { return std::move(found_); }

}  // namespace titer::smr
