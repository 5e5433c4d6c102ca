// SPDX-License-Identifier: Apache-2.0

#include "net/tls_renewal.h"

#include <csignal>
#include <optional>
#include <utility>

namespace titer::net {

TlsRenewal::TlsRenewal(boost::asio::io_context& context, std::vector<std::shared_ptr<Tls>> all, Told told)
    : all_(std::move(all)), told_(std::move(told)), signals_(context, SIGHUP), timer_(context) {
  wait_for_time();
  wait_for_signal();
}

void TlsRenewal::look(bool at_all_costs) {
  std::optional<Status> outcome;
  for (const auto& one : all_) {
    if (!at_all_costs && !one->changed()) continue;
    const Status loaded = one->reload();
    if (!outcome || !loaded) outcome = loaded;
  }
  if (outcome) told_(*outcome);
}

void TlsRenewal::wait_for_time() {
  timer_.expires_after(std::chrono::seconds(kLookEverySeconds));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    look(false);
    wait_for_time();
  });
}

void TlsRenewal::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    look(true);
    wait_for_signal();
  });
}

}  // namespace titer::net
