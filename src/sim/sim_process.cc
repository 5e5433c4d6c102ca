// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_process.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "machine/machine.h"
#include "sim/sim_register.h"

namespace titer::sim {

namespace {
constexpr Time kStandsStillUs = 2'000'000;  // inside a turn, at most
constexpr Time kOpenUs = 50'000;            // to read a disk, at most
}  // namespace

SimProcess::SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, std::shared_ptr<SimDisk> disk)
    : scene_(scene),
      me_(id),
      incarnation_(incarnation),
      env_(scene, scene.network, id.value, *this),
      disk_(std::move(disk)) {
  be_born();
  scene_.time.at(scene_.time.now() + scene_.random.between(0, kOpenUs), *this, kOpen);
}

SimProcess::SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, const smr::ViewRecord& initial,
                       std::shared_ptr<SimDisk> disk)
    : scene_(scene),
      me_(id),
      incarnation_(incarnation),
      env_(scene, scene.network, id.value, *this),
      disk_(std::move(disk)) {
  be_born();
  if (disk_) {
    open_disk();
  } else {
    local_state_.emplace().machine = machine::Machine(scene.plan.limits());
  }
  begin(initial);
  dial_register();
  if (node_) node_->use(*register_);
}

// Nothing more is done.
SimProcess::~SimProcess() {
  if (disk_process_) disk_process_->workers.end();
}

void SimProcess::be_born() {
  if (scene_.plan.mean(Fault::kPause) > 0) env_.stand_still_sometimes(kStandsStillUs);
  if (scene_.plan.death_notices) death_watch_ = std::make_unique<SimDeathWatch>(scene_, me_, incarnation_);
  Event event{Event::Kind::kBorn};
  event.who = node();
  event.replica = me_;
  event.incarnation = incarnation_;
  const std::string name = fmt::format("replica {} #{}", me_.value, incarnation_.value);
  event.text = name;
  scene_.tell(event);
}

void SimProcess::dial_register() {
  const auto greeting = [this] {
    wire::Hello hello;
    hello.role = wire::Role::kReplica;
    hello.replica = me_;
    hello.incarnation = incarnation_;
    Bytes out;
    wire::encode(out, hello);
    if (starting()) wire::encode(out, found_);
    return out;
  };
  register_ = std::make_unique<RegisterLink>(
      env_, greeting,
      RegisterLink::Events{[this](const smr::ViewRecord& record) { on_record(record); },
                           [this] { return node_ ? node_->pong() : wire::Pong{}; }});
}

node::NodeOptions SimProcess::options() {
  node::NodeOptions options;
  options.me = me_;
  options.incarnation = incarnation_;
  for (std::uint16_t i = 0; i < scene_.plan.replicas; ++i) options.roster[i] = address_of(i);
  options.frames_in_flight = scene_.plan.frames_in_flight;
  options.bootstraps = known_.number == ViewNumber();
  options.piece_bytes = scene_.plan.piece_bytes;
  options.clock = scene_.plan.clock;
  options.limits.ring_bytes = scene_.plan.ring_bytes;
  options.observer = this;
  return options;
}

void SimProcess::begin(const smr::ViewRecord& initial) {
  known_ = initial;
  auto opened = node::Node::open(options(), env_, initial, std::move(*local_state_));
  local_state_.reset();
  if (!opened) store_ = nullptr;  // it went with it
  if (!opened && disk_fails_) return die("its disk failed a sync", true);
  if (!opened) return scene_.fail("birth", opened.error().message);
  node_ = std::move(opened).value();
  if (found_.whole && node_->engine().replica.full()) scene_.ledger.begins_again(incarnation_, store_->recovered());
  full_before_ = node_->engine().replica.full();
  installed_ = node_->engine().replica.snapshot().installed;
}

void SimProcess::on_record(const smr::ViewRecord& newest) {
  if (!alive()) return;
  if (node_ == nullptr) {
    begin(newest);
    if (node_) node_->use(*register_);
    return scene_.maybe_end_all();
  }
  if (newest.number > known_.number) {
    if (known_.number > installed_ && full()) scene_.hit(CoverageMark::kViewOverView);
    known_ = newest;
    flush_step_ = FlushStep::kKnows;
    if (!scene_.winding_down && !env_.doomed() && scene_.random.chance(scene_.plan.crash_in_flush))
      env_.doom(static_cast<unsigned>(scene_.random.below(40)));
    scene_.maybe_end_all();
  }
  node_->on_record(newest);
}

// --- turns

void SimProcess::on_turn() {
  if (node_ != nullptr) node_->turn();
  if (!alive()) return;
  if (stopping_) return stopped();
  if (node_ == nullptr) return;
  mark_donor();
  if (const auto durable = node_->durable(); durable && disk_) disk_->installed(durable->installed);
  if (scene_.observer == nullptr) return;
  Event event{Event::Kind::kStepped};
  event.who = node();
  event.clock = node_->engine().replica.snapshot().clock;
  scene_.tell(event);
}

// The node has stopped by itself: it may, where it is excluded, and where its state was made wrong.
void SimProcess::stopped() {
  using Why = smr::Output::Stop::Why;
  // Its workers have said so, or the node itself has tried to write.
  if (disk_failed_ || (!stop_ && disk_fails_)) return die("its disk failed a sync", true);
  if (!stop_) return scene_.fail("stops", fmt::format("replica {} stops by itself", me_.value));
  if (stop_->why == Why::kWrong && (flipped() || has_told_wrong_)) return die("its state is wrong", true);
  if (stop_->why != Why::kExcluded) return scene_.fail("the replica's digests (I10)", stop_->reason);
  die("excluded", true);
}

void SimProcess::stop_wrong() {
  die("its state is wrong", true);
  if (disk_ && scene_.disks[me_.value] == disk_) scene_.disks[me_.value] = scene_.new_disk(me_);
}

// --- its end

void SimProcess::on_event(std::uint32_t what, std::uint64_t argument) {
  if (!alive()) return;
  if (what == kOpen) return open_disk(), dial_register();
  if (what == kWork) return work(argument);
  kill("total failure");
}

bool SimProcess::on_doom() {
  kill("killed inside a turn");
  return !alive();
}

void SimProcess::kill(const char* why) {
  if (!alive() || !scene_.may_lose(*this)) return;
  scene_.hit(env_.in_turn() ? CoverageMark::kCrashInTurn : CoverageMark::kCrash);
  mark_crash();
  die(why, false);
}

void SimProcess::die(const char* why, bool whole) {
  if (!alive()) return;
  was_full_ = full();
  const bool was_starting = starting();
  if (gave_state_) scene_.hit(CoverageMark::kDonorLost);
  if (disk_ && env_.in_turn()) disk_->contents().files.cut_power_in(1);  // nothing that it still does has an effect
  env_.end(whole);
  Event event{Event::Kind::kCrashed};
  event.who = node();
  event.text = why;
  scene_.tell(event);
  scene_.view_register->died(incarnation_);
  if (death_watch_) death_watch_->tell_others();
  if (scene_.plan.durable) mark_total_failure(was_starting);
}

void SimProcess::on_ended() {
  if (store_ != nullptr && store_->stats().tables_written > 0) scene_.hit(CoverageMark::kTablesWritten);
  store_ = nullptr;
  if (disk_process_) disk_process_->workers.end();
  node_.reset();
  local_state_.reset();
  register_.reset();
  if (disk_process_) leave_disk();
}

void SimProcess::pause(Time length) {
  if (!alive()) return;
  env_.pause(length);
  Event event{Event::Kind::kPaused};
  event.who = node();
  scene_.tell(event);
}

void SimProcess::on_resumed() {
  scene_.hit(CoverageMark::kResumed);
  if (!scene_.record().has(me_, incarnation_) && full()) scene_.hit(CoverageMark::kResumedExcluded);
  Event event{Event::Kind::kResumed};
  event.who = node();
  scene_.tell(event);
}

// --- what is asked about it

bool SimProcess::read_lease() const {
  return alive() && node_ != nullptr && node_->engine().replica.read_lease(env_.boot_now());
}

std::string SimProcess::unrest() const {
  if (starting()) return fmt::format("replica {} #{} is still starting", me_.value, incarnation_.value);
  const smr::Snapshot s = node_->engine().replica.snapshot();
  std::string state =
      fmt::format("replica {} #{}: installed {}, newest known {}, position {}", me_.value, incarnation_.value,
                  s.installed.value, s.target.value, machine().position().value);
  if (!s.full) return state + ": still a learner";
  if (s.installed != scene_.record().number) return state + ": has not installed the newest view";
  if (machine().position() != scene_.ledger.length()) return state + ": has not executed everything";
  if (s.pending_requests > 0 || s.unsafe_own_frames > 0) return state + ": requests wait";
  return {};
}

}  // namespace titer::sim
