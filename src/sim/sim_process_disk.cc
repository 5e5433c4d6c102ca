// SPDX-License-Identifier: Apache-2.0

// A process and its directory: how it begins with one, and what it puts there. As node/node.cc and its store.
#include <fmt/format.h>

#include <utility>

#include "sim/sim_process.h"
#include "smr/rules.h"

namespace titer::sim {

namespace {
constexpr Time kHearUs = 300'000;  // from a restart with the other members to hearing of their view, at most
}

// --- how it begins

// The life is noted before anybody hears of it.
void SimProcess::open_directory() {
  opens_at_ = kNever;
  if (!spend()) return;
  auto read = directory_->read();
  if (!read) return scene_.fail("disk (I7)", fmt::format("replica {}: {}", me_.value, read.error().message));
  audit(*read);
  machine_ = std::move(read->machine);
  scene_.ledger.received_state(incarnation_, machine_->position());
  if (read->exact) scene_.ledger.stands(incarnation_, machine_->position(), machine_->digest());
  // The view has ended for all, whether or not anybody has got as far as executing the rest of it.
  for (const smr::FramePtr& frame : read->ended) execute({frame, false});
  if (!read->ended.empty()) scene_.hit(CoverageMark::kViewsReplayed);
  if (read->exact) scene_.ledger.stands(incarnation_, machine_->position(), machine_->digest());
  if (directory_->whole() && !directory_->gone_back())
    scene_.ledger.given_back(directory_->lives(), read->recovered);
  found_ = std::move(read->recovered);
  directory_->opened(incarnation_);
  scene_.maybe_end_all();
}

// If the cluster could restart from this disk alone, it must have all that was answered.
void SimProcess::audit(const Directory::Found& found) const {
  const smr::Member* member = scene_.record().find(me_);
  if (member == nullptr || !directory_->is_of(*member) || directory_->gone_back()) return;
  std::uint64_t position = found.machine->position().value;
  for (const smr::FramePtr& frame : found.ended) position += frame->count;
  scene_.ledger.could_begin(member->incarnation, Position(position), found.recovered);
}

// What it leaves behind.
void SimProcess::audit_directory() const {
  if (directory_ == nullptr || scene_.failed()) return;
  const auto left = directory_->read();
  if (!left) return scene_.fail("disk (I7)", fmt::format("replica {}: {}", me_.value, left.error().message));
  audit(*left);
}

// The first record that it is sent says how it goes on.
void SimProcess::decide(const smr::ViewRecord& record) {
  scene_.network.listen(me_.value, node_);
  if (record.has(me_, incarnation_)) return begin_again(record);
  learn(record);
}

void SimProcess::begin_again(const smr::ViewRecord& record) {
  const smr::Recovered& recovered = *found_;
  for (const smr::FramePtr& frame : recovered.frames) {
    recovered_.insert({frame->transmitter, frame->seq});
    // Synced, and then it ended before it sent it.
    if (frame->transmitter == gateway_of(me_)) scene_.ledger.made(incarnation_, *frame);
    if (frame->count > 0 && frame->uid() <= recovered.checkpoint.last_executed)
      scene_.hit(CoverageMark::kExecutedAboveBase);
  }
  scene_.ledger.begins_again(incarnation_, recovered);
  replica_ = std::make_unique<smr::Replica>(options(), recovered);
  full_before_ = true;
  known_ = recovered.checkpoint.installed;
  installed_ = known_.number;
  stands();
  begins_with_ = record;
  hears_at_ = scene_.time.now() + (scene_.random.chance(.5) ? 0 : scene_.random.between(0, kHearUs));
  found_.reset();
  scene_.maybe_end_all();
}

void SimProcess::hear() {
  const smr::ViewRecord first = std::move(*std::exchange(begins_with_, std::nullopt));
  record(first);
}

// What the disk has helps, but counts no more: not for the life that begins here.
void SimProcess::learn(const smr::ViewRecord& record) {
  if (rule_enabled(smr::ProtocolRule::kLearnerLives)) directory_->learns();
  found_.reset();
  replica_ = std::make_unique<smr::Replica>(options(), record);
  known_ = record;
  learned_ = machine_->position();
  scene_.hit(learned_ > Position() ? CoverageMark::kLearnerFromDisk : CoverageMark::kLearnerFromNothing);
  step(smr::input::Learned{learned_});
}

// --- what it puts there

void SimProcess::persist(const std::vector<smr::Output::Persist>& what) {
  for (const smr::Output::Persist& one : what) {
    disk_.append(one.ticket, one.what);
    if (const auto* frame = std::get_if<smr::FramePtr>(&one.what)) on_disk_.push_back({one.ticket, *frame});
    if (const auto* line = std::get_if<smr::Voided>(&one.what)) {
      std::erase_if(on_disk_, [&](const auto& waits) {
        return waits.second->transmitter == line->client && waits.second->seq > line->after;
      });
      scene_.ledger.voided(incarnation_, *line);
      scene_.hit(CoverageMark::kLieVoided);
    }
  }
  if (directory_ == nullptr) return;
  disk_.commit(!full() || replica_->snapshot().wedged);
}

// Now and then the state machine is written down, whatever the protocol is doing.
void SimProcess::write_due_tables() {
  if (directory_ == nullptr || !full() || !alive_ || disk_.writes_tables()) return;
  const Time now = scene_.time.now();
  if (now < tables_at_) return;
  const bool due = tables_at_ > 0;
  tables_at_ = now + scene_.random.between(1, 2 * scene_.plan.tables_us);
  if (!due) return;
  smr::Checkpoint checkpoint = replica_->checkpoint();
  disk_.write_tables(write_down(std::move(checkpoint), *machine_));
}

// A learner need not begin from nothing when it is started again.
void SimProcess::learned_more() {
  if (directory_ == nullptr || disk_.writes_tables() || !scene_.random.chance(.3)) return;
  Tables tables = write_down({}, *machine_);
  tables.learning = true;
  disk_.write_tables(std::move(tables));
}

// The final state is in: it is part of the flush once it is on disk. It is a member's when the view is installed.
void SimProcess::joined(ViewNumber view, LamportTime clock) {
  if (directory_ == nullptr) {
    stands();
    return step(smr::input::StateInstalled{view, clock});
  }
  join_ = {view, clock};
  smr::Checkpoint checkpoint;
  checkpoint.installed.number = ViewNumber(view.value - 1);
  if (!rule_enabled(smr::ProtocolRule::kJoinerInstalls)) checkpoint.installed = known_;
  checkpoint.clock = clock;
  disk_.write_tables(write_down(std::move(checkpoint), *machine_));
  scene_.maybe_end_all();
}

void SimProcess::tables_end() {
  if (disk_.writes_tables() || !join_) return;  // there are newer ones
  const Join join = *join_;
  stands();
  step(smr::input::StateInstalled{join.view, join.clock});
}

}  // namespace titer::sim
