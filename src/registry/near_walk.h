// SPDX-License-Identifier: Apache-2.0

// NearWalk: finds the sites nearest to a point, in steps.
//
// It walks over rings of growing radius, each site once: a ring is what its circle has beyond the circle before, cut into
// pieces of the order of places (geo.h). The nearest sites so far are kept, one more than are wanted, and the walk ends when
// all of these lie within the ring that is complete. In a city the first ring is enough, in the country a few more are.
//
// Memory: 16 bytes per wanted site, and some 10 KiB of pieces. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "registry/filter.h"
#include "registry/progress.h"
#include "registry/store.h"

namespace titer::registry {

class NearWalk {
 public:
  struct Found {
    double metres;
    std::uint32_t slot;
  };
  NearWalk(double lat, double lon, double within_m, std::uint32_t wanted);

  // Goes on until progress.rows are used up. True: the walk is at its end.
  [[nodiscard]] bool go_on(const Store& store, const Filter& filter, Progress& progress);
  // At the end: the nearest sites, as they are now, the nearest first; one more than wanted says that there are more.
  [[nodiscard]] const std::vector<Found>& settle(const Store& store, const Filter& filter);
  // Is that one, which may have been settled in an earlier step, still at this distance, and does it fit?
  [[nodiscard]] bool holds(const Store& store, const Filter& filter, const Found& found) const;

 private:
  struct Piece {
    std::uint64_t from, to;  // places, both included
  };
  void next_ring();
  void add_piece(std::int32_t band, std::int64_t west, std::int64_t east);
  [[nodiscard]] bool enough() const;
  [[nodiscard]] double metres(const Store& store, std::uint32_t slot) const;
  // False: the rows are used up.
  [[nodiscard]] bool walk(const Store& store, const Filter& filter, Progress& progress);
  void look_at(const Store& store, const Filter& filter, std::uint32_t slot);

  double lat_, lon_, within_;
  std::size_t kept_max_;
  double radius_ = 0;          // of the ring that is being walked over
  std::vector<Piece> pieces_;  // of this ring, the last one first
  bool resumes_ = false;       // in the middle of the last piece: after this row, whose place the piece begins with
  std::uint32_t last_slot_ = 0;
  std::vector<Found> found_;  // a heap, the farthest on top; sorted when it is settled
  bool settled_ = false;
};

}  // namespace titer::registry
