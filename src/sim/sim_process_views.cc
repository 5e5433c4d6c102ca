// SPDX-License-Identifier: Apache-2.0

// Views of a process: the record comes, and what is looked at from outside when a view is installed.
#include <fmt/format.h>

#include <utility>

#include "sim/sim_process.h"
#include "sim/sim_register.h"

namespace titer::sim {

void SimProcess::record(const smr::ViewRecord& newest) {
  if (newest.number > known_.number) {
    for (const smr::Member& member : known_.members)
      if (!newest.has(member.id, member.incarnation)) excluded_.push_back(member.incarnation);
    if (known_.number > installed_ && full()) scene_.hit(CoverageMark::kViewOverView);
    known_ = newest;
    flush_step_ = FlushStep::kKnows;
    if (std::exchange(join_, std::nullopt)) scene_.hit(CoverageMark::kJoinerAgain);
    const double share = scene_.plan.crash_in_flush;
    if (!scene_.winding_down && !doom_ && scene_.random.chance(share))
      doom_ = static_cast<unsigned>(scene_.random.below(40));
    scene_.maybe_end_all();
  }
  step(smr::input::View{newest});
}

void SimProcess::install(const smr::ViewRecord& view, const std::vector<smr::Execution>& executed) {
  // What this output executed of the new view itself lies behind the place where it was installed.
  std::uint64_t behind = 0;
  for (const smr::Execution& execution : executed)
    if (execution.frame->view >= view.number) behind += execution.frame->count;
  const Position position(machine_->position().value - behind);
  const ViewNumber newest = replica_->snapshot().installed;
  if (view.number < known_.number) scene_.hit(CoverageMark::kTopViewFirst);
  if (!full_before_) scene_.hit(CoverageMark::kJoined);
  full_before_ = true;
  installed_ = view.number;
  if (installed_ == known_.number) flush_step_ = FlushStep::kNormal;
  newest_from_.clear();
  join_.reset();
  // A learner that has joined stops learning; one that has a member's id, but is its successor, continues.
  for (const Link& link : links_)
    if (link.role == Link::Role::kPeer && view.has(link.peer, link.incarnation)) learners_.erase(link.connection);
  scene_.ledger.installed(incarnation_, view.number, position);
  if (newest == view.number) check_leases(view);
  Event event{Event::Kind::kInstalled};
  event.who = node_;
  event.record = &view;
  event.position = position;
  scene_.tell(event);
  for (Link& link : links_)
    if (link.role == Link::Role::kThin || link.role == Link::Role::kDirect)
      wire::encode(link.out, smr::ToClient(smr::ViewIs{view}));
}

// I8: a process that is not in the view, and may still run, has no read lease any more.
void SimProcess::check_leases(const smr::ViewRecord& view) {
  for (const auto& other : scene_.processes) {
    if (view.has(other->id(), other->incarnation()) || !other->read_lease()) continue;
    if (other->known() >= view.number || other->installed() > view.number) continue;
    scene_.fail("leases (I8)",
                fmt::format("process {} installs view {} while process {}, which is not in it, has a "
                            "read lease",
                            incarnation_.value, view.number.value, other->incarnation().value));
  }
}

}  // namespace titer::sim
