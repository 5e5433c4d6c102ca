// SPDX-License-Identifier: Apache-2.0

#include "store/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"
#include "store/segment_scan.h"

namespace titer::store {
namespace {

constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kNumberDigits = 8;

// A file whose header says that it was in use.
struct Candidate {
  SegmentFile file;
  SegmentHeader header;
};

class Reader {
 public:
  Reader(Files& files, const std::string& dir, const JournalIdentity& identity, Files::Mode mode,
         const RecordVisitor& visitor, const JournalMark& known)
      : files_(files), dir_(dir), identity_(identity), mode_(mode), visitor_(visitor), known_(known) {}

  Result<FoundJournal> read() {
    if (auto status = open_all(); !status) return status.error();
    if (candidates_.empty()) {
      if (auto status = expect_nothing(); !status) return status.error();
      if (auto status = expect_known(); !status) return status.error();
      return std::move(found_);
    }
    if (auto status = leave_out_released(); !status) return status.error();
    if (auto status = replay(); !status) return status.error();
    if (auto status = expect_no_later(); !status) return status.error();
    if (auto status = expect_known(); !status) return status.error();
    return std::move(found_);
  }

 private:
  Status open_all();
  Status open_one(const std::string& name);
  Status take(SegmentFile file, ByteView first_block);
  Status belongs(const SegmentFile& file, const SegmentHeader& header) const;
  Status expect_nothing();
  Status leave_out_released();
  Status replay();
  Status replay_segment(Candidate candidate);
  Status visit(ByteView records, UsedSegment& segment);
  Status expect_no_later();
  Status expect_known();
  Result<ByteView> load(SegmentFile& file);
  [[nodiscard]] Error damaged(const std::string& what) const;

  Files& files_;
  const std::string& dir_;
  const JournalIdentity& identity_;
  const Files::Mode mode_;
  const RecordVisitor& visitor_;
  const JournalMark known_;
  std::map<std::uint64_t, Candidate> candidates_;  // by first group
  FoundJournal found_;
  JournalPlace place_;
  AlignedBuffer buffer_;
};

Error Reader::damaged(const std::string& what) const {
  return {Code::kInternal,
          fmt::format("The journal in {} is damaged: {}. What this replica promised to keep is not all "
                      "there, so it must not answer from it, and nothing was changed. Move the "
                      "replica's directory away and start it again: it is rebuilt from the others.",
                      dir_, what)};
}

Status Reader::open_all() {
  auto names = files_.list(dir_);
  if (!names && names.error().code == Code::kNotFound) return ok_status();
  if (!names) return names.error();
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    if (!is_segment_name(name)) continue;
    if (auto status = open_one(name); !status) return status.error();
  }
  return ok_status();
}

Status Reader::open_one(const std::string& name) {
  auto file = files_.open(dir_ + "/" + name, mode_);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  buffer_.grow_to(kFileBlock);
  const auto got = read_all(**file, 0, buffer_.span().first(kFileBlock));
  if (!got) return got.error();
  return take({name, *size, std::move(file).value()}, ByteView(buffer_.data(), *got));
}

Status Reader::take(SegmentFile file, ByteView first_block) {
  const auto header = read_segment_header(first_block);
  if (!header && header.error().code == Code::kInvalid)
    return Error{Code::kInvalid, fmt::format("The journal in {} was written by another version of titer ({}: {}). "
                                             "Start that version, or move the directory away.",
                                             dir_, file.name, header.error().message)};
  if (!header) {
    found_.free.push_back(std::move(file));
    return ok_status();
  }
  if (auto status = belongs(file, *header); !status) return status.error();
  const std::uint64_t first = header->first_group;
  const auto at = candidates_.find(first);
  if (at != candidates_.end())
    return damaged(
        fmt::format("{} and {} both say that they begin with group {}", at->second.file.name, file.name, first));
  found_.salt = header->salt;
  candidates_.emplace(first, Candidate{std::move(file), *header});
  return ok_status();
}

Status Reader::belongs(const SegmentFile& file, const SegmentHeader& header) const {
  if (header.cluster != identity_.cluster || header.replica != identity_.replica)
    return Error{
        Code::kInvalid,
        fmt::format("The journal in {} belongs to replica {} of cluster {:016x}, and this is replica {} of "
                    "cluster {:016x}. Give this replica its own directory.",
                    dir_, header.replica.value, header.cluster, identity_.replica.value, identity_.cluster)};
  if (!candidates_.empty() && header.salt != found_.salt)
    return damaged(
        fmt::format("{} is of another journal than {}", file.name, candidates_.begin()->second.file.name));
  if (header.bytes != file.bytes || file.bytes % kFileBlock != 0 || file.bytes > kSegmentBytesMax)
    return damaged(fmt::format("{} has {} bytes, but should have {}", file.name, file.bytes, header.bytes));
  return ok_status();
}

// No header is complete. A journal's first header is synced before anything else is written, so there was none yet.
Status Reader::expect_nothing() {
  for (SegmentFile& file : found_.free) {
    buffer_.grow_to(kFileBlock);
    const auto got = read_all(*file.file, kFileBlock, buffer_.span().first(kFileBlock));
    if (!got) return got.error();
    const ByteView block(buffer_.data(), *got);
    if (std::any_of(block.begin(), block.end(), [](std::byte b) { return b != std::byte{0}; }))
      return damaged(file.name + " has no readable header, though something is in it");
  }
  return ok_status();
}

// The newest group says what was still needed. Segments before that may be overwritten already.
Status Reader::leave_out_released() {
  Candidate& newest = candidates_.rbegin()->second;
  const auto bytes = load(newest.file);
  if (!bytes) return bytes.error();
  SegmentScan scan(*bytes, {kFileBlock, newest.header.first_group, newest.header.checksum, newest.header.oldest},
                   found_.salt);
  while (scan.next()) {
  }
  const std::uint64_t oldest = scan.place().oldest;
  while (candidates_.begin()->first < oldest) {
    found_.free.push_back(std::move(candidates_.begin()->second.file));
    candidates_.erase(candidates_.begin());
    if (candidates_.empty())
      return damaged(fmt::format("the segment that begins with group {} is missing", oldest));
  }
  if (candidates_.begin()->first > oldest)
    return damaged(fmt::format("the segment that begins with group {} is missing", oldest));
  return ok_status();
}

Status Reader::replay() {
  const SegmentHeader& first = candidates_.begin()->second.header;
  place_ = {kFileBlock, first.first_group, first.previous, first.oldest};
  for (auto& [number, candidate] : candidates_) {
    const bool follows = number == place_.next_group && candidate.header.previous == place_.previous;
    if (!follows)
      return damaged(fmt::format("group {} is missing or damaged after {} bytes of {}, and {} begins with group {}",
                                 place_.next_group, place_.at, found_.used.back().file.name, candidate.file.name,
                                 number));
    place_.at = kFileBlock;
    place_.previous = candidate.header.checksum;
    if (auto status = replay_segment(std::move(candidate)); !status) return status.error();
  }
  TITER_CHECK(!found_.used.empty(), "the newest segment is in use");
  found_.next_group = place_.next_group;
  found_.previous = place_.previous;
  found_.oldest = place_.oldest;
  found_.end = place_.at;
  found_.contents.segments = found_.used.size();
  return ok_status();
}

Status Reader::replay_segment(Candidate candidate) {
  UsedSegment& segment = found_.used.emplace_back();
  segment.file = std::move(candidate.file);
  segment.first_group = candidate.header.first_group;
  const auto bytes = load(segment.file);
  if (!bytes) return bytes.error();
  place_.oldest = std::max(place_.oldest, candidate.header.oldest);
  SegmentScan scan(*bytes, place_, found_.salt);
  while (const auto records = scan.next()) {
    ++found_.contents.groups;
    if (auto status = visit(*records, segment); !status) return status.error();
  }
  place_ = scan.place();
  found_.contents.torn_bytes = scan.announced();
  return ok_status();
}

Status Reader::visit(ByteView records, UsedSegment& segment) {
  while (!records.empty()) {
    const std::size_t before = records.size();
    const auto record = next_record(records);
    if (!record)
      return Error{Code::kInvalid,
                   fmt::format("The journal in {} has a record in {} that this version of titer does "
                               "not know. Start the version that wrote it.",
                               dir_, segment.file.name)};
    if (auto status = visitor_(record->kind, record->name, record->body); !status) return status.error();
    segment.held.add(record->kind, record->name);
    segment.record_bytes += before - records.size();
    found_.contents.record_bytes += before - records.size();
    ++found_.contents.records;
  }
  return ok_status();
}

// A group that was begun after the one where the journal ends proves that the latter had been synced.
Status Reader::expect_no_later() {
  std::vector<SegmentFile*> everything{&found_.used.back().file};
  for (SegmentFile& file : found_.free) everything.push_back(&file);
  for (SegmentFile* file : everything) {
    const auto bytes = load(*file);
    if (!bytes) return bytes.error();
    const std::uint64_t highest = highest_group(*bytes, found_.salt);
    if (highest > found_.next_group)
      return damaged(fmt::format("group {} is missing or damaged after {} bytes of {}, though {} has group {}",
                                 found_.next_group, found_.end, found_.used.back().file.name, file->name, highest));
  }
  return ok_status();
}

Status Reader::expect_known() {
  if (known_.salt == 0) return ok_status();
  if (found_.used.empty()) return damaged("it is empty, and the tables know of a journal here");
  if (found_.salt != known_.salt) return damaged("it is another journal than the one that the tables know");
  if (found_.next_group > known_.group) return ok_status();
  return damaged(fmt::format("it ends before group {}, and the tables know that group {} was there",
                             found_.next_group, known_.group));
}

Result<ByteView> Reader::load(SegmentFile& file) {
  const std::size_t bytes = std::min<std::uint64_t>(file.bytes, kSegmentBytesMax);
  buffer_.grow_to(bytes);
  const auto got = read_all(*file.file, 0, buffer_.span().first(whole_blocks(bytes)));
  if (!got) return got.error();
  return ByteView(buffer_.data(), *got);
}

}  // namespace

bool is_segment_name(const std::string& name) {
  return name.size() == kNumberDigits + kSuffix.size() && name.ends_with(kSuffix) &&
         all_digits(std::string_view(name).substr(0, kNumberDigits));
}

std::string segment_name(std::uint64_t number) { return fmt::format("{:08}{}", number, kSuffix); }

std::uint64_t segment_number(const std::string& name) {
  return parse_number<std::uint64_t>(std::string_view(name).substr(0, kNumberDigits)).value_or(0);
}

Result<FoundJournal> read_journal(Files& files, const std::string& dir, const JournalIdentity& identity,
                                  Files::Mode mode, const RecordVisitor& visitor, const JournalMark& known) {
  return Reader(files, dir, identity, mode, visitor, known).read();
}

}  // namespace titer::store
