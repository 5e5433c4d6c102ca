// SPDX-License-Identifier: Apache-2.0

// Reading a journal from the beginning: what a start does, and what `titer verify` does.
//
// Every record of every group that may still be needed goes to the visitor, in the order in which it was appended. Then
// it is clear where the journal ends, and which files are free.
//
// A group that is not as it was written is either torn or damaged; the data after it decides. The writer has only
// one group in progress. So when group n is incomplete and nothing later than n was ever begun, n was the write
// that a power loss cut short: it was never reported as synced, and the journal ends before it (torn). When a
// header of a later group, or of a later segment, is found anywhere, n was synced and has been damaged since: that
// is an error, and nothing of this journal may be used to answer from.
//
// What the journal itself cannot show, the tables do: they name a group that was synced before they were written
// (JournalMark). A journal that is missing, empty, another one, or shorter than that is damaged.
//
// Limits: of the groups that are newer than the mark (some seconds of writes), the last one cannot be told from a torn
// write when a bit of it flips, and it cannot be seen that the newest segment was taken away.
// Memory: one segment. Errors: kInternal for damage, with what to do; kInvalid for a journal of another cluster, replica
// or version; whatever the visitor says.
// Thread rule: runs on the caller's thread, keeps nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/files.h"
#include "store/held_records.h"
#include "store/journal_format.h"

namespace titer::store {

// A file of the journal, without its contents.
struct SegmentFile {
  std::string name;  // in the journal's directory
  std::uint64_t bytes = 0;
  std::unique_ptr<File> file;
};

// A segment whose records may be needed.
struct UsedSegment {
  SegmentFile file;
  std::uint64_t first_group = 0;
  std::uint64_t record_bytes = 0;
  HeldRecords held;
};

using RecordVisitor = std::function<Status(RecordKind, const RecordName&, ByteView body)>;

struct JournalIdentity {
  std::uint64_t cluster = 0;
  ReplicaId replica;
};

struct JournalContents {
  std::uint64_t records = 0, groups = 0, record_bytes = 0, segments = 0;
  std::uint64_t torn_bytes = 0;  // of the write that was cut short, as far as it can be known
};

struct FoundJournal {
  std::vector<UsedSegment> used;  // oldest first; the last one is written next. Empty: there is no journal yet
  std::vector<SegmentFile> free;
  std::uint64_t salt = 0;
  // --- where it ends
  std::uint64_t next_group = 1;
  std::uint64_t previous = 0;  // checksum of the header before that
  std::uint64_t oldest = 1;    // as the newest group has it
  std::uint64_t end = 0;       // of the last complete group in the last segment, bytes from its begin
  JournalContents contents;
};

// Names of files in `dir` that are segments.
[[nodiscard]] bool is_segment_name(const std::string& name);
[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::uint64_t segment_number(const std::string& name);

// A directory that is missing or has no segment in it is an empty journal. `known`: what must be there.
[[nodiscard]] Result<FoundJournal> read_journal(Files& files, const std::string& dir,
                                                const JournalIdentity& identity, Files::Mode mode,
                                                const RecordVisitor& visitor, const JournalMark& known = {});

}  // namespace titer::store
