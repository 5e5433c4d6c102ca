// SPDX-License-Identifier: Apache-2.0

// titer replica-process: one replica process of a one-machine cluster, started by the supervisor (`titer cluster`), which
// holds the other end of descriptor 3.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/child_process.h"
#include "host/replica_process.h"
#include "net/stream.h"
#include "titer/command.h"
#include "titer/page.h"
#include "titer/tls_options.h"
#include "view/view_register.h"

namespace titer::app::replica_command {

namespace {

struct Options {
  std::uint16_t index = 0, replicas = 0, base_port = 0, http_port = 0;
  std::uint64_t cluster = 0, incarnation = 0;
  bool accept_clock = false;
  std::uint32_t frames_in_flight = node::NodeOptions{}.frames_in_flight;
  std::string log, execution_log;
  std::string data;
  std::string local_socket;
  std::string tls;
  std::vector<std::string> losses;
  std::optional<double> requests_per_key, requests_per_address;
  host::ConnectionSettings connections;
};

// What the supervisor has handed over, and nobody after us gets.
Result<wire::PeerSecret> take_secret() {
  const char* text = std::getenv(cluster::kSecretVariable);
  auto secret = wire::PeerSecret::parse(text != nullptr ? text : "");
  ::unsetenv(cluster::kSecretVariable);
  return secret;
}

constexpr std::int64_t kRefusalReadUs = 2'000'000;
constexpr std::int64_t kFirstRecordUs = 10'000'000;
constexpr std::int64_t kOthersReadUs = 3'600'000'000;  // the supervisor waits for all before it decides

wire::Inventory refusal(const Error& error) {
  wire::Inventory inventory;
  inventory.refusal = error.message;
  return inventory;
}

node::NodeOptions node_options(const Options& options, host::ReplicaProcess& process,
                               const wire::PeerSecret& secret) {
  node::NodeOptions node;
  node.shares_machine = true;
  node.sharing = &process.state;
  node.me = ReplicaId(options.index);
  node.incarnation = Incarnation(options.incarnation);
  node.cluster = options.cluster;
  node.stream = wire::stream_of(options.cluster, options.losses.size());
  for (std::uint16_t i = 0; i < options.replicas; ++i)
    node.roster[i] = net::Address{"127.0.0.1", static_cast<std::uint16_t>(options.base_port + i), process.tls.wire};
  node.frames_in_flight = options.frames_in_flight;
  node.accept_clock = options.accept_clock;
  node.secret = secret;
  node.local_socket = options.local_socket;
  node.limits.rates = net::RateLimits::of(options.requests_per_key, options.requests_per_address);
  host::limit_connections(process.descriptors, options.connections, node);
  return node;
}

// Under the supervisor.
struct SupervisedProcess : host::ReplicaProcess {
  view::LocalRegister* supervisor = nullptr;  // is `reg`
  std::optional<smr::ViewRecord> first;
  bool stopped = false;  // the supervisor said so
};

view::LocalRegister::Events register_events(SupervisedProcess& process) {
  view::LocalRegister::Events events;
  events.record = [&process](const smr::ViewRecord& record) {
    if (process.node)
      process.node->on_record(record);
    else
      process.first = record;
  };
  events.pong = [&process] { return process.node ? process.node->pong() : wire::Pong{}; };
  events.stop = [&process] {
    process.stopped = true;
    if (!process.node) return process.loop.stop();
    host::stop_http(process, [&process] { process.node->stop(kExitOk, "the cluster is shut down"); });
  };
  events.operated = [&process](const wire::Operated& answer) {
    if (process.node) process.node->on_operated(answer);
  };
  events.lost = [&process] {
    spdlog::warn("the supervisor is gone: service goes on, but views cannot change any more");
    if (!process.node) process.loop.stop();
  };
  return events;
}

// The lines of an earlier life are the beginning of what this one executes or is given, unless the cluster is new.
bool keeps_log(const Options& options, const SupervisedProcess& process) {
  const bool founder =
      process.first && process.first->has(ReplicaId(options.index), Incarnation(options.incarnation));
  return options.data.empty() ? !founder : store::has_identity(options.data);
}

void begin_http(const Options& options, host::ReplicaProcess& process, const wire::PeerSecret& secret) {
  if (options.http_port == 0) return;
  const auto address = [&](std::uint16_t base, std::uint16_t index) {
    return net::Address{"127.0.0.1", static_cast<std::uint16_t>(base + index), process.tls.http};
  };
  api::Setup setup;
  setup.index = options.index;
  setup.cluster = wire::stream_of(options.cluster, options.losses.size());
  setup.files = page();
  setup.replica = net::Address{options.local_socket};
  setup.listen = address(options.http_port, options.index);
  std::vector<api::Peer> peers;
  for (std::uint16_t i = 0; i < options.replicas; ++i)
    peers.push_back({i, api::url_of(address(options.http_port, i))});
  setup.peers->set(std::move(peers));
  setup.control_token = secret.derive("titer control token");
  setup.rates = net::RateLimits::of(options.requests_per_key, options.requests_per_address);
  setup.connections = host::place_limits(process.descriptors.http, options.connections);
  host::serve_http(process, std::move(setup));
}

bool wait_for_record(SupervisedProcess& process, std::int64_t at_most_us) {
  if (process.loop.run_until(BootTime(net::boot_now().value + at_most_us),
                             [&] { return process.first.has_value() || !process.reg->status().reachable; }) &&
      process.first)
    return true;
  spdlog::error("the supervisor sent no view record");
  return false;
}

int run(const Options& options) {
  auto descriptors = host::prepare_process();
  SupervisedProcess process;
  process.log = std::make_unique<host::LogFile>(options.log, std::vector{STDOUT_FILENO, STDERR_FILENO});
  process.log->reopen_on_hangup(process.loop.context());
  if (!descriptors) {
    spdlog::error("{}", descriptors.error().message);
    return kExitUsage;
  }
  process.descriptors = *descriptors;
  spdlog::info("{}", process.descriptors.text());
  if (!options.tls.empty()) {
    auto tls = host::ReplicaTls::open(process.loop.context(), replica_tls(options.tls));
    if (!tls) {
      spdlog::error("{}", tls.error().message);
      return kExitUsage;
    }
    process.tls = std::move(tls).value();
  }
  net::Stream::Socket control(process.loop.context());
  boost::system::error_code error;
  control.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), cluster::kControlFd, error);
  if (error) {
    spdlog::error("a replica is started by `titer cluster`: there is no supervisor at descriptor 3");
    return kExitUsage;
  }
  const auto secret = take_secret();
  if (!secret) {
    spdlog::error("a replica is started by `titer cluster`, in whose environment is {}: {}",
                  cluster::kSecretVariable, secret.error().message);
    return kExitUsage;
  }
  auto reg = std::make_unique<view::LocalRegister>(process.loop, net::byte_stream(std::move(control)),
                                                   register_events(process));
  process.supervisor = reg.get();
  process.reg = std::move(reg);
  const bool durable = !options.data.empty();
  if (!durable && !wait_for_record(process, kFirstRecordUs)) return kExitUnreachable;
  auto local_state = host::recover_from_disk(
      process,
      {options.data, options.cluster, ReplicaId(options.index), Incarnation(options.incarnation), options.losses,
       static_cast<int>(process.descriptors.tables)},
      options.execution_log, keeps_log(options, process));
  if (durable)
    process.supervisor->tell(local_state ? local_state->store->inventory() : refusal(local_state.error()));
  if (!local_state) {
    spdlog::error("{}", local_state.error().message);
    if (durable)
      (void)process.loop.run_until(BootTime(net::boot_now().value + kRefusalReadUs),
                                   [&] { return process.stopped; });
    return kExitUsage;
  }
  if (durable && !wait_for_record(process, kOthersReadUs)) return kExitUnreachable;
  if (process.stopped) return kExitOk;  // in the same breath as the record
  node::NodeOptions settings = node_options(options, process, *secret);
  settings.bootstraps = process.first->number == ViewNumber();
  auto opened = node::Node::open(std::move(settings), process.loop, *process.first, std::move(local_state).value());
  if (!opened) {
    spdlog::error("{}", opened.error().message);
    process.reg->goodbye(opened.error().message);
    return kExitUsage;
  }
  process.node = std::move(opened).value();
  process.node->use(*process.reg);
  begin_http(options, process, *secret);
  return host::run_node(process);
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  flags.option("--index", options->index).required();
  flags.option("--replicas", options->replicas).required();
  flags.option("--base-port", options->base_port).required();
  flags.option("--http-port", options->http_port, "of replica 0; 0: no HTTP");
  flags.option("--cluster", options->cluster).required();
  flags.option("--incarnation", options->incarnation).required();
  flags.option("--frames-in-flight", options->frames_in_flight);
  flags.flag("--accept-clock", options->accept_clock, "");
  flags.option("--log", options->log, "the file that standard output and error lead to; SIGHUP reopens it")
      .required();
  flags.option("--execution-log", options->execution_log);
  flags.option("--data", options->data, "directory of its data; without: durability memory");
  flags.option("--local-socket", options->local_socket, "path of a Unix socket for this user's processes")
      .required();
  flags.option("--tls", options->tls, "directory of ca.pem, replica.pem, replica-key.pem; without: plain");
  flags.option("--requests-per-key", options->requests_per_key);
  flags.option("--requests-per-address", options->requests_per_address);
  flags.option("--connections", options->connections.in_all);
  flags.option("--connections-per-address", options->connections.per_address);
  flags.option("--loss", options->losses, "a loss of data that an operator accepted; kept in the state")
      .one_word_each();
  return [options] { return run(*options); };
}

const Registration registered({Group::kHidden, "replica-process", "one replica process (started by cluster)",
                               setup});

}  // namespace

}  // namespace titer::app::replica_command
