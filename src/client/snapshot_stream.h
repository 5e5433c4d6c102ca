// SPDX-License-Identifier: Apache-2.0

// All sites as they were at one position, as snapshot.h puts them together, shown one after another with bounded memory.
//
// Changes that happen while the pages are read are known after the last page only. So until then the pages wait in a temporary
// file, which nobody else sees and which is gone with the process. In memory are one page and the sites that changed.
// Errors: those of the questions; kInternal: the temporary file. Thread rule: that of the Asker.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "client/read.h"

namespace titer::client {

struct Shown {
  Position position;
  std::uint64_t sites = 0;
};
// In the order of names. The visitor returns false to stop early.
[[nodiscard]] Result<Shown> show_snapshot(Asker& asker, bool with_closed, const SiteVisitor& visit);

}  // namespace titer::client
