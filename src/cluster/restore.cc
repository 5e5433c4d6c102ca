// SPDX-License-Identifier: Apache-2.0

#include "cluster/restore.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "cluster/data_dir_scan.h"
#include "store/restore_mark.h"
#include "store/store.h"

namespace titer::cluster {

namespace {

// Nobody reads what the disk has to say: it is closed before anything is appended to its journal.
store::StoreEvents nobody() {
  store::StoreEvents events;
  events.post = [](const std::function<void()>&) {};
  return events;
}

Status write_replica(const std::string& dir, std::uint64_t cluster, const smr::ViewRecord& first,
                     machine::Machine& machine, LamportTime clock) {
  TITER_CHECK(first.members.size() == 1 && first.number == ViewNumber(), "a restore has one member, in view 0");
  const smr::Member& founder = first.members.front();
  machine::Machine nothing;
  auto store = store::Store::open({dir, cluster, founder.id, founder.incarnation, {}}, nobody(), nothing, nullptr);
  if (!store) return store.error();
  // It was empty a moment ago, when nobody had its lock.
  if ((*store)->inventory().whole) return Error{Code::kBusy, dir + " is in use by another process"};
  return (*store)->bootstrap(machine, first, clock);
}

// The mark goes last: what is left of an interruption here is still known as a part.
void empty_but_for_the_mark(const std::string& dir) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored))
    if (!store::is_restore_mark(entry.path().filename().string()))
      std::filesystem::remove_all(entry.path(), ignored);
}

void take_away(const std::string& dir, bool and_itself) {
  empty_but_for_the_mark(dir);
  std::error_code ignored;
  (void)store::remove_restore_mark(dir);
  if (and_itself) std::filesystem::remove(dir, ignored);
}

// Empties a directory that an interrupted restore left behind. The mark stays: this one may be interrupted, too.
Status clear_unfinished(const std::string& dir) {
  if (!store::has_restore_mark(dir)) return ok_status();
  const auto lock = store::real_files().lock_dir(dir, true);
  if (!lock) return lock.error();
  empty_but_for_the_mark(dir);
  return ok_status();
}

Status must_be_empty(const std::string& dir) {
  const auto names = store::real_files().list(dir);
  if (!names) return names.error();
  if (std::all_of(names->begin(), names->end(), store::is_restore_mark)) return ok_status();
  return Error{Code::kInvalid,
               dir +
                   " is not empty: a backup is restored into a directory of its own, so that nothing is written "
                   "over; name another one, or move away what is there"};
}

}  // namespace

Status restore_replica(const std::string& dir, std::uint64_t cluster, const smr::ViewRecord& first,
                       machine::Machine& machine, LamportTime clock) {
  const bool made = !std::filesystem::exists(dir);
  if (Status there = store::real_files().create_dir(dir); !there) return there;
  if (Status cleared = clear_unfinished(dir); !cleared) return cleared;
  if (Status empty = must_be_empty(dir); !empty) return empty;
  if (Status marked = store::write_restore_mark(dir); !marked) return marked;
  Status written = write_replica(dir, cluster, first, machine, clock);
  if (written) written = store::remove_restore_mark(dir);
  if (!written && written.error().code != Code::kBusy) take_away(dir, made);
  return written;
}

Result<RegisterState> restore_cluster(const std::string& dir, std::uint16_t replicas, machine::Machine& machine,
                                      LamportTime clock) {
  const bool made = !std::filesystem::exists(dir);
  if (const Status there = store::real_files().create_dir(dir); !there) return there.error();
  auto lock = lock_data(dir, true);
  if (!lock) return lock.error();
  if (store::has_restore_mark(dir)) empty_but_for_the_mark(dir);
  if (const Status empty = must_be_empty(dir); !empty) return empty.error();
  if (const Status marked = store::write_restore_mark(dir); !marked) return marked.error();
  RegisterState state;
  state.cluster = random_id();
  state.replicas = replicas;
  state.bootstrapped = true;
  state.record.members = {{ReplicaId(0), Incarnation(random_id()), {}}};
  Status written = restore_replica(replica_dir(dir, ReplicaId(0)), state.cluster, state.record, machine, clock);
  if (written) written = write_register(dir, state);
  if (written) written = store::remove_restore_mark(dir);
  if (written) return state;
  take_away(dir, made);
  return written.error();
}

}  // namespace titer::cluster
