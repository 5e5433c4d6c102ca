// titer replica: one replica process of a one-machine cluster, started by the supervisor (`titer cluster`), which
// holds the other end of descriptor 3.
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cluster/process.h"
#include "net/loop.h"
#include "node/node.h"
#include "titer/command.h"
#include "view/register.h"

namespace titer::app {

namespace {

struct Options {
  std::uint16_t index = 0, replicas = 0, base_port = 0;
  std::uint64_t cluster = 0, incarnation = 0;
  std::uint32_t frames_in_flight = node::NodeOptions{}.frames_in_flight;
  std::string execution_log;
};

// As many connections as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

node::NodeOptions node_options(const Options& options) {
  node::NodeOptions node;
  node.me = ReplicaId(options.index);
  node.incarnation = Incarnation(options.incarnation);
  node.cluster = options.cluster;
  for (std::uint16_t i = 0; i < options.replicas; ++i)
    node.replicas.push_back({"127.0.0.1", static_cast<std::uint16_t>(options.base_port + i)});
  node.execution_log = options.execution_log;
  node.frames_in_flight = options.frames_in_flight;
  return node;
}

int run(const Options& options) {
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
  spdlog::flush_on(spdlog::level::info);
  raise_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);

  net::Loop loop;
  std::unique_ptr<node::Node> node;
  std::optional<smr::ViewRecord> first;
  view::LocalRegister::Events events;
  events.record = [&](const smr::ViewRecord& record) {
    if (node)
      node->record(record);
    else
      first = record;
  };
  events.pong = [&] { return node ? node->pong() : wire::Pong{}; };
  events.stop = [&] {
    if (node)
      node->stop(kExitOk, "the cluster is shut down");
    else
      loop.stop();
  };
  events.lost = [&] {
    spdlog::warn("the supervisor is gone: service goes on, but views cannot change any more");
    if (!node) loop.stop();
  };
  net::Connection::Socket control(loop.context());
  boost::system::error_code error;
  control.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), cluster::kControlFd, error);
  if (error) {
    spdlog::error("a replica is started by `titer cluster`: there is no supervisor at descriptor 3");
    return kExitUsage;
  }
  view::LocalRegister reg(std::move(control), std::move(events));
  if (!loop.run_until(BootTime(net::boot_now().value + 10'000'000), [&] { return first.has_value(); })) {
    spdlog::error("the supervisor sent no view record");
    return kExitUnreachable;
  }
  auto opened = node::Node::open(node_options(options), loop, *first);
  if (!opened) {
    spdlog::error("{}", opened.error().message);
    return kExitUsage;
  }
  node = std::move(opened).value();
  node->use(reg);
  const int code = node->run();
  node.reset();
  return code;
}

Runner setup(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--index", options->index)->required();
  app.add_option("--replicas", options->replicas)->required();
  app.add_option("--base-port", options->base_port)->required();
  app.add_option("--cluster", options->cluster)->required();
  app.add_option("--incarnation", options->incarnation)->required();
  app.add_option("--frames-in-flight", options->frames_in_flight);
  app.add_option("--execution-log", options->execution_log);
  return [options] { return run(*options); };
}

const Registration registered({Group::kHidden, "replica", "one replica process (started by cluster)", setup});

}  // namespace

}  // namespace titer::app
