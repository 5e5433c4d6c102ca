// SPDX-License-Identifier: Apache-2.0

// Cluster: a few replicas in one hand. Nothing moves unless the test says so, message by message: what a paper's
// claim or a single step of the flush needs. Histories drawn at random are schedule.h's.
//
// Frames carry requests whose bodies are text; `executed(i)` is what replica i has executed, as text.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "smr/replica.h"

namespace titer::smr::testing {

[[nodiscard]] ViewRecord make_view(std::uint64_t number, const std::vector<std::uint16_t>& ids);

class Cluster {
 public:
  explicit Cluster(int t, bool durable = false, std::uint32_t frames_in_flight = 64, const Limits& limits = {});

  struct Node {
    std::unique_ptr<Replica> replica;
    Output out;
    bool alive = true;
    std::vector<std::string> executed;
    std::vector<std::string> answered;  // of executions with answer = true
    std::vector<Output::GiveState> give_state;
    std::vector<Output::AskRegister> asks;
    std::vector<Output::Cut> cuts;
    std::vector<Output::SendClient> to_clients;
    std::vector<std::uint64_t> reads;  // ready
    std::vector<std::uint64_t> refused;
    std::vector<ViewNumber> installed;
    Incarnation incarnation;
    Checkpoint tables;                  // of a durable replica: its state has been written down here …
    std::size_t tables_executed = 0;    // … with so many requests executed
    std::vector<Output::Persist> disk;  // what it wrote since
    std::uint64_t persisted = 0;        // up to this ticket it would be there after a crash
    std::int64_t wall_ahead_ms = 0;     // of this machine's clock
    std::int64_t stood_still_us = 0;    // CLOCK_BOOTTIME has, in all
    std::optional<Output::Stop> stop;
    std::optional<BootTime> wake_at;
  };

  Node& operator[](int i) { return nodes_.at(static_cast<std::uint16_t>(i)); }
  [[nodiscard]] const std::vector<std::string>& executed(int i) { return (*this)[i].executed; }

  // A learner under a free id.
  void spawn(int i, const ViewRecord& known);
  void give(int i, const Input& input);
  void submit(int i, const std::string& body);
  // EndOfTurn, and its outputs performed.
  void turn(int i);
  // turn() for all, in order of ids.
  void turns();
  // The register's record, with who crashed as known dead.
  void view(int i, const ViewRecord& record);
  void view(const ViewRecord& record);  // to all of its living members
  void tick(int i) {
    give(i, input::Tick{});
    perform(i);
  }
  // Time goes by in steps of a heartbeat; everybody ticks, what they send arrives.
  void pass(std::int64_t us);

  // As replica i sees it.
  [[nodiscard]] BootTime clock(int i) { return BootTime(now.value - (*this)[i].stood_still_us); }
  // The messages under way from i to j, oldest first.
  std::deque<PeerMessage>& way(int i, int j) { return ways_[{i, j}]; }
  bool deliver(int i, int j);  // the next one; false if there is none
  void deliver_all(int i, int j);
  // Everything that is under way among the living, and turns, until nothing moves.
  void settle();
  // Everything written is on disk, and the replica knows.
  void sync(int i);
  // The state is written down as it is, without touching the journal.
  void write_tables(int i);
  // i, dead, is started again with its disk, to restart together with others (§7): as a new incarnation that holds
  // what it had synced. Give it the view then.
  void restart(int i, std::uint64_t incarnation);
  // i dies. What it sent stays under way: deliver() a prefix and clear() the rest of way(i, j).
  void crash(int i);
  void cut(int i, int j);   // loses what is under way in both directions
  void link(int i, int j);  // and is there again
  // What the donor's driver does: the joiner gets all that the donor has executed.
  void hand_state(int donor, int joiner);

  BootTime now{1'000'000};
  bool confirm_reads = false;  // of replicas that are made from now on: spawn() again
  bool accept_wall = false;
  std::map<std::pair<int, int>, bool> no_link;  // messages are lost

 private:
  [[nodiscard]] Options options(int i);
  void connect(int i);
  void perform(int i);
  static void execute(Node& n, const Execution& execution);
  std::map<std::uint16_t, Node> nodes_;
  std::map<std::pair<int, int>, std::deque<PeerMessage>> ways_;
  std::map<int, std::uint64_t> numbers_;
  bool durable_;
  std::uint32_t frames_in_flight_;
  Limits limits_;
};

// A frame as a peer or direct client would send it.
[[nodiscard]] FramePtr make_frame(std::uint64_t view, TransmitterId x, std::uint64_t seq, std::uint64_t ts,
                                  const std::string& body, AckRow acks = {}, bool rest = false);

}  // namespace titer::smr::testing
