// SPDX-License-Identifier: Apache-2.0

#include "store/simulated/simulated_disk.h"

#include <fmt/format.h>

#include <vector>

namespace titer::store {

// By bytes, so that most bits are of the journal; but every other one is of the tables.
std::string SimulatedDisk::flip_bit() {
  if (random_.chance(0.5)) {
    for (const auto& [dir, contents] : databases.image()) {
      const bool log = random_.chance(0.3);
      if (log ? databases.lose_newest(dir) : databases.damage(dir))
        return log ? "the database's log" : "a row of the database";
    }
  }
  const std::vector<std::string> paths = files.paths();
  const std::vector<std::size_t> sizes = files.sizes();
  const bool small = random_.chance(0.3);  // else they would never be hit beside the journal
  std::uint64_t all = 0;
  for (const std::size_t size : sizes) all += small && size >= kFileBlock ? 0 : size;
  if (all == 0) return "nothing";
  std::uint64_t at = random_.below(all);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::size_t size = small && sizes[i] >= kFileBlock ? 0 : sizes[i];
    if (at < size) {
      const auto bit = static_cast<unsigned>(random_.below(8));
      files.flip(paths[i], at, bit);
      return fmt::format("bit {} of byte {} of {}", bit, at, paths[i]);
    }
    at -= size;
  }
  return "nothing";
}

}  // namespace titer::store
