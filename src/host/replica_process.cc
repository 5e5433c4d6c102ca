// SPDX-License-Identifier: Apache-2.0

#include "host/replica_process.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <utility>

#include "store/restore_mark.h"

namespace titer::host {

namespace {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

store::StoreEvents store_events(ReplicaProcess& process) {
  store::StoreEvents events;
  events.post = [&process](std::function<void()> work) { process.loop.post(std::move(work)); };
  events.persisted = [&process](std::uint64_t ticket) {
    if (process.node) process.node->on_persisted(ticket);
  };
  events.failed = [&process](const std::string& why) {
    if (process.node) process.node->on_disk_failed(why);
  };
  events.room = [&process](bool enough) {
    if (process.node) process.node->on_disk_room(enough);
  };
  return events;
}

}  // namespace

void prepare_process() {
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
  spdlog::flush_on(spdlog::level::info);
  raise_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);  // where it means something: log_file.h, net/tls_renewal.h
}

Result<node::Node::LocalState> recover_from_disk(ReplicaProcess& process, const store::StoreOptions& disk,
                                                 const std::string& execution_log, bool keep_log) {
  node::Node::LocalState local_state;
  if (!execution_log.empty()) {
    auto log = node::ExecutionLog::open(execution_log, keep_log);
    if (!log) return log.error();
    local_state.log = std::move(log).value();
  }
  if (disk.dir.empty()) return local_state;
  if (Status whole = store::expect_no_restore_mark(disk.dir); !whole) return whole.error();
  machine::LogSink line;
  if (local_state.log.on()) line = [&local_state](std::string_view text) { local_state.log.append(text); };
  auto opened = store::Store::open(disk, store_events(process), local_state.machine, line);
  if (!opened) return opened.error();
  local_state.store = std::move(opened).value();
  return local_state;
}

void serve_http(ReplicaProcess& process, api::Setup setup) {
  process.http = std::make_unique<api::Server>(std::move(setup));
  process.http->start();
}

void stop_http(ReplicaProcess& process, std::function<void()> then) {
  if (!process.http) return then();
  process.http->stop([&process, then = std::move(then)] { process.loop.post(then); });
}

int run_node(ReplicaProcess& process) {
  const int code = process.node->run();
  process.http.reset();
  process.node.reset();
  return code;
}

}  // namespace titer::host
