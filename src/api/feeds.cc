// SPDX-License-Identifier: Apache-2.0

#include "api/feeds.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/limits.h"

namespace titer::api {

Feeds::Feeds(net::Loop& loop, net::Address replica, std::uint64_t cluster, unsigned share)
    : loop_(loop),
      replica_(std::move(replica)),
      cluster_(cluster),
      share_(std::max(1U, share)),
      everybody_(
          std::make_shared<Changes>(loop, replica_, cluster, registry::kNoKey, limits::kRingBytesMax / share_)) {}

std::shared_ptr<Changes> Feeds::of(registry::KeyId auditor) {
  if (const auto there = auditors_.find(auditor); there != auditors_.end()) return there->second;
  if (auditors_.size() >= limits::kAuditFeedsMax) return nullptr;
  auto feed = std::make_shared<Changes>(loop_, replica_, cluster_, auditor, limits::kAuditRingBytesMax / share_);
  if (stopping_) feed->stop();
  auditors_.emplace(auditor, feed);
  return feed;
}

void Feeds::on_turn(BootTime now) {
  everybody_->on_turn(now);
  for (auto it = auditors_.begin(); it != auditors_.end();) {
    it->second->on_turn(now);
    const bool over = it->second.use_count() == 1 && !it->second->begun();
    it = over ? auditors_.erase(it) : std::next(it);
  }
}

void Feeds::stop() {
  stopping_ = true;
  everybody_->stop();
  for (const auto& [key, feed] : auditors_) feed->stop();
}

std::size_t Feeds::listeners() const {
  std::size_t n = everybody_->listeners();
  for (const auto& [key, feed] : auditors_) n += feed->listeners();
  return n;
}

}  // namespace titer::api
