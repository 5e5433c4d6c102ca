// SPDX-License-Identifier: Apache-2.0

// FakeFiles: a disk in memory that misbehaves as real ones do. For tests only.
//
// Every file has two contents: what was written, and what would be there after a power loss. sync() makes them one. At a
// power loss every sector of 512 bytes that was written and not synced survives or not, by chance, and so do names that
// were created or removed and not synced with their directory.
// Faults are set before or while the journal works: cut_power, fail_writes, fail_syncs, room, shorten, hold.
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

class FakeFiles final : public Files {
 public:
  static constexpr std::size_t kSector = 512;

  struct Write {
    std::string path;
    std::uint64_t at = 0, bytes = 0;
  };

  explicit FakeFiles(std::uint64_t seed = 1) : random_(seed) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override;
  Result<std::vector<std::string>> list(const std::string& dir) override;
  Status create_dir(const std::string& dir) override;
  Status remove(const std::string& path) override;
  Status sync_dir(const std::string& dir) override;
  Result<std::unique_ptr<DirLock>> lock_dir(const std::string& dir, bool exclusive) override;

  // --- faults
  // The power goes in the middle of the n-th write or sync from now; everything fails from then on.
  void cut_power_in(std::uint64_t operations);
  // Everything works again. With the power, what was not synced is lost, or not; when only the process was killed,
  // nothing is. Files of before must be closed.
  void restart(bool power_lost = true);
  void fail_writes(bool on) { set(&FakeFiles::writes_fail_, on); }
  void run_out_of_descriptors(bool on) { set(&FakeFiles::no_descriptors_, on); }  // no file can be opened
  void fail_syncs(bool on) { set(&FakeFiles::syncs_fail_, on); }
  void shorten_writes(bool on) { set(&FakeFiles::short_, on); }  // into pieces, some of them empty
  void set_room(std::uint64_t bytes);                            // of all files together
  void hold_syncs(bool on);                                      // they wait until let go
  void wait_for_held_sync();

  // --- to look at, and to damage
  [[nodiscard]] Bytes content(const std::string& path);
  void overwrite(const std::string& path, const Bytes& content);
  void flip(const std::string& path, std::uint64_t at, unsigned bit);
  [[nodiscard]] std::vector<Write> writes();
  [[nodiscard]] std::uint64_t syncs();
  [[nodiscard]] std::uint64_t opens_refused();  // for want of descriptors
  [[nodiscard]] std::uint64_t changes();        // operations of every kind that change something
  [[nodiscard]] std::vector<std::string> paths();
  // Of every file, at one moment: the journal's thread may remove files meanwhile.
  [[nodiscard]] std::vector<std::size_t> sizes();
  [[nodiscard]] std::size_t unsynced();  // sectors and names that a power loss could take

 private:
  friend class FakeFile;
  friend class FakeLock;
  struct Content {
    Bytes now, durable;
    std::set<std::uint64_t> unsynced;  // sectors
    bool name_durable = false;
  };
  using ContentPtr = std::shared_ptr<Content>;

  template <typename T>
  void set(T FakeFiles::*member, T value) {
    const std::lock_guard lock(lock_);
    this->*member = value;
  }
  [[nodiscard]] std::uint64_t used() const;
  [[nodiscard]] bool power_goes();
  void lose_some(Content& content);
  Result<std::size_t> write(const std::string& path, Content& content, std::uint64_t at, ByteView bytes);
  Status sync(Content& content);
  static void make_durable(Content& content);

  std::mutex lock_;  // for all below
  std::condition_variable changed_;
  Random random_;
  std::map<std::string, ContentPtr> files_;
  std::map<std::string, ContentPtr> removed_;  // and their directory not synced since
  std::set<std::string> dirs_;
  std::map<std::string, int> locks_;  // readers, or -1
  std::vector<Write> writes_;
  std::uint64_t opens_refused_ = 0, syncs_ = 0, changes_ = 0, room_ = ~std::uint64_t{0}, until_power_goes_ = 0;
  bool no_power_ = false, writes_fail_ = false, syncs_fail_ = false, short_ = false, hold_ = false, held_ = false,
       no_descriptors_ = false;
};

}  // namespace titer::store
