// SPDX-License-Identifier: Apache-2.0

#include "registry/near_walk.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "registry/site_walk.h"

namespace titer::registry {
namespace {

constexpr double kFirstRingMinM = 250, kFirstRingMaxM = 8'000;
constexpr std::uint32_t kSeekRows = 1;       // to find where a piece begins
constexpr std::uint32_t kPlacesPerRow = 16;  // that are too far away, in the time of one row
constexpr std::uint64_t kRowsBeforePlan = 500;

auto nearer(const Store& store) {
  return [&store](const NearWalk::Found& a, const NearWalk::Found& b) {
    return a.metres != b.metres ? a.metres < b.metres : store.id(a.slot) < store.id(b.slot);
  };
}

std::int32_t band_at(double lat) { return band_of(static_cast<std::int32_t>(std::clamp(lat, -90.0, 90.0) * 1e7)); }

}  // namespace

NearWalk::NearWalk(double lat, double lon, double within_m, std::uint32_t wanted)
    : distance_(lat, lon),
      lat_(lat),
      lon_(lon),
      within_(within_m),
      kept_max_(std::size_t{wanted} + 1),
      square_max_(DistanceFrom::square_above(within_m)),
      rows_max_(kRowsBeforePlan) {}

// `west` and `east` count from the centre.
void NearWalk::add_piece(std::int32_t band, std::int64_t west, std::int64_t east) {
  if (west > east) return;
  constexpr std::int64_t kTurn = 2 * kHalfTurnE7;
  const std::int64_t centre = std::llround(lon_ * 1e7) + kHalfTurnE7;
  const std::int64_t from = ((centre + west) % kTurn + kTurn) % kTurn;
  const std::int64_t to = from + (east - west);
  const auto add = [&](std::int64_t first, std::int64_t last) {
    pieces_.push_back(
        {first_place(band, static_cast<std::uint32_t>(first)), last_place(band, static_cast<std::uint32_t>(last))});
  };
  add(from, std::min(to, kTurn - 1));
  if (to >= kTurn) add(0, to - kTurn);  // beyond the date line
}

// Such that as many sites as are wanted should lie in it, if there are about as many everywhere as in the band around the centre.
double NearWalk::first_ring(const Store& store) const {
  const std::int32_t band = band_at(lat_);
  const std::int64_t reach = reach_in_band(band, lat_, kFirstRingMaxM);
  const std::int64_t centre = std::llround(lon_ * 1e7) + kHalfTurnE7;
  const auto place = [&](std::int64_t east) {
    const auto at = static_cast<std::uint32_t>(std::clamp<std::int64_t>(east, 0, 2 * kHalfTurnE7 - 1));
    return store.by_place().seek([&](const Placed& p) { return p.place() < first_place(band, at); });
  };
  const auto sites = static_cast<double>(store.by_place().between(place(centre - reach), place(centre + reach)));
  const double area = 2 * kFirstRingMaxM * (kBandE7 / 1e7 * std::numbers::pi / 180 * kEarthRadiusM);
  const double enough =
      std::sqrt(2 * static_cast<double>(kept_max_) / std::max(sites, 1.0) * area / std::numbers::pi);
  return std::clamp(enough, kFirstRingMinM, kFirstRingMaxM);
}

void NearWalk::next_ring(const Store& store) {
  const double inner = radius_;
  radius_ = std::min(within_, inner > 0 ? 2 * inner : first_ring(store));
  const double degrees = radius_ / kEarthRadiusM * 180 / std::numbers::pi + 1e-4;
  for (std::int32_t b = band_at(lat_ - degrees); b <= band_at(lat_ + degrees); ++b) {
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
  if (!leaves_rings_) {
    progress.looks_along(Along::kPlaces);
    const Walked walked = walk_rings(store, filter, progress);
    if (walked != Walked::kTooLong) return walked == Walked::kAll;
    leaves_rings_ = true;
  }
  progress.looks_along(*along_);
  return walk_along_names(store, filter, progress);
}

NearWalk::Walked NearWalk::walk_rings(const Store& store, const Filter& filter, Progress& progress) {
  while (true) {
    for (; !pieces_.empty(); pieces_.pop_back()) {
      const Walked walked = walk_piece(store, filter, progress);
      if (walked != Walked::kAll) return walked;
    }
    if (enough()) return Walked::kAll;
    next_ring(store);
  }
}

NearWalk::Walked NearWalk::walk_piece(const Store& store, const Filter& filter, Progress& progress) {
  Piece& piece = pieces_.back();
  const PlaceIndex& index = store.by_place();
  if (takes_too_long(store, filter, progress)) return Walked::kTooLong;
  if (!progress.goes_on()) return Walked::kStepIsOver;
  progress.spend(kSeekRows);
  auto at = index.seek([&](const Placed& placed) {
    return placed.place() != piece.from ? placed.place() < piece.from : resumes_ && placed.slot <= last_slot_;
  });
  resumes_ = false;
  for (; !index.end(at); at = index.next(at)) {
    const Placed& placed = index.get(at);
    const std::uint64_t place = placed.place();
    if (place > piece.to) break;
    if (distance_.square(from_e7(lat_of(place)), from_e7(lon_of(place))) <= square_max_) {
      progress.spend(filter.cost(placed.slot));
      look_at(store, filter, placed.slot);
    } else if (++passed_ % kPlacesPerRow == 0) {
      progress.spend(1);
    }
    if (progress.goes_on()) continue;
    piece.from = place;
    last_slot_ = placed.slot;
    resumes_ = true;
    return Walked::kStepIsOver;
  }
  return Walked::kAll;
}

// Asked before each piece: a ring may have most of all sites.
bool NearWalk::takes_too_long(const Store& store, const Filter& filter, Progress& progress) {
  if (progress.explanation.rows < rows_max_) return false;
  if (along_) return true;
  const WalkPlan plan = plan_walk(store, filter);
  along_ = plan.along;
  rows_max_ = plan.along == Along::kNames ? std::numeric_limits<std::uint64_t>::max() : plan.rows;
  return progress.explanation.rows >= rows_max_;
}

bool NearWalk::walk_along_names(const Store& store, const Filter& filter, Progress& progress) {
  if (!progress.goes_on()) return false;
  SiteWalk walk(store, filter, *along_, {name_, id_});
  for (std::uint32_t slot = walk.next(progress); slot != kNil; slot = walk.next(progress)) {
    progress.spend(filter.cost(slot));
    if (store.hot(slot).point != PointSource::kNone) look_at(store, filter, slot);
    if (!progress.goes_on()) break;
  }
  if (!progress.unfinished) return true;
  name_ = store.name(walk.last());
  id_ = store.id(walk.last());
  return false;
}

double NearWalk::metres_to(const Store& store, std::uint32_t slot) const {
  return distance_(from_e7(store.cold(slot).lat), from_e7(store.cold(slot).lon));
}

void NearWalk::look_at(const Store& store, const Filter& filter, std::uint32_t slot) {
  const Found found{metres_to(store, slot), slot};
  if (found.metres > within_) return;
  const auto order = nearer(store);
  const bool full = found_.size() == kept_max_;
  if ((full && !order(found, found_.front())) || !filter.fits(slot)) return;
  const auto same = [slot](const Found& other) { return other.slot == slot; };
  if (leaves_rings_ && std::ranges::any_of(found_, same)) return;  // found in a ring already
  if (full) {
    std::pop_heap(found_.begin(), found_.end(), order);
    found_.pop_back();
  }
  found_.push_back(found);
  std::push_heap(found_.begin(), found_.end(), order);
  if (found_.size() < kept_max_) return;
  was_full_ = true;
  square_max_ = DistanceFrom::square_above(found_.front().metres);
}

bool NearWalk::settle(const Store& store, const Filter& filter) {
  if (std::exchange(settled_, true)) return true;
  bool changed = false;
  for (Found& found : found_) {
    const double was = std::exchange(found.metres, metres_to(store, found.slot));
    changed = changed || found.metres != was;
  }
  const std::size_t before = found_.size();
  std::erase_if(found_, [&](const Found& found) { return !holds(store, filter, found); });
  std::sort(found_.begin(), found_.end(), nearer(store));
  const auto same = [](const Found& a, const Found& b) { return a.slot == b.slot; };
  found_.erase(std::unique(found_.begin(), found_.end(), same),
               found_.end());  // one that has moved may be there twice
  return !was_full_ || (!changed && found_.size() == before);
}

bool NearWalk::holds(const Store& store, const Filter& filter, const Found& found) const {
  const bool placed = store.hot(found.slot).point != PointSource::kNone;
  return placed && found.metres <= within_ && metres_to(store, found.slot) == found.metres &&
         filter.fits(found.slot);
}

}  // namespace titer::registry
