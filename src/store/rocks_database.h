// SPDX-License-Identifier: Apache-2.0

// RocksDB behind Database: how it is set up, and what its failures mean to a person.
//
// Set up to be small and to tell the truth: 8 MiB of block cache, 16 MiB of write buffers (and the batch that is being written),
// no threads but two for background work, no statistics; every block has a checksum that every read looks at; a write is synced
// before it returns. After a crash the log is replayed up to where it breaks off (that is the write that was never reported).
// A background error is final: RocksDB is not allowed to try again by itself, or a page that the kernel dropped after a failed
// sync would count as written.
//
// Why RocksDB here and not for the journal: batches of many small rows that overwrite one another are what it is for; a log
// that is synced for every turn is not (docs/decisions/0011).
#pragma once

#include "store/database.h"

namespace rocksdb {
class Env;
}

namespace titer::store {

class RocksDatabases final : public Databases {
 public:
  // `env`: tests have a disk that fails; outlives this. Null: this machine's.
  explicit RocksDatabases(rocksdb::Env* env = nullptr) : env_(env) {}
  Result<std::unique_ptr<Database>> open(const DatabaseOptions& options) override;

 private:
  rocksdb::Env* env_;
};

[[nodiscard]] Databases& rocks_databases();

}  // namespace titer::store
