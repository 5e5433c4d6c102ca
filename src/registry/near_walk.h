// SPDX-License-Identifier: Apache-2.0

// NearWalk: finds the sites nearest to a point, in steps.
//
// It walks over rings of growing radius, each site once: a ring is what its circle has beyond the circle before, cut into
// pieces of the order of places (geo.h). How large the first ring is follows from how many sites lie around. The nearest sites so
// far are kept, one more than are wanted, and the walk ends when all of these lie within the ring that is complete. Places
// alone tell what is too far away; rows are looked at only for what is near enough.
//
// A filter that few sites fit would make it walk to the end. So when it has looked at as many rows as some other index has sites
// that may fit (site_walk.h), it begins again along that one. So it costs at most twice what the better of the two costs, and
// nothing has to be guessed.
//
// Sites that change between two steps may take away what was kept, and what was left out for them is not known any more. Then
// the walk has to begin again (settle()).
//
// Memory: 16 bytes per wanted site, and some 10 KiB of pieces. One thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "registry/filter.h"
#include "registry/geo.h"
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
  // At the end: brings what was found to what it is now, the nearest first. False: others were left out for sites that have
  // changed since. Within one step it is true always.
  [[nodiscard]] bool settle(const Store& store, const Filter& filter);
  // The sites that were settled; one more than wanted says that there are more.
  [[nodiscard]] const std::vector<Found>& found() const { return found_; }
  // Is that one, which may have been settled in an earlier step, still at this distance, and does it fit?
  [[nodiscard]] bool holds(const Store& store, const Filter& filter, const Found& found) const;

 private:
  struct Piece {
    std::uint64_t from, to;  // places, both included
  };
  enum class Walked { kAll, kStepIsOver, kTooLong };

  [[nodiscard]] double first_ring(const Store& store) const;
  void next_ring(const Store& store);
  void add_piece(std::int32_t band, std::int64_t west, std::int64_t east);
  [[nodiscard]] bool enough() const;
  [[nodiscard]] Walked walk_rings(const Store& store, const Filter& filter, Progress& progress);
  [[nodiscard]] Walked walk_piece(const Store& store, const Filter& filter, Progress& progress);
  [[nodiscard]] bool walk_along_names(const Store& store, const Filter& filter, Progress& progress);
  [[nodiscard]] bool takes_too_long(const Store& store, const Filter& filter, Progress& progress);
  [[nodiscard]] double metres_to(const Store& store, std::uint32_t slot) const;
  void look_at(const Store& store, const Filter& filter, std::uint32_t slot);

  DistanceFrom distance_;
  double lat_, lon_, within_;
  std::size_t kept_max_;
  double radius_ = 0;          // of the ring that is being walked over
  std::vector<Piece> pieces_;  // of this ring, the last one first
  bool resumes_ = false;       // in the middle of the last piece: after this row, whose place the piece begins with
  std::uint32_t last_slot_ = 0;
  std::uint32_t passed_ = 0;  // places
  std::vector<Found> found_;  // a heap, the farthest on top; sorted when it is settled
  bool settled_ = false;
  bool was_full_ = false;  // so others may have been left out
  double square_max_;      // DistanceFrom::square() of what is too far away is above
  std::uint64_t
      rows_max_;  // after which the rings are given up for along_; it is computed when they have cost something
  std::optional<Along> along_;
  bool leaves_rings_ = false;
  std::string name_, id_;  // where the walk along names has come to
};

}  // namespace titer::registry
