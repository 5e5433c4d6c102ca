// SPDX-License-Identifier: Apache-2.0

// WrongState: which sites differed, when a replica's state was found to differ from the others'.
//
// A replica in the minority stops, discards its state and learns from the others (docs/decisions/0027). Before that it
// keeps digests of its sites in its directory, one per range of slots. When its next process has learned the others' state it
// compares, names the ranges that differ in its log, and removes the file. So nothing of this is in the protocol, and nobody
// waits for it. A range of which a site has changed since cannot be compared; it is counted.
//
// Thread rule: the loop's thread; compare() takes a bounded piece of work each time. Limits: kRanges digests, 512 KiB: up to
// 65,536 sites a range is one site.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "registry/state.h"

namespace titer::store {

class WrongState {
 public:
  static constexpr std::uint32_t kRanges = 65'536;

  // The digests of this state.
  [[nodiscard]] static Bytes digests_of(const registry::State& state);
  // nullopt: malformed.
  [[nodiscard]] static std::optional<WrongState> from(ByteView digests);

  // Compares the next ranges, of about so many sites. The sentence when all are compared.
  [[nodiscard]] std::optional<std::string> compare(const registry::State& state, std::uint32_t sites_max);

 private:
  static constexpr std::size_t kNamed = 5;  // of the differing ranges

  Position position_;
  std::uint32_t slots_ = 0, width_ = 1;  // of the state; slots of a range
  std::vector<std::uint64_t> digests_;
  std::size_t next_ = 0, compared_ = 0, differing_ = 0;
  std::string names_;
};

}  // namespace titer::store
