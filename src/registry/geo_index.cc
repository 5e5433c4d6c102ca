// SPDX-License-Identifier: Apache-2.0

#include "registry/geo_index.h"

#include <algorithm>
#include <boost/geometry/algorithms/covered_by.hpp>
#include <boost/geometry/geometries/box.hpp>
#include <boost/geometry/geometries/point.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/geometry/strategies/cartesian.hpp>
#include <boost/geometry/strategies/index/cartesian.hpp>
#include <cmath>
#include <iterator>
#include <numbers>

#include "base/check.h"

namespace titer::registry {
namespace {

namespace bg = boost::geometry;
using Point = bg::model::point<float, 3, bg::cs::cartesian>;
using Box = bg::model::box<Point>;

struct Entry {
  Point point;
  std::uint32_t slot;
};
struct PointOf {
  using result_type = const Point&;
  result_type operator()(const Entry& entry) const { return entry.point; }
};
struct SameSlot {
  bool operator()(const Entry& a, const Entry& b) const { return a.slot == b.slot; }
};

constexpr double kRadians = std::numbers::pi / 180;

struct Vector {
  double x, y, z;
};
Vector on_sphere(double lat, double lon) {
  const double p = lat * kRadians;
  const double l = lon * kRadians;
  return {std::cos(p) * std::cos(l), std::cos(p) * std::sin(l), std::sin(p)};
}
Point point_of(Vector v) { return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)}; }

}  // namespace

double distance_m(double lat1, double lon1, double lat2, double lon2) {
  const double dp = std::sin((lat2 - lat1) * kRadians / 2);
  const double dl = std::sin((lon2 - lon1) * kRadians / 2);
  const double a = dp * dp + std::cos(lat1 * kRadians) * std::cos(lat2 * kRadians) * dl * dl;
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::min(1.0, a)));
}

struct GeoIndex::Tree {
  bg::index::rtree<Entry, bg::index::linear<24>, PointOf, SameSlot> rtree;
};

GeoIndex::GeoIndex() : tree_(std::make_unique<Tree>()) {}
GeoIndex::~GeoIndex() = default;
GeoIndex::GeoIndex(GeoIndex&&) noexcept = default;
GeoIndex& GeoIndex::operator=(GeoIndex&&) noexcept = default;

void GeoIndex::insert(std::uint32_t slot, double lat, double lon) {
  tree_->rtree.insert(Entry{point_of(on_sphere(lat, lon)), slot});
}

void GeoIndex::assign(const std::vector<Located>& sites) {
  std::vector<Entry> entries;
  entries.reserve(sites.size());
  for (const Located& site : sites) entries.push_back({point_of(on_sphere(site.lat, site.lon)), site.slot});
  tree_->rtree = decltype(tree_->rtree)(entries);
}

void GeoIndex::erase(std::uint32_t slot, double lat, double lon) {
  const auto removed = tree_->rtree.remove(Entry{point_of(on_sphere(lat, lon)), slot});
  TITER_CHECK(removed == 1, "the index of points has lost a site");
}

void GeoIndex::around(double lat, double lon, double metres, std::vector<std::uint32_t>& out) const {
  const Vector c = on_sphere(lat, lon);
  // The chord is never longer than the arc; the margin covers the rounding of points to float (about 6 m).
  const double r = metres / kEarthRadiusM + 1e-6;
  const Box box(point_of({c.x - r, c.y - r, c.z - r}), point_of({c.x + r, c.y + r, c.z + r}));
  for (auto it = tree_->rtree.qbegin(bg::index::intersects(box)); it != tree_->rtree.qend(); ++it) {
    out.push_back(it->slot);
  }
}

std::size_t GeoIndex::size() const { return tree_->rtree.size(); }
std::size_t GeoIndex::bytes() const { return tree_->rtree.size() * 27; }

}  // namespace titer::registry
