// SPDX-License-Identifier: Apache-2.0

// ForgetfulDisk: a file system for RocksDB in tests that knows what a crash would leave of it.
//
// Everything goes to real files; besides it keeps, for each file, how much of it was synced, and which files and renames
// a synced directory does not know yet. crash_image() copies the directory as a power failure might leave it: synced
// bytes are there; of the bytes behind them some first part is, perhaps with a hole of zeros in it; a file or
// rename that is not synced may be missing or not. Before each write or sync a hook may take such an image.
// A sync is only noted and not passed on: the real disk keeps what it gets while the test lasts.
// Not played: deletions that are undone (RocksDB does not look at files that its manifest does not name).
//
// It also fails on command: writes for lack of space, syncs for good.
// Thread rule: any; one lock around everything, because RocksDB's background threads come here, too.
#pragma once

#include <rocksdb/file_system.h>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>

namespace titer::store::test {

class ForgetfulDisk : public rocksdb::FileSystemWrapper {
 public:
  explicit ForgetfulDisk(std::uint64_t seed);
  [[nodiscard]] const char* Name() const override { return "ForgetfulDisk"; }

  // Called before every change with the disk as it is then; may take images.
  void set_hook(std::function<void()> hook) { hook_ = std::move(hook); }
  // What a crash now could leave of `from`, as a directory `to` of the real file system.
  void crash_image(const std::string& from, const std::string& to);
  // From now on: every write is refused for lack of space, after some part of it; every sync fails.
  void set_full(bool full);
  // So many bytes more can be written, and then it is full.
  void set_room(std::uint64_t bytes);
  void set_failing(bool failing);

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;

 private:
  friend class ForgetfulFile;
  friend class ForgetfulDirectory;
  struct File {
    std::uint64_t synced = 0;            // bytes
    bool known = false;                  // its directory was synced since it got its name
    std::optional<std::string> instead;  // what was under its name before an unsynced rename
  };
  // `change` between the hook and, if it succeeded, `note`; or the failure that was asked for.
  rocksdb::IOStatus perform(bool sync, const std::function<rocksdb::IOStatus()>& change,
                            const std::function<void()>& note);
  void copy_file(const std::string& from, const std::string& to, std::uint64_t synced);

  std::recursive_mutex mutex_;
  std::function<void()> hook_;
  std::map<std::string, File> files_;
  std::mt19937_64 random_;
  bool full_ = false, failing_ = false, in_hook_ = false;
  std::uint64_t room_ = ~std::uint64_t{0};
};

}  // namespace titer::store::test
