#include "titer/life.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <utility>

#include "titer/page.h"

namespace titer::app {

namespace {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

store::StoreEvents store_events(Life& life) {
  store::StoreEvents events;
  events.post = [&life](std::function<void()> work) { life.loop.post(std::move(work)); };
  events.persisted = [&life](std::uint64_t ticket) {
    if (life.node) life.node->persisted(ticket);
  };
  events.failed = [&life](const std::string& why) {
    if (life.node) life.node->disk_failed(why);
  };
  events.room = [&life](bool enough) {
    if (life.node) life.node->disk_room(enough);
  };
  return events;
}

}  // namespace

void prepare_process() {
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
  spdlog::flush_on(spdlog::level::info);
  raise_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);  // under TLS it means: look at the certificates (net/tls_renewal.h)
}

Result<node::Node::Past> remember(Life& life, const store::StoreOptions& disk, const std::string& execution_log,
                                  bool keep_log) {
  node::Node::Past past;
  if (!execution_log.empty()) {
    auto log = node::ExecutionLog::open(execution_log, keep_log);
    if (!log) return log.error();
    past.log = std::move(log).value();
  }
  if (disk.dir.empty()) return past;
  machine::LogSink line;
  if (past.log.on()) line = [&past](std::string_view text) { past.log.append(text); };
  auto opened = store::Store::open(disk, store_events(life), past.machine, line);
  if (!opened) return opened.error();
  past.store = std::move(opened).value();
  return past;
}

void serve_http(Life& life, api::Setup setup) {
  setup.files = page();
  life.http = std::make_unique<api::Server>(std::move(setup));
  life.http->start();
}

void stop_http(Life& life, std::function<void()> then) {
  if (!life.http) return then();
  life.http->stop([&life, then = std::move(then)] { life.loop.post(then); });
}

int run_node(Life& life) {
  const int code = life.node->run();
  life.http.reset();
  life.node.reset();
  return code;
}

}  // namespace titer::app
