// SPDX-License-Identifier: Apache-2.0

#include "store/simulated/simulated_databases.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace titer::store {
namespace {

using Rows = SimulatedDatabases::Rows;
using Value = SimulatedDatabases::Value;
using Change = SimulatedDatabases::Change;
using Version = SimulatedDatabases::Version;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Returns what was there.
Value set(Version& version, Family family, const Bytes& key, Value value) {
  Rows& rows = version.rows[family];
  const auto at = rows.lower_bound(key);
  const bool found = at != rows.end() && at->first == key;
  Value before = found ? at->second : nullptr;
  if (found) version.bytes -= key.size() + before->size();
  if (value) version.bytes += key.size() + value->size();
  if (found && value)
    at->second = std::move(value);
  else if (found)
    rows.erase(at);
  else if (value)
    rows.emplace_hint(at, key, std::move(value));
  return before;
}

class Batch final : public RowBatch {
 public:
  void put(Family family, ByteView key, ByteView value) override {
    steps_.push_back({family, copy(key), {}, std::make_shared<const Bytes>(copy(value))});
    bytes_ += key.size() + value.size();
  }
  void remove(Family family, ByteView key) override {
    steps_.push_back({family, copy(key), std::nullopt, nullptr});
  }
  void remove_range(Family family, ByteView first, ByteView end) override {
    steps_.push_back({family, copy(first), copy(end), nullptr});
    TITER_CHECK(steps_.back().key <= *steps_.back().end, "a range ends behind its beginning");
  }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  [[nodiscard]] std::vector<Change> apply(Version& version) const {
    std::vector<Change> changes;
    for (const Step& step : steps_) {
      const auto change = [&](const Bytes& key) {
        changes.push_back({step.family, key, set(version, step.family, key, step.value)});
      };
      if (!step.end) {
        change(step.key);
        continue;
      }
      std::vector<Bytes> keys;
      const Rows& rows = version.rows[step.family];
      for (auto at = rows.lower_bound(step.key); at != rows.end() && at->first < *step.end; ++at)
        keys.push_back(at->first);
      for (const Bytes& key : keys) change(key);
    }
    return changes;
  }

 private:
  struct Step {
    Family family;
    Bytes key;
    std::optional<Bytes> end;  // of a range, with neither it nor a value
    Value value;               // null: removed
  };
  std::vector<Step> steps_;
  std::size_t bytes_ = 0;
};

}  // namespace

Version& SimulatedDatabases::Contents::to_change() {
  if (now.use_count() > 1) now = std::make_shared<Version>(*now);
  return *now;
}

void SimulatedDatabases::Contents::go_back() {
  TITER_CHECK(last, "the version before the last write is known once");
  Version& version = to_change();
  for (auto change = last->rbegin(); change != last->rend(); ++change)
    (void)set(version, change->family, change->key, std::move(change->before));
  last.reset();
}

class SimulatedDatabase final : public Database {
 public:
  SimulatedDatabase(SimulatedDatabases& all, DatabaseOptions options) : all_(all), options_(std::move(options)) {
    TITER_CHECK(options_.read_only || all_.in_use_.insert(options_.dir).second, "a database is one process's");
  }
  ~SimulatedDatabase() override {
    if (!options_.read_only) all_.in_use_.erase(options_.dir);
  }

  [[nodiscard]] std::unique_ptr<RowBatch> batch(std::size_t) const override { return std::make_unique<Batch>(); }
  [[nodiscard]] Ended write(const RowBatch& batch) override;
  [[nodiscard]] Result<std::optional<Bytes>> get(Family family, ByteView key) const override;
  [[nodiscard]] Status each(Family family, ByteView from, const Row& row) const override;
  [[nodiscard]] Status verify() const override {
    return contents().damaged.empty() ? ok_status()
                                      : Status(damaged_tables(options_.dir, "a checksum does not match"));
  }

 private:
  [[nodiscard]] SimulatedDatabases::Contents& contents() const { return all_.databases_.at(options_.dir); }
  [[nodiscard]] Status readable(Family family, const Bytes& key) const {
    if (!contents().damaged.contains({family, key})) return ok_status();
    return damaged_tables(options_.dir, "a checksum does not match");
  }
  [[nodiscard]] Ended failed(const Error& why) {
    if (why.code == Code::kBusy)
      return {End::kNoSpace, no_space_for_tables(options_.dir, Code::kInternal, why.message)};
    failed_ = true;
    return {End::kFailed, failed_tables(options_.dir, why.message)};
  }

  SimulatedDatabases& all_;
  const DatabaseOptions options_;
  bool failed_ = false;
};

Database::Ended SimulatedDatabase::write(const RowBatch& batch) {
  if (failed_ || options_.read_only)
    return {End::kFailed, failed_tables(options_.dir, "an earlier write has failed")};
  SimulatedDatabases::Contents& contents = this->contents();
  auto changes = std::exchange(contents.last, static_cast<const Batch&>(batch).apply(contents.to_change()));
  const bool power = all_.files_.has_power();
  const Status written = all_.files_.write_beside(all_.bytes());
  // A write that failed in the middle may be there.
  if (!written && (!power || written.error().code == Code::kBusy)) {
    contents.go_back();
    contents.last = std::move(changes);
    return failed(written.error());
  }
  contents.synced = false;
  if (!written) return failed(written.error());
  if (const Status synced = all_.files_.sync_beside(); !synced) return failed(synced.error());
  contents.synced = true;
  for (const Change& change : *contents.last) contents.damaged.erase({change.family, change.key});
  return {};
}

Result<std::optional<Bytes>> SimulatedDatabase::get(Family family, ByteView key) const {
  const Rows& rows = contents().now->rows[family];
  const auto at = rows.find(copy(key));
  if (at == rows.end()) return std::optional<Bytes>();
  if (const Status well = readable(family, at->first); !well) return well.error();
  return std::optional(*at->second);
}

Status SimulatedDatabase::each(Family family, ByteView from, const Row& row) const {
  const std::shared_ptr<const Version> version = contents().now;
  const Rows& rows = version->rows[family];
  for (auto at = rows.lower_bound(copy(from)); at != rows.end(); ++at) {
    if (const Status well = readable(family, at->first); !well) return well;
    if (!row(at->first, *at->second)) break;
  }
  return ok_status();
}

Result<std::unique_ptr<Database>> SimulatedDatabases::open(const DatabaseOptions& options) {
  auto at = databases_.find(options.dir);
  if (at == databases_.end()) {
    if (options.read_only) return no_tables(options.dir);
    if (const Status made = files_.create_dir(options.dir); !made) return made.error();
    at = databases_.emplace(options.dir, Contents{std::make_shared<Version>(), {}, true, {}}).first;
  }
  return std::unique_ptr<Database>(std::make_unique<SimulatedDatabase>(*this, options));
}

void SimulatedDatabases::restart() {
  for (auto& [dir, contents] : databases_) {
    if (!std::exchange(contents.synced, true) && random_.chance(0.5)) contents.go_back();
  }
}

bool SimulatedDatabases::lose_newest(const std::string& dir) {
  const auto at = databases_.find(dir);
  if (at == databases_.end() || !at->second.last) return false;
  at->second.go_back();
  return true;
}

bool SimulatedDatabases::damage(const std::string& dir) {
  const auto at = databases_.find(dir);
  if (at == databases_.end()) return false;
  std::vector<std::pair<Family, Bytes>> rows;
  for (std::size_t family = 0; family < kFamilies; ++family)
    for (const auto& [key, value] : at->second.now->rows[family])
      rows.emplace_back(static_cast<Family>(family), key);
  if (rows.empty()) return false;
  at->second.damaged.insert(rows[random_.below(rows.size())]);
  return true;
}

std::uint64_t SimulatedDatabases::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [dir, contents] : databases_) bytes += contents.now->bytes;
  return bytes;
}

}  // namespace titer::store
