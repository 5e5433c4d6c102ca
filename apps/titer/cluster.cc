// SPDX-License-Identifier: Apache-2.0

// titer cluster: t replicas on this machine, killed and revived from standard input.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "cluster/console.h"
#include "cluster/supervisor.h"
#include "host/descriptors.h"
#include "host/secret_file.h"
#include "net/loop.h"
#include "net/sockets.h"
#include "net/tls.h"
#include "titer/background_output.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/sample.h"
#include "titer/tls_options.h"

namespace titer::app::cluster_command {

namespace {

constexpr int kPortMax = 65'535;
constexpr double kRateMax = 1e9;

struct Options {
  std::uint16_t replicas = 3;
  std::uint16_t base_port = 8892;
  std::uint16_t http_port = 8080;
  std::string data_dir = "titer-data";
  std::string durability = "disk";
  bool memory = false;  // stands for durability "memory", whatever else was said
  bool accept_data_loss = false;
  bool no_restart = false;
  bool grow = false;
  std::string execution_logs;
  std::vector<std::string> imports;
  std::uint32_t frames_in_flight = 0;
  bool accept_clock = false;
  bool seed_site = false;
  std::string tls;
  std::optional<double> requests_per_key, requests_per_address;
  host::ConnectionSettings connections;
};

// Standard input, line by line, on a thread of its own: a file, a pipe or a terminal alike. It ends with the
// process; a line that comes later finds nobody. Signals are for the loop's thread: a handler that ran here would
// interrupt the read, which looks like the end of input.
void read_lines(net::Loop& loop, std::function<void(std::string)> line, std::function<void()> ended) {
  std::thread([&loop, line = std::move(line), ended = std::move(ended)] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::string text;
    while (std::getline(std::cin, text)) loop.post([line, text] { line(text); });
    loop.post(ended);
  }).detach();
}

std::string this_program() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "titer";
}

Status make_directories(const Options& options) {
  for (const std::string& dir : {options.data_dir, options.execution_logs}) {
    std::error_code error;
    if (!dir.empty()) std::filesystem::create_directories(dir, error);
    if (error) return Error{Code::kInternal, "cannot make the directory " + dir + ": " + error.message()};
  }
  return ok_status();
}

void add_arguments(cluster::SupervisorOptions& to, std::initializer_list<std::string> arguments) {
  to.replica_arguments.insert(to.replica_arguments.end(), arguments);
}

cluster::SupervisorOptions supervisor_options(const Options& options) {
  cluster::SupervisorOptions out;
  out.replicas = options.replicas;
  out.base_port = options.base_port;
  out.program = this_program();
  out.data_dir = options.data_dir;
  out.durable = options.durability == "disk";
  out.grow = options.grow;
  out.http_port = options.http_port;
  out.accept_data_loss = options.accept_data_loss;
  out.restart = !options.no_restart;
  out.execution_logs = options.execution_logs;
  out.secret = host::new_secret().to_text();  // all replicas are of this supervisor
  if (options.frames_in_flight > 0)
    out.replica_arguments = {"--frames-in-flight", std::to_string(options.frames_in_flight)};
  if (options.accept_clock) add_arguments(out, {"--accept-clock"});
  if (options.http_port > 0) add_arguments(out, {"--http-port", std::to_string(options.http_port)});
  if (options.requests_per_key)
    add_arguments(out, {"--requests-per-key", fmt::to_string(*options.requests_per_key)});
  if (options.requests_per_address)
    add_arguments(out, {"--requests-per-address", fmt::to_string(*options.requests_per_address)});
  if (options.connections.in_all > 0)
    add_arguments(out, {"--connections", fmt::to_string(options.connections.in_all)});
  if (options.connections.per_address > 0)
    add_arguments(out, {"--connections-per-address", fmt::to_string(options.connections.per_address)});
  if (!options.tls.empty()) add_arguments(out, {"--tls", options.tls});
  return out;
}

std::string addresses(const cluster::Supervisor& supervisor, std::string_view separator) {
  std::string text;
  for (std::uint32_t i = 0; i < supervisor.size(); ++i)
    text += (i > 0 ? std::string(separator) : "") + supervisor.address(i).text();
  return text;
}

// The terminal or the program that reads our output may be gone. The cluster goes on, so that is no error of this command: what it
// did not take is discarded.
void flush_if_read() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  ::__fpurge(stdout);
  std::clearerr(stdout);
}

int tell_lost(const cluster::Supervisor& supervisor) {
  complain(supervisor.lost());
  return kExitUnreachable;
}

// The work asked for with --seed-site and --import, once the replicas serve.
int fill(const Options& options, cluster::Supervisor& supervisor, net::Loop& loop) {
  if (supervisor.continued() || (!options.seed_site && options.imports.empty())) return kExitOk;
  // The supervisor's own loop must go on meanwhile, so the client works on another thread with its own loop.
  int code = kExitOk;
  bool done = false;
  std::thread worker([&] {
    At at;
    at.texts = {addresses(supervisor, ",")};
    if (!options.tls.empty()) at.tls.ca = replica_tls(options.tls).ca;
    if (options.seed_site) code = add_seed_site(at);
    for (const std::string& file : options.imports)
      if (code == kExitOk) code = import_sample(at, file);
    flush_if_read();  // here, where a terminal that was stopped blocks nobody else
    loop.post([&done] { done = true; });
  });
  if (!loop.run_until(BootTime(INT64_MAX), [&done] { return done; })) {
    // The thread may be reading a pipe that never ends. What it has written stays.
    supervisor.stop_all();
    std::_Exit(supervisor.lost().empty() ? kExitInterrupted : tell_lost(supervisor));
  }
  worker.join();
  return code;
}

std::string pages(const Options& options) {
  if (options.http_port == 0) return {};
  std::string text = "Pages and HTTP interface:";
  for (unsigned i = 0; i < options.replicas; ++i)
    text += (options.tls.empty() ? " http://127.0.0.1:" : " https://127.0.0.1:") +
            std::to_string(options.http_port + i);
  return text + "\n";
}

// A terminal that is closed. `nohup` has it ignored, and so it stays.
void add_hangup(boost::asio::signal_set& signals) {
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) signals.add(SIGHUP);
}

int serve(const Options& options, cluster::Supervisor& supervisor, net::Loop& loop, BackgroundOutput& out) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (const int code = fill(options, supervisor, loop); code != kExitOk) {
    supervisor.stop_all();
    return code;
  }
  cluster::Console console(supervisor);
  const auto prompt = [&] {
    if (terminal) out.write(std::string(cluster::Console::prompt()));
  };
  out.write(std::string("Type an index to kill that replica, 'start I' to bring it back, 'status' or 'quit'.\n") +
            pages(options));
  prompt();
  read_lines(
      loop,
      [&](const std::string& line) {
        out.write(console.line(line));
        if (console.quit())
          loop.stop();
        else
          prompt();
      },
      // End of input is no order to stop: under a service manager there is none from the start.
      [] {});
  loop.run([] {});
  out.write("Stopping all replicas.\n");
  supervisor.stop_all();
  return supervisor.lost().empty() ? int{kExitOk} : tell_lost(supervisor);
}

std::string survives(const cluster::Supervisor& supervisor) {
  const std::size_t alive = supervisor.alive();
  if (alive == supervisor.size()) return fmt::format("It survives the failure of any {}.", alive - 1);
  return fmt::format("{} of {} replicas have the data: now it survives the failure of any {} of them.", alive,
                     supervisor.size(), alive - std::min<std::size_t>(alive, 1));
}

std::string where_the_data_is(const Options& options, const cluster::Supervisor& supervisor) {
  if (options.durability == "memory") return "Data is kept in memory; logs are in " + options.data_dir + ".";
  if (!supervisor.continued()) return "Data is on disk in " + options.data_dir + ", logs too.";
  return "The cluster resumes with the data in " + options.data_dir +
         (options.imports.empty() && !options.seed_site ? "." : "; nothing is imported again.");
}

// A process that was killed has its ports until its last thread has ended and its memory is freed, which takes a while with a
// large state.
constexpr std::int64_t kPortPatienceUs = 3'000'000, kPortLookUs = 50'000;

Status wait_for_port(std::uint16_t port, BootTime until) {
  const net::Address address{"127.0.0.1", port};
  net::Loop pause;
  for (bool told = false;;) {
    const Status free = net::can_listen(address);
    const BootTime now = net::boot_now();
    if (free || now >= until) return free;
    if (!std::exchange(told, true))
      complain(free.error().message + ". It waits a moment for a process that is just ending");
    (void)pause.run_until(BootTime(now.value + kPortLookUs), [] { return false; });
  }
}

// Before anything is started: a replica whose HTTP port is taken later serves no HTTP.
Status ports_free(const Options& options) {
  const BootTime until(net::boot_now().value + kPortPatienceUs);
  for (const auto& [first, option] :
       {std::pair(options.base_port, " (--base-port)"), std::pair(options.http_port, " (--http-port; 0 is none)")})
    for (std::uint16_t i = 0; first > 0 && i < options.replicas; ++i)
      if (const Status free = wait_for_port(static_cast<std::uint16_t>(first + i), until); !free)
        return Error{free.error().code, free.error().message + option};
  return ok_status();
}

// Before anything is started: a mistake in the files is one sentence here, and one per replica in their logs.
Status tls_usable(const Options& options) {
  if (options.tls.empty()) return ok_status();
  const auto opened = net::Tls::open(replica_tls(options.tls));
  const Status usable = opened ? (*opened)->expect_not_expired(net::wall_now()) : Status(opened.error());
  if (usable) return ok_status();
  return Error{usable.error().code, usable.error().message + " (--tls; `titer cert` makes the three files)"};
}

int check_options(const Options& options) {
  if (options.durability != "disk" && options.durability != "memory") {
    complain("--durability is disk or memory");
    return kExitUsage;
  }
  if (options.base_port > kPortMax - options.replicas) {
    complain("--base-port leaves no room for the replicas' ports");
    return kExitUsage;
  }
  if (options.http_port > kPortMax - options.replicas) {
    complain("--http-port leaves no room for the replicas' ports");
    return kExitUsage;
  }
  const int apart = options.http_port - options.base_port;
  if (options.http_port > 0 && std::abs(apart) < options.replicas) {
    complain("the ports of --http-port and --base-port overlap: each replica needs one of both");
    return kExitUsage;
  }
  for (const Status& status : {tls_usable(options), ports_free(options)}) {
    if (status) continue;
    complain(status.error().message);
    return kExitUsage;
  }
  return kExitOk;
}

int run(const Options& options) {
  if (const int wrong = check_options(options); wrong != kExitOk) return wrong;
  warn_of_root();
  ::umask(S_IRWXG | S_IRWXO);  // who did what, and why, is for nobody else on this machine
  if (const Status made = make_directories(options); !made) {
    complain(made.error().message);
    return kExitUsage;
  }
  // The console shares the loop with the line reader's thread; both live until the process ends.
  auto& loop = *new net::Loop();  // NOLINT(cppcoreguidelines-owning-memory): outlives the detached reader
  // A reader of our output that ends (`titer cluster | head`) must not end the register.
  (void)std::signal(SIGPIPE, SIG_IGN);
  BackgroundOutput out(STDOUT_FILENO);
  cluster::Supervisor supervisor(loop, supervisor_options(options),
                                 [&out](const std::string& text) { out.write("\n" + text + "\n"); });
  // Before the first replica is started, so that none outlives this process because of a signal.
  boost::asio::signal_set signals(loop.context(), SIGINT, SIGTERM);
  add_hangup(signals);
  signals.async_wait([&supervisor](const boost::system::error_code& error, int) {
    if (!error) supervisor.interrupt();
  });
  if (const Status started = supervisor.start_all(); !started) {
    complain(started.error().message);
    supervisor.stop_all();
    return supervisor.interrupted() ? kExitInterrupted : kExitUsage;
  }
  out.write("A cluster of " + std::to_string(options.replicas) + " replicas serves at " +
            addresses(supervisor, " ") + "\n" + survives(supervisor) + " " +
            where_the_data_is(options, supervisor) + "\n");
  return serve(options, supervisor, loop, out);
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  flags.option("t", options->replicas, "number of replicas")
      .between(1, static_cast<int>(limits::kReplicasMax))
      .show_default();
  flags.option("--base-port", options->base_port, "wire port of replica 0; replica i listens on base + i")
      .between(1, kPortMax)
      .show_default();
  flags.option("--http-port", options->http_port, "HTTP port of replica 0; replica i serves at + i; 0: none")
      .between(0, kPortMax)
      .show_default();
  flags
      .option("--data", options->data_dir,
              "directory of the replicas' data and log files; an existing cluster is resumed")
      .show_default();
  flags
      .option("--durability", options->durability,
              "disk: an acknowledged write survives the failure of all replicas; memory: of all but one")
      .show_default();
  flags.flag("--memory", options->memory, "the same as --durability memory");
  flags.flag("--accept-data-loss", options->accept_data_loss,
             "bootstrap an empty cluster where a cluster in memory has failed as a whole: its data is lost");
  flags.flag("--grow", options->grow, "the cluster on disk has fewer replicas: the others join it permanently");
  flags.flag("--no-restart", options->no_restart,
             "do not restart a replica that fails or is excluded; without this option it is started again, at most "
             "4 times in 10 "
             "minutes");
  flags.option("--import", options->imports, "files to import into a new cluster, in any format of `titer import`");
  flags.flag("--seed-site", options->seed_site,
             "add the site Harvard University, 02138, availability 0, to a new cluster");
  flags.option("--execution-log", options->execution_logs,
               "directory: each replica writes one line per executed request to execution_<port>.log");
  flags.option(
      "--tls", options->tls,
      "directory of ca.pem, replica.pem and replica-key.pem: everything under TLS (`titer cert` makes them)");
  flags
      .option("--requests-per-key", options->requests_per_key,
              "requests per second of one key, over HTTP and on the wire; 0: no limit. Default: 100, but programs "
              "of this "
              "machine are not counted unless a number is given")
      .between(0.0, kRateMax);
  flags
      .option("--requests-per-address", options->requests_per_address,
              "requests per second of one address, likewise; default: 200")
      .between(0.0, kRateMax);
  flags.option("--connections", options->connections.in_all,
               "connections that a replica takes, on the wire and over HTTP each; 0: the default, 4096 and 10000, "
               "or fewer if the system allows fewer descriptors");
  flags.option("--connections-per-address", options->connections.per_address,
               "of those, of one address; 0: a quarter");
  flags.flag("--accept-clock", options->accept_clock,
             "this machine's clock is right, though it is more than a week ahead of the data");
  flags
      .option("--frames-in-flight", options->frames_in_flight,
              "frames that a replica sends before the first of them is safe")
      .between(1, static_cast<int>(limits::kUnsafeFramesMax));
  flags.footer(
      "Commands on standard input: an index kills that replica (SIGKILL), 'start I' starts it again,\n"
      "'status', 'quit'. At the end of its input the cluster continues. Ctrl-C, SIGTERM and SIGHUP stop all "
      "replicas cleanly.");
  return [options] {
    if (options->memory) options->durability = "memory";
    return run(*options);
  };
}

const Registration registered({Group::kCluster, "cluster", "run t replicas on this machine", setup});

}  // namespace

}  // namespace titer::app::cluster_command
