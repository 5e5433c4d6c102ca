// SPDX-License-Identifier: Apache-2.0

// DirectSender: a direct client's process — smr::DirectClient over one connection per replica, driven as
// client/direct_session.cc drives it (docs/explanation/protocol.md §3).
//
// It may die in the middle of a broadcast: some leaves of the bush get the frame, some do not.
// Its answers come from the lowest replica of the view; they are held against the ledger, and noted in the history.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/network.h"
#include "sim/scene.h"
#include "smr/direct_client.h"

namespace titer::sim {

class DirectSender final : public Endpoint, public Handler {
 public:
  DirectSender(Scene& scene, std::uint64_t number);

  void start() { look(scene_.time.now() + 1); }
  [[nodiscard]] bool idle() const { return client_.unanswered() == 0; }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::string text() const;
  // --- faults
  void kill();
  void kill_in_broadcast() { doomed_ = true; }
  void jump_wall(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }
  void right_wall() { wall_offset_ms_ = 0; }

 private:
  enum What : std::uint32_t { kLook, kThink };
  struct Peer {
    ConnectionId connection = 0;
    bool dialling = false, greeted = false;
    ReplicaId replica;
    Incarnation incarnation;
    Time dial_at = 0;
    Bytes out;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  void look(Time at);
  void think();
  void turn();
  void perform();
  [[nodiscard]] smr::FromClient said(const smr::FromClient& message);
  void take_message(Peer& peer, ByteView& rest);
  void take_answer(ByteView payload);
  void step(const smr::DirectClient::Input& input);
  void drop(Peer& peer);
  void begin_again();

  Scene& scene_;
  std::uint64_t number_;
  Node node_;
  TransmitterId transmitter_;
  smr::DirectClient client_;
  smr::DirectClient::Output output_;
  std::vector<Peer> peers_;                                   // by port
  std::map<std::uint64_t, std::optional<std::size_t>> open_;  // by request number: where in the history
  std::uint64_t last_op_ = 0;
  bool alive_ = true, doomed_ = false, thinking_ = false;
  Time look_at_ = kNever, burst_until_ = 0;
  std::int64_t wall_offset_ms_ = 0;
  ViewNumber greeted_view_;  // of the last hello
};

}  // namespace titer::sim
