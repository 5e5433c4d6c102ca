// SPDX-License-Identifier: Apache-2.0

#include "net/environment.h"

namespace titer::net {

void Environment::take_in() {
  const BootTime until(boot_now().value + kIntakeUs);
  const auto in_time = [this, until] { return boot_now() < until; };
  while (run_one_ready() && in_time()) {
  }
  queue_.run(in_time);
}

}  // namespace titer::net
