// SPDX-License-Identifier: Apache-2.0

#include "store/store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/rules.h"
#include "smr/recovery.h"
#include "store/sealed_file.h"

namespace titer::store {

Store::~Store() = default;

// --- how it goes on

Status Store::bootstrap(machine::Machine& machine, const smr::ViewRecord& first, LamportTime clock) {
  TITER_CHECK(role_ == Role::kNone && !inventory_.whole, "a cluster begins once, on a disk that has none");
  if (Status noted = note_lives(); !noted) return noted;
  smr::Checkpoint checkpoint;
  checkpoint.installed = first;
  checkpoint.clock = clock;
  TablesBatch batch = materializer_->close(machine, closing(std::move(checkpoint), false));
  const Tables::Ended ended = tables_->write(batch);
  if (ended.end != Tables::End::kWritten) return ended.error;
  role_ = Role::kMember;
  installed_ = first.number;
  return ok_status();
}

void Store::resume() {
  TITER_CHECK(role_ == Role::kNone && inventory_.whole, "a replica resumes once, with a whole state");
  role_ = Role::kMember;
  installed_ = inventory_.installed;
}

Status Store::learn() {
  role_ = Role::kLearner;
  if (rule_enabled(ProtocolRule::kLearnerLives)) identity_.lives.clear();
  return note_lives();
}

Status Store::note_lives() { return write_identity(options_.dir, identity_, environment_.files); }

// --- the journal

void Store::persist(const std::vector<smr::Output::Persist>& what) {
  for (const smr::Output::Persist& one : what) {
    if (const auto* held = std::get_if<smr::FramePtr>(&one.what)) {
      const smr::Frame& frame = **held;
      journal_->append(one.ticket, RecordKind::kFrame, {frame.view, frame.transmitter, frame.seq},
                       [&](Bytes& out) { wire::encode(out, frame); });
      urgent_ = urgent_ || frame.count > 0;
    } else if (const auto* voided = std::get_if<smr::Voided>(&one.what)) {
      journal_->append(one.ticket, RecordKind::kVoid, {voided->view, voided->client, voided->after},
                       [&](Bytes& out) { wire::encode_voided(out, *voided); });
      urgent_ = true;
    } else {
      const auto& line = std::get<smr::Installed>(one.what);
      journal_->append(one.ticket, RecordKind::kInstall, {line.view.number, {}, {}},
                       [&](Bytes& out) { wire::encode_installed(out, line); });
      urgent_ = true;
      if (!view_line_synced_ && !line_) line_ = one.ticket;
      newest_line_ = {one.ticket, line.view.number};
    }
    if (!rule_enabled(ProtocolRule::kSyncFirst))
      events_.post([this, ticket = one.ticket] { events_.persisted(ticket); });
  }
}

void Store::synced(std::uint64_t ticket) {
  view_line_synced_ = view_line_synced_ || (line_ && ticket >= *line_);
  if (ticket >= newest_line_.first) installed_ = std::max(installed_, newest_line_.second);
  events_.persisted(ticket);
}

void Store::commit(BootTime now, bool urgent) {
  if (journal_->uncommitted() == 0) return;
  if (waiting_since_ == BootTime()) waiting_since_ = now;
  if (!urgent && !urgent_ && now.value < waiting_since_.value + kNullPatienceUs) return;
  journal_->commit();
  urgent_ = false;
  waiting_since_ = {};
}

// --- the tables

bool Store::due(BootTime now, const machine::Machine& machine) const {
  const StoreLimits& limits = options_.limits;
  const std::size_t changes = machine.registry().changes();
  if (role_ == Role::kLearner) return changes >= limits.sites_learned || (now >= next_tables_ && changes > 0);
  if (now.value < next_tables_.value - limits.tables_every_us + limits.tables_at_most_every_us) return false;
  if (journal_->held() >= limits.journal_bytes || changes >= limits.sites_waiting) return true;
  return now >= next_tables_ && machine.position() > closed_;
}

// Files that are open stay writable when their directory is removed, and are gone with this process.
void Store::look_for_directory(BootTime now) {
  if (role_ != Role::kMember || now < next_look_) return;
  next_look_ = later(now, kLookEveryUs);
  if (!has_identity(options_.dir, environment_.files))
    fail(options_.dir +
         " was removed or replaced while this replica ran: what it acknowledges would be lost with it");
}

BootTime Store::write_tables(BootTime now, machine::Machine& machine, const smr::Replica& replica) {
  look_for_directory(now);
  const StoreLimits& limits = options_.limits;
  const BootTime look_again(now.value + limits.tables_at_most_every_us);
  const BootTime next = waiting_since_ == BootTime()
                            ? look_again
                            : std::min(look_again, BootTime(waiting_since_.value + kNullPatienceUs));
  const bool whole = role_ == Role::kMember && replica.full();
  if (failed_ || role_ == Role::kNone || when_joined_ || !writer_->idle() || (role_ == Role::kMember && !whole))
    return next;
  if (whole) scrub(now, machine);
  if (whole && wrong_) compare_wrong_state(machine);
  if (scrubbing_) return next;
  gathering_ = gathering_ || due(now, machine);
  if (!gathering_) return next;
  if (!materializer_->gather(machine, whole ? limits.piece_bytes : limits.learned_piece_bytes)) return now;
  next_tables_ = BootTime(now.value + (whole ? limits.tables_every_us : limits.tables_at_most_every_us));
  submit(materializer_->close(machine, closing(whole ? replica.checkpoint() : smr::Checkpoint(), !whole)));
  return next;
}

void Store::keep_wrong_state(const machine::Machine& machine) {
  Bytes kept;
  ByteWriter w(kept);
  w.blob(WrongState::digests_of(machine.registry()));
  w.blob(WrongTables::digests_of(machine));
  (void)write_sealed(options_.dir + "/" + kWrongStateName, SealedKind::kWrongState, kept, environment_.files);
}

void Store::compare_wrong_state(const machine::Machine& machine) {
  if (!wrong_->about_sites) {
    wrong_->about_sites = wrong_->sites.compare(machine.registry(), limits::kScrubSites);
    return;
  }
  auto about_tables = wrong_->tables.compare(machine);
  if (!about_tables) return;
  const std::string sentence = *wrong_->about_sites + "; " + *about_tables;
  wrong_.reset();
  (void)environment_.files.remove(options_.dir + "/" + kWrongStateName);
  if (events_.compared) events_.compared(sentence);
}

// While the writer is idle: what is compared is at the position of the newest batch.
void Store::scrub(BootTime now, const machine::Machine& machine) {
  if (scrubbed_) {
    const TablesWriter::Rows rows = std::move(*scrubbed_);
    scrubbed_.reset();
    if (!rows) return events_.post([this, why = rows.error().message] { fail(why); });
    if (auto wrong = scrub_.compare(machine, stats_.tables, *rows); wrong && events_.mismatch)
      events_.post([tell = events_.mismatch, what = std::move(*wrong)] { tell(what); });
  }
  // The tables first: where turns are rarer than pieces of the scrub, each would begin with one, and no
  // batch would ever be written.
  if (scrubbing_ || gathering_ || stats_.tables == Position() || due(now, machine)) return;
  const auto range = scrub_.due(now, machine.registry().slots());
  if (!range) return;
  scrubbing_ = true;
  writer_->read(*range, [this](TablesWriter::Rows rows) {
    events_.post([this, rows = std::make_shared<TablesWriter::Rows>(std::move(rows))] {
      scrubbed_ = std::move(*rows);
      scrubbing_ = false;
    });
  });
}

Materializer::Closing Store::closing(smr::Checkpoint checkpoint, bool learning) const {
  return {std::move(checkpoint), journal_->mark(), learning, environment_.wall_now(), recoveries_};
}

void Store::submit(TablesBatch batch) {
  gathering_ = false;
  closed_ = batch.head().standing.position;
  writer_->submit(std::move(batch));
}

// In one go: what came since the last batch of a learner is little, and the state must not change in between.
void Store::joined(machine::Machine& machine, ViewNumber view, LamportTime clock, std::function<void()> done) {
  TITER_CHECK(role_ == Role::kLearner || !view_line_synced_, "a member that has installed a view has its state");
  smr::Checkpoint checkpoint;
  checkpoint.installed.number = ViewNumber(view.value - 1);
  if (!rule_enabled(ProtocolRule::kJoinerInstalls))
    checkpoint.installed = {view, {{options_.me, options_.incarnation, {}}}, {}};
  checkpoint.clock = clock;
  TablesBatch batch = materializer_->close(machine, closing(std::move(checkpoint), false));
  when_joined_ = std::move(done);
  joins_with_ = batch.head().batch;
  waiting_.push_back(std::move(batch));
  submit_waiting();
}

void Store::submit_waiting() {
  if (waiting_.empty() || !writer_ || !writer_->idle()) return;
  TablesBatch next = std::move(waiting_.front());
  waiting_.pop_front();
  submit(std::move(next));
}

void Store::reported(const TablesWriter::Report& report) {
  if (report.ended.end == Tables::End::kFailed) return fail(report.ended.error.message);
  if (report.ended.end == Tables::End::kNoSpace) {
    no_space_ = batch_waits_ = true;
    return tell_room();
  }
  TITER_CHECK(!report.head.standing.learning || role_ != Role::kMember, "a learner's batch is older than its join");
  no_space_ = false;
  tell_room();
  ++stats_.tables_written;
  stats_.tables = report.head.standing.position;
  if (!report.head.standing.learning) {
    const smr::Checkpoint& checkpoint = report.head.checkpoint;
    if (events_.released) events_.released(checkpoint);
    journal_->release(checkpoint.installed.number, checkpoint.bases);
  }
  submit_waiting();
  if (!when_joined_ || report.head.batch != joins_with_) return;
  if (rule_enabled(ProtocolRule::kViewLine)) view_line_synced_ = false;
  role_ = Role::kMember;
  std::exchange(when_joined_, nullptr)();
}

void Store::fail(const std::string& why) {
  if (std::exchange(failed_, true)) return;
  events_.failed(why);
}

void Store::tell_room() {
  const bool enough = !journal_short_ && !no_space_;
  if (std::exchange(enough_room_, enough) != enough) events_.room(enough);
}

void Store::close(machine::Machine& machine, const smr::Replica& replica) {
  if (failed_ || no_space_) return;
  journal_->commit();
  if (role_ != Role::kMember || !replica.full() || when_joined_) return;
  writer_.reset();  // waits for what is being written
  TablesBatch batch = materializer_->close(machine, closing(replica.checkpoint(), false));
  (void)tables_->write(batch);  // if it fails, the journal has it all
}

void Store::start_over() {
  writer_.reset();
  if (const Status wiped = tables_->wipe(); !wiped)
    fail("the tables could not be emptied: " + wiped.error().message);
}

void Store::retry_room() {
  journal_->retry_room();
  if (std::exchange(batch_waits_, false)) writer_->retry();
}

StoreStats Store::stats() const {
  StoreStats stats = stats_;
  stats.journal = journal_->stats();
  stats.journal_held = journal_->held();
  stats.scrub = scrub_.stats();
  return stats;
}

}  // namespace titer::store
