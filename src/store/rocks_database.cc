// SPDX-License-Identifier: Apache-2.0

#include "store/rocks_database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <utility>

namespace titer::store {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{8} << 20;
constexpr std::size_t kWriteBuffersBytes = std::size_t{16} << 20;  // of all families
constexpr std::size_t kLogsBytes = std::size_t{64}
                                   << 20;                 // RocksDB's logs; beyond it flushes what still needs them
constexpr std::size_t kRoomBytes = std::size_t{1} << 20;  // that a write leaves free, for RocksDB's small files
constexpr std::size_t kFileBytes = std::size_t{16} << 20;
constexpr std::size_t kReadAheadBytes = std::size_t{2} << 20;
constexpr std::array<const char*, kFamilies> kNames = {"sites", "history", "sessions", "idempotency", "default"};
constexpr const char* kResumableKey = "resumable";

using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilies>;

rocksdb::Slice slice_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView bytes_of(const rocksdb::Slice& slice) { return as_bytes({slice.data(), slice.size()}); }

// Behind every key of every family but meta.
const std::string& last_key() {
  static const std::string kKey(sizeof(std::uint64_t) + 1, '\xFF');
  return kKey;
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

bool has_lz4() {
  const auto known = rocksdb::GetSupportedCompressions();
  return std::find(known.begin(), known.end(), rocksdb::kLZ4Compression) != known.end();
}

// When space ran out RocksDB looks every few seconds whether there is some again, and goes on by itself. Here the owner
// decides that.
class NoRecovery : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* by_itself) override {
    *by_itself = false;
  }
};

rocksdb::DBOptions database_options(const DatabaseOptions& asked, rocksdb::Env* env) {
  rocksdb::DBOptions o;
  o.env = env;
  o.create_if_missing = o.create_missing_column_families = !asked.read_only;
  o.paranoid_checks = true;
  o.track_and_verify_wals_in_manifest = true;
  // A start reads the log up to where it is damaged, and the journal has the rest or says that it has not. A reader
  // that only inspects must report the damage.
  o.wal_recovery_mode = asked.read_only ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                        : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  o.max_bgerror_resume_count = 0;
  o.listeners.push_back(std::make_shared<NoRecovery>());
  o.db_write_buffer_size = kWriteBuffersBytes;
  o.max_total_wal_size = kLogsBytes;
  // All that counts is in the logs. Else closing would write out the row of make_resumable(), also on a disk that has failed.
  o.avoid_flush_during_shutdown = true;
  o.max_background_jobs = 2;
  o.max_open_files = asked.files_max;
  (void)o.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW);  // compactions, which nobody waits for
  o.bytes_per_sync = std::size_t{1} << 20;  // else a finished file is written back all at once, beside the journal
  o.skip_stats_update_on_db_open = true;
  o.stats_dump_period_sec = o.stats_persist_period_sec = 0;
  o.info_log_level = rocksdb::WARN_LEVEL;
  o.max_log_file_size = std::size_t{1} << 20;
  o.keep_log_file_num = 2;
  return o;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  table.block_size = std::size_t{16} << 10;
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them, too
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions o;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  o.compression = has_lz4() ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  o.write_buffer_size = kWriteBuffersBytes / 2;
  o.target_file_size_base = kFileBytes;
  o.max_bytes_for_level_base = 4 * kFileBytes;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kNames) families.emplace_back(name, o);
  return families;
}

// A WriteBatch refuses only what is longer than 4 GiB, which nothing here is.
class Batch final : public RowBatch {
 public:
  Batch(const Handles& families, std::size_t bytes_expected) : families_(families), writes_(bytes_expected) {}
  void put(Family family, ByteView key, ByteView value) override {
    (void)writes_.Put(families_[family], slice_of(key), slice_of(value));
  }
  void remove(Family family, ByteView key) override { (void)writes_.Delete(families_[family], slice_of(key)); }
  void remove_range(Family family, ByteView first, ByteView end) override {
    (void)writes_.DeleteRange(families_[family], slice_of(first), slice_of(end));
  }
  [[nodiscard]] std::size_t bytes() const override { return writes_.GetDataSize(); }
  // For RocksDB, which takes it as changeable though it changes nothing.
  [[nodiscard]] rocksdb::WriteBatch* writes() const { return &writes_; }

 private:
  const Handles& families_;
  mutable rocksdb::WriteBatch writes_;
};

class RocksDatabase final : public Database {
 public:
  explicit RocksDatabase(std::string dir) : dir_(std::move(dir)) {}
  ~RocksDatabase() override {
    for (rocksdb::ColumnFamilyHandle* family : families_)
      if (family != nullptr) (void)db_->DestroyColumnFamilyHandle(family);
  }

  [[nodiscard]] Status open(const DatabaseOptions& options, rocksdb::Env* env);
  [[nodiscard]] std::unique_ptr<RowBatch> batch(std::size_t bytes_expected) const override {
    return std::make_unique<Batch>(families_, bytes_expected);
  }
  [[nodiscard]] Ended write(const RowBatch& batch) override;
  [[nodiscard]] Result<std::optional<Bytes>> get(Family family, ByteView key) const override;
  [[nodiscard]] Status each(Family family, ByteView from, const Row& row) const override;
  [[nodiscard]] Status verify() const override {
    const rocksdb::Status status = db_->VerifyChecksum();
    return status.ok() ? ok_status() : Status(error(status));
  }
  void reclaim() override;

 private:
  // kUnavailable: the disk has less room than a write of so many bytes takes.
  [[nodiscard]] Status enough_room(std::size_t bytes) const;
  // Before a write, so that it can be tried again if it finds no space. RocksDB's Resume() writes the memtables out and
  // begins a new log; but if they are empty it keeps the log in which the write failed, and the next write to that one ends
  // the process by an assertion. So there is always a row in a memtable; it is in no log, and means nothing.
  [[nodiscard]] Status make_resumable();
  // A sentence about what RocksDB says.
  [[nodiscard]] Error error(const rocksdb::Status& status) const;

  const std::string dir_;
  std::unique_ptr<rocksdb::DB> db_;
  Handles families_{};
  bool out_of_space_ = false;  // the last write was refused for it
};

Error RocksDatabase::error(const rocksdb::Status& status) const {
  const std::string text = status.ToString();
  if (status.IsNoSpace()) return no_space_for_tables(dir_, Code::kInternal, text);
  // RocksDB has no code of its own for a lock that somebody else holds.
  if (status.IsIOError() && text.find("lock") != std::string::npos)
    return {Code::kInternal,
            fmt::format("the tables in {} are in use: stop the other process that works there ({})", dir_, text)};
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotFound()) return damaged_tables(dir_, text);
  return failed_tables(dir_, text);
}

Status RocksDatabase::enough_room(std::size_t bytes) const {
  std::error_code unknown;
  const std::filesystem::space_info disk = std::filesystem::space(dir_, unknown);
  const std::uintmax_t needed = bytes + bytes / 64 + kRoomBytes;
  if (unknown || disk.available >= needed) return ok_status();
  return no_space_for_tables(
      dir_, Code::kUnavailable,
      fmt::format("{} KiB are available, and {} KiB are needed", disk.available >> 10, needed >> 10));
}

Status RocksDatabase::make_resumable() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    std::uint64_t entries = 0;
    if (db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries) && entries > 0)
      return ok_status();
  }
  rocksdb::WriteOptions in_memory;
  in_memory.disableWAL = true;
  const rocksdb::Status put = db_->Put(in_memory, families_[kMeta], kResumableKey, "");
  return put.ok() ? ok_status() : Status(error(put));
}

// RocksDB would wait for the other end of a pipe.
Status expect_files_only(const std::string& dir) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(dir, none))
    if (!entry.is_regular_file(none) && !entry.is_directory(none))
      return Error{Code::kInternal, entry.path().string() + " is not a file"};
  return ok_status();
}

Status RocksDatabase::open(const DatabaseOptions& options, rocksdb::Env* env) {
  if (Status files = expect_files_only(dir_); !files) return files;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  try {  // RocksDB reports by its Status, but for what the standard library throws inside it: no memory, no thread
    const rocksdb::DBOptions o = database_options(options, env);
    status = options.read_only ? rocksdb::DB::OpenForReadOnly(o, dir_, family_options(), &handles, &db)
                               : rocksdb::DB::Open(o, dir_, family_options(), &handles, &db);
  } catch (const std::exception& e) {
    return Error{Code::kInternal, fmt::format("the tables in {} cannot be opened: {}", dir_, e.what())};
  }
  if (!status.ok()) return error(status);
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), families_.begin());
  return ok_status();
}

Database::Ended RocksDatabase::write(const RowBatch& batch) {
  if (Status room = enough_room(batch.bytes()); !room) return {End::kNoSpace, room.error()};
  if (out_of_space_) {
    // RocksDB holds on to the error until it is told that it may be over.
    const rocksdb::Status resumed = db_->Resume();
    if (!resumed.ok()) return {resumed.IsNoSpace() ? End::kNoSpace : End::kFailed, error(resumed)};
  }
  if (Status ready = make_resumable(); !ready) return {End::kFailed, ready.error()};
  const rocksdb::Status status = db_->Write(synced(), static_cast<const Batch&>(batch).writes());
  out_of_space_ = status.IsNoSpace();
  if (!status.ok()) return {status.IsNoSpace() ? End::kNoSpace : End::kFailed, error(status)};
  return {};
}

Result<std::optional<Bytes>> RocksDatabase::get(Family family, ByteView key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), families_[family], slice_of(key), &value);
  if (status.IsNotFound()) return std::optional<Bytes>();
  if (!status.ok()) return error(status);
  const ByteView bytes = as_bytes(value);
  return std::optional(Bytes(bytes.begin(), bytes.end()));
}

Status RocksDatabase::each(Family family, ByteView from, const Row& row) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // read once
  if (from.empty()) options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, families_[family]));
  for (at->Seek(slice_of(from)); at->Valid(); at->Next())
    if (!row(bytes_of(at->key()), bytes_of(at->value()))) return ok_status();
  return at->status().ok() ? ok_status() : Status(error(at->status()));
}

// Removed rows still lie in files; files that hold nothing else can be deleted.
void RocksDatabase::reclaim() {
  const rocksdb::Slice end(last_key());
  for (const Family family : {kSites, kHistory, kSessions, kIdempotency})
    (void)rocksdb::DeleteFilesInRange(db_.get(), families_[family], nullptr, &end);
}

}  // namespace

Result<std::unique_ptr<Database>> RocksDatabases::open(const DatabaseOptions& options) {
  rocksdb::Env* env = env_ != nullptr ? env_ : rocksdb::Env::Default();
  if (options.read_only && !env->FileExists(options.dir + "/CURRENT").ok()) return no_tables(options.dir);
  auto database = std::make_unique<RocksDatabase>(options.dir);
  if (Status opened = database->open(options, env); !opened) return opened.error();
  return std::unique_ptr<Database>(std::move(database));
}

Databases& rocks_databases() {
  static RocksDatabases all;
  return all;
}

}  // namespace titer::store
