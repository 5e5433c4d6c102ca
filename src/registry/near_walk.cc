// SPDX-License-Identifier: Apache-2.0

#include "registry/near_walk.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "registry/geo.h"

namespace titer::registry {
namespace {

constexpr double kFirstRingM = 8'000;
constexpr std::uint32_t kSeekRows = 4;  // to find where a piece begins costs as much as looking at so many rows

auto nearer(const Store& store) {
  return [&store](const NearWalk::Found& a, const NearWalk::Found& b) {
    return a.metres != b.metres ? a.metres < b.metres : store.id(a.slot) < store.id(b.slot);
  };
}

}  // namespace

NearWalk::NearWalk(double lat, double lon, double within_m, std::uint32_t wanted)
    : lat_(lat), lon_(lon), within_(within_m), kept_max_(std::size_t{wanted} + 1) {}

// `west` and `east` count from the centre.
void NearWalk::add_piece(std::int32_t band, std::int64_t west, std::int64_t east) {
  if (west > east) return;
  constexpr std::int64_t kTurn = 2 * kHalfTurnE7;
  const std::int64_t centre = std::llround(lon_ * 1e7) + kHalfTurnE7;
  const std::int64_t from = ((centre + west) % kTurn + kTurn) % kTurn;
  const std::int64_t to = from + (east - west);
  const auto place = [band](std::int64_t at) { return place_of(band, static_cast<std::uint32_t>(at)); };
  pieces_.push_back({place(from), place(std::min(to, kTurn - 1))});
  if (to >= kTurn) pieces_.push_back({place(0), place(to - kTurn)});  // beyond the date line
}

void NearWalk::next_ring() {
  const double inner = radius_;
  radius_ = std::min(within_, std::max(kFirstRingM, 2 * inner));
  const double degrees = radius_ / kEarthRadiusM * 180 / std::numbers::pi + 1e-4;
  const auto band = [](double lat) {
    return band_of(static_cast<std::int32_t>(std::clamp(lat, -90.0, 90.0) * 1e7));
  };
  for (std::int32_t b = band(lat_ - degrees); b <= band(lat_ + degrees); ++b) {
    const std::int64_t reach = reach_in_band(b, lat_, radius_);
    if (reach < 0) continue;
    const std::int64_t before = inner > 0 ? reach_in_band(b, lat_, inner) : -1;
    const std::int64_t west = std::max(-reach, -kHalfTurnE7), east = std::min(reach, kHalfTurnE7 - 1);
    if (before < 0) {
      add_piece(b, west, east);
    } else {
      add_piece(b, west, -before - 1);
      add_piece(b, before + 1, east);
    }
  }
}

bool NearWalk::enough() const {
  return radius_ >= within_ || (found_.size() == kept_max_ && found_.front().metres <= radius_);
}

bool NearWalk::go_on(const Store& store, const Filter& filter, Progress& progress) {
  if (settled_) return true;
  while (true) {
    for (; !pieces_.empty(); pieces_.pop_back())
      if (!walk(store, filter, progress)) return false;
    if (enough()) return true;
    next_ring();
  }
}

bool NearWalk::walk(const Store& store, const Filter& filter, Progress& progress) {
  Piece& piece = pieces_.back();
  const OrderedIndex& index = store.by_place();
  if (!progress.goes_on()) return false;
  progress.spend(kSeekRows);
  auto at = index.seek([&](std::uint32_t slot) {
    const std::uint64_t place = store.place(slot);
    return place != piece.from ? place < piece.from : resumes_ && slot <= last_slot_;
  });
  resumes_ = false;
  for (; !index.end(at); at = index.next(at)) {
    const std::uint32_t slot = index.get(at);
    const std::uint64_t place = store.place(slot);
    if (place > piece.to) break;
    look_at(store, filter, slot);
    progress.spend(filter.cost(slot));
    if (progress.goes_on()) continue;
    piece.from = place;
    last_slot_ = slot;
    resumes_ = true;
    return false;
  }
  return true;
}

void NearWalk::look_at(const Store& store, const Filter& filter, std::uint32_t slot) {
  const Found found{metres(store, slot), slot};
  if (found.metres > within_) return;
  const auto order = nearer(store);
  const bool full = found_.size() == kept_max_;
  if ((full && !order(found, found_.front())) || !filter.fits(slot)) return;
  if (full) {
    std::pop_heap(found_.begin(), found_.end(), order);
    found_.pop_back();
  }
  found_.push_back(found);
  std::push_heap(found_.begin(), found_.end(), order);
}

double NearWalk::metres(const Store& store, std::uint32_t slot) const {
  const ColdRow& row = store.cold(slot);
  return distance_m(lat_, lon_, from_e7(row.lat), from_e7(row.lon));
}

// Sites that were found in an earlier step may have moved, or may fit no longer.
const std::vector<NearWalk::Found>& NearWalk::settle(const Store& store, const Filter& filter) {
  if (std::exchange(settled_, true)) return found_;
  for (Found& found : found_) found.metres = metres(store, found.slot);
  std::erase_if(found_, [&](const Found& found) { return !holds(store, filter, found); });
  std::sort(found_.begin(), found_.end(), nearer(store));
  const auto same = [](const Found& a, const Found& b) { return a.slot == b.slot; };
  found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
  return found_;
}

bool NearWalk::holds(const Store& store, const Filter& filter, const Found& found) const {
  const bool placed = store.hot(found.slot).point != PointSource::kNone;
  return placed && found.metres <= within_ && metres(store, found.slot) == found.metres && filter.fits(found.slot);
}

}  // namespace titer::registry
