// SPDX-License-Identifier: Apache-2.0

// Plan: what one run is like — drawn from its seed, printed with every failure.
//
// Swarm testing (Groce et al., ISSTA 2012): each kind of fault is on or off for a whole run, and rates differ widely.
// A run with everything on finds little, because faults hide one another: a process that crashes often never pauses
// for long.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/random.h"
#include "machine/machine.h"
#include "sim/timeline.h"

namespace titer::sim {

enum class Fault : std::uint8_t {
  kCrash,
  kPause,
  kCut,
  kPartition,
  kSlowLink,
  kExclude,
  kRegisterAway,
  kDiskSlow,
  kDiskHang,
  kDiskFail,
  kWallJump,
  kClientDeath,
  kDirectDeath,
  kLateRepeat,
  kTotalFailure,  // durable clusters: every process ends, at one moment or one soon after another
  kEndInChange,   // … just as a view without a living process is made, and all are started again soon
  kDiskBack,      // a disk is as it was some time ago
  kBitFlip,       // the state of one replica is another one
  kWallFar,       // a wall clock is a year ahead
  kCount,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCount);
// Those from here on are drawn last, so that the others of a seed are what they were before there were these.
inline constexpr std::size_t kFirstFaults = static_cast<std::size_t>(Fault::kEndInChange);

struct Plan {
  explicit Plan(std::uint64_t seed);

  std::uint64_t seed;
  // --- the cluster
  int replicas;                    // t
  bool durable;                    // smr::Options::durable
  std::uint32_t frames_in_flight;  // smr::Options
  std::size_t piece_bytes;         // of state transfer, in a turn
  std::size_t part_bytes;          // … and in one message; few: what is longer comes in several
  Time turn_us;                    // between an input and its turn, at most
  Time sync_us;                    // one sync of a disk
  std::size_t sessions;            // that the state machine remembers; few: sessions in use are evicted
  std::size_t session_bytes;       // of results; few: results of sessions in use are evicted
  std::size_t window;              // of a session, for clients and replicas
  std::size_t history_events;      // in each lane
  Time tables_us;                  // between two times that the state machine is written down, mean
  std::size_t ring_bytes;          // of the newest changes, for those who watch
  std::size_t known_dead;          // deaths that a record names
  LamportTime clock;               // at which the cluster is born; near its end in some
  Incarnation first_incarnation;   // likewise
  std::uint64_t segment_bytes;     // of a journal; small: it has many, and they are used again soon
  // --- the register
  bool fences;          // it kills whom it excludes, and waits for the death
  bool sees_deaths;     // as a parent does; else only the replicas' suspicion tells
  bool death_notices;   // processes have death watches, as those of `titer serve`
  bool hasty;           // takes a learner in while a view change is under way
  Time register_us;     // it takes to answer, at most
  double loses_answer;  // share of compare-and-sets
  // --- clocks: CLOCK_BOOTTIME of any two processes differs in rate by less than the 1 % of docs/explanation/protocol.md §5
  std::int64_t drift_ppm;  // at most, in both directions
  // --- the network
  Time delay_us, jitter_us;  // one way
  std::size_t socket_bytes;  // that are on their way before a replica's connection takes no more
  // --- clients
  int sites;        // that are compared; few, so that clients contend
  int other_sites;  // that make the state larger
  int gateway_clients, readers, direct_clients;
  int depth;        // open requests of one client
  Time think_us;    // between two requests, mean
  Time idle_us;     // between two bursts, mean
  Time burst_us;    // mean
  Time give_up_us;  // without an answer: outcome unknown
  double read_share;
  bool follower;  // reads the change stream at any replica, page by page …
  bool watches;   // … or as it is made
  bool rude;      // a client numbers as it likes, and never listens
  double lies;    // share of a direct client's frames that one replica gets otherwise than the others
  // --- faults: mean time between two, 0: never
  std::array<Time, kFaults> every{};
  bool calm;               // none that makes a living replica look dead: so nobody may be suspected of silence
  double crash_in_flush;   // share of view changes, per member
  double total_in_change;  // share of view changes, joins and restarts, per process, that a total failure strikes
  double wipes;            // share of restarts with an empty disk, as far as may be
  Time restart_us;         // after which a dead process is started again, mean
  Time safety_us;          // length of the phase in which anything may fail
  bool heal_all;           // for the liveness phase: everybody comes back, or only a core

  [[nodiscard]] Time mean(Fault fault) const { return every[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] machine::Machine::Limits limits() const;
  [[nodiscard]] bool evicts() const;  // sessions that are in use
  [[nodiscard]] std::string text() const;

 private:
  void be_calm();
  void draw_last_faults(Random& random);
  void shorten_lives(Random random);
};

}  // namespace titer::sim
