// SPDX-License-Identifier: Apache-2.0

#include "sim/nemesis.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/direct_sender.h"
#include "sim/sim_process.h"
#include "sim/sim_register.h"
#include "sim/thin_client.h"

namespace titer::sim {

namespace {
constexpr Time kTendEveryUs = 25'000;
}

void Nemesis::start() {
  for (std::size_t i = 0; i < kFaults; ++i) schedule(static_cast<Fault>(i));
  for (int i = 0; i < scene_.plan.replicas; ++i) core_.add(ReplicaId(static_cast<std::uint16_t>(i)));
  scene_.time.at(scene_.time.now(), *this, kRestartMissing);
}

void Nemesis::schedule(Fault fault) {
  const Time mean = scene_.plan.mean(fault);
  if (mean > 0)
    scene_.time.at(scene_.time.now() + some(1, 2 * mean), *this, kStrike, static_cast<std::uint64_t>(fault));
}

void Nemesis::on_event(std::uint32_t what, std::uint64_t argument) {
  if (what == kRestartMissing) return restart_missing();
  if (scene_.winding_down) return;
  const auto a = static_cast<Host>(argument >> 8U), b = static_cast<Host>(argument & 0xFFU);
  switch (what) {
    case kStrike: strike(static_cast<Fault>(argument)); return schedule(static_cast<Fault>(argument));
    case kEndPartition: return scene_.network.unblock(a, b);
    case kEndSlowLink: return scene_.network.slow(a, b, 0);
    case kEndFlip: return end_flip(Incarnation(argument));
    case kEndWallFar:
      if (SimProcess* process = scene_.find(Incarnation(argument))) process->right_wall();
      return;
    default:
      if (SimProcess* process = scene_.find(Incarnation(argument))) process->slow_disk(0);
  }
}

SimProcess* Nemesis::somebody() {
  std::vector<SimProcess*> living;
  for (const auto& process : scene_.processes)
    if (process->alive()) living.push_back(process.get());
  return living[scene_.random.below(living.size())];
}

ReplicaId Nemesis::some_id() {
  return ReplicaId(
      static_cast<std::uint16_t>(scene_.random.below(static_cast<std::uint64_t>(scene_.plan.replicas))));
}

void Nemesis::strike(Fault fault) {
  const Time now = scene_.time.now();
  if (std::ranges::none_of(scene_.processes, [](const auto& process) { return process->alive(); })) return;
  switch (fault) {
    case Fault::kCrash: {
      SimProcess* victim = somebody();
      if (scene_.random.chance(.3)) return victim->kill("killed");
      return victim->doom(static_cast<unsigned>(scene_.random.below(60)));
    }
    case Fault::kPause:
      scene_.hit(CoverageMark::kPause);
      return somebody()->pause(scene_.random.chance(.5) ? some(1'000, 200'000) : some(200'000, 4'000'000));
    case Fault::kCut: return cut();
    case Fault::kPartition: return partition();
    case Fault::kSlowLink: return slow_link();
    case Fault::kExclude:
      return scene_.view_register->exclude(*somebody(), scene_.random.chance(.5) ? some(50'000, 5'000'000) : 0);
    case Fault::kRegisterAway:
      scene_.hit(CoverageMark::kRegisterAway);
      return scene_.view_register->away(some(100'000, 5'000'000));
    case Fault::kDiskSlow: {
      if (!scene_.plan.durable) return;
      SimProcess* process = somebody();
      scene_.hit(CoverageMark::kDiskSlow);
      process->slow_disk(some(10'000, 200'000));
      return scene_.time.at(now + some(500'000, 5'000'000), *this, kEndSlowDisk, process->incarnation().value);
    }
    case Fault::kDiskHang:
      if (!scene_.plan.durable) return;
      scene_.hit(CoverageMark::kDiskHangs);
      return somebody()->hang_disk(now + some(50'000, 5'000'000));
    case Fault::kDiskFail:
      if (scene_.plan.durable) somebody()->fail_disk();
      return;
    case Fault::kWallJump: return wall_jump();
    case Fault::kClientDeath: return client_death();
    case Fault::kDirectDeath: return direct_death();
    case Fault::kLateRepeat:
      for (const auto& client : scene_.thin)
        if (client->alive()) client->repeat_old();
      return;
    case Fault::kTotalFailure: return total_failure();
    case Fault::kEndInChange: return end_in_change();
    case Fault::kDiskBack: return scene_.keep_disk(somebody()->id());
    case Fault::kBitFlip: return flip_bit();
    case Fault::kWallFar: return wall_far();
    case Fault::kCount: return;
  }
}

void Nemesis::total_failure() {
  const Time within = scene_.random.chance(.5) ? 0 : some(0, scene_.random.chance(.5) ? 20'000 : 1'000'000);
  scene_.end_all(within);
  if (scene_.random.chance(.5)) together_at_ = scene_.time.now() + within + some(1, 2 * scene_.plan.restart_us);
}

// One that lives is excluded and does not hear of it; the others end before they have waited for its read lease, and are back
// while it may still hold it.
void Nemesis::end_in_change() {
  SimProcess* apart = somebody();
  if (scene_.plan.fences || scene_.plan.replicas < 2 || !apart->has_durable_state()) return;
  const Host host = apart->id().value;
  scene_.network.block(kRegisterHost, host);
  scene_.time.at(scene_.time.now() + 2'000'000, *this, kEndPartition, std::uint64_t{kRegisterHost} << 8U | host);
  scene_.view_register->exclude(*apart);
  if (!scene_.view_register->excluded(apart->incarnation())) return;
  scene_.hit(CoverageMark::kEndInChange);
  scene_.tell_fault("total failure in an exclusion", apart->node());
  const Time now = scene_.time.now(), within = some(1, 3'000);
  for (const auto& process : scene_.processes)
    if (process.get() != apart) process->die_at(now + some(0, within));
  together_at_ = now + within + some(1, 20'000);
}

// The others can outvote it: all members are there, three at least, and their states are right.
void Nemesis::flip_bit() {
  const smr::ViewRecord& record = scene_.record();
  if (record.members.size() < 3) return;
  for (const smr::Member& member : record.members) {
    const SimProcess* process = scene_.find(member.incarnation);
    if (process == nullptr || !process->alive() || !process->has_durable_state() || process->flipped()) return;
  }
  SimProcess* process = scene_.find(record.members[scene_.random.below(record.members.size())].incarnation);
  scene_.hit(CoverageMark::kBitFlip);
  scene_.tell_fault("bit flipped", process->node());
  process->flip_bit();
  scene_.time.at(scene_.time.now() + 10'000'000, *this, kEndFlip, process->incarnation().value);
}

// As an operator, where the others became too few to decide; if they are all gone, it is right.
void Nemesis::end_flip(Incarnation incarnation) {
  SimProcess* process = scene_.find(incarnation);
  if (process == nullptr || !process->flipped()) return;
  if (scene_.may_lose(*process)) return process->stop_wrong();
  process->right_bit();
}

void Nemesis::wall_far() {
  if (scene_.plan.replicas < 3 || std::exchange(wall_was_far_, true)) return;
  constexpr std::int64_t kYearMs = 401LL * 86'400'000;
  SimProcess* process = somebody();
  scene_.hit(CoverageMark::kWallFar);
  scene_.tell_fault("wall clock a year ahead", process->node());
  process->jump_wall(kYearMs);
  scene_.time.at(scene_.time.now() + some(1'000'000, 20'000'000), *this, kEndWallFar, process->incarnation().value);
}

// --- the network

void Nemesis::cut() {
  const auto& open = scene_.network.open();
  if (open.empty()) return;
  const ConnectionId id = open[scene_.random.below(open.size())];
  scene_.hit(CoverageMark::kCut);
  scene_.tell_fault("cut", scene_.network.end(id, 0), scene_.network.end(id, 1));
  scene_.network.cut(id);
}

// Between replicas' hosts; now and then the register's too. Hosts that are not cut off here see both sides.
void Nemesis::partition() {
  const Time until =
      scene_.time.now() + (scene_.random.chance(.5) ? some(50'000, 500'000) : some(500'000, 6'000'000));
  const auto block = [&](Host from, Host to) {
    scene_.network.block(from, to);
    scene_.time.at(until, *this, kEndPartition, std::uint64_t{from} << 8U | to);
  };
  const auto t = static_cast<std::uint64_t>(scene_.plan.replicas);
  const std::uint64_t kind = scene_.random.below(4);
  if (kind == 3 && t > 2) {
    scene_.hit(CoverageMark::kHalves);
    scene_.tell_fault("halves");
    const std::uint64_t side = 1 + scene_.random.below((1U << t) - 2);
    for (Host a = 0; a < t; ++a)
      for (Host b = 0; b < t; ++b)
        if ((side >> a & 1U) != (side >> b & 1U)) block(a, b);
    return;
  }
  const Host a = some_id().value;
  const Host b = scene_.random.chance(.15) || t == 1 ? kRegisterHost
                                                     : static_cast<Host>((a + 1 + scene_.random.below(t - 1)) % t);
  block(a, b);
  if (kind == 0) {
    scene_.hit(CoverageMark::kOneWay);
    return scene_.tell_fault("one way");
  }
  block(b, a);
  scene_.hit(CoverageMark::kPartialPartition);
  scene_.tell_fault("partial partition");
}

void Nemesis::slow_link() {
  const Host a = some_id().value, b = scene_.random.chance(.3) ? kRegisterHost : Host{some_id().value};
  if (a == b) return;
  scene_.hit(CoverageMark::kSlowLink);
  scene_.network.slow(a, b, some(5'000, 300'000));
  scene_.time.at(scene_.time.now() + some(200'000, 5'000'000), *this, kEndSlowLink, std::uint64_t{a} << 8U | b);
}

// --- clients and clocks

void Nemesis::client_death() {
  for (auto& client : scene_.thin) {
    if (!client->alive() || !scene_.random.chance(.4)) continue;
    client->kill();
    scene_.hit(CoverageMark::kGatewayClientDies);
    const double share = client->read_share();
    scene_.thin.push_back(std::make_unique<ThinClient>(scene_, ++clients_, share));
    return scene_.thin.back()->start();
  }
}

void Nemesis::direct_death() {
  for (auto& client : scene_.direct) {
    if (!client->alive() || !scene_.random.chance(.5)) continue;
    if (scene_.random.chance(.7)) return client->kill_in_broadcast();
    client->kill();
    return scene_.hit(CoverageMark::kDirectClientDies);
  }
}

void Nemesis::wall_jump() {
  scene_.hit(CoverageMark::kWallJumps);
  const std::int64_t by = some(-3'600'000, 3'600'000);
  if (scene_.direct.empty() || scene_.random.chance(.6)) return somebody()->jump_wall(by);
  scene_.direct[scene_.random.below(scene_.direct.size())]->jump_wall(by);
}

// --- who comes back

void Nemesis::restart_missing() {
  const Time now = scene_.time.now();
  scene_.time.at(now + kTendEveryUs, *this, kRestartMissing);
  for (std::uint16_t i = 0; i < scene_.plan.replicas; ++i) {
    Time& at = restart_at_[i];
    if (!core_.has(ReplicaId(i)) || scene_.holder(ReplicaId(i)) != nullptr) {
      at = kNever;
    } else if (at == kNever) {
      at = now + (scene_.winding_down ? 0 : some(1, 2 * scene_.plan.restart_us));
      if (together_at_ > now && !scene_.winding_down) at = together_at_;
    } else if (at <= now) {
      scene_.spawn(ReplicaId(i));
      at = kNever;
    }
  }
  if (scene_.winding_down) return;
  std::size_t living = 0;
  for (const auto& client : scene_.direct) living += client->alive() ? 1U : 0U;
  if (living >= static_cast<std::size_t>(scene_.plan.direct_clients) || !scene_.random.chance(.025)) return;
  scene_.direct.push_back(std::make_unique<DirectSender>(scene_, ++clients_));
  scene_.direct.back()->start();
}

void Nemesis::heal() {
  scene_.winding_down = true;
  scene_.network.heal();
  scene_.view_register->back();
  if (!scene_.plan.heal_all) {
    // Some stay away for good, as many as may.
    for (const auto& process : scene_.processes) {
      if (!process->alive() || !scene_.random.chance(.5)) continue;
      process->kill("stays away");
      if (!process->alive()) core_.remove(process->id());
    }
  }
  for (const auto& process : scene_.processes) {
    process->spare();
    process->resume();
    process->right_wall();
    process->heal_disk();
    if (process->flipped()) end_flip(process->incarnation());
  }
  for (const auto& client : scene_.direct) client->right_wall();
  restart_at_.fill(kNever);
}

}  // namespace titer::sim
