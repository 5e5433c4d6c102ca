// SPDX-License-Identifier: Apache-2.0

// Database: the operations of a database that the tables need: rows in families, ordered by key; a batch of changes that is on
// disk as a whole or not at all.
//
// RocksDB is one implementation (rocks_database.h). The other is simulated/simulated_databases.h, which keeps versions: a batch
// makes a new one, and a crash may take away the one that was being written. Everything that the tables mean is above this seam
// (tables.h), so both run it.
//
// Thread rule: write() from one thread at a time, and nothing else meanwhile but batch().
// Errors: sentences that say what to do, made here for both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace titer::store {

enum Family : std::size_t { kSites, kHistory, kSessions, kIdempotency, kMeta, kFamilies };

// Changes, in order; a later one of a row wins.
class RowBatch {
 public:
  virtual ~RowBatch() = default;
  virtual void put(Family family, ByteView key, ByteView value) = 0;
  virtual void remove(Family family, ByteView key) = 0;
  virtual void remove_range(Family family, ByteView first,
                            ByteView end) = 0;  // without `end`, which is not before it
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

class Database {
 public:
  enum class End : std::uint8_t {
    kWritten,
    kNoSpace,  // nothing is written; the same batch may be tried again when there is room
    kFailed,   // it is not known whether it is written; nothing can be written any more
  };
  struct Ended {
    End end = End::kWritten;
    Error error;  // unless written
  };
  using Row = std::function<bool(ByteView key, ByteView value)>;  // false: enough

  virtual ~Database() = default;
  [[nodiscard]] virtual std::unique_ptr<RowBatch> batch(std::size_t bytes_expected) const = 0;
  // On disk when it returns kWritten. A batch of this database.
  [[nodiscard]] virtual Ended write(const RowBatch& batch) = 0;
  // No value: there is no such row.
  [[nodiscard]] virtual Result<std::optional<Bytes>> get(Family family, ByteView key) const = 0;
  // The rows from this key on, in the order of keys; from the empty key on it is expected that all are read.
  [[nodiscard]] virtual Status each(Family family, ByteView from, const Row& row) const = 0;
  // Every block of every file is as it was written.
  [[nodiscard]] virtual Status verify() const = 0;
  // Gives back the room of removed rows of whole families. It saves space, and may fail.
  virtual void reclaim() {}
};

struct DatabaseOptions {
  std::string dir;
  bool read_only = false;
  int files_max = 256;  // that it keeps open, at least 20
};

class Databases {
 public:
  virtual ~Databases() = default;
  // Makes one if there is none; kNotFound when it is read only.
  [[nodiscard]] virtual Result<std::unique_ptr<Database>> open(const DatabaseOptions& options) = 0;
};

[[nodiscard]] Error damaged_tables(const std::string& dir, std::string_view what);
[[nodiscard]] Error failed_tables(const std::string& dir, std::string_view what);
[[nodiscard]] Error no_tables(const std::string& dir);
[[nodiscard]] Error no_space_for_tables(const std::string& dir, Code code, std::string_view why);

}  // namespace titer::store
