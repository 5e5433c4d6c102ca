// SPDX-License-Identifier: Apache-2.0

// The floor of the journal: how fast can one record be made durable on this disk, and what does it cost?
//
//   journal_floors DIRECTORY [ROUNDS]
//
// Every way writes records of 200 B, 4 KiB and 64 KiB one after another, each durable before the next. The ways take
// turns, ROUNDS times (default 7), because a disk that others use too has moods. Prints one line per way and size:
// latency at the median and at 99 of 100, processor time of this process per record, MB of records per second.
// docs/decisions/0011 has the table and what was made of it.
#include <fcntl.h>
#include <liburing.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "processor_time.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kSegmentBytes = std::size_t{8} << 20;
constexpr std::size_t kRecordsPerTurn = 200;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::size_t blocks(std::size_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

struct Free {
  void operator()(char* p) const { std::free(p); }
};
using Aligned = std::unique_ptr<char, Free>;

Aligned aligned(std::size_t bytes) {
  auto* p = static_cast<char*>(std::aligned_alloc(kBlock, blocks(bytes)));
  std::memset(p, 'x', blocks(bytes));
  return Aligned(p);
}

// One way to make bytes durable; returns when they are.
class Way {
 public:
  virtual ~Way() = default;
  virtual void write(const char* bytes, std::size_t size) = 0;
};

// A file that only grows, or one whose space is reserved, or one that was written through and is used round and round.
class FileWay : public Way {
 public:
  enum class Space { kGrows, kReserved, kWritten };

  FileWay(const std::string& path, Space space, int flags, bool sync) : space_(space), sync_(sync) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
    if (fd_ < 0) die(path.c_str());
    prepare();
  }
  ~FileWay() override { ::close(fd_); }

  void write(const char* bytes, std::size_t size) override {
    const std::size_t padded = space_ == Space::kGrows ? size : blocks(size);
    make_room(padded);
    put(bytes, padded);
    at_ += padded;
  }

 protected:
  virtual void put(const char* bytes, std::size_t size) {
    if (::pwrite(fd_, bytes, size, static_cast<off_t>(at_)) != static_cast<ssize_t>(size)) die("pwrite");
    if (sync_ && ::fdatasync(fd_) != 0) die("fdatasync");
  }
  int fd_ = -1;
  std::size_t at_ = 0;

 private:
  void prepare() {
    if (space_ == Space::kReserved && ::posix_fallocate(fd_, 0, kSegmentBytes) != 0) die("posix_fallocate");
    if (space_ == Space::kWritten) {
      const Aligned zeros = aligned(kSegmentBytes);
      if (::pwrite(fd_, zeros.get(), kSegmentBytes, 0) != static_cast<ssize_t>(kSegmentBytes)) die("pwrite");
    }
    if (::fsync(fd_) != 0) die("fsync");
  }
  void make_room(std::size_t bytes) {
    if (space_ == Space::kGrows || at_ + bytes <= kSegmentBytes) return;
    at_ = 0;
    if (space_ == Space::kWritten) return;
    if (::ftruncate(fd_, 0) != 0) die("ftruncate");  // what is reserved counts once
    prepare();
  }
  const Space space_;
  const bool sync_;
};

// The same through io_uring: the sync is linked to the write, one system call for both.
class UringWay final : public FileWay {
 public:
  UringWay(const std::string& path, int flags) : FileWay(path, Space::kWritten, flags, false) {
    if (::io_uring_queue_init(8, &ring_, 0) != 0) die("io_uring_queue_init");
  }
  ~UringWay() override { ::io_uring_queue_exit(&ring_); }

 protected:
  void put(const char* bytes, std::size_t size) override {
    io_uring_sqe* write = ::io_uring_get_sqe(&ring_);
    ::io_uring_prep_write(write, fd_, bytes, static_cast<unsigned>(size), at_);
    write->flags |= IOSQE_IO_LINK;
    io_uring_sqe* sync = ::io_uring_get_sqe(&ring_);
    ::io_uring_prep_fsync(sync, fd_, IORING_FSYNC_DATASYNC);
    ::io_uring_submit_and_wait(&ring_, 2);
    for (int i = 0; i < 2; ++i) {
      io_uring_cqe* done = nullptr;
      if (::io_uring_wait_cqe(&ring_, &done) != 0 || done->res < 0) die("io_uring");
      ::io_uring_cqe_seen(&ring_, done);
    }
  }

 private:
  io_uring ring_{};
};

// What a database does for a record: its log, synced, and its table in memory.
class RocksWay final : public Way {
 public:
  explicit RocksWay(const std::string& path) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    if (!rocksdb::DB::Open(options, path, &db).ok()) die("rocksdb");
    db_.reset(db);
    sync_.sync = true;
  }
  void write(const char* bytes, std::size_t size) override {
    const std::string key = std::to_string(++next_);
    if (!db_->Put(sync_, key, rocksdb::Slice(bytes, size)).ok()) die("rocksdb put");
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions sync_;
  std::uint64_t next_ = 0;
};

struct Measured {
  std::vector<double> us;
  double processor = 0;
};

struct Named {
  const char* name;
  std::function<std::unique_ptr<Way>(const std::string& path)> make;
};

std::vector<Named> all_ways() {
  using Space = FileWay::Space;
  const auto file = [](Space space, int flags, bool sync) {
    return [=](const std::string& path) { return std::make_unique<FileWay>(path, space, flags, sync); };
  };
  const auto ring = [](int flags) {
    return [=](const std::string& path) { return std::make_unique<UringWay>(path, flags); };
  };
  return {
      {"growing file, fdatasync", file(Space::kGrows, 0, true)},
      {"reserved (fallocate), fdatasync", file(Space::kReserved, 0, true)},
      {"written through, fdatasync", file(Space::kWritten, 0, true)},
      {"written through, O_DSYNC", file(Space::kWritten, O_DSYNC, false)},
      {"written through, O_DIRECT, fdatasync", file(Space::kWritten, O_DIRECT, true)},
      {"written through, O_DIRECT|O_DSYNC", file(Space::kWritten, O_DIRECT | O_DSYNC, false)},
      {"written through, io_uring write+fsync", ring(0)},
      {"written through, io_uring, O_DIRECT", ring(O_DIRECT)},
      {"RocksDB, WAL, sync", [](const std::string& path) { return std::make_unique<RocksWay>(path); }},
  };
}

void take_turn(Way& way, const char* bytes, std::size_t size, Measured& into) {
  for (int i = 0; i < 5; ++i) way.write(bytes, size);  // to get warm
  const double before = processor_us();
  for (std::size_t i = 0; i < kRecordsPerTurn; ++i) {
    const auto begin = Clock::now();
    way.write(bytes, size);
    into.us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  into.processor += processor_us() - before;
}

void print(const char* name, std::size_t size, Measured& m) {
  std::sort(m.us.begin(), m.us.end());
  double sum = 0;
  for (const double us : m.us) sum += us;
  const auto n = static_cast<double>(m.us.size());
  std::printf("%-40s %6zu B  p50 %7.0f us  p99 %7.0f us  cpu %6.0f us  %7.1f MB/s\n", name, size,
              m.us[m.us.size() / 2], m.us[m.us.size() * 99 / 100], m.processor / n,
              static_cast<double>(size) * n / sum);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: journal_floors DIRECTORY [ROUNDS]\n");
    return 2;
  }
  const std::string dir = std::string(argv[1]) + "/journal-floors";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  const std::size_t sizes[] = {200, kBlock, std::size_t{64} << 10};
  const auto ways = all_ways();
  const Aligned bytes = aligned(std::size_t{64} << 10);
  std::vector<std::vector<Measured>> measured(ways.size(), std::vector<Measured>(std::size(sizes)));
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t w = 0; w < ways.size(); ++w) {
      std::filesystem::remove_all(dir);
      std::filesystem::create_directories(dir);
      const auto way = ways[w].make(dir + "/way");
      for (std::size_t s = 0; s < std::size(sizes); ++s) take_turn(*way, bytes.get(), sizes[s], measured[w][s]);
    }
  }
  std::filesystem::remove_all(dir);
  for (std::size_t s = 0; s < std::size(sizes); ++s)
    for (std::size_t w = 0; w < ways.size(); ++w) print(ways[w].name, sizes[s], measured[w][s]);
}
