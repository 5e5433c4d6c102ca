// SPDX-License-Identifier: Apache-2.0

// What a cluster's data directory holds, for people and as JSON: shared by `verify` and `recover`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cluster/data_dir_scan.h"

namespace titer::app {

// One line per replica, and what its state is.
void print_replicas(const cluster::DataDirScan& scan);
// A sentence per thing that is damaged, with what to do; empty: all that is there is sound.
[[nodiscard]] std::vector<std::string> damages(const cluster::DataDirScan& scan);
// "0, 2"
[[nodiscard]] std::string member_names(const smr::ViewRecord& record);
[[nodiscard]] boost::json::object to_json(const cluster::DataDirScan& scan);

}  // namespace titer::app
