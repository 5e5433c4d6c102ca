// SPDX-License-Identifier: Apache-2.0

// How a cluster begins: a new one, or again from the disks (docs/explanation/protocol.md §7).
#include <fmt/format.h>

#include <algorithm>
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

Result<RegisterState> Supervisor::open_register() {
  auto lock = lock_data(options_.data_dir, true);
  if (!lock) return lock.error();
  data_lock_ = std::move(lock).value();
  if (const Status whole = store::expect_no_restore_mark(options_.data_dir); !whole) return whole.error();
  auto found = read_register(options_.data_dir);
  if (!found)
    return Error{found.error().code,
                 found.error().message + ". `titer recover` shows which disks it could resume from"};
  if (!*found) return new_register();
  RegisterState& before = **found;
  const std::string& dir = options_.data_dir;
  if (before.durable && !options_.durable)
    return Error{Code::kInvalid, dir +
                                     " holds a cluster with durability disk: leave out --memory, or name another "
                                     "directory with --data"};
  if (!before.durable && before.bootstrapped && !options_.accept_data_loss)
    return Error{Code::kInvalid, "the cluster that ran with --memory in " + dir +
                                     " has failed completely: its data is lost. To start with no data: "
                                     "--accept-data-loss, or another directory with --data"};
  if (!before.durable) return new_register();
  if (before.replicas > options_.replicas)
    return Error{Code::kInvalid, fmt::format("the cluster in {} has {} replicas: `titer cluster {}` resumes it",
                                             dir, before.replicas, before.replicas)};
  if (before.replicas < options_.replicas && !options_.grow)
    return Error{Code::kInvalid,
                 fmt::format("the cluster in {} has {} replicas: `titer cluster {}` resumes it, and --grow adds {} "
                             "more, for good",
                             dir, before.replicas, before.replicas, options_.replicas - before.replicas)};
  before.replicas = options_.replicas;
  return before.bootstrapped ? continue_cluster(std::move(before)) : resume_bootstrap(std::move(before));
}

Result<RegisterState> Supervisor::continue_cluster(RegisterState before) {
  continued_ = true;
  before.bootstrapped = true;
  return before;
}

// An earlier start was interrupted before all replicas were up. A write is acknowledged when all members of the first view
// hold it, so each disk that has a state has every acknowledged write; without such a disk there was none, and the
// bootstrap starts from scratch, as the same cluster.
Result<RegisterState> Supervisor::resume_bootstrap(RegisterState before) {
  const auto scan = scan_data_dir(options_.data_dir, std::nullopt);
  if (!scan) return scan.error();
  if (std::ranges::any_of(scan->replicas,
                          [](const ReplicaDirScan& one) { return one.found && one.found->inventory.whole; }))
    return continue_cluster(std::move(before));
  before.record = {};
  return before;
}

// Replicas' data without a register: of a cluster that must not be taken for a new one.
Result<RegisterState> Supervisor::new_register() const {
  const auto there = replicas_in(options_.data_dir);
  if (!there) return there.error();
  for (const ReplicaId id : *there)
    if (options_.durable && store::has_identity(replica_dir(options_.data_dir, id)))
      return Error{Code::kInvalid,
                   options_.data_dir +
                       " holds data of replicas, but no view register of a cluster that has served: `titer "
                       "recover` shows which disks it could resume from; for a new cluster name another directory"};
  return RegisterState{random_id(), options_.replicas, options_.durable, false, {}, {}};
}

Status Supervisor::start_all() {
  Status started = start_cluster();
  if (!interrupted_) return started;
  return Error{Code::kUnavailable, "interrupted: the cluster was not started, and the same command starts it"};
}

// start_cluster() waits in turns of the loop, which ends them.
void Supervisor::interrupt() {
  interrupted_ = true;
  policy_.end();
  loop_.stop();
}

Status Supervisor::start_cluster() {
  if (Status free = wait_for_ports(); !free || interrupted_) return free;
  auto opened = open_register();
  if (!opened) return opened.error();
  auto sockets = LocalSockets::choose(options_.data_dir, options_.replicas);
  if (!sockets) return sockets.error();
  sockets_ = std::move(sockets).value();
  if (!continued_)
    for (std::uint16_t i = 0; i < children_.size(); ++i)
      opened->record.members.push_back({ReplicaId(i), new_incarnation(), address(i).text()});
  policy_ = SupervisorPolicy(policy_options(), std::move(opened).value());
  return continued_ ? restart_all() : bootstrap_all();
}

// A killed process keeps its port until its last thread has come back from the disk.
Status Supervisor::wait_for_ports() {
  Status free = ok_status();
  const auto all_free = [&] {
    free = ok_status();
    for (std::uint16_t i = 0; i < children_.size() && free; ++i) free = net::can_listen(address(i));
    loop_.wake_at(BootTime(net::boot_now().value + kLookAgainUs));
    return free.ok();
  };
  loop_.run_until(BootTime(net::boot_now().value + kPortPatienceUs), all_free);
  return free;
}

// At a later start nobody looks before: the replica tries again every second, and serves all but HTTP meanwhile.
void Supervisor::tell_if_http_port_is_taken(std::uint16_t index) {
  if (!policy_.begun() || options_.http_port == 0) return;
  const auto port = static_cast<std::uint16_t>(options_.http_port + index);
  if (const Status free = net::can_listen({"127.0.0.1", port}); !free)
    say_(fmt::format("{}: replica {} serves no page and no HTTP until it is free.", free.error().message, index));
}

Status Supervisor::bootstrap_all() {
  if (Status written = write_register(options_.data_dir, policy_.state()); !written) return written;
  const std::vector<smr::Member> members = policy_.record().members;
  for (const smr::Member& one : members)
    if (Status launched = launch(one.id.value, one.incarnation, true); !launched) return launched;
  ping();
  const auto all_up = [this] {
    bool up = true;
    for (std::uint16_t i = 0; i < children_.size(); ++i)
      up = up && policy_.has_ponged(i) && policy_.last_pong(i).full;
    return up || policy_.processes() < children_.size();
  };
  const bool decided = loop_.run_until(BootTime(net::boot_now().value + kStartPatienceUs), all_up);
  if (!decided || policy_.processes() < children_.size())
    return Error{Code::kInternal, "not all replicas came up; their logs are in " + options_.data_dir};
  policy_.bootstrapped();
  perform();
  if (policy_.is_saved()) return ok_status();
  return Error{Code::kInternal, "the view register cannot be kept in " + options_.data_dir};
}

Status Supervisor::restart_all() {
  for (std::uint16_t i = 0; i < children_.size(); ++i)
    if (Status launched = launch(i, new_incarnation()); !launched) return launched;
  ping();
  const auto serving = [this] {
    return policy_.processes() == 0 || !policy_.obstacle().empty() ||
           (policy_.begun() && std::ranges::all_of(policy_.record().members, [this](const smr::Member& m) {
              const wire::Pong& pong = policy_.last_pong(m.id.value);
              return pong.full && pong.installed == policy_.record().number;
            }));
  };
  loop_.run_until(BootTime(net::boot_now().value + kReadPatienceUs), serving);
  if (interrupted_) return ok_status();
  if (!policy_.obstacle().empty()) return Error{Code::kUnavailable, policy_.obstacle()};
  if (!policy_.begun()) return Error{Code::kInternal, "no replica came up; their logs are in " + options_.data_dir};
  // A replica that was excluded learns what it lacks, usually little. If it is much, the others serve meanwhile.
  loop_.run_until(BootTime(net::boot_now().value + kJoinPatienceUs),
                  [this] { return policy_.alive() >= policy_.processes(); });
  return ok_status();
}

}  // namespace titer::cluster
