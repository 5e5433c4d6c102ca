// SPDX-License-Identifier: Apache-2.0

// Restore: a new cluster whose state is that of a backup, ready to be started.
//
// It writes what a cluster of one replica would leave behind: the disk of a replica that bootstrapped the cluster
// in view 0 and has executed all of the backup. The register then names it as the only member: here a directory for
// one machine gets its register beside it; on several machines the record is in etcd (apps/titer/restore_host.h).
// So the first start is the ordinary one after the failure of all: it begins with that disk, the others learn. The
// cluster has an identity of its own, so nothing of the one that was backed up can be mistaken for a part of it.
//
// A RestoreDirectory is where that is written:
//
//   auto target = RestoreDirectory::begin(dir);   // locked, and marked: the mark is on disk before anything else
//   … read the backup, ask the register …         // an error: the destructor takes away what this restore made
//   target->write_cluster(…) or write_replica(…)
//   target->finish();                             // the mark goes, last
//
// `begin` comes before everything that takes time, so that an interrupted restore is known whenever it was interrupted: no start
// takes the directory for a new cluster's (store/restore_mark.h), and the next restore begins from scratch there.
// `machine`: the state, which was built while it tracked its changes; `clock`: not below any timestamp in it.
//
// Errors: the directory is not empty (kInvalid), in use (kBusy) or cannot be written.
// Thread rule: one thread; it waits for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/register_file.h"
#include "machine/machine.h"
#include "store/files.h"

namespace titer::cluster {

class RestoreDirectory {
 public:
  // The directory is empty, or not there, or an interrupted restore's.
  [[nodiscard]] static Result<RestoreDirectory> begin(const std::string& dir);
  RestoreDirectory(RestoreDirectory&& other) noexcept;
  RestoreDirectory& operator=(RestoreDirectory&&) = delete;
  // Without finish() or keep(): what this restore made is taken away. What an interrupted one has left stays as it is, unless it
  // was discarded.
  ~RestoreDirectory();

  // A disk that an interrupted restore has left here belongs to this replica of this cluster, in this incarnation. Nothing may be
  // missing of it but the removal of the mark: a record that names the incarnation is written after the disk.
  [[nodiscard]] bool holds(std::uint64_t cluster, const smr::Member& member) const;

  // What an interrupted restore has left here counts for nothing. Writing says so, too.
  void discard() { own_ = true; }
  // A directory for one machine, with its register.
  [[nodiscard]] Result<RegisterState> write_cluster(std::uint16_t replicas, machine::Machine& machine,
                                                    LamportTime clock);
  // The disk of the only member of `first`, which is a view 0.
  [[nodiscard]] Status write_replica(std::uint64_t cluster, const smr::ViewRecord& first, machine::Machine& machine,
                                     LamportTime clock);
  // All that was written counts from now on.
  [[nodiscard]] Status finish();
  // It stays as it is, marked: whether it counts is not known.
  void keep() { done_ = true; }

 private:
  RestoreDirectory(std::string dir, std::unique_ptr<store::DirLock> lock, bool made, bool resumed)
      : dir_(std::move(dir)), lock_(std::move(lock)), made_(made), own_(!resumed) {}

  std::string dir_;
  std::unique_ptr<store::DirLock> lock_;  // null while a store has it, or somebody else
  bool made_, own_;                       // this restore's: the directory, its contents
  bool done_ = false;
};

}  // namespace titer::cluster
