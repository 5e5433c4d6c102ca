// SPDX-License-Identifier: Apache-2.0

// The bytes of the journal: segments of groups of records.
//
//   file        one segment: header block, then groups one after another, then what the file held before
//   group       header, records, zeros up to the next multiple of 4 KiB. Written once, by one write and one sync
//   record      u32 bytes of the body, u8 kind, u64 view, u64 transmitter, u64 seq, the body
//
//   segment     u64 magic, u32 version, u16 replica, u16 0, u64 checksum, u64 cluster, u64 salt, u64 bytes of the file,
//   header      u64 first group, u64 checksum of the group before that, u64 oldest, u64 nonce; zeros up to 4 KiB
//   group       u64 magic, u64 checksum, u64 number, u64 checksum of the header before it (of a group; of the segment,
//   header      for the first group in it), u64 oldest, u32 bytes of records, u32 0, u64 checksum of all behind the
//               header, zeros included
//
// Integers are little-endian. `oldest` is the number of the first group that was still needed when this was written.
// A header's checksum is XXH3 over the rest of the header (a segment's: of its 4 KiB), so together they cover every
// bit. Both headers lie in one disk sector of 512 bytes: a header is there or it is not.
//
// Groups are numbered consecutively, across segments and restarts, and every header names the checksum of the one
// before. So groups left from an earlier use of a segment are never taken for new ones: their numbers are lower.
// The nonce is drawn for each use of a segment. Without it a first group whose segment header was lost with the power, and
// which therefore was never seen, could come to life when the segment is begun again and the power is lost again.
// The salt is drawn once per journal and seeds the checksums of groups. A client does not know it, so no request can
// hold bytes that would be taken for a group when a damaged journal is searched.
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/files.h"

namespace titer::store {

// What a record holds; append only, these numbers are on disks.
enum class RecordKind : std::uint8_t {
  kFrame = 1,    // a frame as the wire has it
  kInstall = 2,  // a view was installed; its name is the view alone
  kVoid = 3,     // the transmitter's frames beyond this one count nowhere (smr::Voided)
};

struct RecordName {
  ViewNumber view;
  TransmitterId transmitter;
  Seq seq;
  bool operator==(const RecordName&) const = default;
};

inline constexpr std::uint32_t kJournalVersion = 2;
inline constexpr std::size_t kGroupHeaderBytes = 56;
inline constexpr std::size_t kRecordHeaderBytes = 29;
// Of one group with everything: two such and the header fill a segment of 8 MiB, and a sync of that much is already
// paid for by its bytes.
inline constexpr std::size_t kGroupBytesMax = (std::size_t{4} << 20) - kFileBlock;
// Header, one block of records, and one kept back for the group that frees the oldest segment (journal_writer.h).
inline constexpr std::size_t kSegmentBytesMin = 4 * kFileBlock;
inline constexpr std::size_t kSegmentBytesMax = std::size_t{1} << 30;  // it is read into memory as one piece

// A journal, and a group of it that was synced: a journal that is found later is the same one, and reaches that far.
struct JournalMark {
  std::uint64_t salt = 0;   // 0: of no journal
  std::uint64_t group = 0;  // 0: its first header alone
  bool operator==(const JournalMark&) const = default;
};

struct SegmentHeader {
  std::uint64_t cluster = 0;
  ReplicaId replica;
  std::uint64_t salt = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_group = 0;
  std::uint64_t previous = 0;  // checksum of group first_group - 1; 0 before the first of all
  std::uint64_t oldest = 0;
  std::uint64_t nonce = 0;
  std::uint64_t checksum = 0;  // as it was read
};

struct GroupHeader {
  std::uint64_t checksum = 0;
  std::uint64_t number = 0;
  std::uint64_t previous = 0;
  std::uint64_t oldest = 0;
  std::uint32_t payload = 0;   // bytes of records
  std::uint64_t contents = 0;  // checksum of them

  [[nodiscard]] std::size_t bytes() const;  // on disk, with header and zeros
};

[[nodiscard]] constexpr std::size_t whole_blocks(std::size_t bytes) {
  return (bytes + kFileBlock - 1) / kFileBlock * kFileBlock;
}

// Fills one block; returns the checksum.
std::uint64_t write_segment_header(std::span<std::byte> block, const SegmentHeader& header);
// kNotFound: no header in it, or a damaged one. kInvalid: another version of this format.
[[nodiscard]] Result<SegmentHeader> read_segment_header(ByteView block);

// Fills the front of `group` with the header, the end with zeros; the records are in place. Returns header.checksum.
std::uint64_t seal_group(std::span<std::byte> group, GroupHeader header, std::uint64_t salt);
// The header at the front of `in`; nothing when there is none, or when it says more than a group can have.
[[nodiscard]] std::optional<GroupHeader> read_group_header(ByteView in, std::uint64_t salt);
// `in` begins with that header: is all that it announces there?
[[nodiscard]] bool group_is_whole(ByteView in, const GroupHeader& header, std::uint64_t salt);

void write_record_header(Bytes& out, RecordKind kind, const RecordName& name);  // its body's length is 0 so far
void set_body_bytes(Bytes& out, std::size_t record_at, std::size_t bytes);

struct Record {
  RecordKind kind = RecordKind::kFrame;
  RecordName name;
  ByteView body;
};
// The record at the front of `in`, which moves behind it; nothing when there is none that is well-formed.
[[nodiscard]] std::optional<Record> next_record(ByteView& in);

}  // namespace titer::store
