// SPDX-License-Identifier: Apache-2.0

#include "api/shared.h"

#include <algorithm>
#include <utility>

#include "api/publication.h"
#include "api/source_freshness.h"
#include "http/traffic.h"

namespace titer::api {

std::shared_ptr<const client::Snapshot> SnapshotCopy::use(BootTime now) {
  const std::lock_guard lock(mutex_);
  moved_ = now;
  return all_;
}

SharedSnapshot Snapshots::find(Position position) {
  const std::lock_guard lock(mutex_);
  for (const auto& one : alive_) {
    SharedSnapshot copy = one.lock();
    if (!copy) continue;
    const std::lock_guard of_copy(copy->mutex_);
    if (copy->all_ && copy->all_->position == position) return copy;
  }
  return nullptr;
}

SharedSnapshot Snapshots::reserve(std::uint64_t address, BootTime now) {
  const std::lock_guard lock(mutex_);
  std::vector<SharedSnapshot> clients;
  std::size_t all = 0;
  std::erase_if(alive_, [&](const std::weak_ptr<SnapshotCopy>& one) {
    SharedSnapshot copy = one.lock();
    if (!copy || copy->gave_way_) return true;
    ++all;
    if (copy->address_ != 0) clients.push_back(std::move(copy));
    return false;
  });
  if (address != 0) {
    if (std::ranges::count(clients, address, &SnapshotCopy::address_) > 0) return nullptr;
    if (clients.size() >= kClientsMax && !give_way(clients, now)) return nullptr;
  } else if (all >= kAliveMax) {
    return nullptr;
  }
  auto copy = std::make_shared<SnapshotCopy>(address, now);
  alive_.push_back(copy);
  return copy;
}

// One of them ends; false: all have a right to go on.
bool Snapshots::give_way(const std::vector<SharedSnapshot>& clients, BootTime now) {
  SnapshotCopy* chosen = nullptr;
  std::int64_t still_us = kStandsStillUs, longest_us = kLongestUs;
  for (const SharedSnapshot& one : clients) {
    const std::lock_guard of_copy(one->mutex_);
    if (now.value - one->moved_.value < still_us) continue;
    still_us = now.value - one->moved_.value;
    chosen = one.get();
  }
  for (const SharedSnapshot& one : clients) {
    if (still_us > kStandsStillUs || now.value - one->begun_.value < longest_us) continue;
    longest_us = now.value - one->begun_.value;
    chosen = one.get();
  }
  if (chosen == nullptr) return false;
  const std::lock_guard of_copy(chosen->mutex_);
  chosen->all_ = nullptr;
  chosen->gave_way_ = true;
  return true;
}

void Snapshots::fill(const SharedSnapshot& copy, client::Snapshot snapshot) {
  const std::lock_guard of_copy(copy->mutex_);
  if (!copy->gave_way_) copy->all_ = std::make_shared<const client::Snapshot>(std::move(snapshot));
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
