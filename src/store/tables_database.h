// SPDX-License-Identifier: Apache-2.0

// The RocksDB below the tables: how it is set up, its column families and keys, and what its failures mean to a person.
// For tables*.cc only.
//
// Set up to be small and to tell the truth: the sizes below, no threads but two for background work, no statistics; every
// block has a checksum that every read looks at; a write is synced before it returns. After a crash the log is
// replayed up to where it breaks off (that is the write that was never reported). A background error is final: RocksDB
// is not allowed to try again by itself, or a page that the kernel dropped after a failed sync would count as written.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>

#include "base/limits.h"
#include "registry/lane.h"
#include "store/tables.h"

namespace titer::store {

enum Family : std::size_t { kSites, kHistory, kSessions, kIdempotency, kMeta, kFamilies };

struct Tables::Database {
  Options options;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
  std::uint64_t batch = 0;    // Head::batch of what is written
  bool out_of_space = false;  // the last write was refused for it

  Database() = default;
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const Options& options);
  // Whose the tables are, and in which format; written when they are made.
  [[nodiscard]] Status check_identity();
  // No value: there is no such key.
  [[nodiscard]] Result<std::optional<std::string>> get_meta(std::string_view key) const;
  [[nodiscard]] Result<std::optional<Head>> head() const;
  // The newest batch that was reported, in a file beside RocksDB's. When RocksDB opens, it takes a damaged byte in its
  // log for the end of it, and would give back an older batch without a word. May lag behind, never be ahead.
  [[nodiscard]] Status note_newest(std::uint64_t newest) const;
  [[nodiscard]] Status check_newest() const;
  // kUnavailable: the disk has less room than a write of so many bytes takes.
  [[nodiscard]] Status enough_room(std::size_t bytes) const;
  // Before a write, so that it can be tried again if it finds no space. RocksDB's Resume() writes the memtables out and
  // begins a new log; but if they are empty it keeps the log in which the write failed, and the next write to that one ends
  // the process by an assertion. So there is always a row in a memtable; it is in no log, and means nothing.
  [[nodiscard]] Status make_resumable();
  // A sentence about what RocksDB says.
  [[nodiscard]] Error error(const rocksdb::Status& status) const;
  [[nodiscard]] Error damaged(std::string_view what) const;
  [[nodiscard]] Error failed(std::string_view what) const;
};

inline constexpr std::string_view kIdentityKey = "identity";
inline constexpr std::string_view kHeadKey = "head";
inline constexpr std::string_view kAccessKey = "access";  // absent: there never were keys
inline constexpr std::string_view kResumableKey = "resumable";

// Big-endian, so that RocksDB's order of keys is that of the numbers.
template <typename T>
class Key {
 public:
  explicit Key(T v) {
    for (std::size_t i = sizeof v; i > 0; --i, v = static_cast<T>(v >> 8))
      bytes_[i - 1] = static_cast<char>(v & 0xFF);
  }
  [[nodiscard]] rocksdb::Slice slice() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, sizeof(T)> bytes_;
};
using SlotKey = Key<std::uint32_t>;
using NumberKey = Key<std::uint64_t>;  // of a session, of a position

// Of a block of events: its lane in the two highest bits, which no position reaches (kCounterMax), and its first position.
// So the blocks of a lane lie side by side, and are loaded in the order of their positions.
inline constexpr unsigned kLaneShift = 62;
static_assert(limits::kCounterMax <= std::uint64_t{1} << kLaneShift && registry::kLanes <= 4);
inline NumberKey block_key(registry::Lane lane, Position first) {
  return NumberKey(static_cast<std::uint64_t>(lane) << kLaneShift | first.value);
}

inline registry::Lane lane_of_block(std::uint64_t key) { return static_cast<registry::Lane>(key >> kLaneShift); }
inline Position first_of_block(std::uint64_t key) { return Position(key & ((std::uint64_t{1} << kLaneShift) - 1)); }

inline rocksdb::Slice slice_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView bytes_of(const rocksdb::Slice& slice) { return as_bytes({slice.data(), slice.size()}); }

}  // namespace titer::store
