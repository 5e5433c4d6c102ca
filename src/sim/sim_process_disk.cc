// SPDX-License-Identifier: Apache-2.0

// A process and its disk: how it begins with one, when the store's workers work, and what it leaves.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/sim_process.h"

namespace titer::sim {

// The life is noted before anybody hears of it.
void SimProcess::open_disk() {
  disk_process_ = std::make_unique<store::SimulatedProcess>(
      disk_->contents(),
      store::SimulatedProcess::Clock{[this] { return env_.wall_now(); }, [this] { return env_.monotonic_us(); }},
      [this](std::uint64_t worker) { work_later(worker); });
  machine::Machine& state = local_state_.emplace().machine;
  state = machine::Machine(scene_.plan.limits());
  auto opened = store::Store::open(disk_->options(incarnation_), store_events(), state, nullptr,
                                   disk_process_->environment());
  if (!opened) return scene_.fail("disk (I7)", fmt::format("replica {}: {}", me_.value, opened.error().message));
  local_state_->store = std::move(opened).value();
  found_ = local_state_->store->inventory();
  scene_.hit(found_.whole                    ? CoverageMark::kMemberFromDisk
             : state.position() > Position() ? CoverageMark::kLearnerFromDisk
                                             : CoverageMark::kLearnerFromNothing);
  store_ = local_state_->store.get();
  executing_.reset();
  scene_.ledger.received_state(incarnation_, state.position());
  if (found_.whole) {
    note_recovered(store_->recovered());
    scene_.ledger.stands(incarnation_, state.position(), state.digest());
    if (!disk_->gone_back()) scene_.ledger.given_back(found_.lives, store_->recovered());
  }
  scene_.maybe_end_all();
}

void SimProcess::note_recovered(const smr::Recovered& recovered) {
  for (const smr::FramePtr& frame : recovered.frames) {
    recovered_.insert({frame->transmitter, frame->seq});
    // Synced, and then it ended before it sent it.
    if (frame->transmitter == gateway_of(me_)) scene_.ledger.made(incarnation_, *frame);
    if (frame->count > 0 && frame->uid() <= recovered.checkpoint.last_executed)
      scene_.hit(CoverageMark::kExecutedAboveBase);
  }
}

store::StoreEvents SimProcess::store_events() {
  store::StoreEvents events;
  events.post = [this](std::function<void()> work) { env_.post(std::move(work)); };
  events.persisted = [this](std::uint64_t ticket) { persisted(ticket); };
  events.failed = [this](const std::string& why) {
    disk_failed_ = stopping_ = true;
    if (node_) node_->on_disk_failed(why);
  };
  events.room = [this](bool enough) {
    if (node_) node_->on_disk_room(enough);
  };
  // Its view has ended for all, whether or not anybody has got as far as executing the rest of it.
  events.replays = [this](const smr::FramePtr& frame) -> machine::Sink {
    if (frame->count == 0) return nullptr;
    scene_.hit(CoverageMark::kViewsReplayed);
    begin_frame(frame, local_state_->machine.position());
    return [this](const machine::Executed& request) { note_executed(*executing_, request); };
  };
  events.released = [this](const smr::Checkpoint& checkpoint) { scene_.ledger.forgets(incarnation_, checkpoint); };
  events.mismatch = [this](const std::string& what) { scene_.fail("scrub", what); };
  return events;
}

// --- its workers

void SimProcess::work_later(std::uint64_t worker) {
  const Time done = scene_.time.now() + disk_extra_us_ + scene_.random.between(1, 2 * scene_.plan.sync_us);
  scene_.time.at(std::max(done, disk_hangs_until_), *this, kWork, worker);
}

void SimProcess::work(std::uint64_t worker) {
  if (scene_.time.now() < disk_hangs_until_) return scene_.time.at(disk_hangs_until_, *this, kWork, worker);
  if (disk_fails_ && scene_.may_lose(*this)) {
    scene_.hit(CoverageMark::kDiskFails);
    syncs_refused_ = true;
    disk_->contents().files.fail_syncs(true);
  }
  if (env_.spend()) (void)disk_process_->workers.run(worker);
}

void SimProcess::heal_disk() {
  disk_extra_us_ = disk_hangs_until_ = 0;
  disk_fails_ = false;
}

void SimProcess::note_persisted(const smr::Output& out) {
  for (const smr::Output::Persist& one : out.persist) {
    if (!env_.spend()) return;
    if (const auto* frame = std::get_if<smr::FramePtr>(&one.what)) unsynced_.emplace_back(one.ticket, *frame);
    const auto* line = std::get_if<smr::Voided>(&one.what);
    if (line == nullptr) continue;
    std::erase_if(unsynced_, [&](const auto& waits) {
      return waits.second->transmitter == line->client && waits.second->seq > line->after;
    });
    scene_.ledger.voided(incarnation_, *line);
    for (const Incarnation life : found_.lives) scene_.ledger.voided(life, *line);  // it is their disk
    scene_.hit(CoverageMark::kLieVoided);
  }
}

void SimProcess::persisted(std::uint64_t ticket) {
  if (!alive() || node_ == nullptr) return;
  for (; !unsynced_.empty() && unsynced_.front().first <= ticket; unsynced_.pop_front())
    scene_.ledger.holds(incarnation_, *unsynced_.front().second);
  node_->on_persisted(ticket);
}

// --- what it leaves

bool SimProcess::leaves(const smr::Member& member) const {
  if (node_ == nullptr) return SimDisk::is_of(found_, member);
  return member.incarnation == incarnation_ && has_durable_state();
}

void SimProcess::leave_disk() {
  disk_process_.reset();
  const bool power_lost = scene_.random.chance(.5);
  scene_.hit(power_lost ? CoverageMark::kPowerLost : CoverageMark::kPowerStays);
  const auto left = disk_->ended(power_lost);
  if (!left) return scene_.fail("disk (I7)", fmt::format("replica {}: {}", me_.value, left.error().message));
  if (!scene_.failed()) audit(*left);
}

// If the cluster could restart from this disk alone, it must have all that was answered.
void SimProcess::audit(const SimDisk::Found& found) const {
  const smr::Member* member = scene_.record().find(me_);
  if (member == nullptr || !SimDisk::is_of(found.inventory, *member) || disk_->gone_back()) return;
  scene_.ledger.could_begin(member->incarnation, found.machine->position(), found.recovered);
}

}  // namespace titer::sim
