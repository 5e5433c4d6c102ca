// SPDX-License-Identifier: Apache-2.0

#include "store/testing/fake_files.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace titer::store {
namespace {

const Error kNoPower{Code::kInternal, "the power is gone"};

std::string dir_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

}  // namespace

class FakeFile final : public File {
 public:
  FakeFile(FakeFiles& files, std::string path, FakeFiles::ContentPtr content)
      : files_(files), path_(std::move(path)), content_(std::move(content)) {}

  Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) override {
    const std::lock_guard lock(files_.lock_);
    const Bytes& bytes = content_->now;
    if (at >= bytes.size()) return std::size_t{0};
    const std::size_t n = std::min<std::uint64_t>(out.size(), bytes.size() - at);
    std::memcpy(out.data(), bytes.data() + at, n);
    return n;
  }
  Result<std::size_t> write(std::uint64_t at, ByteView bytes) override {
    return files_.write(path_, *content_, at, bytes);
  }
  Status sync() override { return files_.sync(*content_); }
  Result<std::uint64_t> size() override {
    const std::lock_guard lock(files_.lock_);
    return std::uint64_t{content_->now.size()};
  }

 private:
  FakeFiles& files_;
  const std::string path_;
  const FakeFiles::ContentPtr content_;
};

class FakeLock final : public DirLock {
 public:
  FakeLock(FakeFiles& files, std::string dir) : files_(files), dir_(std::move(dir)) {}
  ~FakeLock() override {
    const std::lock_guard lock(files_.lock_);
    int& holders = files_.locks_[dir_];
    holders = holders < 0 ? 0 : holders - 1;
  }

 private:
  FakeFiles& files_;
  const std::string dir_;
};

Result<std::unique_ptr<File>> FakeFiles::open(const std::string& path, Mode mode) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  if (no_descriptors_) {
    ++opens_refused_;
    return Error{Code::kUnavailable, path + ": Too many open files"};
  }
  auto at = files_.find(path);
  if (mode == Mode::kCreate) {
    if (at != files_.end()) return Error{Code::kInternal, path + " is there already"};
    at = files_.emplace(path, std::make_shared<Content>()).first;
    ++changes_;
  }
  if (at == files_.end()) return Error{Code::kNotFound, path};
  return std::unique_ptr<File>(std::make_unique<FakeFile>(*this, path, at->second));
}

Result<std::vector<std::string>> FakeFiles::list(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (!dirs_.contains(dir)) return Error{Code::kNotFound, dir};
  std::vector<std::string> names;
  for (const auto& [path, content] : files_)
    if (dir_of(path) == dir) names.push_back(path.substr(dir.size() + 1));
  return names;
}

Status FakeFiles::create_dir(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (dirs_.insert(dir).second) ++changes_;
  return ok_status();
}

Status FakeFiles::remove(const std::string& path) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  const auto at = files_.find(path);
  if (at == files_.end()) return Error{Code::kNotFound, path};
  if (at->second->name_durable) removed_[path] = at->second;
  files_.erase(at);
  ++changes_;
  return ok_status();
}

Status FakeFiles::sync_dir(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  for (auto& [path, content] : files_)
    if (dir_of(path) == dir) content->name_durable = true;
  std::erase_if(removed_, [&](const auto& entry) { return dir_of(entry.first) == dir; });
  return ok_status();
}

Result<std::unique_ptr<DirLock>> FakeFiles::lock_dir(const std::string& dir, bool exclusive) {
  const std::lock_guard lock(lock_);
  if (!dirs_.contains(dir)) return Error{Code::kNotFound, dir};
  int& holders = locks_[dir];
  if (holders < 0 || (exclusive && holders > 0)) return Error{Code::kBusy, dir + " is locked"};
  holders = exclusive ? -1 : holders + 1;
  return std::unique_ptr<DirLock>(std::make_unique<FakeLock>(*this, dir));
}

// --- writing

std::uint64_t FakeFiles::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : files_) bytes += content->now.size();
  return bytes;
}

bool FakeFiles::power_goes() {
  if (until_power_goes_ == 0 || --until_power_goes_ > 0) return false;
  no_power_ = true;
  return true;
}

Result<std::size_t> FakeFiles::write(const std::string& path, Content& content, std::uint64_t at, ByteView bytes) {
  const std::lock_guard lock(lock_);
  TITER_CHECK(at % kFileBlock == 0 && bytes.size() % kSector == 0, "writes are aligned");
  if (no_power_) return kNoPower;
  if (writes_fail_) return Error{Code::kInternal, "the disk refuses to write"};
  if (short_ && random_.chance(0.3)) return std::size_t{0};
  if (short_) bytes = bytes.first(std::min(bytes.size(), (1 + random_.below(4)) * kFileBlock));
  const std::uint64_t end = at + bytes.size();
  if (end > content.now.size()) {
    if (used() - content.now.size() + end > room_) return Error{Code::kBusy, "no space left on the disk"};
    content.now.resize(end);
  }
  std::memcpy(content.now.data() + at, bytes.data(), bytes.size());
  for (std::uint64_t sector = at / kSector; sector * kSector < end; ++sector) content.unsynced.insert(sector);
  writes_.push_back({path, at, bytes.size()});
  ++changes_;
  if (power_goes()) return kNoPower;
  return bytes.size();
}

Status FakeFiles::sync(Content& content) {
  std::unique_lock lock(lock_);
  held_ = hold_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !hold_; });
  held_ = false;
  if (no_power_ || power_goes()) return kNoPower;
  if (syncs_fail_) return Error{Code::kInternal, "the disk refuses to sync"};
  ++syncs_;
  make_durable(content);
  return ok_status();
}

void FakeFiles::make_durable(Content& content) {
  content.durable.resize(content.now.size());
  for (const std::uint64_t sector : content.unsynced)
    std::memcpy(content.durable.data() + sector * kSector, content.now.data() + sector * kSector, kSector);
  content.unsynced.clear();
}

// --- faults

void FakeFiles::cut_power_in(std::uint64_t operations) {
  const std::lock_guard lock(lock_);
  until_power_goes_ = operations;
}

// Of the sectors written and not synced a part survives: none, all, a prefix, or any.
void FakeFiles::lose_some(Content& content) {
  const std::uint64_t how = random_.below(4);
  std::uint64_t left = random_.below(content.unsynced.size() + 1);
  std::set<std::uint64_t> survive;
  for (const std::uint64_t sector : content.unsynced) {
    const bool here = how == 1 || (how == 2 && left > 0) || (how == 3 && random_.chance(0.5));
    if (left > 0) --left;
    if (here) survive.insert(sector);
  }
  content.unsynced = survive;
  if (!survive.empty()) content.durable.resize(std::max(content.durable.size(), (*survive.rbegin() + 1) * kSector));
  content.now.resize(content.durable.size());
  make_durable(content);
  content.now = content.durable;
}

void FakeFiles::restart(bool power_lost) {
  const std::lock_guard lock(lock_);
  no_power_ = false;
  until_power_goes_ = 0;
  if (!power_lost) return;
  for (auto& [path, content] : removed_)
    if (random_.chance(0.5)) files_.emplace(path, content);
  removed_.clear();
  std::erase_if(files_, [&](const auto& entry) { return !entry.second->name_durable && random_.chance(0.5); });
  for (auto& [path, content] : files_) {
    lose_some(*content);
    content->name_durable = true;
  }
}

void FakeFiles::set_room(std::uint64_t bytes) {
  const std::lock_guard lock(lock_);
  room_ = bytes;
}

void FakeFiles::hold_syncs(bool on) {
  {
    const std::lock_guard lock(lock_);
    hold_ = on;
  }
  changed_.notify_all();
}

void FakeFiles::wait_for_held_sync() {
  std::unique_lock lock(lock_);
  changed_.wait(lock, [this] { return held_; });
}

// --- to look at, and to damage

Bytes FakeFiles::content(const std::string& path) {
  const std::lock_guard lock(lock_);
  return files_.at(path)->now;
}

void FakeFiles::overwrite(const std::string& path, const Bytes& bytes) {
  const std::lock_guard lock(lock_);
  dirs_.insert(dir_of(path));
  files_[path] = std::make_shared<Content>(Content{bytes, bytes, {}, true});
}

void FakeFiles::flip(const std::string& path, std::uint64_t at, unsigned bit) {
  const std::lock_guard lock(lock_);
  files_.at(path)->now.at(at) ^= static_cast<std::byte>(1U << bit);
}

std::vector<FakeFiles::Write> FakeFiles::writes() {
  const std::lock_guard lock(lock_);
  return writes_;
}

std::uint64_t FakeFiles::opens_refused() {
  const std::lock_guard lock(lock_);
  return opens_refused_;
}

std::uint64_t FakeFiles::syncs() {
  const std::lock_guard lock(lock_);
  return syncs_;
}

std::uint64_t FakeFiles::changes() {
  const std::lock_guard lock(lock_);
  return changes_;
}

std::size_t FakeFiles::unsynced() {
  const std::lock_guard lock(lock_);
  std::size_t count = 0;
  for (const auto& [path, content] : files_) count += content->unsynced.size() + (content->name_durable ? 0 : 1);
  return count;
}

std::vector<std::string> FakeFiles::paths() {
  const std::lock_guard lock(lock_);
  std::vector<std::string> paths;
  for (const auto& [path, content] : files_) paths.push_back(path);
  return paths;
}

std::vector<std::size_t> FakeFiles::sizes() {
  const std::lock_guard lock(lock_);
  std::vector<std::size_t> sizes;
  for (const auto& [path, content] : files_) sizes.push_back(content->now.size());
  return sizes;
}

}  // namespace titer::store
