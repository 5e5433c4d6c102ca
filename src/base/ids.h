// SPDX-License-Identifier: Apache-2.0

// Strong types for everything that is counted or named. A naked integer in a signature of smr is a bug:
// a clock is not a sequence number is not a view number.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace titer {

template <typename Tag, typename Rep>
struct Id {
  using rep = Rep;
  Rep value{};

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
  constexpr Id& operator++() {
    ++value;
    return *this;
  }
  [[nodiscard]] constexpr Id next() const { return Id(static_cast<Rep>(value + 1)); }
};

// Index of a replica in its cluster, 0 … t-1. Within one view it names exactly one process.
using ReplicaId = Id<struct ReplicaTag, std::uint16_t>;
// One life of a replica's process: random, never used twice. A restarted process is a new incarnation.
using Incarnation = Id<struct IncarnationTag, std::uint64_t>;
// Number of a view; 0 is the view that a cluster is born with.
using ViewNumber = Id<struct ViewTag, std::uint64_t>;
// Lamport's logical clock (CACM 21(7), 1978).
using LamportTime = Id<struct LamportTag, std::uint64_t>;
// Place of a frame in its transmitter's stream, within one view; the first frame is 1, so 0 is "none".
using Seq = Id<struct SeqTag, std::uint64_t>;
// The sender of a broadcast: a gateway (its ReplicaId's value) or a direct client (kDirectClientBit set, random
// below it).
using TransmitterId = Id<struct TransmitterTag, std::uint64_t>;
// A client's session and the number of a request in it: together they name a request permanently.
using SessionId = Id<struct SessionTag, std::uint64_t>;
using RequestNumber = Id<struct RequestNumberTag, std::uint64_t>;
// How many requests the state machine has executed; the request executed n-th has position n.
using Position = Id<struct PositionTag, std::uint64_t>;

inline constexpr std::uint64_t kDirectClientBit = std::uint64_t{1} << 63;

[[nodiscard]] constexpr TransmitterId gateway_of(ReplicaId replica) { return TransmitterId(replica.value); }
[[nodiscard]] constexpr bool is_direct_client(TransmitterId x) { return (x.value & kDirectClientBit) != 0; }

// Milliseconds since the Unix epoch, as claimed by some machine's wall clock.
using WallTime = Id<struct WallTag, std::int64_t>;
// Microseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, so a lease cannot outlive a suspend.
using BootTime = Id<struct BootTag, std::int64_t>;
[[nodiscard]] constexpr BootTime later(BootTime t, std::int64_t us) { return BootTime(t.value + us); }

}  // namespace titer

template <typename Tag, typename Rep>
struct std::hash<titer::Id<Tag, Rep>> {
  std::size_t operator()(const titer::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value); }
};
