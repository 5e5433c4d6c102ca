// SPDX-License-Identifier: Apache-2.0

// Replay: the tables of a directory and its journal from there on, put together — what a start and an offline look share.
//
// Frames of views that ended in the journal are executed into the machine; those of the last view are kept for the flush
// (smr/recovery.h). A learner's tables are of different positions: there is nothing that a journal could continue.
// Thread rule: none; keeps a reference to the machine.
#pragma once

#include <functional>

#include "machine/machine.h"
#include "smr/recovery.h"
#include "store/identity.h"
#include "store/journal.h"
#include "store/tables.h"
#include "wire/codec.h"

namespace titer::store {

class Replay {
 public:
  // Sees the requests of this frame; null: nobody does.
  using Watch = std::function<machine::Sink(const smr::FramePtr& frame)>;
  // `line` (may be null) gets a line per request that is executed.
  Replay(const Tables::Loaded& loaded, machine::Machine& machine, machine::LogSink line, Watch watch = nullptr);
  // The journal's records, in order.
  [[nodiscard]] Status record(RecordKind kind, ByteView body);

  struct Found {
    smr::Recovered recovered;
    wire::Inventory inventory;
  };
  [[nodiscard]] Result<Found> end(const Identity& identity) &&;

 private:
  machine::Machine& machine_;
  machine::LogSink line_;
  Watch watch_;
  bool whole_;
  smr::Recovery recovery_;
};

}  // namespace titer::store
