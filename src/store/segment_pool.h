// SPDX-License-Identifier: Apache-2.0

// SegmentPool: files that are ready to become segments, and the worker that makes them ahead of need.
//
// A file is ready when every byte of it has been written once and synced. A sync of data in such a file has no metadata
// to write (no size, no extent, nothing in the file system's log), which halves what a commit costs; making one takes
// tens of milliseconds, so it is done by a worker of its own, always one ahead. Files that a journal has finished with
// come back and are used again, so in the long run none is made.
//
// When there is no room on the disk the pool says so (room(false)), goes on with what it has, and tries again when
// asked to. take() fails only when nothing is left and none can be made. Being out of descriptors is no lack of room: it is
// tried again every kTryAgain, and take() waits.
// Thread rule: every function may be called from any thread; `room` is called by the pool's worker or inside take() and
// give_back(), without a lock held.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/journal_reader.h"
#include "store/workers.h"

namespace titer::store {

struct SegmentPoolOptions {
  std::string dir;
  std::uint64_t segment_bytes = 0;
  std::uint64_t spare_bytes_max = 0;  // what comes back beyond that is removed
  std::uint64_t next_number = 1;      // for names; none that is in use may be as high
};

class SegmentPool {
 public:
  // Every one of `spares` is ready; those of another size are removed.
  SegmentPool(Files& files, Workers& workers, SegmentPoolOptions options, std::vector<SegmentFile> spares,
              std::function<void(bool enough)> room);
  ~SegmentPool();
  SegmentPool(const SegmentPool&) = delete;
  SegmentPool& operator=(const SegmentPool&) = delete;

  // Waits while one is being made, or makes one itself. kBusy: there is no room for one; or why else none could be made.
  [[nodiscard]] Result<SegmentFile> take();
  // Nothing in it is needed any more, on disk too.
  void give_back(SegmentFile file);
  // There may be room again.
  void retry();
  [[nodiscard]] std::size_t spares() const;

 private:
  void step();
  void make_one(std::unique_lock<std::mutex>& lock);
  void settle(Result<SegmentFile> made, std::unique_lock<std::mutex>& lock);
  void keep(SegmentFile file);
  Result<SegmentFile> make(std::uint64_t number);
  Status fill(File& file);
  Status remove(const std::string& name);
  [[nodiscard]] bool wanted() const { return spares_.size() < kSparesWanted && !trouble_ && !making_; }

  // One ready while the newest segment fills: at 1 GB/s that is 8 ms for 8 MiB, and then take() waits for a disk that is
  // busy anyway.
  static constexpr std::size_t kSparesWanted = 1;
  static constexpr std::chrono::milliseconds kTryAgain{50};

  Files& files_;
  Workers& workers_;
  const SegmentPoolOptions options_;
  const std::function<void(bool)> room_;

  mutable std::mutex lock_;  // for all below
  std::condition_variable changed_;
  std::vector<SegmentFile> spares_;
  std::vector<SegmentFile> surplus_;  // to be removed
  std::uint64_t next_number_;
  std::optional<Error> trouble_;  // of the last attempt; nothing is attempted until retry()
  bool short_ = false;            // room(false) was said, and room(true) not since
  bool making_ = false;           // somebody makes one, without the lock
  bool stop_ = false;
  std::unique_ptr<Worker> worker_;  // last: it uses everything above
};

}  // namespace titer::store
