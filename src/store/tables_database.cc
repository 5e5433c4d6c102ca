// SPDX-License-Identifier: Apache-2.0

#include "store/tables_database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "store/sealed_file.h"

namespace titer::store {
namespace {

constexpr std::uint32_t kTablesFormat = 2;
constexpr std::size_t kCacheBytes = std::size_t{8} << 20;
constexpr std::size_t kWriteBuffersBytes = std::size_t{16} << 20;  // of all families
constexpr std::size_t kLogsBytes = std::size_t{64}
                                   << 20;                 // RocksDB's logs; beyond it flushes what still needs them
constexpr std::size_t kRoomBytes = std::size_t{1} << 20;  // that a write leaves free, for RocksDB's small files
constexpr std::size_t kFileBytes = std::size_t{16} << 20;
constexpr std::array<const char*, kFamilies> kNames = {"sites", "history", "sessions", "idempotency", "default"};

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

rocksdb::DBOptions database_options(const Tables::Options& asked) {
  rocksdb::DBOptions o;
  if (asked.env != nullptr) o.env = asked.env;
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

std::string newest_path(const Tables::Options& options) { return options.dir + "/newest"; }

std::string identity_of(const Tables::Options& options) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.u32(kTablesFormat);
  w.u64(options.cluster);
  w.u16(options.me.value);
  return std::string(as_text(bytes));
}

}  // namespace

Tables::Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families) {
    if (family != nullptr) (void)db->DestroyColumnFamilyHandle(family);
  }
}

Error Tables::Database::damaged(std::string_view what) const {
  return {Code::kInternal,
          fmt::format("the tables in {} are damaged: {}. Move that directory away and start this replica again: it "
                      "gets its state from the others",
                      options.dir, what)};
}

Error Tables::Database::error(const rocksdb::Status& status) const {
  const std::string text = status.ToString();
  if (status.IsNoSpace())
    return {Code::kInternal,
            fmt::format("there is no space left for the tables in {}: make room ({})", options.dir, text)};
  // RocksDB has no code of its own for a lock that somebody else holds.
  if (status.IsIOError() && text.find("lock") != std::string::npos)
    return {Code::kInternal,
            fmt::format("the tables in {} are in use: stop the other process that works there ({})", options.dir,
                        text)};
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotFound()) return damaged(text);
  return failed(text);
}

Error Tables::Database::failed(std::string_view what) const {
  return {
      Code::kInternal,
      fmt::format("the tables in {} cannot be read or written: {}. Look at the disk and at the directory's rights",
                  options.dir, what)};
}

Status Tables::Database::enough_room(std::size_t bytes) const {
  std::error_code unknown;
  const std::filesystem::space_info disk = std::filesystem::space(options.dir, unknown);
  const std::uintmax_t needed = bytes + bytes / 64 + kRoomBytes;
  if (unknown || disk.available >= needed) return ok_status();
  return Error{
      Code::kUnavailable,
      fmt::format("there is no space left for the tables in {}: make room ({} KiB are available, and {} KiB "
                  "are needed)",
                  options.dir, disk.available >> 10, needed >> 10)};
}

Status Tables::Database::make_resumable() {
  for (rocksdb::ColumnFamilyHandle* family : families) {
    std::uint64_t entries = 0;
    if (db->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries) && entries > 0)
      return ok_status();
  }
  rocksdb::WriteOptions in_memory;
  in_memory.disableWAL = true;
  const rocksdb::Status put = db->Put(in_memory, families[kMeta], std::string(kResumableKey), "");
  return put.ok() ? ok_status() : Status(error(put));
}

Result<std::unique_ptr<Tables::Database>> Tables::Database::open(const Options& options) {
  auto self = std::make_unique<Database>();
  self->options = options;
  rocksdb::Env* env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  if (options.read_only && !env->FileExists(options.dir + "/CURRENT").ok())
    return Error{Code::kNotFound, fmt::format("there are no tables in {}", options.dir)};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  try {  // RocksDB reports by its Status, but for what the standard library throws inside it: no memory, no thread
    const rocksdb::DBOptions o = database_options(options);
    status = options.read_only ? rocksdb::DB::OpenForReadOnly(o, options.dir, family_options(), &handles, &db)
                               : rocksdb::DB::Open(o, options.dir, family_options(), &handles, &db);
  } catch (const std::exception& e) {
    return Error{Code::kInternal, fmt::format("the tables in {} cannot be opened: {}", options.dir, e.what())};
  }
  if (!status.ok()) return self->error(status);
  self->db.reset(db);
  std::copy(handles.begin(), handles.end(), self->families.begin());
  if (Status s = self->check_identity(); !s) return s.error();
  const auto head = self->head();
  if (!head) return head.error();
  self->batch = head->has_value() ? (*head)->batch : 0;
  if (Status s = self->check_newest(); !s) return s.error();
  return self;
}

Result<std::optional<std::string>> Tables::Database::get_meta(std::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      db->Get(rocksdb::ReadOptions(), families[kMeta], rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error(status);
  return std::optional(std::move(value));
}

Result<std::optional<Head>> Tables::Database::head() const {
  const auto found = get_meta(kHeadKey);
  if (!found) return found.error();
  if (!found->has_value()) return std::optional<Head>();
  auto decoded = decode_head(as_bytes(**found));
  if (!decoded) return damaged(decoded.error().message);
  return std::optional(std::move(*decoded));
}

Status Tables::Database::note_newest(std::uint64_t newest) const {
  Bytes bytes;
  ByteWriter(bytes).u64(newest);
  return write_sealed(newest_path(options), SealedKind::kNewestBatch, bytes);
}

Status Tables::Database::check_newest() const {
  const auto found = read_sealed(newest_path(options), SealedKind::kNewestBatch);
  if (!found) return damaged(found.error().message);
  if (!found->has_value()) return ok_status();
  ByteReader in(**found);
  const std::uint64_t newest = in.u64();
  if (in.done() && newest <= batch) return ok_status();
  return damaged(fmt::format("batch {} was written, and {} is the newest that can be read", newest, batch));
}

Status Tables::Database::check_identity() {
  const auto found = get_meta(kIdentityKey);
  if (!found) return found.error();
  if (!found->has_value()) {
    const auto head = get_meta(kHeadKey);
    if (!head) return head.error();
    if (head->has_value()) return damaged("they have a state, but do not say whose");
    if (options.read_only) return Error{Code::kNotFound, fmt::format("there are no tables in {}", options.dir)};
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const rocksdb::Status put = db->Put(synced, families[kMeta], std::string(kIdentityKey), identity_of(options));
    return put.ok() ? ok_status() : Status(error(put));
  }
  ByteReader in(as_bytes(**found));
  const std::uint32_t format = in.u32();
  if (in.ok() && format != kTablesFormat)
    return Error{
        Code::kInvalid,
        fmt::format("the tables in {} were written by {} version of titer (format {}, this one reads {}): start "
                    "that version, or name another directory",
                    options.dir, format > kTablesFormat ? "a newer" : "an older", format, kTablesFormat)};
  const std::uint64_t cluster = in.u64();
  const ReplicaId me(in.u16());
  if (!in.done()) return damaged("they do not say whose they are");
  if (cluster != options.cluster)
    return Error{Code::kInvalid,
                 fmt::format("the tables in {} belong to the cluster {:016x}, not to {:016x}: name this cluster's "
                             "directory, or an empty one",
                             options.dir, cluster, options.cluster)};
  if (me != options.me)
    return Error{Code::kInvalid,
                 fmt::format("the tables in {} are those of replica {}, not of replica {}: name that "
                             "replica's directory, or an empty one",
                             options.dir, me.value, options.me.value)};
  return ok_status();
}

}  // namespace titer::store
