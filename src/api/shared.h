// SPDX-License-Identifier: Apache-2.0

// Shared: the little that the workers of one server have in common: what is too large to have once per worker, or counts
// for all of them. Nothing of it lies on the way of ordinary requests.
//
// Thread rule: any worker; every member has its own lock, which is held briefly.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "api/door.h"
#include "api/import_runs.h"
#include "client/snapshot.h"

namespace titer::http {
class Traffic;
}  // namespace titer::http

namespace titer::api {

class Publications;
class SourceFreshness;

using SharedSnapshot = std::shared_ptr<const client::Snapshot>;

// Reads of the whole registry in progress: each is as large as the registry, so their number is bounded, and clients
// that want the same position share one. One address never has all places, so clients that do not read what they asked for keep
// out only their own.
class Snapshots {
 public:
  static constexpr unsigned kAliveMax =
      3;  // copies of the registry, while exports or publications are made of them
  static constexpr unsigned kOfOneMax = 2;  // of one address

  // The one of this position, if somebody still has it.
  [[nodiscard]] SharedSnapshot find(Position position);
  // Room for one more, for a client at this address (0: for this server); false: try later. After true: keep() or give_up().
  [[nodiscard]] bool reserve(std::uint64_t address);
  void give_up(std::uint64_t address);
  [[nodiscard]] SharedSnapshot keep(client::Snapshot snapshot, std::uint64_t address);

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, unsigned> alive_;  // of each address that has any
  std::weak_ptr<const client::Snapshot> newest_;
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
