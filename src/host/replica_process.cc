// SPDX-License-Identifier: Apache-2.0

#include "host/replica_process.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/text.h"
#include "store/restore_mark.h"

namespace titer::host {

namespace {

// What the process may have from now on.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
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
  events.compared = [](const std::string& what) { spdlog::error("{}", what); };
  events.mismatch = [&process](const std::string& what) {
    if (process.node) process.node->on_scrub_mismatch(what);
  };
  return events;
}

constexpr std::size_t kLineBytesMax =
    2000;  // our longest sentences have some 500, and texts from outside are cut to 200

// A line of the log is one line, whatever text from outside is in it.
class PrintableMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = printable({message.payload.data(), message.payload.size()}, kLineBytesMax);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableMessage>();
  }
};

std::unique_ptr<spdlog::formatter> log_lines() {
  auto lines = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  lines->add_flag<PrintableMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %*");
  return lines;
}

}  // namespace

Result<Descriptors> prepare_process() {
  spdlog::set_formatter(log_lines());
  spdlog::flush_on(spdlog::level::info);
  ::umask(S_IRWXG | S_IRWXO);  // also what the database of the tables creates
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);  // where it means something: log_file.h, net/tls_renewal.h
  return divide_descriptors(raise_descriptor_limit());
}

void limit_connections(const Descriptors& descriptors, const ConnectionSettings& settings,
                       node::NodeOptions& options) {
  options.descriptors = descriptors.limit;
  options.newcomers_max = descriptors.newcomers;
  const net::PlaceLimits clients = place_limits(descriptors.clients, settings);
  options.limits.connections = clients;
  options.limits.watches = {std::max<std::size_t>(1, clients.in_all / 4),
                            std::max<std::size_t>(1, clients.per_address / 4)};
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
  process.state.attach(process.node->engine().machine, [&process] {
    process.loop.post([&process] {
      if (process.node) process.node->confirm();
    });
  });
  setup.state = &process.state;
  setup.workers = SharedState::readers();
  process.http = std::make_unique<api::Server>(std::move(setup));
  process.http->start();
}

void stop_http(ReplicaProcess& process, std::function<void()> then) {
  if (!process.http) return then();
  process.http->stop([&process, then = std::move(then)] { process.loop.post(then); });
}

int run_node(ReplicaProcess& process) {
  process.loop.run([&node = *process.node] { node.turn(); });
  const int code = process.node->exit_code().value_or(0);
  process.http.reset();
  process.node.reset();
  return code;
}

}  // namespace titer::host
