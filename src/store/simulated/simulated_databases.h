// SPDX-License-Identifier: Apache-2.0

// SimulatedDatabases: databases in memory that keep versions, on the disk of a SimulatedFiles.
//
// A version is all rows as one batch left them, and keeps what that batch has changed. A write makes a version and syncs it. If
// the power or the process goes in between, the version is there afterwards or the one before it is, by chance; never a
// mixture. A write that failed is final, as with RocksDB, but one that found no room may be tried again.
//
// What a disk can do while nobody uses it: lose_newest(), which is what RocksDB makes of a damaged byte in its log; damage(), after
// which reading that row is an error, as with RocksDB's checksums; put() of an image that was taken earlier or of another disk.
// Thread rule: one thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/random.h"
#include "store/database.h"
#include "store/simulated/simulated_files.h"

namespace titer::store {

class SimulatedDatabases final : public Databases {
 public:
  SimulatedDatabases(SimulatedFiles& files, std::uint64_t seed) : files_(files), random_(seed) {}

  Result<std::unique_ptr<Database>> open(const DatabaseOptions& options) override;

  // --- faults
  // Together with SimulatedFiles::restart().
  void restart();

  // --- while nobody uses it
  using Value = std::shared_ptr<const Bytes>;  // null: no row
  using Rows = std::map<Bytes, Value>;
  struct Version {
    std::array<Rows, kFamilies> rows;
    std::uint64_t bytes = 0;  // of all keys and values
  };
  struct Change {
    Family family;
    Bytes key;
    Value before;
  };
  struct Contents {
    std::shared_ptr<Version> now;  // shared with images and readers, so it is copied before a change
    std::optional<std::vector<Change>>
        last;  // of the last write, in its order; the version before it is now without them
    bool synced = true;
    std::set<std::pair<Family, Bytes>> damaged;

    [[nodiscard]] Version& to_change();
    void go_back();
  };
  using Image = std::map<std::string, Contents>;  // by directory
  [[nodiscard]] const Image& image() const { return databases_; }
  // Instead of all that is there.
  void put(Image image) { databases_ = std::move(image); }
  // One version back; false: there is none.
  bool lose_newest(const std::string& dir);
  // A row by chance; false: there is none.
  bool damage(const std::string& dir);

 private:
  friend class SimulatedDatabase;
  [[nodiscard]] std::uint64_t bytes() const;

  SimulatedFiles& files_;
  Random random_;
  Image databases_;
  std::set<std::string> in_use_;
};

}  // namespace titer::store
