// SPDX-License-Identifier: Apache-2.0

// Record change: one change of the cluster record by an operator's command, from beginning to end.
//
// It works like the register of a replica (etcd_register.h): read, change, replace, read again; a lost race is
// decided again, a lost answer is settled by reading. Every endpoint is tried twice.
// Thread rule: runs the loop until it is done. Errors: kUnreachable: etcd did not answer; else what `change` refuses.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/loop.h"
#include "view/cluster_record.h"
#include "view/etcd_client.h"

namespace titer::view {

// nullopt: there is none.
[[nodiscard]] Result<std::optional<ClusterRecord>> read_record(net::Loop& loop, const EtcdOptions& etcd,
                                                               const std::string& key);
// `change` gets nullopt where there is no record. The record as it is then.
using Change = std::function<Result<ClusterRecord>(const std::optional<ClusterRecord>& record)>;
[[nodiscard]] Result<ClusterRecord> change_record(net::Loop& loop, const EtcdOptions& etcd, const std::string& key,
                                                  const Change& change);

}  // namespace titer::view
