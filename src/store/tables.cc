// SPDX-License-Identifier: Apache-2.0

#include "store/tables.h"

#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/tables_database.h"

namespace titer::store {
namespace {

// Behind every key of every family but meta.
const std::string& last_key() {
  static const std::string key(sizeof(std::uint64_t) + 1, '\xFF');
  return key;
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

struct TablesBatch::Contents {
  explicit Contents(std::size_t bytes) : writes(bytes) {}
  rocksdb::WriteBatch writes;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
};

TablesBatch::TablesBatch(const Tables& tables, std::size_t bytes_expected)
    : contents_(std::make_unique<Contents>(bytes_expected)) {
  contents_->families = tables.database_->families;
}
TablesBatch::~TablesBatch() = default;
TablesBatch::TablesBatch(TablesBatch&&) noexcept = default;
TablesBatch& TablesBatch::operator=(TablesBatch&&) noexcept = default;

// A WriteBatch refuses only what is longer than 4 GiB, which nothing here is.
void TablesBatch::put_site(std::uint32_t slot, ByteView part) {
  (void)contents_->writes.Put(contents_->families[kSites], SlotKey(slot).slice(), slice_of(part));
}
void TablesBatch::put_block(registry::Lane lane, Position first, ByteView events) {
  (void)contents_->writes.Put(contents_->families[kHistory], block_key(lane, first).slice(), slice_of(events));
}
void TablesBatch::drop_block(registry::Lane lane, Position first) {
  (void)contents_->writes.Delete(contents_->families[kHistory], block_key(lane, first).slice());
}
void TablesBatch::put_session(SessionId id, ByteView session) {
  (void)contents_->writes.Put(contents_->families[kSessions], NumberKey(id.value).slice(), slice_of(session));
}
void TablesBatch::drop_session(SessionId id) {
  (void)contents_->writes.Delete(contents_->families[kSessions], NumberKey(id.value).slice());
}
void TablesBatch::put_idempotency(Position position, ByteView record) {
  (void)contents_->writes.Put(contents_->families[kIdempotency], NumberKey(position.value).slice(),
                              slice_of(record));
}
void TablesBatch::drop_idempotency(Position above, Position upto) {
  (void)contents_->writes.DeleteRange(contents_->families[kIdempotency], NumberKey(above.value + 1).slice(),
                                      NumberKey(upto.value + 1).slice());
}
void TablesBatch::put_access(ByteView part) {
  (void)contents_->writes.Put(contents_->families[kMeta], std::string(kAccessKey), slice_of(part));
}
void TablesBatch::put_head(Head head) {
  head_ = std::move(head);
  Bytes bytes;
  encode_head(head_, bytes);
  (void)contents_->writes.Put(contents_->families[kMeta], std::string(kHeadKey), slice_of(bytes));
}
std::size_t TablesBatch::bytes() const { return contents_->writes.GetDataSize(); }

Tables::Tables(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Tables::~Tables() = default;
Tables::Tables(Tables&&) noexcept = default;
Tables& Tables::operator=(Tables&&) noexcept = default;

Result<Tables> Tables::open(const Options& options) {
  auto database = Database::open(options);
  if (!database) return database.error();
  return Tables(std::move(*database));
}

Result<std::optional<Head>> Tables::head() const { return database_->head(); }

Status Tables::verify() const {
  const rocksdb::Status status = database_->db->VerifyChecksum();
  return status.ok() ? ok_status() : Status(database_->error(status));
}

Tables::Ended Tables::write(const TablesBatch& batch) {
  Database& d = *database_;
  if (batch.head().batch != d.batch + 1)
    return {End::kFailed, d.failed("a batch that this one builds on is missing")};
  if (Status room = d.enough_room(batch.bytes()); !room) return {End::kNoSpace, room.error()};
  if (d.out_of_space) {
    // RocksDB holds on to the error until it is told that it may be over.
    const rocksdb::Status resumed = d.db->Resume();
    if (!resumed.ok()) return {resumed.IsNoSpace() ? End::kNoSpace : End::kFailed, d.error(resumed)};
  }
  if (Status ready = d.make_resumable(); !ready) return {End::kFailed, ready.error()};
  const rocksdb::Status status = d.db->Write(synced(), &batch.contents_->writes);
  d.out_of_space = status.IsNoSpace();
  if (!status.ok()) return {status.IsNoSpace() ? End::kNoSpace : End::kFailed, d.error(status)};
  d.batch = batch.head().batch;
  (void)d.note_newest(d.batch);  // if it cannot be written, an older one is there: a weaker check, and nothing else
  return {};
}

Status Tables::wipe() {
  if (Status noted = database_->note_newest(0); !noted) return noted;
  rocksdb::WriteBatch all;
  for (const Family family : {kSites, kHistory, kSessions, kIdempotency})
    (void)all.DeleteRange(database_->families[family], rocksdb::Slice(), last_key());
  for (const std::string_view key : {kHeadKey, kAccessKey})
    (void)all.Delete(database_->families[kMeta], std::string(key));
  const rocksdb::Status status = database_->db->Write(synced(), &all);
  if (!status.ok()) return database_->error(status);
  database_->batch = 0;
  // Deleted rows still lie in files; files that hold nothing else can be deleted now. This only saves space.
  const rocksdb::Slice end(last_key());
  for (const Family family : {kSites, kHistory, kSessions, kIdempotency})
    (void)rocksdb::DeleteFilesInRange(database_->db.get(), database_->families[family], nullptr, &end);
  return ok_status();
}

}  // namespace titer::store
