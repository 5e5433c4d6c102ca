// SPDX-License-Identifier: Apache-2.0

#include "store/segment_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::store {
namespace {

// Zeros written at once; between two the thread looks whether it should stop.
constexpr std::size_t kFillBytes = std::size_t{256} << 10;

}  // namespace

SegmentPool::SegmentPool(Files& files, Workers& workers, SegmentPoolOptions options,
                         std::vector<SegmentFile> spares, std::function<void(bool)> room)
    : files_(files),
      workers_(workers),
      options_(std::move(options)),
      room_(std::move(room)),
      next_number_(options_.next_number) {
  for (SegmentFile& file : spares) keep(std::move(file));
  worker_ = workers_.start([this] { step(); });
  worker_->wake();
}

SegmentPool::~SegmentPool() {
  {
    const std::lock_guard lock(lock_);
    stop_ = true;
  }
  changed_.notify_all();
  worker_.reset();
}

// Under the lock, or before the worker is there.
void SegmentPool::keep(SegmentFile file) {
  TITER_CHECK(file.file != nullptr && !file.name.empty(), "a segment has a file");
  const bool fits = (spares_.size() + 1) * options_.segment_bytes <= options_.spare_bytes_max;
  const bool good = file.bytes == options_.segment_bytes && (fits || spares_.size() < kSparesWanted);
  (good ? spares_ : surplus_).push_back(std::move(file));
}

Result<SegmentFile> SegmentPool::take() {
  std::unique_lock lock(lock_);
  while (spares_.empty() && !trouble_) {
    if (making_)
      changed_.wait(lock, [this] { return !making_ || !spares_.empty(); });
    else
      make_one(lock);
  }
  if (spares_.empty()) return *trouble_;
  SegmentFile file = std::move(spares_.back());
  spares_.pop_back();
  lock.unlock();
  worker_->wake();
  return file;
}

void SegmentPool::give_back(SegmentFile file) {
  bool relieved = false;
  {
    const std::lock_guard lock(lock_);
    keep(std::move(file));
    if (!spares_.empty()) {
      relieved = std::exchange(short_, false);
      trouble_.reset();
    }
  }
  changed_.notify_all();
  worker_->wake();
  if (relieved) room_(true);
}

void SegmentPool::retry() {
  {
    const std::lock_guard lock(lock_);
    trouble_.reset();
  }
  worker_->wake();
}

std::size_t SegmentPool::spares() const {
  const std::lock_guard lock(lock_);
  return spares_.size();
}

void SegmentPool::step() {
  std::unique_lock lock(lock_);
  while (!stop_ && (!surplus_.empty() || wanted())) {
    if (surplus_.empty()) {
      make_one(lock);
      continue;
    }
    const std::string name = surplus_.back().name;
    surplus_.pop_back();
    lock.unlock();
    (void)remove(name);  // it stays and is found at the next start: nothing is lost but room
    lock.lock();
  }
}

void SegmentPool::make_one(std::unique_lock<std::mutex>& lock) {
  TITER_CHECK(!making_ && lock.owns_lock(), "one segment is made at a time");
  making_ = true;
  const std::uint64_t number = next_number_++;
  lock.unlock();
  auto made = make(number);
  lock.lock();
  making_ = false;
  if (made || made.error().code != Code::kUnavailable || stop_) return settle(std::move(made), lock);
  changed_.notify_all();
  lock.unlock();
  workers_.pause(kTryAgain);
  lock.lock();
}

void SegmentPool::settle(Result<SegmentFile> made, std::unique_lock<std::mutex>& lock) {
  const bool enough = made.ok();
  bool tell = true;
  if (enough) {
    keep(std::move(made).value());
    tell = std::exchange(short_, false);
  } else {
    trouble_ = made.error();
    short_ = true;
  }
  changed_.notify_all();
  if (!tell || stop_) return;
  lock.unlock();
  room_(enough);
  lock.lock();
}

Result<SegmentFile> SegmentPool::make(std::uint64_t number) {
  const std::string name = segment_name(number);
  auto file = files_.open(options_.dir + "/" + name, Files::Mode::kCreate);
  if (!file) return file.error();
  auto status = fill(**file);
  if (status) status = files_.sync_dir(options_.dir);
  if (status) return SegmentFile{name, options_.segment_bytes, std::move(file).value()};
  // Half a file is no use and takes room. If it cannot be removed either, the next start does.
  (void)remove(name);
  return status.error();
}

Status SegmentPool::fill(File& file) {
  AlignedBuffer zeros;
  zeros.grow_to(std::min<std::uint64_t>(kFillBytes, options_.segment_bytes));
  std::fill(zeros.span().begin(), zeros.span().end(), std::byte{0});
  for (std::uint64_t at = 0; at < options_.segment_bytes; at += kFillBytes) {
    {
      const std::lock_guard lock(lock_);
      if (stop_) return Error{Code::kUnavailable, "the journal is closing"};
    }
    const auto piece = zeros.span().first(std::min<std::uint64_t>(kFillBytes, options_.segment_bytes - at));
    if (auto status = write_all(file, at, piece); !status) return status;
  }
  return file.sync();
}

Status SegmentPool::remove(const std::string& name) {
  if (auto status = files_.remove(options_.dir + "/" + name); !status) return status;
  return files_.sync_dir(options_.dir);
}

}  // namespace titer::store
