#include "cluster/restore.h"

#include <filesystem>
#include <utility>

#include "cluster/data_survey.h"
#include "store/store.h"

namespace titer::cluster {

namespace {

// Nobody reads what the disk has to say: it is closed before anything is appended to its journal.
store::StoreEvents nobody() {
  store::StoreEvents events;
  events.post = [](const std::function<void()>&) {};
  return events;
}

Status write_replica(const std::string& dir, const RegisterState& state, machine::Machine& machine,
                     LamportTime clock) {
  const smr::Member& founder = state.record.members.front();
  machine::Machine nothing;
  auto store =
      store::Store::open({replica_dir(dir, founder.id), state.cluster, founder.id, founder.incarnation, {}},
                         nobody(), nothing, nullptr);
  if (!store) return store.error();
  return (*store)->found(machine, state.record, clock);
}

Status must_be_empty(const std::string& dir) {
  const auto names = store::real_files().list(dir);
  if (!names) return names.error();
  if (names->empty()) return ok_status();
  return Error{Code::kInvalid,
               dir +
                   " is not empty: a backup is restored into a directory of its own, so that nothing "
                   "is written over; name another one with --data"};
}

}  // namespace

Result<RegisterState> restore_cluster(const std::string& dir, std::uint16_t replicas, machine::Machine& machine,
                                      LamportTime clock) {
  const bool made = !std::filesystem::exists(dir);
  if (const Status there = store::real_files().create_dir(dir); !there) return there.error();
  auto lock = lock_data(dir, true);
  if (!lock) return lock.error();
  if (const Status empty = must_be_empty(dir); !empty) return empty.error();
  RegisterState state;
  state.cluster = random_id();
  state.replicas = replicas;
  state.founded = true;
  state.record.members = {{ReplicaId(0), Incarnation(random_id()), {}}};
  Status written = write_replica(dir, state, machine, clock);
  if (written) written = write_register(dir, state);
  if (written) return state;
  std::error_code ignored;
  std::filesystem::remove_all(replica_dir(dir, ReplicaId(0)), ignored);
  if (made) std::filesystem::remove(dir, ignored);
  return written.error();
}

}  // namespace titer::cluster
