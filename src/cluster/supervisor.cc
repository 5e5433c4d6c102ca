// SPDX-License-Identifier: Apache-2.0

#include "cluster/supervisor.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "cluster/child_process.h"
#include "net/stream.h"

namespace titer::cluster {

namespace {

constexpr std::string_view kItSaid = "it said: ";  // how a connection tells of a goodbye

std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("killed by signal {}", WTERMSIG(wait_status));
  return fmt::format("exit code {}", WEXITSTATUS(wait_status));
}

}  // namespace

Supervisor::Supervisor(net::Loop& loop, SupervisorOptions options, std::function<void(const std::string&)> say)
    : loop_(loop),
      options_(std::move(options)),
      say_(std::move(say)),
      policy_(policy_options(), {}),
      children_(options_.replicas),
      deaths_(loop.context(), SIGCHLD),
      ping_timer_(loop.context()) {
  watch_children();
}

Supervisor::~Supervisor() {
  for (Child& child : children_)
    if (child.link) child.link->detach();
}

SupervisorPolicy::Options Supervisor::policy_options() const {
  return {options_.replicas, options_.durable, options_.restart, options_.data_dir, {}};
}

net::Address Supervisor::address(std::uint32_t index) const {
  return {"127.0.0.1", static_cast<std::uint16_t>(options_.base_port + index)};
}

// --- processes

std::vector<std::string> Supervisor::arguments_of(std::uint16_t index, Incarnation incarnation) const {
  const RegisterState& state = policy_.state();
  std::vector<std::string> arguments{"replica-process",
                                     "--index",
                                     std::to_string(index),
                                     "--replicas",
                                     std::to_string(children_.size()),
                                     "--base-port",
                                     std::to_string(options_.base_port),
                                     "--cluster",
                                     std::to_string(state.cluster),
                                     "--incarnation",
                                     std::to_string(incarnation.value),
                                     "--local-socket",
                                     sockets_.path(index)};
  if (!options_.execution_logs.empty()) {
    arguments.emplace_back("--execution-log");
    arguments.emplace_back(fmt::format("{}/execution_{}.log", options_.execution_logs, address(index).port));
  }
  if (options_.durable) {
    arguments.emplace_back("--data");
    arguments.emplace_back(fmt::format("{}/replica-{}", options_.data_dir, index));
    for (const std::string& loss : state.losses) arguments.insert(arguments.end(), {"--loss", loss});
  }
  arguments.insert(arguments.end(), options_.replica_arguments.begin(), options_.replica_arguments.end());
  return arguments;
}

// `bootstraps`: with the others it is a new cluster.
Status Supervisor::launch(std::uint16_t index, Incarnation incarnation, bool bootstraps) {
  Child& child = children_[index];
  TITER_CHECK(child.pid <= 0, "a replica has one process at a time");
  std::vector<std::string> arguments = arguments_of(index, incarnation);
  const std::string log = fmt::format("{}/replica-{}.log", options_.data_dir, index);
  arguments.insert(arguments.end(), {"--log", log});
  tell_if_http_port_is_taken(index);
  auto process = spawn(options_.program, arguments, log, {kSecretVariable, options_.secret});
  if (!process) return process.error();
  if (child.link) child.link->detach();
  net::Stream::Socket socket(loop_.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), process->control);
  child.pid = process->pid;
  child.link = net::Connection::make(loop_, net::byte_stream(std::move(socket)), *this, limits::kSendQueueBytesMax);
  child.link->tag = index;
  child.link->start();
  policy_.started({ReplicaId(index), incarnation, address(index).text()}, bootstraps);
  policy_.connected(index);
  perform();
  return ok_status();
}

void Supervisor::watch_children() {
  deaths_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    reap();
    watch_children();
  });
}

void Supervisor::reap() {
  std::vector<SupervisorPolicy::Death> deaths;
  for (std::uint16_t i = 0; i < children_.size(); ++i) {
    int wait_status = 0;
    Child& child = children_[i];
    if (child.pid <= 0 || ::waitpid(child.pid, &wait_status, WNOHANG) != child.pid) continue;
    child.pid = -1;
    deaths.push_back({i, how_it_ended(wait_status)});
  }
  if (deaths.empty()) return;
  policy_.died(net::boot_now(), deaths);
  perform();
}

void Supervisor::ping() {
  policy_.tick(net::boot_now());
  perform();
  look_for_directory(net::boot_now());
  ++pings_;
  for (const Child& child : children_) {
    const net::ConnectionPtr link = child.link;  // it may end here
    if (child.pid <= 0 || !link) continue;
    wire::encode_ping(link->outgoing(), pings_);
    link->flush();
  }
  ping_timer_.expires_after(std::chrono::microseconds(kPingEveryUs));
  ping_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ping();
  });
}

// --- actions

// An action may lead to an input, whose actions come behind those that are there.
void Supervisor::perform() {
  if (std::exchange(performing_, true)) return;
  while (const auto action = policy_.next()) std::visit([this](const auto& one) { perform(one); }, *action);
  performing_ = false;
}

void Supervisor::perform(const Save&) { policy_.saved(save()); }

void Supervisor::perform(const Tell& tell) {
  TITER_CHECK(tell.record.number <= policy_.record().number, "nothing newer than the register is told");
  const net::ConnectionPtr link = children_[tell.replica].link;
  if (!link) return;
  wire::encode(link->outgoing(), tell.record);
  link->flush();
}

// Its death is certain when it is reaped.
void Supervisor::perform(const Kill& kill) {
  if (children_[kill.replica].pid > 0) ::kill(children_[kill.replica].pid, SIGKILL);
}

void Supervisor::perform(const Stop& stop) {
  const net::ConnectionPtr link = children_[stop.replica].link;
  if (!link) return;
  wire::encode_stop(link->outgoing());
  link->flush();
}

void Supervisor::perform(const Start& start) {
  if (const Status launched = launch(start.replica, new_incarnation()); !launched)
    say_(fmt::format("Replica {} cannot be started: {}.", start.replica, launched.error().message));
}

// --- what replicas say

void Supervisor::on_message(net::Connection& connection, const wire::Message& message) {
  TITER_CHECK(connection.tag < children_.size(), "a connection is a replica's");
  const auto index = static_cast<std::uint16_t>(connection.tag);
  const Child& child = children_[index];
  if (child.link.get() != &connection || child.pid <= 0) return;
  if (message.type == wire::Type::kPong) {
    const auto pong = wire::decode_pong(message.payload);
    if (!pong) return connection.fail(Code::kProtocol, pong.error().message);
    policy_.pong(index, *pong);
  } else if (message.type == wire::Type::kRegisterCompareAndSet) {
    const auto ask = wire::decode_compare_and_set(message.payload);
    if (!ask) return connection.fail(Code::kProtocol, ask.error().message);
    policy_.compare_and_set(index, *ask);
  } else if (message.type == wire::Type::kOperate) {
    const auto ask = wire::decode_operate(message.payload);
    if (!ask) return connection.fail(Code::kProtocol, ask.error().message);
    operate(connection, *ask);
  } else if (message.type == wire::Type::kInventory) {
    auto inventory = wire::decode_inventory(message.payload);
    if (!inventory) return connection.fail(Code::kProtocol, inventory.error().message);
    policy_.inventory(index, std::move(inventory).value());
  } else if (message.type == wire::Type::kReady) {
    policy_.ready(index);
  } else {
    connection.fail(Code::kProtocol, "a replica does not send this kind of message");
  }
  perform();
}

// Its process is dead or about to be: SIGCHLD tells.
void Supervisor::on_closed(net::Connection& connection, const std::string& reason) {
  const auto index = static_cast<std::uint16_t>(connection.tag);
  Child& child = children_[index];
  if (child.link.get() == &connection) {
    child.link.reset();
    policy_.disconnected(net::boot_now(), index,
                         reason.starts_with(kItSaid) ? reason.substr(kItSaid.size()) : std::string());
    perform();
  }
  reap();
}

// From a browser that shows a page of this replica; the replica has checked that the browser is on this machine.
void Supervisor::operate(net::Connection& connection, const wire::Operate& ask) {
  const bool kills = ask.what == wire::Operate::What::kKill;
  const Status done = kills ? kill(ask.replica) : start(ask.replica);
  const std::string text = done ? fmt::format("Replica {} {}.", ask.replica, kills ? "was killed" : "is starting")
                                : done.error().message;
  if (done) say_(text);
  if (!connection.open()) return;  // it was its own order
  wire::encode(connection.outgoing(), wire::Operated{ask.token, done ? Code::kOk : done.error().code, text});
  connection.flush();
}

// --- the operator

Status Supervisor::kill(std::uint32_t index) {
  Status killed = policy_.kill(index);
  perform();
  return killed;
}

Status Supervisor::start(std::uint32_t index) {
  if (Status may = policy_.may_start(index); !may) return may;
  return launch(static_cast<std::uint16_t>(index), new_incarnation());
}

void Supervisor::stop_all() {
  policy_.end();
  for (std::uint16_t i = 0; i < children_.size(); ++i) perform(Stop{i});
  const auto none_left = [this] { return policy_.processes() == 0; };
  const bool cleanly = loop_.run_until(BootTime(net::boot_now().value + kStopPatienceUs), none_left);
  if (!options_.durable && policy_.begun() && data_lock_->still_at(options_.data_dir))
    remove_register(options_.data_dir);
  if (cleanly) return;
  for (const Child& child : children_)
    if (child.pid > 0) ::kill(child.pid, SIGKILL);
  loop_.run_until(BootTime(net::boot_now().value + 3'000'000), none_left);
}

std::string Supervisor::status() const {
  const smr::ViewRecord& record = policy_.record();
  std::string text = fmt::format("View {}, {} of {} replicas are members.\n", record.number.value,
                                 record.members.size(), children_.size());
  for (const std::string& loss : policy_.state().losses) text += "  loss of data accepted: " + loss + "\n";
  for (std::uint16_t i = 0; i < children_.size(); ++i) {
    const pid_t pid = children_[i].pid;
    const wire::Pong& pong = policy_.last_pong(i);
    const char* state = pid <= 0 ? "failed" : pong.full && policy_.member(i) ? "member" : "learning";
    text += fmt::format("  replica {}  {}  {:8}", i, address(i).text(), state);
    if (pid > 0)
      text += fmt::format("  pid {}  view {}  position {}", pid, pong.installed.value,
                          pong.full ? pong.position.value : pong.learned.value);
    if (pid > 0 && !pong.full) text += fmt::format("  {} % learned", pong.learned_percent);
    text += '\n';
  }
  return text;
}

}  // namespace titer::cluster
