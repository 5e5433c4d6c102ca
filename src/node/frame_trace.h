// SPDX-License-Identifier: Apache-2.0

// FrameTrace: the history of the last frames at this replica (sent, received, stable, safe, executed), for people who
// watch the protocol.
//
// It is kept only while somebody asks (kWatchedUs after each question), so that it costs nothing else. It draws no
// conclusion of its own: smr::Replica says whether a frame is stable or safe.
//
// Times are microseconds of CLOCK_BOOTTIME: replicas on one machine can be drawn into one picture, where a frame is the
// same by (transmitter, view, seq). Each replica says when it sent its own frames and when it received the others'.
// Thread rule: the loop's thread. Limits: the last kFramesMax frames of gateways, null ones too.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "smr/replica.h"

namespace titer::node {

class FrameTrace {
 public:
  static constexpr std::size_t kFramesMax = 200;
  static constexpr std::int64_t kWatchedUs = 10'000'000;

  explicit FrameTrace(ReplicaId me) : me_(me) {}

  void sent(const std::vector<smr::Output::Send>& messages, BootTime now);
  void received(ReplicaId from, const smr::Frame& frame, BootTime now);
  // Once a turn: what has come to be stable, safe or executed since.
  void look(const smr::Replica& replica, const std::vector<smr::Execution>& executed, BootTime now);

  // {"replica":…,"now_us":…,"frames":[…]}, oldest first; docs/reference/api.md. Asking keeps it going.
  [[nodiscard]] std::string json(BootTime now);

 private:
  struct Entry {
    TransmitterId transmitter;
    ViewNumber view;
    Seq seq;
    LamportTime clock;
    std::uint32_t requests = 0;
    BootTime sent, received, stable, safe, executed;
  };

  [[nodiscard]] bool watched(BootTime now) const { return now < watched_until_; }
  [[nodiscard]] bool knows(const smr::Frame& frame) const;
  Entry& add(const smr::Frame& frame);

  ReplicaId me_;
  BootTime watched_until_;
  std::deque<Entry> entries_;
};

}  // namespace titer::node
