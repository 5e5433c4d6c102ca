// SPDX-License-Identifier: Apache-2.0

#include "api/shared.h"

#include <utility>

#include "api/publication.h"
#include "api/source_freshness.h"
#include "base/check.h"
#include "http/traffic.h"

namespace titer::api {

SharedSnapshot Snapshots::find(Position position) {
  const std::lock_guard lock(mutex_);
  SharedSnapshot newest = newest_.lock();
  return newest && newest->position == position ? newest : nullptr;
}

bool Snapshots::reserve(std::uint64_t address) {
  const std::lock_guard lock(mutex_);
  unsigned all = 0;
  for (const auto& [whose, alive] : alive_) all += alive;
  if (all >= kAliveMax) return false;
  unsigned& its = alive_[address];
  if (address != 0 && its >= kOfOneMax) return false;
  ++its;
  return true;
}

void Snapshots::give_up(std::uint64_t address) {
  const std::lock_guard lock(mutex_);
  const auto its = alive_.find(address);
  TITER_CHECK(its != alive_.end(), "a place was reserved before it is given up");
  if (--its->second == 0) alive_.erase(its);
}

SharedSnapshot Snapshots::keep(client::Snapshot snapshot, std::uint64_t address) {
  const auto forget = [this, address](const client::Snapshot* done) {
    delete done;
    give_up(address);
  };
  SharedSnapshot kept(new client::Snapshot(std::move(snapshot)), forget);
  const std::lock_guard lock(mutex_);
  newest_ = kept;
  return kept;
}

Shared::Shared()
    : publications(std::make_unique<Publications>()), source_freshness(std::make_unique<SourceFreshness>()) {}
Shared::~Shared() = default;

void Shared::add(const http::Traffic& traffic) {
  const std::lock_guard lock(mutex_);
  traffics_.push_back(&traffic);
}

Door& Shared::door(const net::RateLimits& rates, const net::PlaceLimits& connections) {
  const std::lock_guard lock(mutex_);
  if (!door_) door_ = std::make_unique<Door>(rates, connections);
  return *door_;
}

std::vector<const http::Traffic*> Shared::traffics() {
  const std::lock_guard lock(mutex_);
  return traffics_;
}

}  // namespace titer::api
