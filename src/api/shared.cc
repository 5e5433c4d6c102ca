// SPDX-License-Identifier: Apache-2.0

#include "api/shared.h"

#include <utility>

#include "api/publication.h"
#include "api/source_freshness.h"
#include "http/traffic.h"

namespace titer::api {

SharedSnapshot Snapshots::find(Position position) {
  const std::lock_guard lock(mutex_);
  SharedSnapshot newest = newest_.lock();
  return newest && newest->position == position ? newest : nullptr;
}

bool Snapshots::reserve() {
  if (alive_.fetch_add(1) < kAliveMax) return true;
  alive_.fetch_sub(1);
  return false;
}

SharedSnapshot Snapshots::keep(client::Snapshot snapshot) {
  const auto forget = [this](const client::Snapshot* done) {
    delete done;
    give_up();
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

std::vector<const http::Traffic*> Shared::traffics() {
  const std::lock_guard lock(mutex_);
  return traffics_;
}

}  // namespace titer::api
