// SPDX-License-Identifier: Apache-2.0

#include "store/tables.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "store/sealed_file.h"
#include "store/tables_keys.h"

namespace titer::store {
namespace {

constexpr std::uint32_t kTablesFormat = 2;

std::string newest_path(const Tables::Options& options) { return options.dir + "/newest"; }

}  // namespace

void TablesBatch::put_site(std::uint32_t slot, ByteView part) { rows_->put(kSites, SlotKey(slot).bytes(), part); }
void TablesBatch::put_block(registry::Lane lane, Position first, ByteView events) {
  rows_->put(kHistory, block_key(lane, first).bytes(), events);
}
void TablesBatch::drop_block(registry::Lane lane, Position first) {
  rows_->remove(kHistory, block_key(lane, first).bytes());
}
void TablesBatch::put_session(SessionId id, ByteView session) {
  rows_->put(kSessions, NumberKey(id.value).bytes(), session);
}
void TablesBatch::drop_session(SessionId id) { rows_->remove(kSessions, NumberKey(id.value).bytes()); }
void TablesBatch::put_idempotency(Position position, ByteView record) {
  rows_->put(kIdempotency, NumberKey(position.value).bytes(), record);
}
void TablesBatch::drop_idempotency(Position above, Position upto) {
  TITER_CHECK(above < upto, "a range of records has some");
  rows_->remove_range(kIdempotency, NumberKey(above.value + 1).bytes(), NumberKey(upto.value + 1).bytes());
}
void TablesBatch::put_access(ByteView part) { rows_->put(kMeta, as_bytes(kAccessKey), part); }
void TablesBatch::put_head(Head head) {
  head_ = std::move(head);
  Bytes bytes;
  encode_head(head_, bytes);
  rows_->put(kMeta, as_bytes(kHeadKey), bytes);
}

Result<Tables> Tables::open(const Options& options) {
  auto database = options.databases->open({options.dir, options.read_only, options.files_max});
  if (!database) return database.error();
  Tables tables(options, std::move(*database));
  if (Status known = tables.check_identity(); !known) return known.error();
  const auto head = tables.head();
  if (!head) return head.error();
  tables.batch_ = head->has_value() ? (*head)->batch : 0;
  if (Status newest = tables.check_newest(); !newest) return newest.error();
  return tables;
}

Result<std::optional<Bytes>> Tables::get_meta(std::string_view key) const {
  return database_->get(kMeta, as_bytes(key));
}

Result<std::optional<Head>> Tables::head() const {
  const auto found = get_meta(kHeadKey);
  if (!found) return found.error();
  if (!found->has_value()) return std::optional<Head>();
  auto decoded = decode_head(**found);
  if (!decoded) return damaged(decoded.error().message);
  return std::optional(std::move(*decoded));
}

Status Tables::verify() const { return database_->verify(); }

// --- whose they are

Status Tables::begin_identity() {
  const auto head = get_meta(kHeadKey);
  if (!head) return head.error();
  if (head->has_value()) return damaged("they have a state, but do not say whose");
  if (options_.read_only) return no_tables(options_.dir);
  Bytes identity;
  ByteWriter w(identity);
  w.u32(kTablesFormat);
  w.u64(options_.cluster);
  w.u16(options_.me.value);
  const auto batch = database_->batch(0);
  batch->put(kMeta, as_bytes(kIdentityKey), identity);
  const Ended ended = database_->write(*batch);
  return ended.end == End::kWritten ? ok_status() : Status(ended.error);
}

Status Tables::check_identity() {
  const auto found = get_meta(kIdentityKey);
  if (!found) return found.error();
  if (!found->has_value()) return begin_identity();
  ByteReader in(**found);
  const std::uint32_t format = in.u32();
  if (in.ok() && format != kTablesFormat)
    return Error{
        Code::kInvalid,
        fmt::format("the tables in {} were written by {} version of titer (format {}, this one reads {}): start "
                    "that version, or name another directory",
                    options_.dir, format > kTablesFormat ? "a newer" : "an older", format, kTablesFormat)};
  const std::uint64_t cluster = in.u64();
  const ReplicaId me(in.u16());
  if (!in.done()) return damaged("they do not say whose they are");
  if (cluster != options_.cluster)
    return Error{Code::kInvalid,
                 fmt::format("the tables in {} belong to the cluster {:016x}, not to {:016x}: name this cluster's "
                             "directory, or an empty one",
                             options_.dir, cluster, options_.cluster)};
  if (me != options_.me)
    return Error{Code::kInvalid,
                 fmt::format("the tables in {} are those of replica {}, not of replica {}: name that "
                             "replica's directory, or an empty one",
                             options_.dir, me.value, options_.me.value)};
  return ok_status();
}

// --- the note of the newest batch

Status Tables::note_newest(std::uint64_t newest) const {
  Bytes bytes;
  ByteWriter(bytes).u64(newest);
  return write_sealed(newest_path(options_), SealedKind::kNewestBatch, bytes, *options_.files);
}

Status Tables::check_newest() const {
  const auto found = read_sealed(newest_path(options_), SealedKind::kNewestBatch, *options_.files);
  if (!found) return damaged(found.error().message);
  if (!found->has_value()) return ok_status();
  ByteReader in(**found);
  const std::uint64_t newest = in.u64();
  if (in.done() && newest <= batch_) return ok_status();
  return damaged(fmt::format("batch {} was written, and {} is the newest that can be read", newest, batch_));
}

// --- writing

Tables::Ended Tables::write(const TablesBatch& batch) {
  if (batch.head().batch != batch_ + 1)
    return {End::kFailed, failed_tables(options_.dir, "a batch that this one builds on is missing")};
  TITER_CHECK(!options_.read_only, "a reader writes no batch");
  Ended ended = database_->write(*batch.rows_);
  if (ended.end != End::kWritten) return ended;
  batch_ = batch.head().batch;
  (void)note_newest(batch_);  // if it cannot be written, an older one is there: a weaker check, and nothing else
  return {};
}

Status Tables::wipe() {
  TITER_CHECK(!options_.read_only, "a reader wipes nothing");
  if (Status noted = note_newest(0); !noted) return noted;
  static const Bytes kBehindAll(sizeof(std::uint64_t) + 1, std::byte{0xFF});
  const auto all = database_->batch(0);
  for (const Family family : {kSites, kHistory, kSessions, kIdempotency}) all->remove_range(family, {}, kBehindAll);
  for (const std::string_view key : {kHeadKey, kAccessKey}) all->remove(kMeta, as_bytes(key));
  const Ended ended = database_->write(*all);
  if (ended.end != End::kWritten) return ended.error;
  batch_ = 0;
  database_->reclaim();
  return ok_status();
}

}  // namespace titer::store
