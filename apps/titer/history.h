// SPDX-License-Identifier: Apache-2.0

// Showing events: for `titer history` and `titer key history`.
#pragma once

#include <cstdint>

#include "titer/command.h"
#include "titer/remote.h"

namespace titer::app {

struct HistoryOptions {
  At at;
  bool json = false;
  std::uint64_t limit = 100, before = 0;

  void declare(Flags& flags);
};

// Newest first. Says on standard error which events were removed, when the rest is shown.
[[nodiscard]] Status show_events(client::GatewayClient& client, const HistoryOptions& options,
                                 registry::History query);

}  // namespace titer::app
