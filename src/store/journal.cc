// SPDX-License-Identifier: Apache-2.0

#include "store/journal.h"

#include <algorithm>

namespace titer::store {
namespace {

Status valid(const JournalOptions& options) {
  if (options.segment_bytes % kFileBlock != 0 || options.segment_bytes < kSegmentBytesMin ||
      options.segment_bytes > kSegmentBytesMax)
    return Error{Code::kInvalid, "a segment of the journal must have a multiple of 4 KiB, from 16 KiB to 1 GiB"};
  return ok_status();
}

Result<std::unique_ptr<DirLock>> lock(Files& files, const std::string& dir, bool exclusive) {
  auto lock = files.lock_dir(dir, exclusive);
  if (!lock && lock.error().code == Code::kBusy)
    return Error{Code::kBusy, "Another process uses the journal in " + dir + ". Stop it first."};
  return lock;
}

std::uint64_t number_above(const FoundJournal& found) {
  std::uint64_t number = 0;
  for (const UsedSegment& segment : found.used) number = std::max(number, segment_number(segment.file.name));
  for (const SegmentFile& file : found.free) number = std::max(number, segment_number(file.name));
  return number + 1;
}

// What the owner does not listen to.
void fill_in(JournalEvents& events) {
  if (!events.synced) events.synced = [](std::uint64_t) {};
  if (!events.failed) events.failed = [](const Error&) {};
  if (!events.room) events.room = [](bool) {};
}

// If a process died and not the machine, the newest group, the last file that was made, or its name may be in memory of
// the operating system alone. From here on they count, so they have to be on the disk.
Status settle(FoundJournal& found, Files& files, const std::string& dir) {
  if (!found.used.empty())
    if (auto status = found.used.back().file.file->sync(); !status) return status;
  for (const SegmentFile& file : found.free)
    if (auto status = file.file->sync(); !status) return status;
  return files.sync_dir(dir);
}

}  // namespace

Journal::Journal(const JournalOptions& options, std::unique_ptr<DirLock> lock, const JournalContents& found)
    : lock_(std::move(lock)),
      contents_(found),
      record_bytes_max_(std::min<std::uint64_t>(kGroupBytesMax, options.segment_bytes - 2 * kFileBlock) -
                        kGroupHeaderBytes - kRecordHeaderBytes) {}

Result<std::unique_ptr<Journal>> Journal::open(const JournalOptions& options, JournalEvents events,
                                               const Visitor& visitor, const StoreEnvironment& environment) {
  Files& files = environment.files;
  if (auto status = valid(options); !status) return status.error();
  fill_in(events);
  if (auto status = files.create_dir(options.dir); !status) return status.error();
  auto locked = lock(files, options.dir, true);
  if (!locked) return locked.error();
  const JournalIdentity identity{options.cluster, options.me};
  auto found = read_journal(files, options.dir, identity, Files::Mode::kWrite, visitor, options.known);
  if (!found) return found.error();
  if (auto status = settle(*found, files, options.dir); !status) return status.error();

  std::unique_ptr<Journal> journal(new Journal(options, std::move(locked).value(), found->contents));
  journal->pool_ = std::make_unique<SegmentPool>(
      files, environment.workers,
      SegmentPoolOptions{options.dir, options.segment_bytes, options.spare_bytes_max, number_above(*found)},
      std::move(found->free), events.room);
  if (found->used.empty()) {
    auto file = journal->pool_->take();
    if (!file) return file.error();
    found = begin_journal(identity, std::move(file).value(), environment.draw());
    if (!found) return found.error();
  }
  journal->writer_ = std::make_unique<JournalWriter>(identity, std::move(found).value(), *journal->pool_,
                                                     std::move(events), environment);
  return journal;
}

Result<JournalContents> Journal::verify(const JournalOptions& options, const Visitor& visitor, Files& files) {
  const auto locked = lock(files, options.dir, false);
  const bool lost = !locked && locked.error().code == Code::kNotFound && options.known.salt != 0;
  if (!locked && !lost) return locked.error();
  const auto found =
      read_journal(files, options.dir, {options.cluster, options.me}, Files::Mode::kRead, visitor, options.known);
  if (!found) return found.error();
  return found->contents;
}

void Journal::end_record(std::size_t at, std::uint64_t ticket, RecordKind kind, const RecordName& name) {
  const std::size_t bytes = gathered_.bytes.size() - at;
  TITER_CHECK(bytes - kRecordHeaderBytes <= record_bytes_max_, "a record fits a group");
  TITER_CHECK(ticket >= last_ticket_ && ticket > committed_ticket_, "tickets rise");
  last_ticket_ = ticket;
  set_body_bytes(gathered_.bytes, at, bytes - kRecordHeaderBytes);
  gathered_.entries.push_back({ticket, static_cast<std::uint32_t>(bytes), kind, name});
}

void Journal::commit() {
  committed_ticket_ = last_ticket_;
  writer_->commit(gathered_);
}

}  // namespace titer::store
