// SPDX-License-Identifier: Apache-2.0

// HoldOffs: how long a direct client that has held up the others is not welcomed again, by its address and by its key.
//
// A direct client that is lost in the middle of a broadcast costs everybody a view, some milliseconds; one that does not answer, or
// lies, holds writes up for a second before that. It happens to honest ones too: a process is killed, a laptop sleeps. So
// offences have weights, and the first kFree of them within kForgetUs cost nothing. After that every kStep of them doubles the time
// before the next welcome, up to kLongestUs; half are forgotten after each kForgetUs without another. So one address, or one
// key, can hold writes up for about a second per minute in the long run.
//
// A client is counted by its connection's address (0: the local socket, which is not counted) and by the key that it has shown.
// All direct clients behind one address or key share its hold-off; meanwhile their requests go through a gateway.
//
// Pure. Thread rule: its owner's. Limits: kKnownMax names; beyond that, the one that may come again first is forgotten.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <utility>

#include "base/ids.h"

namespace titer::node {

class HoldOffs {
 public:
  enum Offence : unsigned { kLost = 1, kHeldUp = 4 };
  static constexpr unsigned kFree = 16, kStep = 4;
  static constexpr std::int64_t kFirstUs = 1'000'000, kLongestUs = 64'000'000;
  static constexpr std::int64_t kForgetUs = 60'000'000;
  static constexpr std::size_t kKnownMax = 4096;

  void note(Offence offence, std::uint64_t address, std::uint64_t key, BootTime now);
  // How long it has to stay away; 0: it is welcome.
  [[nodiscard]] std::int64_t wait_us(std::uint64_t address, std::uint64_t key, BootTime now) const;

 private:
  struct Offender {
    unsigned weight = 0;
    BootTime last, until;
  };
  // Addresses and keys are numbers of two kinds.
  enum class Kind : std::uint8_t { kAddress, kKey };
  using Name = std::pair<Kind, std::uint64_t>;
  void note(Offence offence, const Name& name, BootTime now);
  void make_room();

  boost::unordered_flat_map<Name, Offender> offenders_;
};

}  // namespace titer::node
