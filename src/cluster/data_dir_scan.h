// SPDX-License-Identifier: Apache-2.0

// Data directory scan: what lies in a cluster's data directory, read while nobody runs on it — the register and every
// replica's disk, each with what is wrong with it.
//
// For `titer verify`, which shows it, and `titer recover`, which decides by it. Nothing is changed. One replica's state
// is in memory at a time. Errors: of the directory as a whole (not there, in use) are the result's; of one replica or of
// the register they are a part of it. Thread rule: none; it waits for the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/register_file.h"
#include "store/files.h"
#include "store/inspect.h"

namespace titer::cluster {

struct ReplicaDirScan {
  ReplicaId id;
  std::string dir;
  // kNotFound: nobody has lived there. kBusy: its process runs. Else: damaged, or not to be read.
  Result<store::Inspection> found;
};

struct DataDirScan {
  std::string dir;
  Result<std::optional<RegisterState>> reg;
  std::vector<ReplicaDirScan> replicas;  // in the order of their indices
};

// Against other processes that work on this directory: one that changes it, or any number that read. kBusy says so.
[[nodiscard]] Result<std::unique_ptr<store::DirLock>> lock_data(const std::string& dir, bool exclusive);
[[nodiscard]] std::string replica_dir(const std::string& dir, ReplicaId id);
// Which replicas have a directory there.
[[nodiscard]] Result<std::vector<ReplicaId>> replicas_in(const std::string& dir);

// `only`: one replica, instead of all that are there.
[[nodiscard]] Result<DataDirScan> scan_data_dir(const std::string& dir, std::optional<ReplicaId> only);

// The view that a start of the cluster would begin with, if it began now; else why it cannot.
[[nodiscard]] Result<smr::ViewRecord> could_begin(const DataDirScan& scan);

// Errors beyond those of single parts: states that should be equal and are not, foreign directories.
[[nodiscard]] std::vector<std::string> contradictions(const DataDirScan& scan);

}  // namespace titer::cluster
