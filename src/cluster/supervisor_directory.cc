// SPDX-License-Identifier: Apache-2.0

// The data directory while a cluster runs: somebody may remove, rename or replace it, or the register in it.
//
// The register alone is written again: the supervisor knows it. A directory that is gone takes the disks of all members with it,
// which stop by themselves (store/store.h); no replica could be started again in it and no view be recorded, so the supervisor
// says so and stops. A cluster in memory has nothing but the register and its logs there: it goes on, in a directory that is made
// again. Never is a register written into a directory that is not the one that was locked: it may be another cluster's.
#include <fmt/format.h>

#include <utility>

#include "cluster/data_dir_scan.h"
#include "cluster/supervisor.h"

namespace titer::cluster {

Status Supervisor::save() {
  if (data_lock_->still_at(options_.data_dir)) return write_register(options_.data_dir, policy_.state());
  return Error{Code::kInternal, options_.data_dir + " was removed or replaced while the cluster ran"};
}

void Supervisor::look_for_directory(BootTime now) {
  if (now < next_look_ || !policy_.begun() || !lost_.empty()) return;
  next_look_ = BootTime(now.value + kLookEveryUs);
  if (data_lock_->still_at(options_.data_dir)) return keep_register();
  if (!options_.durable) return make_directory_again();
  lost_ =
      options_.data_dir +
      " was removed or replaced while the cluster ran: nothing can be acknowledged any more, so all replicas stop. "
      "Put the directory back and start the cluster again";
  policy_.end();
  loop_.stop();
}

void Supervisor::make_directory_again() {
  const bool told = std::exchange(look_told_, true);
  Status made = store::real_files().create_dir(options_.data_dir);
  auto lock = made ? lock_data(options_.data_dir, true) : made.error();
  const auto there = replicas_in(options_.data_dir);
  const auto reg = read_register(options_.data_dir);
  const bool empty = there && there->empty() && reg && !*reg;
  if (lock && empty) {
    data_lock_ = std::move(lock).value();
    made = save();
    look_told_ = false;
    return say_(fmt::format("{} was removed or replaced while the cluster ran; the register is in the new one{}.",
                            options_.data_dir, made ? "" : ", and cannot be written: " + made.error().message));
  }
  if (told) return;
  say_(fmt::format(
      "{} was removed or replaced while the cluster ran, and views cannot change: {}.", options_.data_dir,
      lock ? "what is there now is of another cluster; put the directory back" : lock.error().message));
}

void Supervisor::keep_register() {
  if (!policy_.is_saved()) return;  // it is tried every tick
  const auto found = read_register(options_.data_dir);
  const RegisterState& mine = policy_.state();
  if (found && *found && (*found)->cluster == mine.cluster && (*found)->record.number == mine.record.number) {
    look_told_ = false;
    return;
  }
  const Status written = save();
  if (written || !std::exchange(look_told_, true))
    say_(fmt::format("The view register in {} was removed or changed by somebody else{}.", options_.data_dir,
                     written ? "; it was written again" : ", and cannot be written: " + written.error().message));
}

}  // namespace titer::cluster
