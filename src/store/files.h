// SPDX-License-Identifier: Apache-2.0

// Files: the operations of a file system that a store needs.
//
// Why an interface: a store has to be tested with disks that misbehave, and real disks seldom do so when asked. The real
// implementation (real_files()) is thin enough to be right by reading; the simulated one (simulated/simulated_files.h) loses
// what was not synced, tears writes, fails, and fills up.
//
// Errors: kNotFound: no such file. kBusy: no room on the disk (ENOSPC, EDQUOT), or locked by another process; a later attempt
// may succeed. kUnavailable: this process or the system is out of descriptors or memory (EMFILE, ENFILE, ENOMEM): it says
// nothing about the disk, and passes. kInternal: everything else that the operating system refuses, with its words.
// Limits: of a File, at, sizes and addresses of memory are multiples of kFileBlock, so that an implementation may go around the
// page cache; AlignedBuffer has such memory. Small files (read_file, write_file) have any size.
// Thread rule: Files may be used from several threads at a time, one File from one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace titer::store {

// Bytes: what file systems and disks write as one piece, so the unit of everything here.
inline constexpr std::size_t kFileBlock = 4096;

class File {
 public:
  virtual ~File() = default;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // How many bytes were read; fewer than asked for at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) = 0;
  // How many bytes were written, as pwrite has it: perhaps fewer than given, 0 when interrupted. See write_all().
  virtual Result<std::size_t> write(std::uint64_t at, ByteView bytes) = 0;
  // Everything written is on the disk when it returns, and so is the size.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

// Held for as long as it lives.
class DirLock {
 public:
  virtual ~DirLock() = default;
  // The directory still has this name. False: it was removed, renamed or replaced; files that are open in it can be written, and
  // nobody will find them. A disk that does not answer says nothing: true. It waits for the disk.
  [[nodiscard]] virtual bool still_at(const std::string& dir) const = 0;
};

class Files {
 public:
  enum class Mode : std::uint8_t { kRead, kWrite, kCreate };  // kCreate: must not be there yet

  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) = 0;
  // The names in a directory, in any order. kNotFound when it is not there.
  virtual Result<std::vector<std::string>> list(const std::string& dir) = 0;
  // With those above it; well if it is there already.
  virtual Status create_dir(const std::string& dir) = 0;
  virtual Status remove(const std::string& path) = 0;
  // A small file as a whole. kTooLarge: it has more bytes than that.
  virtual Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) = 0;
  // Creates or replaces it. Its contents are on the disk when it returns; its name is that after sync_dir().
  virtual Status write_file(const std::string& path, ByteView contents) = 0;
  // Over what has that name, if anything does; after a crash one of the two is there. See sync_dir().
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  // Names created, changed and removed in it are on the disk.
  virtual Status sync_dir(const std::string& dir) = 0;
  // Against other processes: one writer, or any number of readers. kBusy when taken.
  virtual Result<std::unique_ptr<DirLock>> lock_dir(const std::string& dir, bool exclusive) = 0;
};

// The file system of this machine.
[[nodiscard]] Files& real_files();

// The directory that a path is in.
[[nodiscard]] std::string parent_of(const std::string& path);

// Writes it all, however many pieces it takes.
[[nodiscard]] Status write_all(File& file, std::uint64_t at, ByteView bytes);
// Reads until `out` is full or the file ends; how many bytes came.
[[nodiscard]] Result<std::size_t> read_all(File& file, std::uint64_t at, std::span<std::byte> out);

// Memory at a multiple of kFileBlock. Grows, never shrinks; growing keeps what is there.
class AlignedBuffer {
 public:
  void grow_to(std::size_t bytes);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::byte* data() { return memory_.get(); }
  [[nodiscard]] std::span<std::byte> span() { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace titer::store
