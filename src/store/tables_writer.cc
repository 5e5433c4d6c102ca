// SPDX-License-Identifier: Apache-2.0

#include "store/tables_writer.h"

#include <utility>

#include "base/check.h"

namespace titer::store {

TablesWriter::TablesWriter(Tables& tables, std::function<void(const Report&)> report)
    : tables_(tables), report_(std::move(report)), thread_([this] { run(); }) {}

TablesWriter::~TablesWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
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
  changed_.notify_one();
}

void TablesWriter::retry() {
  {
    const std::lock_guard lock(mutex_);
    TITER_CHECK(step_ == Step::kWaits, "only a batch that found no space is tried again");
    step_ = Step::kWrite;
  }
  changed_.notify_one();
}

void TablesWriter::read(RowRange range, std::function<void(Rows)> then) {
  {
    const std::lock_guard lock(mutex_);
    TITER_CHECK(step_ == Step::kIdle, "the tables are read while no batch is written");
    range_ = range;
    read_ = std::move(then);
    step_ = Step::kRead;
  }
  changed_.notify_one();
}

void TablesWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || step_ == Step::kWrite || step_ == Step::kRead; });
    if (step_ == Step::kRead && !ending_) {
      lock.unlock();
      Rows rows = tables_.read(range_);
      const auto then = std::move(read_);
      lock.lock();
      step_ = Step::kIdle;
      if (ending_) return;
      lock.unlock();
      then(std::move(rows));
      lock.lock();
      continue;
    }
    if (step_ != Step::kWrite) return;
    lock.unlock();
    const Report report{tables_.write(*batch_), batch_->head()};
    if (report.ended.end == Tables::End::kWritten) batch_.reset();
    lock.lock();
    switch (report.ended.end) {
      case Tables::End::kWritten: step_ = Step::kIdle; break;
      case Tables::End::kNoSpace: step_ = Step::kWaits; break;
      case Tables::End::kFailed: step_ = Step::kFailed; break;
    }
    if (ending_) return;
    lock.unlock();
    report_(report);
    lock.lock();
  }
}

}  // namespace titer::store
