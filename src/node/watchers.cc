// SPDX-License-Identifier: Apache-2.0

#include "node/watchers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace titer::node {

Watchers::Watchers(net::Environment& env, const machine::Machine& machine, net::PlaceLimits limits,
                   std::size_t ring_bytes)
    : env_(env),
      machine_(machine),
      places_(limits, "watches"),
      shared_{Shared{WatchRing(ring_bytes)}, Shared{WatchRing(ring_bytes)}} {}

Status Watchers::watch(net::Connection& connection, std::uint64_t address, Position since, registry::KeyId as) {
  const auto there = index_.find(&connection);
  Watcher* watcher = there == index_.end() ? nullptr : there->second;
  if (watcher == nullptr) {
    if (Status place = places_.take(address); !place) return place;
    watcher = watchers_.emplace_back(std::make_unique<Watcher>()).get();
    watcher->connection = connection.shared_from_this();
    watcher->address = address;
    index_.emplace(&connection, watcher);
  }
  move_to(*watcher, nullptr);
  watcher->since = since;
  watcher->as = as;
  behind_ = true;
  env_.wake_at(next_pass_);
  return ok_status();
}

void Watchers::forget(const net::Connection& connection) {
  const auto there = index_.find(&connection);
  if (there == index_.end()) return;
  const auto at =
      std::find_if(watchers_.begin(), watchers_.end(), [&](const auto& one) { return one.get() == there->second; });
  remove(static_cast<std::size_t>(at - watchers_.begin()));
}

void Watchers::remove(std::size_t at) {
  TITER_CHECK(at < watchers_.size(), "a watcher in the index is in the list");
  Watcher& watcher = *watchers_[at];
  move_to(watcher, nullptr);
  places_.give_back(watcher.address);
  index_.erase(watcher.connection.get());
  std::swap(watchers_[at], watchers_.back());
  watchers_.pop_back();
}

void Watchers::move_to(Watcher& watcher, Shared* shared) {
  TITER_CHECK(watcher.from == nullptr || watcher.from->watchers > 0, "a ring counts its watchers");
  if (watcher.from != nullptr) --watcher.from->watchers;
  if (shared != nullptr) ++shared->watchers;
  watcher.from = shared;
}

void Watchers::on_turn(BootTime now) {
  if (watchers_.empty()) return;
  const Position newest = machine_.position();
  if (now < next_pass_) {
    if (behind_ || newest != newest_) env_.wake_at(next_pass_);
    return;
  }
  next_pass_ = later(now, kPassEveryUs);
  newest_ = newest;
  behind_ = false;
  for (const bool audit : {false, true}) encode_news(shared_[audit ? 1 : 0], audit);
  const WallTime wall = env_.wall_now();
  unsigned spent = 0;
  bool ended = false;
  std::size_t looked = 0;
  for (; looked < watchers_.size() && spent < kPassBudget; ++looked) {
    next_ = (next_ + 1) % watchers_.size();
    Watcher& watcher = *watchers_[next_];
    const unsigned cost = feed(watcher, wall);
    spent += cost;
    ended = ended || watcher.over;
    behind_ = behind_ || (watcher.since < newest && !watcher.over);
    if (cost > 0 && watcher.since < newest) env_.wake_at(next_pass_);
  }
  if (looked < watchers_.size()) {
    behind_ = true;
    env_.wake_at(next_pass_);
  }
  for (std::size_t i = watchers_.size(); ended && i-- > 0;)
    if (watchers_[i]->over) remove(i);
}

void Watchers::encode_news(Shared& shared, bool audit) {
  if (shared.watchers == 0) return shared.ring.begin_at(newest_);
  for (unsigned batch = 0; batch < kBatchesPerPass && shared.ring.end() < newest_; ++batch) {
    Bytes messages;
    const Position upto = machine_.events(shared.ring.end(), kBatchEvents, messages, audit);
    // More was written at one go than the history keeps.
    if (upto == shared.ring.end()) return shared.ring.begin_at(newest_);
    shared.ring.push(upto, std::move(messages));
  }
  if (shared.ring.end() < newest_) env_.wake_at(next_pass_);
}

unsigned Watchers::feed(Watcher& watcher, WallTime now) {
  net::Connection& connection = *watcher.connection;
  if (!connection.open() || watcher.since > newest_) return 0;
  if (watcher.since == newest_ && watcher.from != nullptr) return 0;
  const bool audit = machine_.may_audit({watcher.as, now});
  Shared& shared = shared_[audit ? 1 : 0];
  const bool in_ring = shared.ring.feeds(watcher.since);
  if (watcher.from == &shared && !in_ring) {
    cut_off(watcher);
    return 1;
  }
  connection.flush();
  if (!connection.open() || connection.waiting() > 0) return 0;
  const Position before = watcher.since;
  unsigned cost = 0;
  if (in_ring) {
    watcher.since = shared.ring.read(before, kPieceBytes, connection.outgoing());
    cost = watcher.since == before ? 0 : 1;
  } else {
    watcher.since = machine_.events(before, kBatchEvents, connection.outgoing(), audit);
    watcher.over = watcher.since == before;
    cost = kHistoryCost;
  }
  connection.flush();
  move_to(watcher, shared.ring.feeds(watcher.since) ? &shared : nullptr);
  return cost;
}

void Watchers::cut_off(Watcher& watcher) {
  ++fallen_behind_;
  watcher.connection->fail(Code::kBusy,
                           "you read changes more slowly than they are made; watch again from position " +
                               std::to_string(watcher.since.value));
}

}  // namespace titer::node
