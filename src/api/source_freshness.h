// SPDX-License-Identifier: Apache-2.0

// SourceFreshness: how old the data of each source is, for monitors.
//
// Nothing in the registry is kept by source, and a scrape must be quick; so all sites are looked through in the
// background at most once a minute, and scrapes show what was found last. The first one finds nothing yet.
// Limits: kSourcesMax sources are told apart (labels are dear to a monitor); the rest is "other".
// Thread rule: any worker.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "http/metrics_text.h"

namespace titer::api {

struct HandlerContext;

class SourceFreshness {
 public:
  static constexpr std::size_t kSourcesMax = 50;
  static constexpr std::int64_t kEveryUs = 60'000'000;

  // Begins a new look if the last one is old.
  void refresh(HandlerContext& context);
  void print(http::MetricsText& out);

 private:
  struct Source {
    std::uint64_t lines = 0, not_fresh = 0;
    WallTime newest;  // the latest time at which one of its claims was true
  };
  std::mutex mutex_;
  BootTime next_;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace titer::api
