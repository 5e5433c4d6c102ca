// SPDX-License-Identifier: Apache-2.0

// HeldRecords: the records of a segment that are still needed, in as much detail as it takes to decide when none is.
//
// Not every record is remembered, only the highest view and, in it, each transmitter's highest seq: a release is a view
// and a row, so a segment is free when both reach that far. Records of lower views in the same segment are free
// whenever those are.
// Thread rule: its owner's.
#pragma once

#include <map>

#include "smr/types.h"
#include "store/journal_format.h"

namespace titer::store {

// The records that are no longer needed: every record of an earlier view, in `view` the frames up to the bases, and
// the installs of views up to `view`.
class Released {
 public:
  // Only ever more: what is lower than before changes nothing.
  void raise(ViewNumber view, const smr::AckRow& bases);
  // Something was released at all; view 0 says nothing about that.
  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] ViewNumber view() const { return view_; }
  [[nodiscard]] bool has(TransmitterId transmitter, Seq seq) const;

 private:
  bool any_ = false;
  ViewNumber view_;
  std::map<TransmitterId, Seq> bases_;  // in view_
};

class HeldRecords {
 public:
  void add(RecordKind kind, const RecordName& name);
  [[nodiscard]] bool all_in(const Released& released) const;

 private:
  ViewNumber installs_;                   // highest
  ViewNumber view_;                       // highest of a frame
  std::map<TransmitterId, Seq> highest_;  // in view_
};

}  // namespace titer::store
