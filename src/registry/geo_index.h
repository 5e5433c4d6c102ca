// SPDX-License-Identifier: Apache-2.0

// Which sites lie near a point: an R-tree of points on the unit sphere.
//
// Why three dimensions: as latitude and longitude the date line and the poles would need special care and a mile
// would not be a mile everywhere; on the sphere's surface nearer in space is nearer on the ground.
// The tree only gives candidates: the caller computes the exact distance. Boost.Geometry is behind this door alone,
// because it is slow to compile. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace titer::registry {

inline constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius
inline constexpr double kFarthestM = 20'037'600;      // half around the Earth, rounded up

// Great-circle distance in metres; degrees in.
[[nodiscard]] double distance_m(double lat1, double lon1, double lat2, double lon2);

class GeoIndex {
 public:
  GeoIndex();
  ~GeoIndex();
  GeoIndex(GeoIndex&&) noexcept;
  GeoIndex& operator=(GeoIndex&&) noexcept;

  void insert(std::uint32_t slot, double lat, double lon);
  void erase(std::uint32_t slot, double lat, double lon);  // exactly as inserted
  // Replaces everything; many times faster than one by one.
  struct Located {
    std::uint32_t slot;
    double lat, lon;
  };
  void assign(const std::vector<Located>& sites);
  // Appends every slot within `metres` of the point, and some a little farther, in no particular order.
  void around(double lat, double lon, double metres, std::vector<std::uint32_t>& out) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t bytes() const;  // an estimate

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace titer::registry
