// SPDX-License-Identifier: Apache-2.0

// Publication: one snapshot as SMART Scheduling Links, made once and served to everybody.
//
// Its name is the position of the snapshot and the hour it was made in (freshness is judged by the hour), and its bytes
// depend on these two alone; so its files never change under their addresses, and every replica would make the same.
// Clients poll a manifest at most once a minute, so one that is younger than kFreshUs serves all. While the next one is
// made, the last one is served. The last kKept are kept, packed, for those who are still fetching files.
//
// Made in small steps between a worker's turns: compressing a nation's sites takes seconds in all.
// Memory: packed files (75 to 1) of kKept publications, and one snapshot while one is made.
// Thread rule: Publication is immutable; Publications may be called by any worker.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/handler_context.h"
#include "formats/smart_writer.h"

namespace titer::api {

struct Publication {
  struct File {
    formats::SmartType type = formats::SmartType::kLocation;
    std::string state;  // empty: of the sites outside of states
    std::string name;   // "locations-MA.ndjson"
    std::shared_ptr<const std::string> packed;
  };
  std::string name;  // "s-1042-490999-a2b4e058"; with expired claims "e-…"
  bool with_expired = false;
  Position position;
  WallTime time;  // of the newest change in it, at the earliest the beginning of the hour
  std::uint64_t left_out = 0;
  std::vector<File> files;
  BootTime made;

  [[nodiscard]] const File* find(std::string_view file) const;
};
using SharedPublication = std::shared_ptr<const Publication>;
using ThenPublication = std::function<void(const Result<SharedPublication>&)>;

class Publications {
 public:
  static constexpr std::size_t kKept = 5;  // of each kind
  static constexpr std::int64_t kFreshUs = 60'000'000;

  // The newest, made now if need be. `then` is called once, on this worker's thread, perhaps before this call returns.
  void newest(HandlerContext& context, bool with_expired, ThenPublication then);
  // Null: it was never here, or is no longer kept.
  [[nodiscard]] SharedPublication find(std::string_view name);

 private:
  // Without and with expired claims.
  struct Kind {
    bool making = false;
    std::deque<SharedPublication> kept;    // oldest first
    std::vector<ThenPublication> waiting;  // each goes back to its own worker
  };
  void made(Kind& kind, Result<SharedPublication> publication);

  std::mutex mutex_;
  std::array<Kind, 2> kinds_;
};

}  // namespace titer::api
