// SPDX-License-Identifier: Apache-2.0

#include "store/tables_writer.h"

#include <utility>

#include "base/check.h"

namespace titer::store {

TablesWriter::TablesWriter(Tables& tables, Workers& workers, std::function<void(const Report&)> report)
    : tables_(tables), report_(std::move(report)), worker_(workers.start([this] { step(); })) {}

TablesWriter::~TablesWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  worker_.reset();
}

bool TablesWriter::idle() const {
  const std::lock_guard lock(mutex_);
  return step_ == Step::kIdle;
}

void TablesWriter::submit(TablesBatch batch) {
  {
    const std::lock_guard lock(mutex_);
    TITER_CHECK(step_ == Step::kIdle, "one batch at a time is written, and none after a failure");
    batch_ = std::move(batch);
    step_ = Step::kWrite;
  }
  worker_->wake();
}

void TablesWriter::retry() {
  {
    const std::lock_guard lock(mutex_);
    TITER_CHECK(step_ == Step::kWaits, "only a batch that found no space is tried again");
    step_ = Step::kWrite;
  }
  worker_->wake();
}

void TablesWriter::read(RowRange range, std::function<void(Rows)> then) {
  {
    const std::lock_guard lock(mutex_);
    TITER_CHECK(step_ == Step::kIdle, "the tables are read while no batch is written");
    range_ = range;
    read_ = std::move(then);
    step_ = Step::kRead;
  }
  worker_->wake();
}

// --- the worker

void TablesWriter::step() {
  Step now = Step::kIdle;
  {
    const std::lock_guard lock(mutex_);
    now = ending_ && step_ == Step::kRead ? Step::kIdle : step_;
  }
  if (now == Step::kWrite) write();
  if (now == Step::kRead) read_rows();
}

bool TablesWriter::settle(Step next) {
  const std::lock_guard lock(mutex_);
  step_ = next;
  return !ending_;
}

void TablesWriter::read_rows() {
  TITER_CHECK(read_ != nullptr, "somebody waits for the rows");
  Rows rows = tables_.read(range_);
  const auto then = std::move(read_);
  if (settle(Step::kIdle)) then(std::move(rows));
}

void TablesWriter::write() {
  TITER_CHECK(batch_.has_value(), "a batch was submitted");
  const Report report{tables_.write(*batch_), batch_->head()};
  Step next = Step::kFailed;
  if (report.ended.end == Tables::End::kNoSpace) next = Step::kWaits;
  if (report.ended.end == Tables::End::kWritten) {
    batch_.reset();
    next = Step::kIdle;
  }
  if (settle(next)) report_(report);
}

}  // namespace titer::store
