// SPDX-License-Identifier: Apache-2.0

// Follower: reads the change stream from the beginning, as a program does that keeps a copy: a page at a time, each at another
// replica, or, by the plan, as it is made, until the connection ends or by chance.
//
// Each page and batch is held against the registry's model: every event once, in the order of the log, none left out. In the end it has
// read up to the end of the log. Where the history no longer reaches back to where it stands, it continues from the position of
// that answer, as the documentation says.
#pragma once

#include "sim/network.h"
#include "sim/scene.h"

namespace titer::sim {

class Follower final : public Endpoint, public Handler {
 public:
  explicit Follower(Scene& scene);
  void start() { look(0); }
  // It has read everything that was executed.
  [[nodiscard]] bool idle() const { return at_ == scene_.ledger.length(); }

 private:
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  void look(Time after);
  void next_replica();
  void ask();
  void watch();
  void take_page(ByteView payload);
  void take_batch(ByteView payload);
  void take_goodbye(ByteView payload);
  [[nodiscard]] bool compare(ByteReader in, bool more, Position upto);

  Scene& scene_;
  Node node_;
  Port port_ = 0;
  ConnectionId connection_ = 0;
  Position at_;  // it has read the changes up to here
  std::uint64_t token_ = 0;
  bool watching_ = false;
  Time asked_ = 0;
};

}  // namespace titer::sim
