// SPDX-License-Identifier: Apache-2.0

#include "cluster/restore.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "cluster/data_dir_scan.h"
#include "store/identity.h"
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

Status write_disk(const std::string& dir, std::uint64_t cluster, const smr::ViewRecord& first,
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

Status must_be_empty(const std::string& dir) {
  const auto names = store::real_files().list(dir);
  if (!names) return names.error();
  if (names->empty()) return ok_status();
  return Error{Code::kInvalid,
               dir +
                   " is not empty: a backup is restored into a directory of its own, so that nothing is written "
                   "over; name another one, or move away what is there"};
}

}  // namespace

Result<RestoreDirectory> RestoreDirectory::begin(const std::string& dir) {
  const bool made = !std::filesystem::exists(dir);
  if (const Status there = store::real_files().create_dir(dir); !there) return there.error();
  auto lock = lock_data(dir, true);
  if (!lock) return lock.error();
  const bool resumed = store::has_restore_mark(dir);
  if (const Status empty = resumed ? ok_status() : must_be_empty(dir); !empty) return empty.error();
  RestoreDirectory out(dir, std::move(lock).value(), made, resumed);
  if (resumed) return out;
  if (const Status marked = store::write_restore_mark(dir); !marked) return marked.error();
  return out;
}

RestoreDirectory::RestoreDirectory(RestoreDirectory&& other) noexcept
    : dir_(std::move(other.dir_)),
      lock_(std::move(other.lock_)),
      made_(other.made_),
      own_(other.own_),
      done_(std::exchange(other.done_, true)) {}

RestoreDirectory::~RestoreDirectory() {
  if (done_ || !own_ || lock_ == nullptr) return;
  empty_but_for_the_mark(dir_);
  std::error_code ignored;
  (void)store::remove_restore_mark(dir_);
  if (made_) std::filesystem::remove(dir_, ignored);
}

bool RestoreDirectory::holds(std::uint64_t cluster, const smr::Member& member) const {
  const auto found = store::read_identity(dir_);
  return found && *found && (*found)->cluster == cluster && (*found)->me == member.id &&
         std::ranges::count((*found)->lives, member.incarnation) > 0;
}

Status RestoreDirectory::write_replica(std::uint64_t cluster, const smr::ViewRecord& first,
                                       machine::Machine& machine, LamportTime clock) {
  discard();
  empty_but_for_the_mark(dir_);
  lock_.reset();  // the store takes it
  Status written = write_disk(dir_, cluster, first, machine, clock);
  auto lock = lock_data(dir_, true);
  if (lock) lock_ = std::move(lock).value();
  return written && !lock ? Status(lock.error()) : written;
}

Result<RegisterState> RestoreDirectory::write_cluster(std::uint16_t replicas, machine::Machine& machine,
                                                      LamportTime clock) {
  discard();
  empty_but_for_the_mark(dir_);
  RegisterState state;
  state.cluster = random_id();
  state.replicas = replicas;
  state.bootstrapped = true;
  state.record.members = {{ReplicaId(0), Incarnation(random_id()), {}}};
  const Status written = write_disk(replica_dir(dir_, ReplicaId(0)), state.cluster, state.record, machine, clock);
  if (!written) return written.error();
  if (const Status named = write_register(dir_, state); !named) return named.error();
  return state;
}

Status RestoreDirectory::finish() {
  if (Status removed = store::remove_restore_mark(dir_); !removed) return removed;
  done_ = true;
  return ok_status();
}

}  // namespace titer::cluster
