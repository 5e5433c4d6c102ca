// SPDX-License-Identifier: Apache-2.0

// The files of a journal, as somebody else may have left them: a whole journal is built, the fuzzer overwrites pieces of
// its files, cuts them, and corrects checksums so that it gets behind them, and a start reads what is left.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "fuzz/input.h"
#include "store/journal_reader.h"
#include "store/simulated/simulated_files.h"

namespace titer::fuzz {
namespace {

using namespace store;

constexpr std::uint64_t kSalt = 7;
constexpr std::size_t kSegment = 5 * kFileBlock;
constexpr std::size_t kGroupsPerSegment = 3;
constexpr std::uint64_t kSegments = 3;
constexpr JournalIdentity kIdentity{0xC1, ReplicaId(2)};

// A journal as the writer leaves it: segments of three groups with two records each.
std::vector<Bytes> whole_journal() {
  std::vector<Bytes> files;
  GroupHeader group;
  group.oldest = 1;
  for (std::uint64_t s = 0; s < kSegments; ++s) {
    Bytes file(kSegment);
    group.previous = write_segment_header(
        std::span(file).first(kFileBlock),
        {kIdentity.cluster, kIdentity.replica, kSalt, kSegment, group.number + 1, group.previous, 1});
    for (std::size_t g = 0; g < kGroupsPerSegment; ++g) {
      Bytes records;
      for (std::uint64_t r = 0; r < 2; ++r) {
        const std::size_t at = records.size();
        write_record_header(records, r == 0 ? RecordKind::kFrame : RecordKind::kInstall,
                            {ViewNumber(1), TransmitterId(s), Seq(g + 1)});
        ByteWriter(records).raw(as_bytes("a body"));
        set_body_bytes(records, at, records.size() - at - kRecordHeaderBytes);
      }
      ++group.number;
      group.payload = static_cast<std::uint32_t>(records.size());
      const auto block = std::span(file).subspan((g + 1) * kFileBlock, kFileBlock);
      std::memcpy(block.data() + kGroupHeaderBytes, records.data(), records.size());
      group.previous = seal_group(block, group, kSalt);
    }
    files.push_back(std::move(file));
  }
  return files;
}

void put_checksum(std::span<std::byte> bytes, std::size_t at, std::uint64_t seed) {
  const std::uint64_t checksum = hash64(bytes.subspan(at + 8), hash64(bytes.first(at), seed));
  std::memcpy(bytes.data() + at, &checksum, sizeof checksum);
}

// So that what was changed is believed. Offsets as in journal_format.h.
void mend(std::span<std::byte> block, bool segment_header) {
  if (segment_header) return put_checksum(block, 16, 0);
  const std::uint64_t contents = hash64(block.subspan(kGroupHeaderBytes), kSalt);
  std::memcpy(block.data() + 48, &contents, sizeof contents);
  put_checksum(block.first(kGroupHeaderBytes), 8, kSalt);
}

void spoil(std::vector<Bytes>& files, Input& in) {
  Bytes& file = files[in.below(kSegments)];
  if (in.below(8) == 0) file.resize(std::min<std::size_t>(file.size(), in.byte() * std::size_t{128}));
  const std::size_t block = in.below(kSegment / kFileBlock);
  if ((block + 1) * kFileBlock > file.size()) return;
  const auto bytes = std::span(file).subspan(block * kFileBlock, kFileBlock);
  // Mostly where the headers are.
  const std::size_t at = in.below(4) == 0 ? in.byte() * std::size_t{16} : in.below(112);
  const ByteView piece = in.take(in.below(32));
  std::copy_n(piece.begin(), std::min(piece.size(), bytes.size() - at),
              bytes.begin() + static_cast<std::ptrdiff_t>(at));
  if (in.below(4) != 0) mend(bytes, block == 0);
}

void read(SimulatedFiles& files, std::size_t& records) {
  std::uint64_t touched = 0;
  const auto found = read_journal(files, "/journal", kIdentity, Files::Mode::kRead,
                                  [&](RecordKind, const RecordName&, ByteView body) {
                                    touched ^= hash64(body);  // it can be read to its end
                                    ++records;
                                    return ok_status();
                                  });
  if (!found) {
    TITER_CHECK(!found.error().message.empty(), "a refusal says why");
    return;
  }
  TITER_CHECK(found->contents.records == records, "what is counted was shown");
  TITER_CHECK(found->used.empty() || found->end <= found->used.back().file.bytes,
              "a journal ends in its last file");
  for (const UsedSegment& segment : found->used)
    TITER_CHECK(segment.first_group <= found->next_group, "groups go up");
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  static const std::vector<Bytes> whole = fuzz::whole_journal();
  std::vector<Bytes> contents = whole;
  const bool spoilt = in.more();
  while (in.more()) fuzz::spoil(contents, in);
  store::SimulatedFiles files;
  for (std::size_t i = 0; i < contents.size(); ++i)
    files.overwrite("/journal/" + store::segment_name(i + 1), contents[i]);
  std::size_t records = 0;
  fuzz::read(files, records);
  TITER_CHECK(spoilt || records == 2 * fuzz::kGroupsPerSegment * fuzz::kSegments, "a whole journal is read whole");
  return 0;
}
