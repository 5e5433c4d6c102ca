// SPDX-License-Identifier: Apache-2.0

#include "host/service_notifier.h"

#include <chrono>
#include <utility>

namespace titer::host {

ServiceNotifier::ServiceNotifier(net::Loop& loop, net::Notifier notifier, Look look)
    : notifier_(std::move(notifier)), look_(std::move(look)), timer_(loop.context()) {}

void ServiceNotifier::begin() {
  if (notifier_.on()) beat();
}

void ServiceNotifier::beat() {
  const State now = look_();
  notifier_.status(now.words);
  if (now.serves) notifier_.ready();
  notifier_.alive(net::boot_now());
  timer_.expires_after(std::chrono::microseconds(kEveryUs));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) beat();
  });
}

}  // namespace titer::host
