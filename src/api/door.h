// SPDX-License-Identifier: Apache-2.0

// Door: what clients may take of one server, whichever of its workers has accepted them: requests by address and key
// (net/rates.h), and connections (net/places.h).
//
// Thread rule: any worker. One lock, held for a look at a table.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/ids.h"
#include "base/result.h"
#include "net/places.h"
#include "net/rates.h"

namespace titer::api {

class Door {
 public:
  Door(const net::RateLimits& rates, net::PlaceLimits connections)
      : rates_(rates), places_(connections, "connections") {}

  // As in net::Rates and net::Places.
  [[nodiscard]] Status take_address(const net::Rates::Sender& sender, BootTime now) {
    const std::lock_guard lock(mutex_);
    return rates_.take_address(sender, now);
  }
  [[nodiscard]] Status take_key(const net::Rates::Sender& sender, BootTime now) {
    const std::lock_guard lock(mutex_);
    return rates_.take_key(sender, now);
  }
  [[nodiscard]] Status take_place(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    return places_.take(address);
  }
  void give_back(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    places_.give_back(address);
  }
  // For the refusals. What they say does not change.
  [[nodiscard]] const net::Rate& per_address() const { return rates_.per_address; }
  [[nodiscard]] const net::Rate& per_key() const { return rates_.per_key; }

 private:
  std::mutex mutex_;
  net::Rates rates_;
  net::Places places_;
};

}  // namespace titer::api
