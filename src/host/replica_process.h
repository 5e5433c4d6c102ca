// SPDX-License-Identifier: Apache-2.0

// ReplicaProcess: what a replica process has while it lives, and what its two kinds share — `titer replica-process`,
// under the supervisor of a cluster on one machine, and `titer serve`, on a machine of its own. They differ in their
// register, and in how it is decided what the process is: a member or a learner.
//
// Thread rule: the main thread. The parts refer to one another through this; it outlives them (their order matters).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/server.h"
#include "host/descriptors.h"
#include "host/log_file.h"
#include "host/replica_tls.h"
#include "host/shared_state.h"
#include "net/loop.h"
#include "node/node.h"
#include "store/store.h"
#include "view/view_register.h"

namespace titer::host {

struct ReplicaProcess {
  net::Loop loop;
  Descriptors descriptors;
  std::unique_ptr<LogFile> log;  // null: it goes to standard error
  ReplicaTls tls;
  std::unique_ptr<view::ViewRegister> reg;
  SharedState state;                  // of the node, for HTTP
  std::unique_ptr<node::Node> node;   // null: it is not decided yet what this process is
  std::unique_ptr<api::Server> http;  // null: there is none
};

// The log's form, no signal for a reader that is gone, and as many descriptors as the system lets us have. The error is for
// the log, which may not be open yet.
[[nodiscard]] Result<Descriptors> prepare_process();
// How many connections a node takes, and how many of them may watch.
void limit_connections(const Descriptors& descriptors, const ConnectionSettings& settings,
                       node::NodeOptions& options);

// The remains of earlier lives. `disk.dir` empty: durability memory. `execution_log`: a file, empty: none; with what is in
// it, when `keep_log`.
[[nodiscard]] Result<node::Node::LocalState> recover_from_disk(ReplicaProcess& process,
                                                               const store::StoreOptions& disk,
                                                               const std::string& execution_log, bool keep_log);

void serve_http(ReplicaProcess& process, api::Setup setup);
// No new HTTP requests; `then`, on the loop, once those in progress are answered: they need the node.
void stop_http(ReplicaProcess& process, std::function<void()> then);

// To the end; the exit code.
[[nodiscard]] int run_node(ReplicaProcess& process);

}  // namespace titer::host
