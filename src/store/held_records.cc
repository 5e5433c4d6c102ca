// SPDX-License-Identifier: Apache-2.0

#include "store/held_records.h"

#include <algorithm>

namespace titer::store {

void Released::raise(ViewNumber view, const smr::AckRow& bases) {
  if (view < view_) return;
  any_ = true;
  if (view > view_) bases_.clear();
  view_ = view;
  for (const auto& [transmitter, seq] : bases) {
    Seq& base = bases_[transmitter];
    base = std::max(base, seq);
  }
}

bool Released::has(TransmitterId transmitter, Seq seq) const {
  const auto base = bases_.find(transmitter);
  return base != bases_.end() && seq <= base->second;
}

void HeldRecords::add(RecordKind kind, const RecordName& name) {
  if (kind == RecordKind::kInstall) {
    installs_ = std::max(installs_, name.view);
    return;
  }
  if (name.view < view_) return;
  if (name.view > view_) highest_.clear();
  view_ = name.view;
  Seq& seq = highest_[name.transmitter];
  seq = std::max(seq, name.seq);
}

bool HeldRecords::all_in(const Released& released) const {
  if (!released.any()) return false;
  if (installs_ > released.view() || view_ > released.view()) return false;
  return view_ < released.view() || std::all_of(highest_.begin(), highest_.end(),
                                                [&](const auto& of) { return released.has(of.first, of.second); });
}

}  // namespace titer::store
