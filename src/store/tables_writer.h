// SPDX-License-Identifier: Apache-2.0

// TablesWriter: the worker that writes batches into the tables, and reads them for the scrub (scrub.h), so that the loop never
// waits for the disk.
//
// One batch at a time: the next is gathered while this one is written, and submitted when it is reported. A batch
// that found no space is kept here, to be tried again: the replica may leave its view or refuse writes
// meanwhile, and nothing is lost, for the journal keeps what the tables do not have yet.
//
// Thread rule: everything on the owner's thread, except `report`, which is called inside the worker's step: post it to
// the loop. The destructor waits until what was submitted is written, of which no report may come any more.
// Errors: after kFailed nothing can be submitted; a replica stops then (that is the fail-stop failure that the
// others survive).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "store/tables.h"
#include "store/workers.h"

namespace titer::store {

class TablesWriter {
 public:
  struct Report {
    Tables::Ended ended;
    Head head;  // of the batch, written or not
  };
  TablesWriter(Tables& tables, Workers& workers, std::function<void(const Report&)> report);
  ~TablesWriter();
  TablesWriter(const TablesWriter&) = delete;
  TablesWriter& operator=(const TablesWriter&) = delete;

  using Rows = Result<std::vector<TableRow>>;

  // Nothing is under way, and nothing waits for space.
  [[nodiscard]] bool idle() const;
  void submit(TablesBatch batch);  // when idle
  void retry();                    // after kNoSpace
  // When idle. `then`, inside the worker's step, gets the rows of this range, all of the position of the newest batch.
  void read(RowRange range, std::function<void(Rows)> then);

 private:
  enum class Step { kIdle, kRead, kWrite, kWaits, kFailed };
  void step();
  void write();
  void read_rows();
  // The step that follows; false: nobody is told of this one any more.
  bool settle(Step next);

  Tables& tables_;
  std::function<void(const Report&)> report_;
  mutable std::mutex mutex_;
  Step step_ = Step::kIdle;
  bool ending_ = false;
  std::optional<TablesBatch> batch_;  // the worker's alone in kWrite
  RowRange range_;                    // … in kRead, like the next
  std::function<void(Rows)> read_;
  std::unique_ptr<Worker> worker_;  // last: it uses all of the above
};

}  // namespace titer::store
