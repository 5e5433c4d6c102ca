// SPDX-License-Identifier: Apache-2.0

// SimProcess: one replica process under simulation — the node::Node that ships, in a simulated world (sim_environment.h).
//
// It begins the node as a process does, tells the ledger what the node does (node/observer.h), and suffers the faults. It
// has no rule of the driver itself.
//
// Parts: sim_process.cc its life; sim_process_disk.cc its disk; sim_process_observer.cc what it does, held against the promises;
// sim_process_marks.cc which rare places it came to.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"
#include "sim/register_link.h"
#include "sim/scene.h"
#include "sim/sim_death_watch.h"
#include "sim/sim_disk.h"
#include "sim/sim_environment.h"
#include "smr/request_batch.h"

namespace titer::sim {

class SimProcess final : public SimProcessOwner, private Handler, private node::NodeObserver {
 public:
  // One that bootstraps the cluster, or, without durability, one that has nothing and learns. `disk`: null without durability.
  SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, const smr::ViewRecord& initial,
             std::shared_ptr<SimDisk> disk);
  // One that is started again on this disk.
  SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, std::shared_ptr<SimDisk> disk);
  ~SimProcess();

  [[nodiscard]] ReplicaId id() const { return me_; }
  [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
  [[nodiscard]] Node node() const { return env_.node(); }
  [[nodiscard]] bool alive() const { return env_.alive(); }
  // When it ended, of a dead one.
  [[nodiscard]] bool full() const { return node_ ? node_->engine().replica.full() : was_full_; }
  // … and so that nobody else is needed. One whose disk has gone back may lack what was acknowledged, and does not know it.
  [[nodiscard]] bool has_durable_state() const {
    return claims_state() && (disk_ == nullptr || !disk_->gone_back());
  }
  // It says so itself.
  [[nodiscard]] bool claims_state() const { return node_ != nullptr && node_->pong().full; }
  // It reads its disk, or waits to hear how it goes on.
  [[nodiscard]] bool starting() const { return alive() && node_ == nullptr; }
  [[nodiscard]] bool read_lease() const;
  [[nodiscard]] const std::shared_ptr<SimDisk>& disk() const { return disk_; }
  // Its disk could begin for this member if it ended now.
  [[nodiscard]] bool leaves(const smr::Member& member) const;
  // Of a living one.
  [[nodiscard]] const machine::Machine& machine() const { return node_->engine().machine; }
  [[nodiscard]] ViewNumber installed() const { return installed_; }
  [[nodiscard]] ViewNumber known() const { return known_.number; }
  // Why it is not at rest; empty: nothing is left to do here.
  [[nodiscard]] std::string unrest() const;

  // --- faults
  void kill(const char* why);                                    // now, if somebody else has the state
  void end(const char* why) { die(why, false); }                 // now, whoever else is there
  void stop_wrong();                                             // … and its disk is given up
  void doom(unsigned steps) { env_.doom(steps); }                // … after so many steps of its turns
  void spare() { env_.spare(); }                                 // … it does not
  void die_at(Time when) { scene_.time.at(when, *this, kDie); }  // as kill()
  void pause(Time length);
  void resume() {  // all pauses end
    if (alive()) env_.resume();
  }
  void jump_wall(std::int64_t by_ms) { env_.jump_wall(by_ms); }
  void right_wall() { env_.right_wall(); }
  void flip_bit() { flipped_ = 1; }
  // What it has told of its positions until now stays wrong.
  void right_bit() {
    flipped_ = 0;
    has_told_wrong_ = true;
  }
  [[nodiscard]] bool flipped() const { return alive() && flipped_ != 0; }
  // Of its disk.
  void slow_disk(Time by) { disk_extra_us_ = by; }
  void hang_disk(Time until) { disk_hangs_until_ = until; }
  void fail_disk() { disk_fails_ = true; }
  void heal_disk();

 private:
  enum What : std::uint32_t { kDie, kOpen, kWork };
  // How far this replica has come in the flush that is under way; for the marks of crashes.
  enum class FlushStep : std::uint8_t { kNormal, kKnows, kFlushed, kRelayed, kDone, kRest, kGaveState };

  // --- sim_process.cc
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_turn() override;
  bool on_doom() override;
  void on_stop() override { stopping_ = true; }
  void on_resumed() override;
  void on_ended() override;
  [[nodiscard]] node::NodeOptions options();
  void be_born();
  void begin(const smr::ViewRecord& initial);
  void stopped();
  void die(const char* why, bool whole);
  void dial_register();
  void on_record(const smr::ViewRecord& newest);

  // --- sim_process_disk.cc
  void open_disk();
  void note_recovered(const smr::Recovered& recovered);
  [[nodiscard]] store::StoreEvents store_events();
  void work_later(std::uint64_t worker);
  void work(std::uint64_t worker);
  void persisted(std::uint64_t ticket);
  void note_persisted(const smr::Output& out);
  void leave_disk();
  void audit(const SimDisk::Found& found) const;

  // --- sim_process_observer.cc
  void on_peer_message(ReplicaId from, const smr::PeerMessage& message) override;
  void on_transfer_message(const wire::Message& message) override;
  void on_direct_message(const smr::FromClient& message) override;
  void on_send(const smr::Output& out) override;
  void on_execute(const smr::Execution& execution) override;
  void on_executed(const smr::Execution& execution, const machine::Executed& request) override;
  std::uint64_t on_stands(const node::Engine& engine) override;
  void on_conclude(const smr::Output& out) override;
  void on_lease_refused() override;
  void begin_frame(const smr::FramePtr& frame, Position after);
  void note_executed(const smr::Frame& frame, const machine::Executed& request);
  void frame_executed();
  void note_sent(const smr::PeerMessage& message);
  void note_asked(const smr::Output::AskRegister& ask);
  void note_cut(const smr::Output::Cut& cut);
  void install(const smr::ViewRecord& view);
  void check_leases(const smr::ViewRecord& view);
  [[nodiscard]] bool all_live(smr::ReplicaSet ids) const;

  // --- sim_process_marks.cc
  void mark_received(const smr::PeerMessage& message);
  void mark_crash() const;
  void mark_total_failure(bool was_starting) const;
  void mark_donor();

  Scene& scene_;
  ReplicaId me_;
  Incarnation incarnation_;
  SimEnvironment env_;
  std::shared_ptr<SimDisk> disk_;
  std::unique_ptr<store::SimulatedProcess> disk_process_;         // the store's part of it
  std::optional<node::Node::LocalState> local_state_;             // read, and it is not known yet how it goes on
  const store::Store* store_ = nullptr;                           // of local_state_, then of node_
  wire::Inventory found_;                                         // on the disk
  std::set<std::pair<TransmitterId, Seq>> recovered_;             // frames on the disk: to notice relays
  std::deque<std::pair<std::uint64_t, smr::FramePtr>> unsynced_;  // by ticket
  std::unique_ptr<RegisterLink> register_;
  std::unique_ptr<node::Node> node_;  // null: starting, or dead
  std::unique_ptr<SimDeathWatch> death_watch_;

  bool stopping_ = false;
  std::optional<smr::Output::Stop> stop_;
  std::uint64_t flipped_ = 0;  // of the digest that it shows the others
  bool has_told_wrong_ = false;
  Time disk_extra_us_ = 0, disk_hangs_until_ = 0;
  bool disk_fails_ = false, disk_failed_ = false;

  smr::ViewRecord known_;
  ViewNumber installed_;
  bool full_before_ = false;  // before the view that is being installed
  bool was_full_ = false;

  // --- the frame that is being executed
  smr::FramePtr executing_;
  std::optional<smr::RequestReader> asked_;
  Position position_;  // behind its last request
  std::vector<std::pair<ViewNumber, std::uint32_t>>
      executed_;  // since the last output was concluded: view, requests

  // --- for the marks
  FlushStep flush_step_ = FlushStep::kNormal;
  bool gave_state_ = false, had_donor_ = false;
  std::map<std::uint64_t, Seq> newest_from_;  // by transmitter, of the installed view: to notice repeats
};

}  // namespace titer::sim
