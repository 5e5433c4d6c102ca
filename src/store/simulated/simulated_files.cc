// SPDX-License-Identifier: Apache-2.0

#include "store/simulated/simulated_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace titer::store {
namespace {

constexpr std::size_t kWritesKept = 65'536;
const Error kNoPower{Code::kInternal, "the power is gone"};
const Error kNoSpace{Code::kBusy, "no space left on the disk"};
const Error kWriteRefused{Code::kInternal, "the disk refuses to write"};
const Error kSyncRefused{Code::kInternal, "the disk refuses to sync"};

}  // namespace

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedFiles& files, std::string path, SimulatedFiles::ContentPtr content)
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
  SimulatedFiles& files_;
  const std::string path_;
  const SimulatedFiles::ContentPtr content_;
};

class SimulatedLock final : public DirLock {
 public:
  SimulatedLock(SimulatedFiles& files, std::string dir) : files_(files), dir_(std::move(dir)) {}
  ~SimulatedLock() override {
    const std::lock_guard lock(files_.lock_);
    int& holders = files_.locks_[dir_];
    holders = holders < 0 ? 0 : holders - 1;
  }
  bool still_at(const std::string& dir) const override {
    const std::lock_guard lock(files_.lock_);
    return files_.dirs_.contains(dir);
  }

 private:
  SimulatedFiles& files_;
  const std::string dir_;
};

Status SimulatedFiles::openable(const std::string& path) {
  if (no_power_) return kNoPower;
  if (!no_descriptors_ && opens_to_refuse_ == 0) return ok_status();
  if (opens_to_refuse_ > 0) --opens_to_refuse_;
  ++opens_refused_;
  return Error{Code::kUnavailable, path + ": Too many open files"};
}

Result<std::unique_ptr<File>> SimulatedFiles::open(const std::string& path, Mode mode) {
  const std::lock_guard lock(lock_);
  if (Status well = openable(path); !well) return well.error();
  auto at = files_.find(path);
  if (mode == Mode::kCreate) {
    if (at != files_.end()) return Error{Code::kInternal, path + " is there already"};
    at = files_.emplace(path, std::make_shared<Content>()).first;
    ++changes_;
  }
  if (at == files_.end()) return Error{Code::kNotFound, path};
  return std::unique_ptr<File>(std::make_unique<SimulatedFile>(*this, path, at->second));
}

Result<std::vector<std::string>> SimulatedFiles::list(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (!dirs_.contains(dir)) return Error{Code::kNotFound, dir};
  std::vector<std::string> names;
  for (const auto& [path, content] : files_)
    if (parent_of(path) == dir) names.push_back(path.substr(dir.size() + 1));
  return names;
}

Status SimulatedFiles::create_dir(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (dirs_.insert(dir).second) ++changes_;
  return ok_status();
}

Status SimulatedFiles::remove(const std::string& path) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  const auto at = files_.find(path);
  if (at == files_.end()) return Error{Code::kNotFound, path};
  if (at->second->name_durable) removed_[path] = at->second;
  files_.erase(at);
  ++changes_;
  return ok_status();
}

Status SimulatedFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  const auto at = files_.find(from);
  if (at == files_.end()) return Error{Code::kNotFound, from};
  const auto replaced = files_.find(to);
  renamed_.push_back({from, to, replaced == files_.end() ? nullptr : replaced->second});
  files_[to] = std::move(at->second);
  files_.erase(from);
  ++changes_;
  return ok_status();
}

Status SimulatedFiles::sync_dir(const std::string& dir) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  for (auto& [path, content] : files_)
    if (parent_of(path) == dir) content->name_durable = true;
  std::erase_if(removed_, [&](const auto& entry) { return parent_of(entry.first) == dir; });
  std::erase_if(renamed_, [&](const Rename& entry) { return parent_of(entry.to) == dir; });
  return ok_status();
}

Result<std::unique_ptr<DirLock>> SimulatedFiles::lock_dir(const std::string& dir, bool exclusive) {
  const std::lock_guard lock(lock_);
  if (!dirs_.contains(dir)) return Error{Code::kNotFound, dir};
  int& holders = locks_[dir];
  if (holders < 0 || (exclusive && holders > 0)) return Error{Code::kBusy, dir + " is locked"};
  holders = exclusive ? -1 : holders + 1;
  return std::unique_ptr<DirLock>(std::make_unique<SimulatedLock>(*this, dir));
}

Result<Bytes> SimulatedFiles::read_file(const std::string& path, std::size_t bytes_max) {
  const std::lock_guard lock(lock_);
  if (Status well = openable(path); !well) return well.error();
  const auto at = files_.find(path);
  if (at == files_.end()) return Error{Code::kNotFound, path};
  if (at->second->now.size() > bytes_max) return Error{Code::kTooLarge, path};
  return at->second->now;
}

Status SimulatedFiles::write_file(const std::string& path, ByteView contents) {
  std::unique_lock lock(lock_);
  if (Status well = openable(path); !well) return well;
  ContentPtr& content = files_[path];
  if (!content) content = std::make_shared<Content>();
  content->now.clear();
  const ContentPtr kept = content;
  while (!contents.empty()) {
    const auto written = write_locked(path, *kept, kept->now.size(), contents);
    if (!written) return written.error();
    contents = contents.subspan(*written);
  }
  return sync_locked(*kept);
}

// --- writing

std::uint64_t SimulatedFiles::bytes_of_files() const {
  std::uint64_t bytes = beside_;
  for (const auto& [path, content] : files_) bytes += content->now.size();
  return bytes;
}

bool SimulatedFiles::power_goes() {
  ++operations_;
  if (until_power_goes_ == 0 || --until_power_goes_ > 0) return false;
  no_power_ = true;
  return true;
}

void SimulatedFiles::Sectors::insert(std::uint64_t first, std::uint64_t end) {
  if (end > is_in_.size()) is_in_.resize(end, false);
  first_ = count_ == 0 ? first : std::min(first_, first);
  for (std::uint64_t sector = first; sector < end; ++sector) {
    count_ += is_in_[sector] ? 0 : 1;
    is_in_[sector] = true;
  }
}

Result<std::size_t> SimulatedFiles::write(const std::string& path, Content& content, std::uint64_t at,
                                          ByteView bytes) {
  const std::lock_guard lock(lock_);
  TITER_CHECK(at % kFileBlock == 0 && bytes.size() % kSector == 0, "writes are aligned");
  if (short_ && random_.chance(0.3)) return std::size_t{0};
  if (short_) bytes = bytes.first(std::min(bytes.size(), (1 + random_.below(4)) * kFileBlock));
  return write_locked(path, content, at, bytes);
}

Result<std::size_t> SimulatedFiles::write_locked(const std::string& path, Content& content, std::uint64_t at,
                                                 ByteView bytes) {
  if (no_power_) return kNoPower;
  if (writes_fail_) return kWriteRefused;
  const std::uint64_t end = at + bytes.size();
  if (end > content.now.size()) {
    if (bytes_of_files() - content.now.size() + end > room_) return kNoSpace;
    content.now.resize(end);
  }
  std::memcpy(content.now.data() + at, bytes.data(), bytes.size());
  content.unsynced.insert(at / kSector, (end + kSector - 1) / kSector);
  if (writes_.size() < kWritesKept) writes_.push_back({path, at, bytes.size()});
  ++changes_;
  if (power_goes()) return kNoPower;
  return bytes.size();
}

Status SimulatedFiles::sync(Content& content) {
  std::unique_lock lock(lock_);
  held_ = hold_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !hold_; });
  held_ = false;
  return sync_locked(content);
}

Status SimulatedFiles::sync_locked(Content& content) {
  if (no_power_ || power_goes()) return kNoPower;
  if (syncs_fail_) {
    content.sync_failed = true;
    return kSyncRefused;
  }
  ++syncs_;
  make_durable(content);
  return ok_status();
}

void SimulatedFiles::make_durable(Content& content) {
  content.durable.resize(content.now.size());
  content.unsynced.each([&](std::uint64_t sector) {
    const std::size_t at = sector * kSector;
    if (at >= content.now.size()) return;
    std::memcpy(content.durable.data() + at, content.now.data() + at, std::min(kSector, content.now.size() - at));
  });
  content.unsynced.clear();
}

Status SimulatedFiles::write_beside(std::uint64_t bytes_together) {
  const std::lock_guard lock(lock_);
  if (no_power_) return kNoPower;
  if (writes_fail_) return kWriteRefused;
  if (bytes_together > beside_ && bytes_of_files() - beside_ + bytes_together > room_) return kNoSpace;
  beside_ = bytes_together;
  ++changes_;
  if (power_goes()) return kNoPower;
  return ok_status();
}

Status SimulatedFiles::sync_beside() {
  const std::lock_guard lock(lock_);
  if (no_power_ || power_goes()) return kNoPower;
  if (syncs_fail_) return kSyncRefused;
  ++syncs_;
  return ok_status();
}

// --- faults

void SimulatedFiles::cut_power_in(std::uint64_t operations) {
  const std::lock_guard lock(lock_);
  until_power_goes_ = operations;
}

// Of the sectors written and not synced a part survives: none, all, a prefix, or any.
void SimulatedFiles::lose_some(Content& content) {
  const std::uint64_t how = random_.below(4);
  std::uint64_t left = random_.below(content.unsynced.size() + 1);
  std::size_t end = content.durable.size();
  Sectors survive;
  content.unsynced.each([&](std::uint64_t sector) {
    const bool here = how == 1 || (how == 2 && left > 0) || (how == 3 && random_.chance(0.5));
    if (left > 0) --left;
    const std::size_t at = sector * kSector;
    if (!here || at >= content.now.size()) return;
    survive.insert(sector, sector + 1);
    end = std::max(end, std::min(at + kSector, content.now.size()));
  });
  content.unsynced = std::move(survive);
  content.durable.resize(end);
  content.now.resize(end);
  make_durable(content);
  content.now = content.durable;
}

// Names change in order: of the renames the last ones are undone.
void SimulatedFiles::lose_names() {
  for (auto& [path, content] : removed_)
    if (random_.chance(0.5)) files_.emplace(path, content);
  removed_.clear();
  for (std::size_t undone = renamed_.empty() ? 0 : random_.below(renamed_.size() + 1); undone > 0; --undone) {
    Rename last = std::move(renamed_.back());
    renamed_.pop_back();
    const auto at = files_.find(last.to);
    if (at == files_.end()) continue;
    files_[last.from] = at->second;
    if (last.replaced)
      files_[last.to] = last.replaced;
    else
      files_.erase(last.to);
  }
  for (const Rename& kept : renamed_)
    if (const auto at = files_.find(kept.to); at != files_.end()) at->second->name_durable = true;
  renamed_.clear();
  std::erase_if(files_, [&](const auto& entry) { return !entry.second->name_durable && random_.chance(0.5); });
}

void SimulatedFiles::restart(bool power_lost) {
  const std::lock_guard lock(lock_);
  no_power_ = false;
  until_power_goes_ = 0;
  if (power_lost) lose_names();
  for (auto& [path, content] : files_) {
    if (power_lost || std::exchange(content->sync_failed, false)) lose_some(*content);
    content->name_durable = content->name_durable || power_lost;
  }
}

void SimulatedFiles::hold_syncs(bool on) {
  {
    const std::lock_guard lock(lock_);
    hold_ = on;
  }
  changed_.notify_all();
}

void SimulatedFiles::wait_for_held_sync() {
  std::unique_lock lock(lock_);
  changed_.wait(lock, [this] { return held_; });
}

// --- while nobody uses it

SimulatedFiles::Image SimulatedFiles::image() {
  const std::lock_guard lock(lock_);
  Image image;
  image.dirs = dirs_;
  for (const auto& [path, content] : files_) image.files.emplace(path, content->now);
  return image;
}

void SimulatedFiles::put(Image image) {
  const std::lock_guard lock(lock_);
  dirs_ = std::move(image.dirs);
  files_.clear();
  removed_.clear();
  renamed_.clear();
  for (auto& [path, bytes] : image.files) {
    auto content = std::make_shared<Content>(Content{{}, bytes, {}, true, false});
    content->now = std::move(bytes);
    files_[path] = std::move(content);
  }
}

void SimulatedFiles::overwrite(const std::string& path, const Bytes& bytes) {
  const std::lock_guard lock(lock_);
  dirs_.insert(parent_of(path));
  files_[path] = std::make_shared<Content>(Content{bytes, bytes, {}, true, false});
}

void SimulatedFiles::flip(const std::string& path, std::uint64_t at, unsigned bit) {
  const std::lock_guard lock(lock_);
  Content& content = *files_.at(path);
  content.now.at(at) ^= static_cast<std::byte>(1U << bit);
  if (at < content.durable.size()) content.durable.at(at) ^= static_cast<std::byte>(1U << bit);
}

// --- to look at

Bytes SimulatedFiles::content(const std::string& path) {
  const std::lock_guard lock(lock_);
  return files_.at(path)->now;
}

std::vector<SimulatedFiles::Write> SimulatedFiles::writes() {
  const std::lock_guard lock(lock_);
  return writes_;
}

std::uint64_t SimulatedFiles::opens_refused() {
  const std::lock_guard lock(lock_);
  return opens_refused_;
}

bool SimulatedFiles::has_power() {
  const std::lock_guard lock(lock_);
  return !no_power_;
}

std::uint64_t SimulatedFiles::syncs() {
  const std::lock_guard lock(lock_);
  return syncs_;
}

std::uint64_t SimulatedFiles::operations() {
  const std::lock_guard lock(lock_);
  return operations_;
}

std::uint64_t SimulatedFiles::changes() {
  const std::lock_guard lock(lock_);
  return changes_;
}

std::uint64_t SimulatedFiles::used() {
  const std::lock_guard lock(lock_);
  return bytes_of_files();
}

std::size_t SimulatedFiles::unsynced() {
  const std::lock_guard lock(lock_);
  std::size_t count = renamed_.size();
  for (const auto& [path, content] : files_) count += content->unsynced.size() + (content->name_durable ? 0 : 1);
  return count;
}

std::vector<std::string> SimulatedFiles::paths() {
  const std::lock_guard lock(lock_);
  std::vector<std::string> paths;
  for (const auto& [path, content] : files_) paths.push_back(path);
  return paths;
}

std::vector<std::size_t> SimulatedFiles::sizes() {
  const std::lock_guard lock(lock_);
  std::vector<std::size_t> sizes;
  for (const auto& [path, content] : files_) sizes.push_back(content->now.size());
  return sizes;
}

}  // namespace titer::store
