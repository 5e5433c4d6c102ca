// SPDX-License-Identifier: Apache-2.0

#include "store/testing/forgetful_disk.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace titer::store::test {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_contents(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

class ForgetfulFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ForgetfulFile(ForgetfulDisk& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard lock(disk_.mutex_);
    if (data.size() > disk_.room_) return IOStatus::NoSpace("the disk of this test has no room for this");
    disk_.room_ -= data.size();
    if (disk_.full_ && data.size() > 1)  // what fits is written
      (void)target()->Append(Slice(data.data(), disk_.random_() % data.size()), options, debug);
    return disk_.perform(
        false, [&] { return target()->Append(data, options, debug); }, nullptr);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return disk_.perform(
        true, [] { return IOStatus::OK(); },
        [&] { disk_.files_[name_].synced = target()->GetFileSize(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

 private:
  ForgetfulDisk& disk_;
  std::string name_;
};

class ForgetfulDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  ForgetfulDirectory(ForgetfulDisk& disk, std::string name, std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), name_(std::move(name)) {}

  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return disk_.perform(
        true, [] { return IOStatus::OK(); }, [&] { note(); });
  }

 private:
  void note() {
    for (auto& [path, file] : disk_.files_) {
      if (std::filesystem::path(path).parent_path() != std::filesystem::path(name_)) continue;
      file.known = true;
      file.instead.reset();
    }
  }
  ForgetfulDisk& disk_;
  std::string name_;
};

ForgetfulDisk::ForgetfulDisk(std::uint64_t seed)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {}

IOStatus ForgetfulDisk::perform(bool sync, const std::function<IOStatus()>& change,
                                const std::function<void()>& note) {
  const std::lock_guard lock(mutex_);
  if (hook_ && !std::exchange(in_hook_, true)) {
    hook_();
    in_hook_ = false;
  }
  if (sync && failing_) return IOStatus::IOError("the disk of this test fails");
  if (!sync && full_) return IOStatus::NoSpace("the disk of this test is full");
  IOStatus status = change();
  if (status.ok() && note) note();
  return status;
}

void ForgetfulDisk::set_full(bool full) {
  const std::lock_guard lock(mutex_);
  full_ = full;
}
void ForgetfulDisk::set_room(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = bytes;
}
void ForgetfulDisk::set_failing(bool failing) {
  const std::lock_guard lock(mutex_);
  failing_ = failing;
}

IOStatus ForgetfulDisk::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<rocksdb::FSWritableFile> real;
  IOStatus status = target()->NewWritableFile(name, options, &real, debug);
  if (!status.ok()) return status;
  files_[name] = File{};
  *file = std::make_unique<ForgetfulFile>(*this, name, std::move(real));
  return status;
}

IOStatus ForgetfulDisk::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                   IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  std::optional<std::string> before;
  if (std::filesystem::exists(to)) before = contents_of(to);
  IOStatus status = target()->RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  File file = files_[from];
  files_.erase(from);
  file.known = false;
  file.instead = std::move(before);
  files_[to] = std::move(file);
  return status;
}

IOStatus ForgetfulDisk::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  files_.erase(name);
  return target()->DeleteFile(name, options, debug);
}

IOStatus ForgetfulDisk::NewDirectory(const std::string& name, const IOOptions& options,
                                     std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> real;
  IOStatus status = target()->NewDirectory(name, options, &real, debug);
  if (status.ok()) *directory = std::make_unique<ForgetfulDirectory>(*this, name, std::move(real));
  return status;
}

void ForgetfulDisk::copy_file(const std::string& from, const std::string& to, std::uint64_t synced) {
  std::string bytes = contents_of(from);
  const std::uint64_t unsynced = bytes.size() > synced ? bytes.size() - synced : 0;
  const std::uint64_t kept = unsynced == 0 ? 0 : random_() % (unsynced + 1);
  bytes.resize(bytes.size() - unsynced + kept);
  if (kept > 1 && random_() % 2 == 0) {  // a page in the middle was not written, one behind it was
    const std::uint64_t hole = synced + random_() % kept;
    for (std::uint64_t i = hole; i < bytes.size() && i < hole + 4096; ++i) bytes[i] = 0;
  }
  write_contents(to, bytes);
}

void ForgetfulDisk::crash_image(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string target_path = to + "/" + entry.path().filename().string();
    const auto file = files_.find(entry.path().string());
    if (file == files_.end()) {  // of an earlier life
      std::filesystem::copy_file(entry.path(), target_path);
    } else if (file->second.known || random_() % 2 == 0) {
      copy_file(entry.path().string(), target_path, file->second.synced);
    } else if (file->second.instead) {
      write_contents(target_path, *file->second.instead);
    }
  }
}

}  // namespace titer::store::test
