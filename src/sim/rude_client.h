// SPDX-License-Identifier: Apache-2.0

// RudeClient: a client that keeps to the format of the wire and to nothing else.
//
// It numbers its requests as it likes: out of order, far ahead, the same number with another body. It names a birth that its
// session cannot have, and keys that it has not shown. It says hello and no more, does not listen, and comes back under the
// session it had. Nobody waits for it and none of its answers is looked at: the ledger's promises hold for everybody else, and
// no replica may end of it.
#pragma once

#include "sim/network.h"
#include "sim/scene.h"

namespace titer::sim {

class RudeClient final : public Endpoint, public Handler {
 public:
  explicit RudeClient(Scene& scene);
  void start() { look(); }

 private:
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId, Bytes) override {}
  void on_closed(ConnectionId connection) override;
  void look();
  void begin_session();
  [[nodiscard]] RequestNumber some_number();
  [[nodiscard]] Bytes some_body();

  Scene& scene_;
  Node node_;
  ConnectionId connection_ = 0;
  SessionId session_;
  RequestNumber last_;  // that it used
  bool dialling_ = false;
};

}  // namespace titer::sim
