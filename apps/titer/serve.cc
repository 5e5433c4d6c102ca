// SPDX-License-Identifier: Apache-2.0

// titer serve: one replica on a machine of its own.
#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "host/replica_daemon.h"
#include "host/secret_file.h"
#include "titer/background_output.h"
#include "titer/command.h"
#include "titer/page.h"
#include "titer/remote.h"

namespace titer::app::serve_command {

namespace {

struct Options {
  std::string config;
  host::Overrides overrides;
  bool insecure = false, check = false, accept_clock = false;
};

int refuse(const Error& error) {
  complain(error.message);
  return kExitUsage;
}

// A log collector that does not read must not stop the replica, and with it all that log to the same one.
class StandardError final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    out_.write({line.data(), line.size()});
  }
  void flush_() override {}  // BackgroundOutput waits for its text at the end

  BackgroundOutput out_{STDERR_FILENO};
};

// Null: it goes to standard error.
Result<std::unique_ptr<host::LogFile>> begin_log(const std::string& path, const std::string& level_name) {
  const auto level = host::log_level(level_name);
  if (!level) return level.error();
  std::unique_ptr<host::LogFile> file;
  if (path.empty()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("titer", std::make_shared<StandardError>()));
  } else {
    auto opened = host::LogFile::open(path);
    if (!opened) return opened.error();
    file = std::move(opened).value();
  }
  spdlog::set_level(*level);
  return file;
}

// Nothing of another kind is at the places of a configuration already.
Status paths_usable(const host::Config& config) {
  using Type = std::filesystem::file_type;
  for (const auto& [path, one, other, what] :
       {std::tuple(config.data, Type::directory, Type::directory, "a directory"),
        std::tuple(config.local_socket, Type::socket, Type::socket, "a socket"),
        std::tuple(config.execution_log, Type::regular, Type::regular, "a file"),
        std::tuple(config.log_file, Type::regular, Type::character, "a file")}) {
    std::error_code unknown;
    const Type found = path.empty() ? Type::not_found : std::filesystem::status(path, unknown).type();
    if (found != Type::not_found && found != Type::none && found != one && found != other)
      return Error{Code::kInvalid, path + " is not " + what + ": name another one"};
  }
  return ok_status();
}

// Everything that can be known of a configuration before a replica is started with it.
int check(host::Config& config) {
  if (const Status etcd = host::secure_etcd(config); !etcd) return refuse(etcd.error());
  if (config.tls.given()) {
    const auto tls = net::Tls::open({config.tls.ca, config.tls.certificate, config.tls.key});
    const Status usable = tls ? (*tls)->expect_not_expired(net::wall_now()) : Status(tls.error());
    if (!usable) return refuse({Code::kInvalid, "[tls]: " + usable.error().message});
  }
  if (!config.secret_file.empty())
    if (const auto secret = host::read_secret(config.secret_file); !secret) return refuse(secret.error());
  fmt::print("replica {} of cluster {} at {}: the configuration can be used\n", config.index.value, config.cluster,
             config.wire.text());
  return kExitOk;
}

std::vector<std::string> death_watch_arguments(const host::Config& config) {
  std::vector<std::string> words{"death-watch", "--log-level", config.log_level};
  for (const auto& [option, value] : {std::pair("--ca", config.tls.ca), std::pair("--cert", config.tls.certificate),
                                      std::pair("--cert-key", config.tls.key), std::pair("--log", config.log_file)})
    if (!value.empty()) words.insert(words.end(), {option, value});
  return words;
}

int run(const Options& options) {
  auto config = host::read_config(options.config, options.overrides);
  if (!config) return refuse(config.error());
  config->insecure = config->insecure || options.insecure;
  config->accept_clock = options.accept_clock;
  if (const Status secure = host::secure_enough(*config); !secure) return refuse(secure.error());
  if (const Status usable = paths_usable(*config); !usable) return refuse(usable.error());
  if (options.check) return check(*config);
  warn_of_root();
  auto log = begin_log(config->log_file, config->log_level);
  if (!log) return refuse(log.error());
  auto descriptors = host::prepare_process();
  if (!descriptors) return refuse(descriptors.error());
  spdlog::info("{}", descriptors->text());
  std::vector<std::string> death_watch = death_watch_arguments(*config);
  auto metadata_store = host::LocalMetadataStore::open(config->data);
  if (!metadata_store) return refuse(metadata_store.error());
  host::ReplicaDaemon serving(std::move(config).value(), std::move(metadata_store).value(), std::move(death_watch),
                              page(), std::move(log).value(), *descriptors);
  return serving.run();
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  flags.option("--config", options->config, "titer.toml (docs/reference/serve.md)").required();
  flags.option("--index", options->overrides.index, "index of this replica; replaces the value of the file");
  flags.option("--wire", options->overrides.wire,
               "HOST:PORT for replicas and clients; replaces the value of the file");
  flags.option("--http", options->overrides.http,
               "HOST:PORT of the page and the HTTP interface; replaces the value of the file");
  flags.flag("--check", options->check, "check the configuration and exit, with code 0 or 2");
  flags.flag("--accept-clock", options->accept_clock,
             "this machine's clock is right, though it is more than a week ahead of the data");
  flags.flag("--insecure", options->insecure,
             "serve other machines without TLS, and use keys although any process could pose as a replica");
  flags.footer(
      "Exit codes: 0 stopped, or removed from the cluster; 2 it cannot start with these settings: the log says "
      "what to do;\n"
      "3 excluded from the view: start it again, and it learns; 4 its disk or its state cannot be trusted.");
  return [options] { return run(*options); };
}

// --- the death watch (host/death_watch.h), which a replica starts

struct WatchOptions {
  net::TlsOptions tls;
  std::string log_file, log_level = "info";
};

int run_death_watch(const WatchOptions& options) {
  host::DeathWatch::run(options.tls, [&] {
    (void)begin_log(options.log_file, options.log_level);
    (void)host::prepare_process();  // it takes no clients, so it needs few descriptors
  });
  return kExitOk;
}

Runner setup_death_watch(Flags& flags) {
  auto options = std::make_shared<WatchOptions>();
  flags.option("--ca", options->tls.ca);
  flags.option("--cert", options->tls.certificate);
  flags.option("--cert-key", options->tls.key);
  flags.option("--log", options->log_file);
  flags.option("--log-level", options->log_level);
  return [options] { return run_death_watch(*options); };
}

const Registration watch_registered({Group::kHidden, "death-watch",
                                     "waits for the end of a replica (started by serve)", setup_death_watch});
const Registration registered({Group::kCluster, "serve", "run one replica of a cluster on several machines",
                               setup});

}  // namespace

}  // namespace titer::app::serve_command
