// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_environment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "sim/sim_stream.h"
#include "smr/rules.h"

namespace titer::sim {

namespace {

constexpr std::uint16_t kFirstPort = 1;         // of an address; 0 would be none
constexpr double kStandsStill = .0003;          // share of turns
constexpr std::uint64_t kLooksBeforeMax = 200;  // at the clock, before it stands still
constexpr Time kStandsStillMinUs = 1'000;
constexpr Time kLookForRoomUs = 2'000;

class SimListening final : public net::Listening {
 public:
  explicit SimListening(net::Transport::Accepted& accepted) : accepted_(accepted) {}
  ~SimListening() override { close(); }
  void close() override { accepted_ = nullptr; }

 private:
  net::Transport::Accepted& accepted_;
};

}  // namespace

net::Address address_of(Port port) { return {"127.0.0.1", static_cast<std::uint16_t>(port + kFirstPort)}; }
Port port_of(const net::Address& address) { return static_cast<Port>(address.port - kFirstPort); }

class SimTimer final : public net::Timer {
 public:
  explicit SimTimer(SimEnvironment& env) : env_(env) {}
  ~SimTimer() override { cancel(); }

  void start(std::int64_t us, std::function<void()> ring) override {
    cancel();
    number_ = env_.next_ring_++;
    env_.rings_[number_] = std::move(ring);
    env_.stage_.time.at(env_.local_now() + us, env_, SimEnvironment::kRing, number_);
  }
  void cancel() override { env_.rings_.erase(std::exchange(number_, 0)); }

 private:
  SimEnvironment& env_;
  std::uint64_t number_ = 0;
};

SimEnvironment::SimEnvironment(Stage& stage, Network& network, Host host, SimProcessOwner& owner)
    : stage_(stage),
      network_(network),
      owner_(owner),
      node_(network.attach(*this, host)),
      boot_offset_(stage.random.between(1, 1'000'000'000)),
      drift_ppm_(std::clamp(stage.random.between(-2 * stage.plan.drift_ppm, 2 * stage.plan.drift_ppm),
                            -stage.plan.drift_ppm, stage.plan.drift_ppm)) {}

SimEnvironment::~SimEnvironment() {
  queue().clear();
  let_go_of_streams();
}

void SimEnvironment::let_go_of_streams() {
  while (!streams_.empty()) {
    const auto last = streams_.extract(streams_.begin()).mapped()->let_go();
  }
}

// --- clocks

BootTime SimEnvironment::boot(Time local) const {
  return BootTime(boot_offset_ + local + local * drift_ppm_ / 1'000'000);
}

Time SimEnvironment::time_of(BootTime when) const {
  const std::int64_t passed = when.value - boot_offset_;
  return passed - passed * drift_ppm_ / (1'000'000 + drift_ppm_) + 1;
}

BootTime SimEnvironment::boot_now() const {
  if (in_turn_ && stands_at_ && (*stands_at_)-- == 0) {
    stands_at_.reset();
    stage_.hit(CoverageMark::kPausedInTurn);
    stands_until_ = stage_.time.now() + stage_.random.between(kStandsStillMinUs, stands_still_);
  }
  return boot(local_now());
}

WallTime SimEnvironment::wall_now() const { return WallTime(kEpochMs + local_now() / 1000 + wall_offset_ms_); }

void SimEnvironment::random(std::span<std::byte> out) {
  for (std::byte& one : out) one = static_cast<std::byte>(stage_.random.below(256));
}

// --- what arrives

void SimEnvironment::enqueue(Item item) {
  if (!alive_) return;
  inbox_.push_back(std::move(item));
  prod();
}

void SimEnvironment::prod() { wake(stage_.time.now() + stage_.random.between(0, stage_.plan.turn_us)); }

void SimEnvironment::on_dialled(Port port, ConnectionId connection) {
  enqueue({Item::Kind::kDialled, connection, port});
}
void SimEnvironment::on_accepted(ConnectionId connection) { enqueue({Item::Kind::kAccepted, connection}); }
void SimEnvironment::on_received(ConnectionId connection, Bytes bytes) {
  enqueue({Item::Kind::kBytes, connection, 0, std::move(bytes)});
}
void SimEnvironment::on_closed(ConnectionId connection) { enqueue({Item::Kind::kClosed, connection}); }

void SimEnvironment::post(std::function<void()> work) { enqueue({Item::Kind::kPosted, 0, 0, {}, std::move(work)}); }

bool SimEnvironment::run_one_ready() {
  if (!alive_ || inbox_.empty()) return false;
  Item item = std::move(inbox_.front());
  inbox_.pop_front();
  run(item);
  return true;
}

void SimEnvironment::run(Item& item) {
  SimStream* stream = find(item.connection);
  switch (item.kind) {
    case Item::Kind::kDialled: {
      std::deque<Dialled>& waiting = dialled_[static_cast<Port>(item.argument)];
      TITER_CHECK(!waiting.empty(), "a dial is answered once");
      const Dialled done = std::move(waiting.front());
      waiting.pop_front();
      if (item.connection == 0) return done(Error{Code::kUnreachable, "nobody listens there"});
      return done(stream_on(item.connection));
    }
    case Item::Kind::kAccepted:
      if (accepted_) return accepted_(stream_on(item.connection));
      return affect({Effect::Kind::kClose, item.connection});
    case Item::Kind::kBytes: return stream != nullptr ? stream->arrived(std::move(item.bytes)) : void();
    case Item::Kind::kClosed: return stream != nullptr ? stream->ended() : void();
    case Item::Kind::kGoOn: return stream != nullptr ? stream->go_on() : void();
    case Item::Kind::kWritable: return stream != nullptr ? stream->writable() : void();
    case Item::Kind::kPosted: return item.work();
    case Item::Kind::kRing:
      if (const auto ring = rings_.extract(item.argument)) ring.mapped()();
      return;
  }
}

SimStream* SimEnvironment::find(ConnectionId connection) {
  const auto at = streams_.find(connection);
  return at == streams_.end() ? nullptr : at->second;
}

bool SimEnvironment::full(ConnectionId connection) const {
  return network_.under_way(connection, node_) >= stage_.plan.socket_bytes;
}

void SimEnvironment::look_for_room(ConnectionId connection) {
  if (!full(connection)) {
    stage_.hit(CoverageMark::kSocketRoom);
    return enqueue({Item::Kind::kWritable, connection});
  }
  stage_.time.at(stage_.time.now() + kLookForRoomUs, *this, kRoom, connection);
}

net::ByteStreamPtr SimEnvironment::stream_on(ConnectionId connection) {
  const int there = network_.end(connection, 0) == node_ ? 1 : 0;
  auto stream = std::make_unique<SimStream>(*this, connection, network_.host(network_.end(connection, there)));
  streams_[connection] = stream.get();
  return stream;
}

// --- what it does

void SimEnvironment::affect(Effect effect) {
  if (!alive_) return;
  if (effect.kind == Effect::Kind::kSend && writes_left_ && (*writes_left_)-- == 0) return end(true);
  if (local_now() > stage_.time.now() || !effects_.empty()) return effects_.push_back(std::move(effect));
  perform(effect);
}

void SimEnvironment::perform(Effect& effect) {
  switch (effect.kind) {
    case Effect::Kind::kDial: return network_.dial(node_, effect.target);
    case Effect::Kind::kSend: return network_.send(effect.target, node_, std::move(effect.bytes));
    case Effect::Kind::kClose: return network_.close(effect.target, node_);
  }
}

void SimEnvironment::dial(const net::Address& address, std::int64_t /*timeout_us*/, Dialled done) {
  const Port port = port_of(address);
  dialled_[port].push_back(std::move(done));
  affect({Effect::Kind::kDial, port});
}

Result<std::unique_ptr<net::Listening>> SimEnvironment::listen(const net::Address& address, Accepted accepted) {
  TITER_CHECK(!accepted_, "a simulated process listens at one address");
  accepted_ = std::move(accepted);
  network_.listen(port_of(address), node_);
  return std::unique_ptr<net::Listening>(std::make_unique<SimListening>(accepted_));
}

std::unique_ptr<net::Timer> SimEnvironment::make_timer() { return std::make_unique<SimTimer>(*this); }

// --- turns

void SimEnvironment::wake_at(BootTime when) { wake(time_of(when)); }

void SimEnvironment::wake(Time at) {
  at = std::max({at, stage_.time.now(), stands_until_});
  if (!alive_ || at >= turn_at_) return;
  turn_at_ = at;
  stage_.time.at(at, *this, kTurn);
}

void SimEnvironment::on_event(std::uint32_t what, std::uint64_t argument) {
  if (!alive_) return;
  if (what == kRing) return enqueue({Item::Kind::kRing, 0, argument});
  if (what == kRoom) return look_for_room(static_cast<ConnectionId>(argument));
  if (what == kResume) {
    if (pauses_ > 0 && --pauses_ == 0) resume();
    return;
  }
  if (turn_at_ != stage_.time.now()) return;
  turn_at_ = kNever;
  if (paused()) {
    turn_due_ = true;
    return;
  }
  take_turn();
}

void SimEnvironment::take_turn() {
  while (!effects_.empty()) {
    Effect effect = std::move(effects_.front());
    effects_.pop_front();
    perform(effect);
  }
  in_turn_ = true;
  if (stands_still_ > 0 && stage_.random.chance(kStandsStill))
    stands_at_ = static_cast<unsigned>(stage_.random.below(kLooksBeforeMax));
#ifdef TITER_MUTANTS
  try {
#endif
    take_in();
    if (alive_) owner_.on_turn();
#ifdef TITER_MUTANTS
  } catch (const smr::Broken& broken) {
    stage_.fail("the replica's own checks", broken.what());
  }
#endif
  in_turn_ = false;
  stands_at_.reset();
  writes_left_.reset();
  if (!alive_) return bury();
  if (!inbox_.empty() || !queue().empty()) prod();
  if (!effects_.empty()) wake(stands_until_);
}

// --- its end, and standing still

bool SimEnvironment::spend() {
  if (!alive_) return false;
  if (!doom_ || (*doom_)-- > 0) return true;
  doom_.reset();
  return !owner_.on_doom();
}

void SimEnvironment::end(bool whole) {
  if (!alive_) return;
  while (whole && !effects_.empty()) {
    Effect effect = std::move(effects_.front());
    effects_.pop_front();
    perform(effect);
  }
  alive_ = false;
  network_.detach(node_, whole);
  if (!in_turn_) bury();
}

void SimEnvironment::bury() {
  owner_.on_ended();
  queue().clear();
  inbox_.clear();
  effects_.clear();
  dialled_.clear();
  rings_.clear();
  accepted_ = nullptr;
  let_go_of_streams();
}

void SimEnvironment::pause(Time length) {
  ++pauses_;
  stage_.time.at(stage_.time.now() + length, *this, kResume);
}

void SimEnvironment::resume() {
  pauses_ = 0;
  owner_.on_resumed();
  if (std::exchange(turn_due_, false)) wake(stage_.time.now());
}

}  // namespace titer::sim
