// SPDX-License-Identifier: Apache-2.0

// Disk: between a replica's process and its directory — what of that which it hands over is durable, and when.
//
// One sync at a time: what is appended while one runs goes into the next, as group commit does. Lines with requests are
// synced at once; others go with them, or when they have waited for kLazyUs, unless somebody waits for them (urgent):
// as node does. Tables are written beside that, as one: all of them or the old ones. A disk may be slow, hang for a
// while, or fail a sync — then nothing later is ever synced, and the replica stops (fail-stop).
//
// When the process ends, what was synced stays, of the rest any prefix (a torn tail), drawn from the seed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "sim/directory.h"
#include "sim/stage.h"

namespace titer::sim {

class DiskOwner {
 public:
  virtual void persisted(std::uint64_t ticket) = 0;  // everything up to it is on disk
  virtual void tables_written() = 0;
  virtual void forgotten(const smr::Frame& frame) = 0;  // the tables make it obsolete
  virtual void disk_failed() = 0;
  // A failure is allowed now: somebody else has the state.
  [[nodiscard]] virtual bool may_fail() const = 0;

 protected:
  ~DiskOwner() = default;
};

class Disk final : public Handler {
 public:
  Disk(Stage& stage, DiskOwner& owner, std::shared_ptr<Directory> directory)
      : stage_(stage), owner_(owner), directory_(std::move(directory)) {}

  void append(std::uint64_t ticket, Line line);
  void commit(bool urgent);
  // Those that are being written are given up.
  void write_tables(Tables tables);
  [[nodiscard]] bool writes_tables() const { return tables_.has_value(); }
  // The process has ended.
  void crash();
  // --- faults
  void slow(Time sync_us) { extra_us_ = sync_us; }
  void hang(Time until);
  void fail_next() { fails_ = true; }
  void heal();

 private:
  enum What : std::uint32_t { kSync, kLazy, kTables };
  struct Appended {
    std::uint64_t ticket;
    Line line;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void begin();
  void synced();
  void tables_end();
  [[nodiscard]] Time length() const;
  [[nodiscard]] Time not_before(Time when) const { return when > hangs_until_ ? when : hangs_until_; }

  Stage& stage_;
  DiskOwner& owner_;
  std::shared_ptr<Directory> directory_;
  std::deque<Appended> unsynced_;
  std::uint64_t appended_ = 0, due_ = 0, syncing_ = 0, synced_ = 0;  // tickets
  std::uint64_t lazy_ = 0;                                           // ticket of the newest line that waits
  std::uint64_t sync_ = 0, write_ = 0;                               // number of what is under way
  std::optional<Tables> tables_;                                     // being written
  Time extra_us_ = 0, hangs_until_ = 0;
  bool busy_ = false, fails_ = false, over_ = false;
};

}  // namespace titer::sim
