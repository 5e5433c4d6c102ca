// SPDX-License-Identifier: Apache-2.0

// SimulatedFiles: a file system in memory that misbehaves as real ones do.
//
// Every file has two contents: what was written, and what would be there after a power loss. sync() makes them one. At a
// power loss every sector of 512 bytes that was written and not synced survives or not, by chance, and so do names that
// were created, changed or removed and not synced with their directory.
//
// Faults are set before or while a store works: cut_power_in, fail_writes, fail_syncs, refuse_opens, set_room, shorten_writes,
// hold_syncs. What a disk can do while nobody uses it: flip, and put() of an image that was taken earlier or of another disk.
// Everything is a function of the seed and of the order of calls.
// Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/files.h"

namespace titer::store {

class SimulatedFiles final : public Files {
 public:
  static constexpr std::size_t kSector = 512;

  struct Write {
    std::string path;
    std::uint64_t at = 0, bytes = 0;
  };

  explicit SimulatedFiles(std::uint64_t seed = 1) : random_(seed) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override;
  Result<std::vector<std::string>> list(const std::string& dir) override;
  Status create_dir(const std::string& dir) override;
  Status remove(const std::string& path) override;
  Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) override;
  Status write_file(const std::string& path, ByteView contents) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_dir(const std::string& dir) override;
  Result<std::unique_ptr<DirLock>> lock_dir(const std::string& dir, bool exclusive) override;

  // What another writer does on the same disk (SimulatedDatabases): its files then have so many bytes together. The same faults.
  Status write_beside(std::uint64_t bytes_together);
  Status sync_beside();

  // --- faults
  // The power goes in the middle of the n-th write or sync from now; everything fails from then on.
  void cut_power_in(std::uint64_t operations);
  // Everything works again. With the power, what was not synced is lost, or not; when only the process was killed,
  // nothing is but what a sync failed for. Files of before must be closed.
  void restart(bool power_lost = true);
  void fail_writes(bool on) { set(&SimulatedFiles::writes_fail_, on); }
  void run_out_of_descriptors(bool on) { set(&SimulatedFiles::no_descriptors_, on); }  // no file can be opened …
  void refuse_opens(std::uint64_t times) { set(&SimulatedFiles::opens_to_refuse_, times); }  // … so many times
  void fail_syncs(bool on) { set(&SimulatedFiles::syncs_fail_, on); }
  void shorten_writes(bool on) { set(&SimulatedFiles::short_, on); }          // into pieces, some of them empty
  void set_room(std::uint64_t bytes) { set(&SimulatedFiles::room_, bytes); }  // of all files together
  void hold_syncs(bool on);                                                   // they wait until let go
  void wait_for_held_sync();

  // --- while nobody uses it
  struct Image {
    std::map<std::string, Bytes> files;
    std::set<std::string> dirs;
  };
  [[nodiscard]] Image image();
  // Instead of all that is there. Files of before must be closed.
  void put(Image image);
  void overwrite(const std::string& path, const Bytes& content);
  void flip(const std::string& path, std::uint64_t at, unsigned bit);

  // --- to look at
  [[nodiscard]] Bytes content(const std::string& path);
  [[nodiscard]] std::vector<Write> writes();  // the first ones
  [[nodiscard]] bool has_power();
  [[nodiscard]] std::uint64_t syncs();
  [[nodiscard]] std::uint64_t operations();     // writes and syncs, as cut_power_in() counts them
  [[nodiscard]] std::uint64_t opens_refused();  // for want of descriptors
  [[nodiscard]] std::uint64_t changes();        // operations of every kind that change something
  [[nodiscard]] std::uint64_t used();           // bytes of all files, and those beside
  [[nodiscard]] std::vector<std::string> paths();
  // Of every file, at one moment: a worker may remove files meanwhile.
  [[nodiscard]] std::vector<std::size_t> sizes();
  [[nodiscard]] std::size_t unsynced();  // sectors and names that a power loss could take

 private:
  friend class SimulatedFile;
  friend class SimulatedLock;
  // Sectors, in order.
  class Sectors {
   public:
    void insert(std::uint64_t first, std::uint64_t end);
    void clear() { is_in_.clear(), first_ = count_ = 0; }
    [[nodiscard]] std::size_t size() const { return count_; }
    template <typename Visit>
    void each(Visit visit) const {
      for (std::uint64_t sector = first_; sector < is_in_.size(); ++sector)
        if (is_in_[sector]) visit(sector);
    }

   private:
    std::vector<bool> is_in_;
    std::uint64_t first_ = 0;  // none before it
    std::size_t count_ = 0;
  };
  struct Content {
    Bytes now, durable;
    Sectors unsynced;
    bool name_durable = false;
    bool sync_failed = false;  // so it may be lost without a power loss, too
  };
  using ContentPtr = std::shared_ptr<Content>;
  struct Rename {
    std::string from, to;
    ContentPtr replaced;  // null: nothing
  };

  template <typename T>
  void set(T SimulatedFiles::*member, T value) {
    const std::lock_guard lock(lock_);
    this->*member = value;
  }
  [[nodiscard]] Status openable(const std::string& path);
  [[nodiscard]] std::uint64_t bytes_of_files() const;
  [[nodiscard]] bool power_goes();
  void lose_some(Content& content);
  void lose_names();
  Result<std::size_t> write(const std::string& path, Content& content, std::uint64_t at, ByteView bytes);
  Result<std::size_t> write_locked(const std::string& path, Content& content, std::uint64_t at, ByteView bytes);
  Status sync(Content& content);
  Status sync_locked(Content& content);
  static void make_durable(Content& content);

  std::mutex lock_;  // for all below
  std::condition_variable changed_;
  Random random_;
  std::map<std::string, ContentPtr> files_;
  std::map<std::string, ContentPtr> removed_;  // and their directory not synced since
  std::vector<Rename> renamed_;                // the same
  std::set<std::string> dirs_;
  std::map<std::string, int> locks_;  // readers, or -1
  std::vector<Write> writes_;
  std::uint64_t opens_refused_ = 0, syncs_ = 0, operations_ = 0, changes_ = 0, room_ = ~std::uint64_t{0},
                until_power_goes_ = 0, beside_ = 0, opens_to_refuse_ = 0;
  bool no_power_ = false, writes_fail_ = false, syncs_fail_ = false, short_ = false, hold_ = false, held_ = false,
       no_descriptors_ = false;
};

}  // namespace titer::store
