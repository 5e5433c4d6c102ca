// SPDX-License-Identifier: Apache-2.0

#include "net/places.h"

#include <string>

namespace titer::net {

Status Places::take(std::uint64_t address) {
  if (address == 0) return ok_status();
  const auto there = by_address_.find(address);
  if (there != by_address_.end() && there->second >= limits_.per_address)
    return Error{Code::kTooMany, "your address has " + std::to_string(there->second) + " " + std::string(what_) +
                                     " here, as many as one address may have; close some of them"};
  if (full())
    return Error{Code::kBusy, "this replica has as many " + std::string(what_) +
                                  " as it can take; try another replica, or this one in a moment"};
  ++by_address_[address];
  ++taken_;
  return ok_status();
}

void Places::give_back(std::uint64_t address) {
  const auto there = by_address_.find(address);
  if (there == by_address_.end()) return;
  --taken_;
  if (--there->second == 0) by_address_.erase(there);
}

}  // namespace titer::net
