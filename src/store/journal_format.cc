// SPDX-License-Identifier: Apache-2.0

#include "store/journal_format.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace titer::store {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x4C4E'524A'5245'5449;  // "ITERJRNL"
constexpr std::uint64_t kGroupMagic = 0x5055'4F52'474C'4E4A;    // "JNLGROUP"
constexpr std::size_t kSegmentChecksumAt = 16;
constexpr std::size_t kGroupChecksumAt = 8;

// Over everything but the checksum itself, which lies at `at`.
std::uint64_t checksum_around(ByteView bytes, std::size_t at, std::uint64_t seed) {
  return hash64(bytes.subspan(at + sizeof(std::uint64_t)), hash64(bytes.first(at), seed));
}

void put(std::span<std::byte> to, const Bytes& bytes) { std::memcpy(to.data(), bytes.data(), bytes.size()); }

}  // namespace

std::size_t GroupHeader::bytes() const { return whole_blocks(kGroupHeaderBytes + payload); }

std::uint64_t write_segment_header(std::span<std::byte> block, const SegmentHeader& header) {
  TITER_CHECK(block.size() == kFileBlock, "a segment header is one block");
  std::fill(block.begin(), block.end(), std::byte{0});
  Bytes bytes;
  ByteWriter out(bytes);
  out.u64(kSegmentMagic);
  out.u32(kJournalVersion);
  out.u16(header.replica.value);
  out.u16(0);
  out.u64(0);
  out.u64(header.cluster);
  out.u64(header.salt);
  out.u64(header.bytes);
  out.u64(header.first_group);
  out.u64(header.previous);
  out.u64(header.oldest);
  out.u64(header.nonce);
  put(block, bytes);
  const std::uint64_t checksum = checksum_around(block, kSegmentChecksumAt, 0);
  std::memcpy(block.data() + kSegmentChecksumAt, &checksum, sizeof checksum);
  return checksum;
}

Result<SegmentHeader> read_segment_header(ByteView block) {
  const Error none{Code::kNotFound, "no segment header"};
  if (block.size() < kFileBlock) return none;
  block = block.first(kFileBlock);
  ByteReader in(block);
  if (in.u64() != kSegmentMagic) return none;
  const std::uint32_t version = in.u32();
  SegmentHeader header;
  header.replica = ReplicaId(in.u16());
  in.u16();
  header.checksum = in.u64();
  header.cluster = in.u64();
  header.salt = in.u64();
  header.bytes = in.u64();
  header.first_group = in.u64();
  header.previous = in.u64();
  header.oldest = in.u64();
  header.nonce = in.u64();
  if (header.checksum != checksum_around(block, kSegmentChecksumAt, 0)) return none;
  if (version != kJournalVersion)
    return Error{Code::kInvalid, "it has version " + std::to_string(version) + " of the format, and this program " +
                                     "knows only version " + std::to_string(kJournalVersion)};
  if (header.oldest == 0 || header.oldest > header.first_group) return none;
  return header;
}

std::uint64_t seal_group(std::span<std::byte> group, GroupHeader header, std::uint64_t salt) {
  TITER_CHECK(group.size() == header.bytes() && group.size() <= kGroupBytesMax, "a group has its blocks");
  const auto behind = group.subspan(kGroupHeaderBytes);
  std::fill(behind.begin() + header.payload, behind.end(), std::byte{0});
  Bytes bytes;
  bytes.reserve(kGroupHeaderBytes);
  ByteWriter out(bytes);
  out.u64(kGroupMagic);
  out.u64(0);
  out.u64(header.number);
  out.u64(header.previous);
  out.u64(header.oldest);
  out.u32(header.payload);
  out.u32(0);
  out.u64(hash64(behind, salt));
  header.checksum = checksum_around(bytes, kGroupChecksumAt, salt);
  std::memcpy(bytes.data() + kGroupChecksumAt, &header.checksum, sizeof header.checksum);
  put(group, bytes);
  return header.checksum;
}

std::optional<GroupHeader> read_group_header(ByteView bytes, std::uint64_t salt) {
  ByteReader in(bytes);
  if (in.u64() != kGroupMagic) return std::nullopt;
  GroupHeader header;
  header.checksum = in.u64();
  header.number = in.u64();
  header.previous = in.u64();
  header.oldest = in.u64();
  header.payload = in.u32();
  in.u32();
  header.contents = in.u64();
  if (!in.ok() || header.checksum != checksum_around(bytes.first(kGroupHeaderBytes), kGroupChecksumAt, salt))
    return std::nullopt;
  const bool possible = header.payload <= kGroupBytesMax && header.bytes() <= kGroupBytesMax && header.oldest > 0 &&
                        header.oldest <= header.number;
  if (!possible) return std::nullopt;
  return header;
}

bool group_is_whole(ByteView in, const GroupHeader& header, std::uint64_t salt) {
  if (header.bytes() > in.size()) return false;
  return hash64(in.first(header.bytes()).subspan(kGroupHeaderBytes), salt) == header.contents;
}

void write_record_header(Bytes& bytes, RecordKind kind, const RecordName& name) {
  ByteWriter out(bytes);
  out.u32(0);
  out.u8(static_cast<std::uint8_t>(kind));
  out.u64(name.view.value);
  out.u64(name.transmitter.value);
  out.u64(name.seq.value);
}

void set_body_bytes(Bytes& out, std::size_t record_at, std::size_t bytes) {
  ByteWriter(out).patch_u32(record_at, static_cast<std::uint32_t>(bytes));
}

std::optional<Record> next_record(ByteView& bytes) {
  ByteReader in(bytes);
  const std::uint32_t size = in.u32();
  const std::uint8_t kind = in.u8();
  Record record;
  record.kind = static_cast<RecordKind>(kind);
  record.name = {ViewNumber(in.u64()), TransmitterId(in.u64()), Seq(in.u64())};
  record.body = in.raw(size);
  if (!in.ok() || record.kind < RecordKind::kFrame || record.kind > RecordKind::kVoid) return std::nullopt;
  bytes = bytes.subspan(kRecordHeaderBytes + size);
  return record;
}

}  // namespace titer::store
