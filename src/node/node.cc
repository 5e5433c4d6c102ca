// SPDX-License-Identifier: Apache-2.0

#include "node/node.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/rules.h"
#include "registry/products.h"

namespace titer::node {

namespace {

constexpr std::int64_t kLookAtFullDiskUs = 1'000'000;

Error disk_full(bool stays) {
  if (!stays) return {Code::kUnavailable, "the disk of this replica is almost full; try another replica"};
  return {Code::kReadOnly, "the disk of this replica is full: no writes until there is room again; reads continue"};
}

Identity identity_of(const NodeOptions& options) {
  return {options.me, options.incarnation, options.cluster, machine::rules_digest(), options.secret};
}

smr::Options protocol_options(const NodeOptions& options, bool durable) {
  smr::Options smr;
  smr.me = options.me;
  smr.incarnation = options.incarnation;
  smr.frames_in_flight = options.frames_in_flight;
  smr.durable = durable;
  smr.accept_wall = options.accept_clock;
  smr.clock = options.clock;
  smr.confirm_reads = options.confirm_reads;
  smr.shares_machine = options.shares_machine;
  return smr;
}

// How this process takes part: by the record, and by what its disk has.
Result<smr::Replica> begin(const smr::Options& options, const smr::ViewRecord& initial, bool bootstraps,
                           store::Store* store, machine::Machine& machine) {
  if (store == nullptr) return smr::Replica(options, initial);
  const bool whole = store->inventory().whole;
  if (!initial.has(options.me, options.incarnation)) {
    // The whole state on the disk of a learner counts as a member's until somebody gives it more (Node::may_learn).
    const Status noted = whole ? ok_status() : store->learn();
    return noted ? Result(smr::Replica(options, initial)) : noted.error();
  }
  if (whole) {
    store->resume();
    return smr::Replica(options, store->recovered());
  }
  if (!bootstraps)
    return Error{Code::kInternal, "the view register counts on data that this replica does not have"};
  const Status ready = store->bootstrap(machine, initial, options.clock);
  return ready ? Result(smr::Replica(options, initial)) : ready.error();
}

}  // namespace

Node::Node(NodeOptions options, net::Environment& env, smr::Replica replica, const smr::ViewRecord& initial,
           LocalState local_state)
    : options_(std::move(options)),
      env_(env),
      identity_(identity_of(options_)),
      store_(std::move(local_state.store)),
      engine_(env, std::move(replica), std::move(local_state.machine), options_.observer),
      log_(std::move(local_state.log)),
      trace_(options_.me),
      peers_(env, identity_, options_.roster, *this),
      clients_(env, engine_, client_options()),
      donor_(env, engine_, peers_, log_, options_.piece_bytes),
      learner_(engine_, peers_, log_,
               {[this](Position learned) {
                  if (store_ != nullptr && !store_->keeps_up(engine_.machine)) return;
                  if (!clock_lets_join()) return;
                  if (register_ != nullptr) register_->ready(learned);
                },
                [this](ViewNumber view, LamportTime clock) { on_final_state(view, clock); },
                [this](const std::string& why) {
                  if (store_ != nullptr) store_->start_over();
                  stop(kExitFailed, "the state transfer failed: " + why);
                }}),
      newest_(initial),
      began_with_(initial.number),
      executor_(engine_,
                [this](const machine::Executed& done) { clients_.answer(done.session, done.number, done.result); }),
      started_(env.boot_now()) {
  if (log_.on()) executor_.log_to([this](std::string_view line) { log_.append(line); });
  position_at_start_ = engine_.machine.position();
  if (store_ != nullptr) disk_full_ = !store_->enough_room();
  // A replica that restarts with the others is wedged until it hears of the view in which it restarts.
  if (engine_.replica.full()) {
    engine_.stands();
    engine_.step(smr::input::View{initial});
  } else {
    learner_.knows(engine_.machine.wanted().since);
  }
}

Node::~Node() = default;

Clients::Options Node::client_options() {
  return {[this] { return status(); },
          [this] { return trace_.json(env_.boot_now()); },
          [this](const wire::Operate& ask) -> Status {
            if (register_ == nullptr)
              return Error{Code::kUnavailable, "this replica is not up yet: nobody can kill or start replicas"};
            return register_->operate(ask);
          },
          options_.remote_writes_need_key,
          options_.keys,
          options_.limits};
}

Result<std::unique_ptr<Node>> Node::open(NodeOptions options, net::Environment& env, const smr::ViewRecord& initial,
                                         LocalState local_state) {
  const bool durable = local_state.store != nullptr;
  auto replica = begin(protocol_options(options, durable), initial, options.bootstraps, local_state.store.get(),
                       local_state.machine);
  if (!replica) return replica.error();
  TITER_CHECK(options.roster[options.me.value].has_value(), "the roster names this replica");
  std::vector<net::Address> addresses{*options.roster[options.me.value]};
  if (!options.local_socket.empty()) addresses.push_back({options.local_socket});
  std::unique_ptr<Node> node(
      new Node(std::move(options), env, std::move(replica).value(), initial, std::move(local_state)));
  auto acceptor = Acceptor::open(env, addresses, node->options_.newcomers_max,
                                 [node = node.get()](net::Connection& connection, const wire::Hello& hello) {
                                   node->admit(connection, hello);
                                 });
  if (!acceptor) return acceptor.error();
  node->acceptor_ = std::move(acceptor).value();
  env.wake_at(env.boot_now());
  return node;
}

void Node::stop(int exit_code, const std::string& reason) {
  if (exit_code_) return;
  exit_code_ = exit_code;
  if (exit_code == 0)
    spdlog::info("stopping: {}", reason);
  else
    spdlog::error("stopping: {}", reason);
  if (exit_code == 0)
    finish_executions();  // so that their clients hear of them, and the state is not within a frame
  if (exit_code != 0 && register_ != nullptr) register_->goodbye(reason);
  acceptor_->close();
  clients_.goodbye("this replica stops: " + reason);
  peers_.flush();
  log_.flush();
  if (store_ != nullptr && exit_code == 0) store_->close(engine_.machine, engine_.replica);
  env_.stop();
}

void Node::on_record(const smr::ViewRecord& record) {
  if (record.number > newest_.number) {
    for (const smr::Member& member : newest_.members)
      if (!record.has(member.id, member.incarnation)) peers_.excluded(member.incarnation);
    newest_ = record;
  }
  engine_.step(smr::input::View{record});
}

// The disk is as wrong as the memory: the next process on it learns from nothing.
void Node::discard_state() {
  if (store_ == nullptr) return;
  store_->keep_wrong_state(engine_.machine);
  if (const Status noted = store_->learn(); !noted) spdlog::error("the disk failed: {}", noted.error().message);
  store_->start_over();
}

// Full, and its disk says so: nobody else is needed.
bool Node::has_durable_state() const {
  return engine_.replica.full() && (store_ == nullptr || store_->has_durable_state());
}

wire::Pong Node::pong() const {
  return {0,
          engine_.replica.snapshot().installed,
          has_durable_state(),
          engine_.machine.position(),
          learner_.learned(),
          static_cast<std::uint8_t>(learner_.percent())};
}

std::optional<Node::Durable> Node::durable() const {
  if (!has_durable_state()) return std::nullopt;
  if (store_ == nullptr) return Durable{engine_.replica.snapshot().installed, {}};
  return Durable{store_->installed(), store_->stats().tables};
}

void Node::admit(net::Connection& connection, const wire::Hello& hello) {
  if (hello.of_replica()) return peers_.adopt(connection, hello, newest_);
  const smr::Snapshot now = engine_.replica.snapshot();
  clients_.adopt(connection, hello,
                 {identity_.cluster, identity_.tables, identity_.me, identity_.incarnation,
                  now.full ? now.view : newest_, engine_.machine.position().next(), options_.stream});
}

void Node::on_peer_up(ReplicaId peer, Incarnation incarnation) {
  donor_.forget(peer);
  engine_.step(smr::input::LinkUp{peer, incarnation});
}

void Node::on_peer_down(ReplicaId peer, Incarnation incarnation) {
  donor_.forget(peer);
  learner_.on_peer_down(peer);
  engine_.step(smr::input::LinkDown{peer, incarnation});
}

void Node::on_peer_dead(ReplicaId peer, Incarnation incarnation) {
  if (!newest_.has(peer, incarnation)) return;  // of an earlier process, or of none
  spdlog::info("replica {} (process {:016x}) has ended: its death watch says so", peer.value, incarnation.value);
  ++death_notices_;
  engine_.step(smr::input::Died{incarnation});
}

void Node::on_peer_message(ReplicaId peer, Incarnation incarnation, const wire::Message& message) {
  NodeObserver* const observer = engine_.observer;
  if (observer != nullptr) observer->on_transfer_message(message);
  switch (message.type) {
    case wire::Type::kTransferWant: return donor_.handle_want(peer, message.payload);
    case wire::Type::kTransferPart:
      if (may_learn()) learner_.handle_part(peer, message.payload, newest_);
      return;
    case wire::Type::kTransferLog: return learner_.handle_log_part(message.payload);
    default: break;
  }
  auto decoded = wire::decode_peer(message);
  if (!decoded) return peers_.cut(peer, decoded.error().message);
  if (observer != nullptr) observer->on_peer_message(peer, *decoded);
  if (const auto* frame = std::get_if<smr::FramePtr>(&*decoded)) trace_.received(peer, **frame, env_.boot_now());
  engine_.step(smr::input::Receive{peer, incarnation, std::move(decoded).value()});
}

// Before the first that a donor gives is taken: from then on the disk is a learner's and counts no more. Not before, for
// if nobody is left who could give anything, it may be the best that there is (`titer recover`).
bool Node::may_learn() {
  if (store_ == nullptr || learns_ || engine_.replica.full()) return true;
  if (!rule_enabled(ProtocolRule::kLearnNoted)) return true;
  const Status noted = store_->learn();
  if (!noted) on_disk_failed(noted.error().message);
  learns_ = noted.ok();
  return learns_;
}

// One whose clock is wrong would stamp nothing of its own, but it could become the last one, with nobody to correct it.
bool Node::clock_lets_join() {
  const smr::Snapshot now = engine_.replica.snapshot();
  if (now.wall_fault.empty()) return true;
  if (!std::exchange(wall_fault_told_, true)) spdlog::error("it does not join: {}", now.wall_fault);
  return false;
}

void Node::update_roster(const Roster& roster) {
  if (!roster[options_.me.value]) return;
  options_.roster = roster;
  peers_.update_roster(roster);
}

void Node::retire(std::function<void(ViewNumber)> leave) {
  TITER_CHECK(leave != nullptr, "one that leaves says so to the register");
  engine_.leaving = true;
  leave_ = std::move(leave);
  quiet_at_ = BootTime(env_.boot_now().value + kFinishUs);
  (void)clients_.refuse_writes(Error{Code::kUnavailable, "this replica leaves; ask another one"});
}

void Node::on_turn_leaving(BootTime now) {
  const smr::Snapshot snapshot = engine_.replica.snapshot();
  const bool busy = snapshot.unsafe_own_frames + snapshot.pending_requests > 0;
  if (busy && now < quiet_at_) return env_.wake_at(quiet_at_);
  // The other members of a view that is not settled may be joining, without the complete state yet.
  if (!snapshot.settled || leaves_ == newest_.number) return;
  leaves_ = newest_.number;
  leave_(*leaves_);
}

// The sync of what this turn holds is under way already (perform).
void Node::on_turn_disk(BootTime now) {
  const BootTime next = store_->write_tables(now, engine_.machine, engine_.replica);
  env_.wake_at(next);
  if (!disk_full_) return;
  if (now >= next_look_at_disk_) check_full_disk(now);
  env_.wake_at(next_look_at_disk_);
}

// A learner has the final state of the flush of `view`: it is a member's as soon as it is on disk.
void Node::on_final_state(ViewNumber view, LamportTime clock) {
  TITER_CHECK(!engine_.replica.full(), "only a learner is given a final state");
  const auto installed = [this, view, clock] {
    engine_.stands();
    engine_.step(smr::input::StateInstalled{view, clock});
  };
  const bool waits = store_ != nullptr && rule_enabled(ProtocolRule::kFinalSynced);
  if (!waits) installed();
  if (store_ != nullptr)
    store_->joined(
        engine_.machine, view, clock, waits ? std::function<void()>(installed) : [] {});
}

void Node::on_disk_failed(const std::string& why) { stop(kExitFailed, "the disk failed: " + why); }

// The others have the right state, if there are any. The last one cannot know whether its memory or its disk is right.
void Node::on_scrub_mismatch(const std::string& what) {
  const bool alone = newest_.members.size() == 1;
  if (alone) return spdlog::error("{}; no other replica has the state, so an operator has to look at it", what);
  if (!engine_.replica.snapshot().settled) return;  // found again in the next round
  discard_state();
  stop(kExitExcluded, what + ". It starts over by learning from the others");
}

void Node::on_disk_room(bool enough) {
  if (enough == !disk_full_) return;
  disk_full_ = !enough;
  asked_to_leave_ = false;
  if (!enough) return check_full_disk(env_.boot_now());
  spdlog::info("there is room on the disk again");
  (void)clients_.refuse_writes(std::nullopt);
}

// While others have the state this replica leaves them to it; the last one keeps what it has and takes nothing new. Nor
// does one that cannot leave (the register may be on the same disk): what is prepared must last for what is under way.
void Node::check_full_disk(BootTime now) {
  next_look_at_disk_ = BootTime(now.value + kLookAtFullDiskUs);
  store_->retry_room();
  if (!newest_.has(options_.me, options_.incarnation)) {
    if (!std::exchange(asked_to_leave_, true))
      spdlog::warn("the disk is almost full: this replica does not join before there is room");
    return;
  }
  if (!engine_.replica.snapshot().settled) return;  // as in on_turn_leaving
  const bool alone = newest_.members.size() == 1;
  const bool stays = alone || std::exchange(asked_to_leave_, true);
  if (clients_.refuse_writes(disk_full(stays)))
    spdlog::warn("the disk is almost full: {}",
                 stays ? "no writes until there is room" : "this replica leaves the view");
  if (alone || register_ == nullptr) return;
  smr::ReplicaSet me;
  me.add(options_.me);
  register_->compare_and_set({newest_.number, me, "its disk is almost full"}, true);
}

}  // namespace titer::node
