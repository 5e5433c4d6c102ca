// SPDX-License-Identifier: Apache-2.0

#include "sim/disk.h"

#include <algorithm>
#include <utility>

namespace titer::sim {

namespace {

constexpr Time kLazyUs = 5'000;   // a line that nobody waits for waits so long for company
constexpr Time kTablesShare = 4;  // to write the tables takes so many times a sync, about

bool has_requests(const Line& line) {
  const auto* frame = std::get_if<smr::FramePtr>(&line);
  return frame != nullptr && (*frame)->count > 0;
}

}  // namespace

Time Disk::length() const {
  return stage_.random.between(stage_.plan.sync_us / 2, stage_.plan.sync_us * 2) + extra_us_;
}

void Disk::append(std::uint64_t ticket, Line line) {
  appended_ = ticket;
  if (has_requests(line)) due_ = ticket;
  unsynced_.push_back({ticket, std::move(line)});
}

void Disk::commit(bool urgent) {
  if (over_) return;
  if (urgent) due_ = appended_;
  if (due_ > synced_ && !busy_) begin();
  if (appended_ <= std::max(due_, lazy_)) return;
  lazy_ = appended_;
  stage_.time.at(stage_.time.now() + kLazyUs, *this, kLazy, lazy_);
}

void Disk::begin() {
  busy_ = true;
  syncing_ = appended_;
  stage_.time.at(not_before(stage_.time.now() + length()), *this, kSync, ++sync_);
}

void Disk::write_tables(Tables tables) {
  tables_ = std::move(tables);
  stage_.time.at(not_before(stage_.time.now() + kTablesShare * length()), *this, kTables, ++write_);
}

// The sync in progress ends then, and not before.
void Disk::hang(Time until) {
  hangs_until_ = until;
  if (busy_) stage_.time.at(until, *this, kSync, ++sync_);
  if (tables_) stage_.time.at(until, *this, kTables, ++write_);
}

void Disk::heal() {
  extra_us_ = 0;
  hangs_until_ = 0;
  fails_ = false;
  if (busy_) stage_.time.at(stage_.time.now(), *this, kSync, ++sync_);
  if (tables_) stage_.time.at(stage_.time.now(), *this, kTables, ++write_);
}

void Disk::on_event(std::uint32_t what, std::uint64_t argument) {
  if (over_) return;
  if (what == kSync && busy_ && argument == sync_) return synced();
  if (what == kTables && tables_ && argument == write_) return tables_end();
  if (what != kLazy || argument <= due_) return;
  due_ = argument;
  if (!busy_) begin();
}

void Disk::synced() {
  busy_ = false;
  if (fails_ && owner_.may_fail()) {
    stage_.hit(CoverageMark::kDiskFails);
    return owner_.disk_failed();
  }
  synced_ = syncing_;
  for (; !unsynced_.empty() && unsynced_.front().ticket <= synced_; unsynced_.pop_front())
    directory_->append(std::move(unsynced_.front().line));
  owner_.persisted(synced_);
  if (due_ > synced_) begin();
}

void Disk::tables_end() {
  Tables written = std::move(*std::exchange(tables_, std::nullopt));
  directory_->replace(std::move(written), [this](const smr::Frame& frame) { owner_.forgotten(frame); });
  stage_.hit(CoverageMark::kTablesWritten);
  owner_.tables_written();
}

void Disk::crash() {
  over_ = true;
  if (tables_) stage_.hit(CoverageMark::kTablesTorn);
  if (unsynced_.empty()) return;
  const std::size_t kept = stage_.random.below(unsynced_.size() + 1);
  if (kept < unsynced_.size()) stage_.hit(CoverageMark::kUnsyncedLost);
  if (kept > 0) stage_.hit(CoverageMark::kTornTail);
  for (std::size_t i = 0; i < kept; ++i) directory_->append(std::move(unsynced_[i].line));
  unsynced_.clear();
}

}  // namespace titer::sim
