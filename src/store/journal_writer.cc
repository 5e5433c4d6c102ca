// SPDX-License-Identifier: Apache-2.0

#include "store/journal_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::store {
namespace {

// Batches whose memory is kept for the next ones.
constexpr std::size_t kEmptyBatchesMax = 4;
// A batch that has grown beyond that is not kept.
constexpr std::size_t kEmptyBatchBytesMax = std::size_t{4} << 20;

}  // namespace

JournalWriter::JournalWriter(JournalIdentity identity, FoundJournal found, SegmentPool& pool, JournalEvents events,
                             const StoreEnvironment& environment)
    : identity_(identity),
      pool_(pool),
      events_(std::move(events)),
      monotonic_us_(environment.monotonic_us),
      salt_(found.salt),
      next_group_(found.next_group),
      previous_(found.previous),
      end_(found.end),
      nonces_(environment.draw()) {
  TITER_CHECK(!found.used.empty(), "a journal has a segment to write to");
  for (UsedSegment& segment : found.used) used_.push_back(std::move(segment));
  for (const UsedSegment& segment : used_) held_ += segment.record_bytes;
  stats_.next_group = next_group_;
  stats_.segments_used = used_.size();
  worker_ = environment.workers.start([this] { step(); });
}

JournalWriter::~JournalWriter() = default;

// A worker that was woken before and has not begun takes this, too.
template <typename Add>
void JournalWriter::give(Add add) {
  bool idle = false;
  {
    const std::lock_guard lock(lock_);
    idle = !work_.any();
    add(work_);
  }
  if (idle) worker_->wake();
}

void JournalWriter::commit(JournalBatch& batch) {
  if (batch.entries.empty()) return;
  give([&](Work& work) {
    work.batches.push_back(std::move(batch));
    batch = {};
    if (empty_.empty()) return;
    batch = std::move(empty_.back());
    empty_.pop_back();
  });
}

void JournalWriter::release(ViewNumber view, const smr::AckRow& bases) {
  give([&](Work& work) { work.releases.emplace_back(view, bases); });
}

JournalStats JournalWriter::stats() const {
  const std::size_t spares = pool_.spares();
  const std::lock_guard lock(lock_);
  JournalStats stats = stats_;
  stats.segments_spare = spares;
  return stats;
}

// --- the worker

void JournalWriter::step() {
  Work work;
  {
    const std::lock_guard lock(lock_);
    work = std::exchange(work_, {});
  }
  if (!failed_) {
    if (const auto status = perform(work); !status) {
      failed_ = true;
      events_.failed(status.error());
    }
  }
  finish(std::move(work));
}

// Gives the memory of what is written back to commit().
void JournalWriter::finish(Work work) {
  const std::lock_guard lock(lock_);
  for (JournalBatch& batch : work.batches) {
    if (empty_.size() == kEmptyBatchesMax || batch.bytes.capacity() > kEmptyBatchBytesMax) continue;
    batch.clear();
    empty_.push_back(std::move(batch));
  }
}

// Releases first, because the groups of this turn then say so.
Status JournalWriter::perform(const Work& work) {
  for (const auto& [view, bases] : work.releases) released_.raise(view, bases);
  if (!work.releases.empty()) drop_released();
  BatchCursor cursor(work.batches);
  while (!cursor.done())
    if (auto status = write_group(cursor); !status) return status;
  return free_in_need();
}

// Without the block that is kept back.
std::size_t JournalWriter::room_for_records() const {
  if (left() < 2 * kFileBlock) return 0;
  return std::min(kGroupBytesMax, left() - kFileBlock) - kGroupHeaderBytes;
}

Status JournalWriter::write_group(BatchCursor& cursor) {
  std::size_t in_front = 0;  // bytes of the segment's header, when it is written together with its first group
  if (cursor.next_bytes() > room_for_records()) {
    // A segment without a group would be followed by one that begins with the same number.
    if (used_.back().first_group == next_group_)
      if (auto status = write_and_sync(0, 0); !status) return status;
    if (auto status = begin_segment(); !status) return status;
    in_front = kFileBlock;
  }
  UsedSegment& segment = used_.back();
  const auto cut = cursor.fit(room_for_records());
  TITER_CHECK(cut.records > 0, "a record fits an empty segment");
  buffer_.grow_to(in_front + whole_blocks(kGroupHeaderBytes + cut.bytes));
  const auto ticket = cursor.take(cut, buffer_.span().subspan(in_front + kGroupHeaderBytes), segment.held);
  if (auto status = write_and_sync(in_front, cut.bytes); !status) return status;
  segment.record_bytes += cut.bytes;
  held_ += cut.bytes;
  {
    const std::lock_guard lock(lock_);
    stats_.records += cut.records;
    stats_.record_bytes += cut.bytes;
  }
  if (ticket) events_.synced(*ticket);
  return ok_status();
}

// The next group is the first of a new segment, whose header is left at the front of the buffer.
Status JournalWriter::begin_segment() {
  auto file = pool_.take();
  if (!file)
    return Error{file.error().code, "The journal is full, and there is no room for another segment (" +
                                        file.error().message +
                                        "). Make room on the disk and start the replica again."};
  TITER_CHECK(used_.back().first_group < next_group_, "every segment but the last has a group");
  UsedSegment& segment = used_.emplace_back();
  segment.file = std::move(file).value();
  segment.first_group = next_group_;
  drop_released();
  end_ = kFileBlock;
  buffer_.grow_to(kFileBlock);
  const SegmentHeader header{identity_.cluster,         identity_.replica, salt_,
                             segment.file.bytes,        next_group_,       previous_,
                             used_.front().first_group, nonces_.next()};
  previous_ = write_segment_header(buffer_.span().first(kFileBlock), header);
  return ok_status();
}

// The payload lies in the buffer, in its place.
Status JournalWriter::write_and_sync(std::size_t in_front, std::size_t payload) {
  TITER_CHECK(!failed_, "nothing is written after an error");
  GroupHeader header;
  header.number = next_group_;
  header.previous = previous_;
  header.oldest = used_.front().first_group;
  header.payload = static_cast<std::uint32_t>(payload);
  const std::size_t bytes = header.bytes();
  TITER_CHECK(end_ >= in_front && end_ + bytes <= used_.back().file.bytes, "a group lies in its segment");
  buffer_.grow_to(in_front + bytes);
  const std::uint64_t checksum = seal_group(buffer_.span().subspan(in_front, bytes), header, salt_);

  const std::int64_t before = monotonic_us_();
  File& file = *used_.back().file.file;
  if (auto status = write_all(file, end_ - in_front, buffer_.span().first(in_front + bytes)); !status)
    return status;
  if (auto status = file.sync(); !status) return status;
  const std::int64_t took = monotonic_us_() - before;

  previous_ = checksum;
  ++next_group_;
  end_ += bytes;
  free_dropped();
  count(in_front + bytes, static_cast<std::uint64_t>(took));
  return ok_status();
}

void JournalWriter::count(std::size_t bytes, std::uint64_t us) {
  const std::lock_guard lock(lock_);
  ++stats_.groups;
  stats_.written_bytes += bytes;
  stats_.group_bytes_max = std::max<std::uint64_t>(stats_.group_bytes_max, bytes);
  stats_.sync_us += us;
  stats_.sync_us_max = std::max(stats_.sync_us_max, us);
  stats_.segments_used = used_.size();
  stats_.next_group = next_group_;
}

// --- release

// The next record may need a segment, and no group may come before it that would free one.
Status JournalWriter::free_in_need() {
  if (dropped_.empty() || pool_.spares() > 0 || left() < kFileBlock) return ok_status();
  return write_and_sync(0, 0);
}

void JournalWriter::drop_released() {
  TITER_CHECK(!used_.empty(), "the segment that is written is never dropped");
  while (used_.size() > 1 && used_.front().held.all_in(released_)) {
    dropped_.push_back(std::move(used_.front().file));
    used_.pop_front();
  }
  if (used_.back().held.all_in(released_)) used_.back().record_bytes = 0;
  std::uint64_t held = 0;
  for (const UsedSegment& segment : used_) held += segment.record_bytes;
  held_ = held;
}

// A group that names a later `oldest` than them is on the disk.
void JournalWriter::free_dropped() {
  for (SegmentFile& file : dropped_) pool_.give_back(std::move(file));
  dropped_.clear();
}

Result<FoundJournal> begin_journal(const JournalIdentity& identity, SegmentFile file, std::uint64_t salt) {
  FoundJournal found;
  found.salt = salt;
  AlignedBuffer block;
  block.grow_to(kFileBlock);
  const SegmentHeader header{identity.cluster, identity.replica, salt, file.bytes, 1, 0, 1, salt};
  found.previous = write_segment_header(block.span(), header);
  found.end = kFileBlock;
  if (auto status = write_all(*file.file, 0, block.span()); !status) return status.error();
  if (auto status = file.file->sync(); !status) return status.error();
  UsedSegment& segment = found.used.emplace_back();
  segment.file = std::move(file);
  segment.first_group = 1;
  return found;
}

}  // namespace titer::store
