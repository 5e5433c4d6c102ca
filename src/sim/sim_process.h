// SPDX-License-Identifier: Apache-2.0

// SimProcess: one replica process under simulation — the driver of smr::Replica and machine::Machine, as node is in
// production (src/node), with virtual time and the simulated network instead of sockets and clocks.
//
// It works in turns: what arrives gathers in an inbox; a turn takes all of it in, then acts once. It can end at any
// step of a turn (doom), stand still with everything queued (pause), also between reading the state and looking at the
// lease, and be excluded while it lives.
//
// Unlike node it keeps links by incarnation, as the driver's contract in smr/replica.h allows: here a process that was
// excluded may linger beside the one that has its id now.
//
// A durable one has a directory (directory.h). A process that finds one starts with it: it reads it, notes its life
// and reports its contents to the register. Then it restarts with the other members, or learns, beginning with what
// it has (sim_process_disk.cc).
//
// Parts: sim_process.cc the turn and life; sim_process_links.cc connections and what comes over them;
// sim_process_perform.cc what the replica wants done; sim_process_clients.cc reads and answers; sim_process_transfer.cc
// state transfer, both sides; sim_process_views.cc views and what is looked at when one is installed;
// sim_process_disk.cc its directory.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machine/join_readiness.h"
#include "machine/machine.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/scene.h"
#include "smr/replica.h"
#include "wire/codec.h"

namespace titer::sim {

class SimProcess final : public Endpoint, public Handler, public DiskOwner {
 public:
  // One that bootstraps the cluster, or one that has nothing and learns. `directory`: null without durability.
  SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, const smr::ViewRecord& initial,
             std::shared_ptr<Directory> directory);
  // One that is started again with this directory.
  SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, std::shared_ptr<Directory> directory);

  [[nodiscard]] ReplicaId id() const { return me_; }
  [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] bool paused() const { return pauses_ > 0; }
  [[nodiscard]] bool full() const { return replica_ && replica_->full(); }
  // … and so that nobody else is needed: with durability a joiner is that from when its disk says so.
  [[nodiscard]] bool has_durable_state() const {
    return full() && (directory_ == nullptr || (directory_->whole() && !directory_->gone_back()));
  }
  // It reads its disk, or waits to hear how it goes on.
  [[nodiscard]] bool starting() const { return replica_ == nullptr; }
  [[nodiscard]] bool read_lease() const { return alive_ && replica_ && replica_->read_lease(boot_now()); }
  [[nodiscard]] const std::shared_ptr<Directory>& directory() const { return directory_; }
  [[nodiscard]] const machine::Machine& machine() const { return *machine_; }
  [[nodiscard]] ViewNumber installed() const { return installed_; }
  [[nodiscard]] ViewNumber known() const { return known_.number; }
  // Why it is not at rest; empty: nothing is left to do here.
  [[nodiscard]] std::string unrest() const;

  // --- faults
  void kill(const char* why);                                    // now, if somebody else has the state
  void end(const char* why) { die(why, false); }                 // now, whoever else is there
  void stop_wrong();                                             // … and its disk is given up
  void doom(unsigned steps) { doom_ = steps; }                   // … after so many steps of its turns
  void die_at(Time when) { scene_.time.at(when, *this, kDie); }  // as kill()
  void pause(Time length);
  void resume();  // all pauses end
  void jump_wall(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }
  void right_wall() { wall_offset_ms_ = 0; }
  void flip_bit() { flipped_ = 1; }
  // What it has told of its positions until now stays wrong.
  void right_bit() {
    flipped_ = 0;
    has_told_wrong_ = true;
  }
  [[nodiscard]] bool flipped() const { return alive_ && flipped_ != 0; }
  [[nodiscard]] Disk& disk() { return disk_; }

 private:
  enum What : std::uint32_t { kTurn, kResume, kDie, kPeerDied };
  struct Item {  // of the inbox
    enum class Kind : std::uint8_t { kDialled, kAccepted, kBytes, kClosed, kPersisted, kTables, kPeerDied } kind;
    ConnectionId connection = 0;
    std::uint64_t argument = 0;  // kDialled: port; kPersisted: ticket; kPeerDied: incarnation
    Bytes bytes = {};
  };
  struct Link {
    enum class Role : std::uint8_t { kNewcomer, kGreeting, kPeer, kThin, kDirect, kRegister } role;
    ConnectionId connection = 0;
    ReplicaId peer = {};           // kGreeting: the replica that was dialled
    Incarnation incarnation = {};  // kPeer
    SessionId session = {};        // kThin, kDirect
    Position born = {};            // kThin: the session's
    TransmitterId transmitter = {};
    Bytes out = {};
  };
  struct Read {
    ConnectionId connection = 0;
    std::uint64_t token = 0;
    Bytes body;
    Time asked = 0;
    BootTime asked_boot = {};  // the same, by this process's clock
  };
  struct Learner {  // to whom this replica gives its state
    wire::TransferWant want;
    std::optional<machine::Machine::Cursor> cursor = {};
    Time next_pass = 0;

    [[nodiscard]] bool gets_final_state() const { return cursor && cursor->view != ViewNumber(); }
  };
  // How far this replica has come in the flush that is under way; for the marks of crashes.
  enum class FlushStep : std::uint8_t { kNormal, kKnows, kFlushed, kRelayed, kDone, kRest, kGaveState };

  // --- sim_process.cc
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId connection) override;
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  void persisted(std::uint64_t ticket) override;
  void tables_written() override { enqueue({Item::Kind::kTables}); }
  void forgotten(const smr::Frame& frame) override { scene_.ledger.forgets(incarnation_, frame); }
  void disk_failed() override;
  [[nodiscard]] bool may_fail() const override;
  void be_born();
  void enqueue(Item item);
  void wake(Time at);
  void turn();
  void take(Item& item);
  bool spend();  // a step; false: the process ends before it
  void die(const char* why, bool whole);
  void mark_crash(bool in_turn);
  void mark_total_failure() const;
  void notify_others() const;
  void step(const smr::Input& input);
  [[nodiscard]] smr::Options options() const;
  [[nodiscard]] BootTime boot_now() const;
  [[nodiscard]] Time time_of(BootTime boot) const;
  [[nodiscard]] WallTime wall_now() const;

  // --- sim_process_links.cc
  void dial_due_links();
  void lost(ConnectionId connection);
  void greet(ConnectionId connection, Port port);
  void take_bytes(ConnectionId connection, ByteView bytes);
  void take_message(ConnectionId connection, const wire::Message& message);
  void admit(ConnectionId connection, const wire::Hello& hello);
  void peer_up(ConnectionId connection, ReplicaId peer, Incarnation incarnation);
  void peer_message(const Link& from, const wire::Message& message);
  void register_message(const wire::Message& message);
  void drop(ConnectionId connection);
  void flush_links();
  [[nodiscard]] Link* find(ConnectionId connection);
  [[nodiscard]] Link* route(ReplicaId to);
  [[nodiscard]] Link* link_of(SessionId session);
  [[nodiscard]] Link* link_of(TransmitterId transmitter);
  [[nodiscard]] Link* register_link();
  [[nodiscard]] bool needs_dial(ReplicaId to) const;

  // --- sim_process_perform.cc
  void perform(smr::Output& out);
  void send(const smr::Output::Send& send);
  void note_sent(const smr::PeerMessage& message);
  void execute(const std::vector<smr::Execution>& executions);
  void execute(const smr::Execution& execution);
  void stands();
  [[nodiscard]] bool all_live(smr::ReplicaSet ids) const;
  void ask_register(const smr::Output::AskRegister& ask);
  void cut(const smr::Output::Cut& cut);

  // --- sim_process_clients.cc
  void client_message(ConnectionId connection, const wire::Message& message);
  void request(ConnectionId connection, const wire::Request& request);
  void answer(SessionId session, RequestNumber number, ByteView result);
  void read_ready(std::uint64_t id);
  void read_refused(std::uint64_t id);
  void refuse_read(const Read& read);
  [[nodiscard]] bool answer_read(std::uint64_t id);
  void finish_read(const Read& read, const wire::QueryAnswer& answer);
  void retry_reads();

  // --- sim_process_transfer.cc
  void give_pieces();
  [[nodiscard]] bool give_piece(Link& link, Learner& learner);
  void give_final(const smr::Output::GiveState& ask);
  void ask_for_state();
  void take_part(const Link& from, ByteView payload);

  // --- sim_process_disk.cc
  void open_directory();
  void audit(const Directory::Found& found) const;
  void audit_directory() const;
  void decide(const smr::ViewRecord& record);
  void begin_again(const smr::ViewRecord& record);
  void learn(const smr::ViewRecord& record);
  void hear();
  void persist(const std::vector<smr::Output::Persist>& what);
  void write_due_tables();
  void joined(ViewNumber view, LamportTime clock);
  void learned_more();
  void tables_end();

  // --- sim_process_views.cc
  void record(const smr::ViewRecord& record);
  void install(const smr::ViewRecord& view, const std::vector<smr::Execution>& executed);
  void check_leases(const smr::ViewRecord& view);

  Scene& scene_;
  ReplicaId me_;
  Incarnation incarnation_;
  Node node_;
  std::shared_ptr<Directory> directory_;
  std::unique_ptr<smr::Replica> replica_;  // null: starting
  std::unique_ptr<machine::Machine> machine_;
  Disk disk_;
  std::int64_t boot_offset_, drift_ppm_, wall_offset_ms_ = 0;
  std::uint64_t flipped_ = 0;  // of the digest that it shows the others
  bool has_told_wrong_ = false;

  bool alive_ = true, in_turn_ = false, turn_due_ = false;
  int pauses_ = 0;
  Time turn_at_ = kNever, next_tick_ = 0;
  Time tick_at_ = kNever;  // the replica wants a Tick by then
  Time wake_at_ = kNever;  // and this driver a turn
  std::optional<unsigned> doom_;
  std::deque<Item> inbox_;
  std::deque<std::pair<std::uint64_t, smr::FramePtr>> on_disk_;  // by ticket: submitted, not synced yet
  smr::Output out_, performing_;

  Time opens_at_ = kNever;                      // its directory
  Time tables_at_ = 0;                          // the next are due; 0: not drawn yet
  std::optional<smr::Recovered> found_;         // starting, and the directory is read
  std::optional<smr::ViewRecord> begins_with_;  // recovered, and has not heard of the view in which it begins
  Time hears_at_ = 0;
  struct Join {
    ViewNumber view;
    LamportTime clock;
  };
  std::optional<Join> join_;                           // its final state is on its way to the disk
  std::set<std::pair<TransmitterId, Seq>> recovered_;  // frames, of the view that it recovered: to notice relays

  std::vector<Link> links_;
  std::map<std::uint64_t, Time> dial_at_;  // by port; kNever: under way
  std::vector<Incarnation> excluded_;      // known from records
  smr::ViewRecord known_;
  ViewNumber installed_;
  FlushStep flush_step_ = FlushStep::kNormal;
  bool gave_state_ = false;
  bool full_before_ = false;  // before the view that is being installed

  std::uint64_t next_read_ = 0;
  std::map<std::uint64_t, Read> reads_;
  std::vector<std::uint64_t> delayed_;
  struct HalfRead {
    Read read;
    wire::QueryAnswer answer;
    Bytes rows;
  };
  std::vector<HalfRead> half_reads_;  // the state was read, then the process stood still
  Bytes rows_, outcome_bytes_;

  std::map<ConnectionId, Learner> learners_;
  ConnectionId donor_ = 0, unfinished_from_ = 0;
  Position learned_;
  machine::JoinReadiness readiness_;
  std::map<std::uint64_t, Seq> newest_from_;  // by transmitter, of the installed view: to notice repeats
};

}  // namespace titer::sim
