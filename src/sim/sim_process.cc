// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "sim/scene.h"
#include "sim/sim_register.h"
#include "smr/rules.h"

namespace titer::sim {

namespace {
constexpr Time kTickUs = limits::kHeartbeatEveryUs / 2;
constexpr Time kOpenUs = 50'000;  // to read a disk, at most
}  // namespace

SimProcess::SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, std::shared_ptr<Directory> directory)
    : scene_(scene),
      me_(id),
      incarnation_(incarnation),
      node_(scene.network.attach(*this, id.value)),
      directory_(std::move(directory)),
      machine_(std::make_unique<machine::Machine>(scene.plan.limits())),
      disk_(scene, *this, directory_),
      boot_offset_(scene.random.between(1, 1'000'000'000)),
      drift_ppm_(scene.random.between(-scene.plan.drift_ppm, scene.plan.drift_ppm)) {
  next_tick_ = scene_.time.now() + scene_.random.between(0, kTickUs);
  opens_at_ = scene_.time.now() + scene_.random.between(0, kOpenUs);
  be_born();
}

SimProcess::SimProcess(Scene& scene, ReplicaId id, Incarnation incarnation, const smr::ViewRecord& initial,
                       std::shared_ptr<Directory> directory)
    : SimProcess(scene, id, incarnation, std::move(directory)) {
  opens_at_ = kNever;
  replica_ = std::make_unique<smr::Replica>(options(), initial);
  known_ = initial;
  full_before_ = replica_->full();
  if (directory_ != nullptr) directory_->bootstrap(initial);
  scene_.network.listen(me_.value, node_);
}

smr::Options SimProcess::options() const {
  return {.me = me_,
          .incarnation = incarnation_,
          .durable = scene_.plan.durable,
          .frames_in_flight = scene_.plan.frames_in_flight};
}

void SimProcess::be_born() {
  Event event{Event::Kind::kBorn};
  event.who = node_;
  event.replica = me_;
  event.incarnation = incarnation_;
  const std::string name = fmt::format("replica {} #{}", me_.value, incarnation_.value);
  event.text = name;
  scene_.tell(event);
  wake(scene_.time.now());
}

// --- clocks

BootTime SimProcess::boot_now() const {
  const Time now = scene_.time.now();
  return BootTime(boot_offset_ + now + now * drift_ppm_ / 1'000'000);
}

Time SimProcess::time_of(BootTime boot) const {
  const std::int64_t passed = boot.value - boot_offset_;
  return passed - passed * drift_ppm_ / (1'000'000 + drift_ppm_) + 1;
}

WallTime SimProcess::wall_now() const { return WallTime(kEpochMs + scene_.time.now() / 1000 + wall_offset_ms_); }

// --- what arrives

void SimProcess::enqueue(Item item) {
  if (!alive_) return;
  inbox_.push_back(std::move(item));
  wake(scene_.time.now() + scene_.random.between(0, scene_.plan.turn_us));
}

void SimProcess::on_dialled(Port port, ConnectionId connection) {
  enqueue({Item::Kind::kDialled, connection, port});
}
void SimProcess::on_accepted(ConnectionId connection) { enqueue({Item::Kind::kAccepted, connection}); }
void SimProcess::on_received(ConnectionId connection, Bytes bytes) {
  enqueue({Item::Kind::kBytes, connection, 0, std::move(bytes)});
}
void SimProcess::on_closed(ConnectionId connection) { enqueue({Item::Kind::kClosed, connection}); }
void SimProcess::persisted(std::uint64_t ticket) { enqueue({Item::Kind::kPersisted, 0, ticket}); }
bool SimProcess::may_fail() const { return alive_ && scene_.may_lose(*this); }
void SimProcess::disk_failed() { die("its disk failed a sync", true); }

void SimProcess::wake(Time at) {
  at = std::max(at, scene_.time.now());
  if (at >= turn_at_) return;
  turn_at_ = at;
  scene_.time.at(at, *this, kTurn);
}

void SimProcess::on_event(std::uint32_t what, std::uint64_t argument) {
  if (!alive_) return;
  if (what == kPeerDied) return enqueue({Item::Kind::kPeerDied, 0, argument});
  if (what == kDie) return kill("total failure");
  if (what == kResume) {
    if (pauses_ > 0 && --pauses_ == 0) resume();
    return;
  }
  if (turn_at_ != scene_.time.now()) return;
  turn_at_ = kNever;
  if (paused()) {
    turn_due_ = true;
    return;
  }
  in_turn_ = true;
#ifdef TITER_MUTANTS
  try {
    turn();
  } catch (const smr::Broken& broken) {
    scene_.fail("the replica's own checks", broken.what());
  }
#else
  turn();
#endif
  in_turn_ = false;
}

// --- a turn

void SimProcess::turn() {
  const auto halves = std::exchange(half_reads_, {});
  for (const HalfRead& half : halves) {
    wire::QueryAnswer answer = half.answer;
    if (answer.code == Code::kOk) answer.body = half.rows;
    finish_read(half.read, answer);
  }
  std::deque<Item> items;
  std::swap(items, inbox_);
  for (Item& item : items)
    if (alive_) take(item);
  if (!alive_) return;
  const Time now = scene_.time.now();
  if (starting() && now >= opens_at_) open_directory();
  if (begins_with_ && now >= hears_at_) hear();
  dial_due_links();
  if (starting()) return flush_links();
  wake_at_ = begins_with_ ? hears_at_ : kNever;
  if (now >= std::min(next_tick_, tick_at_)) {
    if (now >= next_tick_) next_tick_ = now + kTickUs;
    tick_at_ = kNever;
    step(smr::input::Tick{});
  }
  step(smr::input::EndOfTurn{wall_now()});
  do {
    performing_.clear();
    std::swap(performing_, out_);
    perform(performing_);
  } while (alive_ && (!out_.execute.empty() || out_.stop));
  if (!alive_) return;
  if (!replica_->full()) ask_for_state();
  give_pieces();
  retry_reads();
  write_due_tables();
  flush_links();
  if (!alive_) return;
  if (scene_.observer != nullptr) {
    Event event{Event::Kind::kStepped};
    event.who = node_;
    event.clock = replica_->snapshot().clock;
    scene_.tell(event);
  }
  wake(std::min({next_tick_, tick_at_, wake_at_}));
}

void SimProcess::take(Item& item) {
  switch (item.kind) {
    case Item::Kind::kDialled: return greet(item.connection, static_cast<Port>(item.argument));
    case Item::Kind::kAccepted: links_.push_back({Link::Role::kNewcomer, item.connection}); return;
    case Item::Kind::kBytes: return take_bytes(item.connection, item.bytes);
    case Item::Kind::kClosed: return lost(item.connection);
    case Item::Kind::kPersisted:
      for (; !on_disk_.empty() && on_disk_.front().first <= item.argument; on_disk_.pop_front())
        scene_.ledger.holds(incarnation_, *on_disk_.front().second);
      return step(smr::input::Persisted{item.argument});
    case Item::Kind::kTables: return tables_end();
    case Item::Kind::kPeerDied: return step(smr::input::Died{Incarnation(item.argument)});
  }
}

void SimProcess::step(const smr::Input& input) {
  if (!alive_ || starting() || !spend()) return;
  replica_->step(boot_now(), input, out_);
}

// --- the end, and standing still

bool SimProcess::spend() {
  if (!doom_) return true;
  if ((*doom_)-- > 0) return true;
  doom_.reset();
  kill("killed inside a turn");
  return alive_;
}

void SimProcess::kill(const char* why) {
  if (alive_ && scene_.may_lose(*this)) {
    mark_crash(in_turn_);
    die(why, false);
  }
}

void SimProcess::die(const char* why, bool whole) {
  if (!alive_) return;
  alive_ = false;
  disk_.crash();
  audit_directory();
  scene_.network.detach(node_, whole);
  if (!links_.empty() && gave_state_) scene_.hit(CoverageMark::kDonorLost);
  Event event{Event::Kind::kCrashed};
  event.who = node_;
  event.text = why;
  scene_.tell(event);
  scene_.view_register->died(incarnation_);
  notify_others();
  if (directory_ != nullptr) mark_total_failure();
  links_.clear();
  inbox_.clear();
  reads_.clear();
  learners_.clear();
}

// What its death watch does. A notice may be late, or get lost.
void SimProcess::notify_others() const {
  if (!scene_.plan.death_notices) return;
  for (const auto& other : scene_.processes) {
    if (!other->alive() || scene_.random.chance(.2)) continue;
    const Time late = scene_.random.chance(.8) ? 10'000 : 1'000'000;
    scene_.time.at(scene_.time.now() + scene_.random.between(100, late), *other, kPeerDied, incarnation_.value);
  }
}

void SimProcess::mark_crash(bool in_turn) {
  scene_.hit(in_turn ? CoverageMark::kCrashInTurn : CoverageMark::kCrash);
  if (flush_step_ == FlushStep::kNormal || starting()) return;
  if (!replica_->full()) return scene_.hit(CoverageMark::kCrashLearnerInFlush);
  switch (flush_step_) {
    case FlushStep::kKnows: return scene_.hit(CoverageMark::kCrashBeforeFlush);
    case FlushStep::kFlushed: return scene_.hit(CoverageMark::kCrashAfterFlush);
    case FlushStep::kRelayed: return scene_.hit(CoverageMark::kCrashAfterRelay);
    case FlushStep::kDone: return scene_.hit(CoverageMark::kCrashAfterDone);
    case FlushStep::kRest: return scene_.hit(CoverageMark::kCrashAfterRest);
    default: return scene_.hit(CoverageMark::kCrashAfterState);
  }
}

// Nobody lives any more who was not excluded: what was this one, the last, doing?
void SimProcess::mark_total_failure() const {
  for (const auto& other : scene_.processes)
    if (other->alive() && !scene_.view_register->excluded(other->incarnation())) return;
  scene_.hit(CoverageMark::kTotalFailure);
  if (starting() || begins_with_) return scene_.hit(CoverageMark::kTotalInRestart);
  if (!full() && known_.has(me_, incarnation_)) return scene_.hit(CoverageMark::kTotalInJoin);
  if (full() && known_.number > installed_) scene_.hit(CoverageMark::kTotalInFlush);
}

void SimProcess::pause(Time length) {
  if (!alive_) return;
  ++pauses_;
  scene_.time.at(scene_.time.now() + length, *this, kResume);
  Event event{Event::Kind::kPaused};
  event.who = node_;
  scene_.tell(event);
}

void SimProcess::resume() {
  if (!alive_) return;
  pauses_ = 0;
  scene_.hit(CoverageMark::kResumed);
  if (!scene_.record().has(me_, incarnation_) && full()) scene_.hit(CoverageMark::kResumedExcluded);
  Event event{Event::Kind::kResumed};
  event.who = node_;
  scene_.tell(event);
  if (std::exchange(turn_due_, false)) wake(scene_.time.now());
}

std::string SimProcess::unrest() const {
  if (starting()) return fmt::format("replica {} #{} is still starting", me_.value, incarnation_.value);
  const smr::Snapshot s = replica_->snapshot();
  std::string state =
      fmt::format("replica {} #{}: installed {}, newest known {}, position {}", me_.value, incarnation_.value,
                  s.installed.value, s.target.value, machine_->position().value);
  if (!s.full) return state + ": still a learner";
  if (s.installed != scene_.record().number) return state + ": has not installed the newest view";
  if (machine_->position() != scene_.ledger.length()) return state + ": has not executed everything";
  if (s.pending_requests > 0 || s.unsafe_own_frames > 0) return state + ": requests wait";
  if (!reads_.empty()) return state + ": reads wait";
  return {};
}

}  // namespace titer::sim
