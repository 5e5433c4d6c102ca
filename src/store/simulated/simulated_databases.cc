// SPDX-License-Identifier: Apache-2.0

#include "store/simulated/simulated_databases.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace titer::store {
namespace {

using Rows = SimulatedDatabases::Rows;
using Version = SimulatedDatabases::Version;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::uint64_t bytes_of(const Version& version) {
  std::uint64_t bytes = 0;
  for (const Rows& rows : version)
    for (const auto& [key, value] : rows) bytes += key.size() + value->size();
  return bytes;
}

class Batch final : public RowBatch {
 public:
  void put(Family family, ByteView key, ByteView value) override {
    changes_.push_back({family, copy(key), {}, std::make_shared<const Bytes>(copy(value))});
    bytes_ += key.size() + value.size();
  }
  void remove(Family family, ByteView key) override {
    changes_.push_back({family, copy(key), std::nullopt, nullptr});
  }
  void remove_range(Family family, ByteView first, ByteView end) override {
    changes_.push_back({family, copy(first), copy(end), nullptr});
    TITER_CHECK(changes_.back().key <= *changes_.back().end, "a range ends behind its beginning");
  }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  void apply(Version& version) const {
    for (const Change& change : changes_) {
      Rows& rows = version[change.family];
      if (change.value)
        rows[change.key] = change.value;
      else if (change.end)
        rows.erase(rows.lower_bound(change.key), rows.lower_bound(*change.end));
      else
        rows.erase(change.key);
    }
  }
  [[nodiscard]] bool changes(Family family, const Bytes& key) const {
    return std::ranges::any_of(changes_, [&](const Change& change) {
      if (change.family != family) return false;
      return change.end ? change.key <= key && key < *change.end : change.key == key;
    });
  }

 private:
  struct Change {
    Family family;
    Bytes key;
    std::optional<Bytes> end;            // of a range, with neither it nor a value
    std::shared_ptr<const Bytes> value;  // null: removed
  };
  std::vector<Change> changes_;
  std::size_t bytes_ = 0;
};

}  // namespace

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
  const auto& changes = static_cast<const Batch&>(batch);
  auto next = std::make_shared<Version>(*contents.now);
  changes.apply(*next);
  const bool power = all_.files_.has_power();
  const Status written = all_.files_.write_beside(all_.bytes() - bytes_of(*contents.now) + bytes_of(*next));
  // A write that failed in the middle may be there.
  if (written.ok() || (power && written.error().code != Code::kBusy)) {
    contents.before = std::exchange(contents.now, std::move(next));
    contents.synced = false;
  }
  if (!written) return failed(written.error());
  if (const Status synced = all_.files_.sync_beside(); !synced) return failed(synced.error());
  contents.synced = true;
  std::erase_if(contents.damaged, [&](const auto& row) { return changes.changes(row.first, row.second); });
  return {};
}

Result<std::optional<Bytes>> SimulatedDatabase::get(Family family, ByteView key) const {
  const Rows& rows = (*contents().now)[family];
  const auto at = rows.find(copy(key));
  if (at == rows.end()) return std::optional<Bytes>();
  if (const Status well = readable(family, at->first); !well) return well.error();
  return std::optional(*at->second);
}

Status SimulatedDatabase::each(Family family, ByteView from, const Row& row) const {
  const std::shared_ptr<const Version> version = contents().now;
  const Rows& rows = (*version)[family];
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
    at = databases_.emplace(options.dir, Contents{std::make_shared<const Version>(), nullptr, true, {}}).first;
  }
  return std::unique_ptr<Database>(std::make_unique<SimulatedDatabase>(*this, options));
}

void SimulatedDatabases::restart() {
  for (auto& [dir, contents] : databases_) {
    if (!std::exchange(contents.synced, true) && random_.chance(0.5))
      contents.now = std::exchange(contents.before, nullptr);
  }
}

bool SimulatedDatabases::lose_newest(const std::string& dir) {
  const auto at = databases_.find(dir);
  if (at == databases_.end() || !at->second.before) return false;
  at->second.now = std::exchange(at->second.before, nullptr);
  return true;
}

bool SimulatedDatabases::damage(const std::string& dir) {
  const auto at = databases_.find(dir);
  if (at == databases_.end()) return false;
  std::vector<std::pair<Family, Bytes>> rows;
  for (std::size_t family = 0; family < kFamilies; ++family)
    for (const auto& [key, value] : (*at->second.now)[family]) rows.emplace_back(static_cast<Family>(family), key);
  if (rows.empty()) return false;
  at->second.damaged.insert(rows[random_.below(rows.size())]);
  return true;
}

std::uint64_t SimulatedDatabases::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [dir, contents] : databases_) bytes += bytes_of(*contents.now);
  return bytes;
}

}  // namespace titer::store
