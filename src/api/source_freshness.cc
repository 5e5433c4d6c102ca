// SPDX-License-Identifier: Apache-2.0

#include "api/source_freshness.h"

#include <algorithm>
#include <utility>

#include "api/full_snapshot.h"
#include "registry/state.h"

namespace titer::api {

void SourceFreshness::refresh(HandlerContext& context) {
  {
    const std::lock_guard lock(mutex_);
    if (context.times.now < next_) return;
    next_ = BootTime(context.times.now.value + kEveryUs);
  }
  read_full_snapshot(context, 0, [this](const Result<SharedSnapshot>& all) {
    if (!all) return;  // the next minute's look may have better luck
    const auto read = (*all)->use(net::boot_now());
    if (read == nullptr) return;
    const WallTime now = net::wall_now();
    std::map<std::string, Source, std::less<>> sources;
    for (const registry::Site& site : read->sites) {
      for (const registry::StockLine& line : site.stock) {
        auto it = sources.find(line.source);
        if (it == sources.end())
          it = sources.try_emplace(sources.size() < kSourcesMax ? std::string(line.source) : "other").first;
        ++it->second.lines;
        if (registry::freshness(line, now) != registry::Freshness::kFresh) ++it->second.not_fresh;
        it->second.newest = std::max(it->second.newest, registry::claimed_at(line));
      }
    }
    const std::lock_guard lock(mutex_);
    sources_ = std::move(sources);
  });
}

void SourceFreshness::print(http::MetricsText& out) {
  const std::lock_guard lock(mutex_);
  out.family("titer_source_lines", "gauge", "Stock lines, by the source that claimed them last");
  for (const auto& [name, source] : sources_) out.sample(static_cast<double>(source.lines), {{"source", name}});
  out.family("titer_source_lines_not_fresh", "gauge", "Of those: claims that are older than a day");
  for (const auto& [name, source] : sources_) out.sample(static_cast<double>(source.not_fresh), {{"source", name}});
  out.family("titer_source_newest_timestamp_seconds", "gauge", "When the newest claim of the source was true");
  for (const auto& [name, source] : sources_)
    out.sample(static_cast<double>(source.newest.value) / 1000, {{"source", name}});
}

}  // namespace titer::api
