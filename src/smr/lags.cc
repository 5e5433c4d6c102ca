// SPDX-License-Identifier: Apache-2.0

#include "smr/lags.h"

#include <algorithm>
#include <utility>

namespace titer::smr {

Lags::Peer& Lags::peer(const Sample& sample) {
  const auto at = std::ranges::find_if(
      peers_, [&](const Peer& p) { return p.id == sample.id && p.incarnation == sample.incarnation; });
  if (at != peers_.end()) return *at;
  return peers_.emplace_back(Peer{sample.id, sample.incarnation});
}

void Lags::look(BootTime now, ViewNumber installed, const std::vector<Sample>& samples) {
  const BootTime before = std::exchange(looked_at_, now);
  const std::int64_t passed = now.value - before.value;
  const bool counts = before != BootTime() && passed <= kLateUs;
  const bool new_view = std::exchange(installed_, installed) != installed;
  for (Peer& p : peers_) p.seen = false;
  for (const Sample& sample : samples) {
    Peer& p = peer(sample);
    p.seen = true;
    if (new_view || sample.acked >= p.probe) p.probe = {};  // seqs start again with each view
    if (p.probe == Seq() && sample.sent > sample.acked) {
      p.probe = sample.sent;
      p.probe_at = now;
    }
    const std::int64_t waited = p.probe == Seq() ? 0 : now.value - p.probe_at.value;
    const std::int64_t lag = std::max({std::int64_t{0}, waited, now.value - sample.heard.value - kSilenceUs});
    if (counts) p.mean_us += (lag - p.mean_us) * passed / kWindowUs;
  }
  std::erase_if(peers_, [](const Peer& p) { return !p.seen; });
  for (Peer& p : peers_) judge(now, p);
}

std::int64_t Lags::median_of_others(const Peer& peer) const {
  std::vector<std::int64_t> means;
  for (const Peer& p : peers_)
    if (&p != &peer) means.push_back(p.mean_us);
  if (means.empty()) return 0;
  const auto middle = means.begin() + static_cast<std::ptrdiff_t>((means.size() - 1) / 2);
  std::nth_element(means.begin(), middle, means.end());
  return *middle;
}

void Lags::judge(BootTime now, Peer& peer) const {
  const bool slow = peer.mean_us > kFloorUs + kFactor * median_of_others(peer);
  if (slow == peer.limps) {
    peer.differs_since = {};
  } else if (peer.differs_since == BootTime()) {
    peer.differs_since = now;
  } else if (now.value - peer.differs_since.value >= kHoldUs) {
    peer.limps = slow;
    peer.differs_since = {};
  }
}

std::vector<Lag> Lags::all() const {
  std::vector<Lag> lags;
  for (const Peer& p : peers_) lags.push_back({p.id, p.mean_us, p.limps});
  std::ranges::sort(lags, {}, &Lag::id);
  return lags;
}

}  // namespace titer::smr
