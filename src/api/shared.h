// SPDX-License-Identifier: Apache-2.0

// Shared: the little that the workers of one server have in common: what is too large to have once per worker, or counts
// for all of them. Nothing of it lies on the way of ordinary requests.
//
// Thread rule: any worker; every member has its own lock, which is held briefly.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "api/door.h"
#include "api/import_runs.h"
#include "base/ids.h"
#include "client/snapshot.h"

namespace titer::http {
class Traffic;
}  // namespace titer::http

namespace titer::api {

class Publications;
class SourceFreshness;

// A read of the whole registry, while it is made and while something is made of it: the place that it takes, and what was read.
class SnapshotCopy {
 public:
  SnapshotCopy(std::uint64_t address, BootTime now) : address_(address), begun_(now), moved_(now) {}

  // The sites, for the next piece of an answer; null: it has given way to another client, and the answer ends here.
  [[nodiscard]] std::shared_ptr<const client::Snapshot> use(BootTime now);

 private:
  friend class Snapshots;

  const std::uint64_t address_;
  const BootTime begun_;
  std::mutex mutex_;  // for the rest
  std::shared_ptr<const client::Snapshot> all_;
  BootTime moved_;  // the last piece was taken
  bool gave_way_ = false;
};
using SharedSnapshot = std::shared_ptr<SnapshotCopy>;

// Each is as large as the registry, so their number is bounded, and clients that want the same position share one. One address has
// one of those for clients. When they are all taken, a client of an address that has none gets the place of the one that stands still
// longest, beyond kStandsStillUs, or of the oldest, beyond kLongestUs: clients that do not read what they asked for, from however
// many addresses, keep nobody out for longer. The server itself (publications) has a place that no client takes.
class Snapshots {
 public:
  static constexpr std::size_t kAliveMax = 3;  // copies of the registry
  static constexpr std::size_t kClientsMax = kAliveMax - 1;
  static constexpr std::int64_t kStandsStillUs = 5'000'000;
  static constexpr std::int64_t kLongestUs = 120'000'000;  // 100 MB at 7 Mbit/s

  // The one of this position, if somebody still has it.
  [[nodiscard]] SharedSnapshot find(Position position);
  // Room for one more, for a client at this address (0: for this server); null: try later. Its place is free when it is gone.
  [[nodiscard]] SharedSnapshot reserve(std::uint64_t address, BootTime now);
  // It was read.
  void fill(const SharedSnapshot& copy, client::Snapshot snapshot);

 private:
  [[nodiscard]] bool give_way(const std::vector<SharedSnapshot>& clients, BootTime now);

  std::mutex mutex_;
  std::vector<std::weak_ptr<SnapshotCopy>> alive_;
};

struct Shared {
  Shared();
  ~Shared();
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  Snapshots snapshots;
  ImportRuns imports;
  std::unique_ptr<Publications> publications;
  std::unique_ptr<SourceFreshness> source_freshness;

  // Of this server: the first who asks gives the limits.
  [[nodiscard]] Door& door(const net::RateLimits& rates, const net::PlaceLimits& connections);
  // Of each worker, as long as the server lives.
  void add(const http::Traffic& traffic);
  [[nodiscard]] std::vector<const http::Traffic*> traffics();

 private:
  std::mutex mutex_;
  std::vector<const http::Traffic*> traffics_;
  std::unique_ptr<Door> door_;
};

}  // namespace titer::api
