// SPDX-License-Identifier: Apache-2.0

// How a cluster begins: a new one, or again from the disks (docs/explanation/protocol.md §7).
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cluster/data_dir_scan.h"
#include "cluster/supervisor.h"
#include "net/sockets.h"
#include "store/restore_mark.h"
#include "view/restart.h"

namespace titer::cluster {

namespace {

constexpr std::int64_t kPortPatienceUs = 3'000'000, kLookAgainUs = 20'000;
constexpr std::int64_t kStartPatienceUs = 30'000'000;  // to come up with nothing to read
constexpr std::int64_t kReadPatienceUs = 600'000'000;  // to read the disks

}  // namespace

Incarnation Supervisor::new_incarnation() { return Incarnation(random_id()); }

Status Supervisor::open_register() {
  auto lock = lock_data(options_.data_dir, true);
  if (!lock) return lock.error();
  data_lock_ = std::move(lock).value();
  if (Status whole = store::expect_no_restore_mark(options_.data_dir); !whole) return whole;
  auto found = read_register(options_.data_dir);
  if (!found)
    return Error{found.error().code,
                 found.error().message + ". `titer recover` shows which disks it could resume from"};
  state_ = {random_id(), options_.replicas, options_.durable, false, {}, {}};
  if (!*found) return no_orphans();
  const RegisterState& before = **found;
  const std::string& dir = options_.data_dir;
  if (before.durable && !options_.durable)
    return Error{Code::kInvalid, dir +
                                     " holds a cluster with durability disk: leave out --memory, or name another "
                                     "directory with --data"};
  if (!before.durable && before.bootstrapped && !options_.accept_data_loss)
    return Error{Code::kInvalid, "the cluster that ran with --memory in " + dir +
                                     " has failed completely: its data is lost. To start with no data: "
                                     "--accept-data-loss, or another directory with --data"};
  if (!before.durable) return no_orphans();
  if (before.replicas > options_.replicas)
    return Error{Code::kInvalid, fmt::format("the cluster in {} has {} replicas: `titer cluster {}` resumes it",
                                             dir, before.replicas, before.replicas)};
  if (before.replicas < options_.replicas && !options_.grow)
    return Error{Code::kInvalid,
                 fmt::format("the cluster in {} has {} replicas: `titer cluster {}` resumes it, and --grow adds {} "
                             "more, for good",
                             dir, before.replicas, before.replicas, options_.replicas - before.replicas)};
  state_ = before;
  state_.replicas = options_.replicas;
  return before.bootstrapped ? continue_cluster() : resume_bootstrap();
}

Status Supervisor::continue_cluster() {
  continued_ = true;
  state_.bootstrapped = true;
  return ok_status();
}

// An earlier start was interrupted before all replicas were up. A write is acknowledged when all members of the first view
// hold it, so each disk that has a state has every acknowledged write; without such a disk there was none, and the
// bootstrap starts from scratch, as the same cluster.
Status Supervisor::resume_bootstrap() {
  const auto scan = scan_data_dir(options_.data_dir, std::nullopt);
  if (!scan) return scan.error();
  if (std::ranges::any_of(scan->replicas,
                          [](const ReplicaDirScan& one) { return one.found && one.found->inventory.whole; }))
    return continue_cluster();
  state_.record = {};
  return ok_status();
}

// Replicas' data without a register: of a cluster that must not be taken for a new one.
Status Supervisor::no_orphans() const {
  const auto there = replicas_in(options_.data_dir);
  if (!there) return there.error();
  for (const ReplicaId id : *there)
    if (options_.durable && store::has_identity(replica_dir(options_.data_dir, id)))
      return Error{Code::kInvalid,
                   options_.data_dir +
                       " holds data of replicas, but no view register of a cluster that has served: `titer "
                       "recover` shows which disks it could resume from; for a new cluster name another directory"};
  return ok_status();
}

Status Supervisor::start_all() {
  Status started = start_cluster();
  if (!interrupted_) return started;
  return Error{Code::kUnavailable, "interrupted: the cluster was not started, and the same command starts it"};
}

// start_cluster() waits in turns of the loop, which ends them.
void Supervisor::interrupt() {
  interrupted_ = true;
  loop_.stop();
}

Status Supervisor::start_cluster() {
  if (Status free = wait_for_ports(); !free || interrupted_) return free;
  if (Status opened = open_register(); !opened) return opened;
  auto sockets = LocalSockets::choose(options_.data_dir, options_.replicas);
  if (!sockets) return sockets.error();
  sockets_ = std::move(sockets).value();
  return continued_ ? restart_all() : bootstrap_all();
}

// A killed process keeps its port until its last thread has come back from the disk.
Status Supervisor::wait_for_ports() {
  Status free = ok_status();
  const auto all_free = [&] {
    free = ok_status();
    for (std::uint16_t i = 0; i < slots_.size() && free; ++i) free = net::can_listen(address(i));
    loop_.wake_at(BootTime(net::boot_now().value + kLookAgainUs));
    return free.ok();
  };
  loop_.run_until(BootTime(net::boot_now().value + kPortPatienceUs), all_free);
  return free;
}

// At a later start nobody looks before: the replica tries again every second, and serves all but HTTP meanwhile.
void Supervisor::tell_if_http_port_is_taken(std::uint16_t index) {
  if (!begun_ || options_.http_port == 0) return;
  const auto port = static_cast<std::uint16_t>(options_.http_port + index);
  if (const Status free = net::can_listen({"127.0.0.1", port}); !free)
    say_(fmt::format("{}: replica {} serves no page and no HTTP until it is free.", free.error().message, index));
}

Status Supervisor::bootstrap_all() {
  for (std::uint16_t i = 0; i < slots_.size(); ++i)
    state_.record.members.push_back({ReplicaId(i), new_incarnation(), address(i).text()});
  if (Status written = write_register(options_.data_dir, state_); !written) return written;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    if (Status launched = launch(i, state_.record.members[i].incarnation); !launched) return launched;
    slots_[i].has_state = true;
  }
  ping();
  const auto all_up = [this] {
    return processes() < slots_.size() ||
           std::all_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.has_ponged && s.pong.full; });
  };
  const bool decided = loop_.run_until(BootTime(net::boot_now().value + kStartPatienceUs), all_up);
  if (!decided || processes() < slots_.size())
    return Error{Code::kInternal, "not all replicas came up; their logs are in " + options_.data_dir};
  begun_ = true;
  state_.bootstrapped = true;
  return write_register(options_.data_dir, state_);
}

Status Supervisor::restart_all() {
  launching_ = true;
  for (std::uint16_t i = 0; i < slots_.size(); ++i)
    if (Status launched = launch(i, new_incarnation()); !launched) return launched;
  launching_ = false;
  ping();
  const auto serving = [this] {
    return processes() == 0 || !obstacle_.empty() ||
           (begun_ && std::ranges::all_of(state_.record.members, [this](const smr::Member& m) {
              const Slot& slot = slots_[m.id.value];
              return slot.pong.full && slot.pong.installed == state_.record.number;
            }));
  };
  loop_.run_until(BootTime(net::boot_now().value + kReadPatienceUs), serving);
  if (interrupted_) return ok_status();
  if (!obstacle_.empty()) return Error{Code::kUnavailable, obstacle_};
  if (!begun_) return Error{Code::kInternal, "no replica came up; their logs are in " + options_.data_dir};
  // A replica that was excluded learns what it lacks, usually little. If it is much, the others serve meanwhile.
  loop_.run_until(BootTime(net::boot_now().value + kJoinPatienceUs), [this] { return alive() >= processes(); });
  return ok_status();
}

void Supervisor::on_inventory(std::uint16_t index) {
  Slot& slot = slots_[index];
  if (!slot.inventory->refusal.empty()) {
    slot.killed_by_us = slot.stays_dead = true;  // it ends when it knows that this was read
    wire::encode_stop(slot.link->outgoing());
    slot.link->flush();
    say_(fmt::format("Replica {} does not start: {}.", index, slot.inventory->refusal));
  } else if (any_has_durable_state(state_.record)) {
    return send_record(slot);
  }
  try_restart();
}

void Supervisor::try_restart() {
  if (launching_) return;  // a replica that could not be launched may have what the others lack
  std::vector<view::Returned> returned;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.pid <= 0 || slot.told_to_learn) continue;
    if (!slot.inventory) return;
    returned.push_back({{ReplicaId(i), slot.incarnation, address(i).text()}, *slot.inventory});
  }
  if (returned.empty() || any_has_durable_state(state_.record)) return;
  auto next = view::restart(state_.record, returned, dead_);
  if (!next) {
    obstacle_ = next.error().message;
    return say_("The cluster cannot restart: " + obstacle_ + ".");
  }
  obstacle_.clear();
  if (kill_members_without_state()) return;
  for (const smr::Member& one : state_.record.members) dead_.push_back(one.incarnation);
  for (const smr::Member& one : next->members) slots_[one.id.value].has_state = true;
  publish(std::move(next).value());
}

// Those of the last view who live and never got the state; reap() goes on when they are dead. False: there are none.
bool Supervisor::kill_members_without_state() {
  bool some = false;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.pid <= 0 || !member(i)) continue;
    some = true;
    if (std::exchange(slot.killed_by_us, true)) continue;
    slot.why = fmt::format("the others failed before it had the whole state; 'start {}' brings it back", i);
    ::kill(slot.pid, SIGKILL);
  }
  return some;
}

// Not when one of them comes back already.
void Supervisor::tell_total_failure() {
  if (!options_.durable)
    return say_("The last replica has failed: what was in memory is lost. Start the cluster again.");
  std::string disks;
  for (const smr::Member& one : state_.record.members) {
    const Slot& slot = slots_[one.id.value];
    if (slot.incarnation != one.incarnation) return;
    if (slot.has_state) disks += fmt::format(" {}", one.id.value);
  }
  say_(fmt::format("{} have failed. Every acknowledged write is on the disks of:{}. 'start I' brings one back.",
                   processes() > 0 ? "The replicas that are known to have the whole state" : "All replicas",
                   disks));
}

}  // namespace titer::cluster
