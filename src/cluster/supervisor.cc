// SPDX-License-Identifier: Apache-2.0

#include "cluster/supervisor.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "cluster/child_process.h"
#include "net/stream.h"
#include "view/record.h"

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
      slots_(options_.replicas),
      restarts_(options_.replicas),
      children_(loop.context(), SIGCHLD),
      ping_timer_(loop.context()) {
  watch_children();
}

Supervisor::~Supervisor() {
  for (Slot& slot : slots_)
    if (slot.link) slot.link->detach();
}

net::Address Supervisor::address(std::uint32_t index) const {
  return {"127.0.0.1", static_cast<std::uint16_t>(options_.base_port + index)};
}

std::size_t Supervisor::processes() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.pid > 0; }));
}

std::size_t Supervisor::alive() const {
  std::size_t alive = 0;
  for (std::uint16_t i = 0; i < slots_.size(); ++i)
    if (running(i) && member(i) && slots_[i].pong.full) ++alive;
  return alive;
}

bool Supervisor::holds_last_copy(std::uint32_t index) const {
  const auto i = static_cast<std::uint16_t>(index);
  return alive() <= 1 && running(i) && member(i) && slots_[i].pong.full;
}

bool Supervisor::member(std::uint16_t index) const {
  return state_.record.has(ReplicaId(index), slots_[index].incarnation);
}

Status Supervisor::launch(std::uint16_t index, Incarnation incarnation) {
  std::vector<std::string> arguments{"replica-process",
                                     "--index",
                                     std::to_string(index),
                                     "--replicas",
                                     std::to_string(slots_.size()),
                                     "--base-port",
                                     std::to_string(options_.base_port),
                                     "--cluster",
                                     std::to_string(state_.cluster),
                                     "--incarnation",
                                     std::to_string(incarnation.value),
                                     "--local-socket",
                                     sockets_.path(index)};
  if (!options_.execution_logs.empty()) {
    arguments.push_back("--execution-log");
    arguments.emplace_back(fmt::format("{}/execution_{}.log", options_.execution_logs, address(index).port));
  }
  if (options_.durable) {
    arguments.push_back("--data");
    arguments.emplace_back(fmt::format("{}/replica-{}", options_.data_dir, index));
    for (const std::string& loss : state_.losses) arguments.insert(arguments.end(), {"--loss", loss});
  }
  arguments.insert(arguments.end(), options_.replica_arguments.begin(), options_.replica_arguments.end());
  const std::string log = fmt::format("{}/replica-{}.log", options_.data_dir, index);
  arguments.insert(arguments.end(), {"--log", log});
  tell_if_http_port_is_taken(index);
  auto process = spawn(options_.program, arguments, log, {kSecretVariable, options_.secret});
  if (!process) return process.error();
  Slot& slot = slots_[index];
  if (slot.link) slot.link->detach();
  slot = Slot{};
  slot.pid = process->pid;
  slot.incarnation = incarnation;
  net::Stream::Socket socket(loop_.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), process->control);
  slot.link = net::Connection::make(loop_, net::byte_stream(std::move(socket)), *this, limits::kSendQueueBytesMax);
  slot.link->tag = index;
  slot.link->start();
  if (!options_.durable) send_record(slot);
  return ok_status();
}

Status Supervisor::kill(std::uint32_t index) {
  if (index >= slots_.size())
    return Error{Code::kNotFound,
                 fmt::format("There is no replica {}: type an index from 0 to {}.", index, slots_.size() - 1)};
  Slot& slot = slots_[index];
  if (restarts_[index].due) {  // dead already: it stays so
    restarts_[index].due.reset();
    return ok_status();
  }
  if (!running(index))
    return Error{Code::kDuplicate, fmt::format("Replica {} has already failed: type another index.", index)};
  if (holds_last_copy(index))
    return Error{
        Code::kNotEnough,
        "Maximum fault tolerance achieved. This is the last replica; 'start I' brings another one back first."};
  slot.killed_by_us = slot.stays_dead = true;
  ::kill(slot.pid, SIGKILL);
  return ok_status();
}

Status Supervisor::start(std::uint32_t index) {
  if (index >= slots_.size())
    return Error{Code::kNotFound, fmt::format("there are replicas 0 to {}", slots_.size() - 1)};
  if (slots_[index].pid > 0) return Error{Code::kDuplicate, fmt::format("replica {} is running", index)};
  restarts_[index] = {};
  return launch(static_cast<std::uint16_t>(index), new_incarnation());
}

void Supervisor::watch_children() {
  children_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    reap();
    watch_children();
  });
}

// Replicas that are found dead together leave in one view change.
void Supervisor::reap() {
  bool member_died = false;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    int wait_status = 0;
    if (slots_[i].pid <= 0 || ::waitpid(slots_[i].pid, &wait_status, WNOHANG) != slots_[i].pid) continue;
    member_died = member_died || member(i);
    on_child_exit(i, wait_status);
  }
  if (stopping_ || !begun_) return;
  if (member_died) exclude_dead();
  if (options_.durable && !any_has_durable_state(state_.record)) try_restart();
}

void Supervisor::on_child_exit(std::uint16_t index, int wait_status) {
  Slot& slot = slots_[index];
  slot.pid = -1;
  slot.inventory.reset();
  dead_.push_back(slot.incarnation);
  slot.ended = how_it_ended(wait_status);
  report_exit(index);
}

// Its last words may still be in the socket when its death is known.
void Supervisor::report_exit(std::uint16_t index) {
  Slot& slot = slots_[index];
  if (slot.pid > 0 || !slot.link_over || slot.ended.empty()) return;
  slot.link.reset();
  const std::string ended = std::exchange(slot.ended, {});
  if (stopping_ || interrupted_) return;
  const std::string words = slot.last_words.empty() ? "" : ": " + slot.last_words;
  const std::string next = restart_later(index);
  if (!slot.why.empty())
    say_(fmt::format("Replica {} was killed: {}.{}", index, slot.why, next));
  else if (!slot.killed_by_us)
    say_(fmt::format("Replica {} has failed ({}){}.{}", index, ended, words, next));
}

// --- restarts

// Returns the sentence for the operator.
std::string Supervisor::restart_later(std::uint16_t index) {
  if (!options_.restart || !begun_ || slots_[index].stays_dead) return {};
  const BootTime now = net::boot_now();
  Restart& restart = restarts_[index];
  restart.due = restart.backoff.ended(now);
  if (restart.due)
    return fmt::format(" It is started again in {:.1f} s.", double(restart.due->value - now.value) / 1e6);
  return fmt::format(
      " It has ended {} times in {} minutes, so it is not started again: look into {}/replica-{}.log; "
      "'start {}' starts it.",
      RestartBackoff::kEndsMax, RestartBackoff::kWindowUs / 60'000'000, options_.data_dir, index, index);
}

void Supervisor::start_due() {
  const BootTime now = net::boot_now();
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    Restart& restart = restarts_[i];
    if (stopping_ || slots_[i].pid > 0 || !restart.due || now < *restart.due) continue;
    restart.due.reset();
    if (!options_.durable && alive() == 0) continue;  // there is nobody to learn from
    if (const Status launched = launch(i, new_incarnation()); !launched)
      say_(fmt::format("Replica {} cannot be started: {}.", i, launched.error().message));
  }
}

// Members of which none answers: the machine is busy, and killing them would not help.
bool Supervisor::all_silent() const {
  std::size_t silent = 0;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    if (!running(i) || !member(i) || !slots_[i].has_ponged) continue;
    if (slots_[i].pings_missed <= kPingsMissedMax / 2) return false;
    ++silent;
  }
  return silent > 1;
}

// If nobody who is left counts, all remain in the record.
void Supervisor::exclude_dead() {
  smr::ReplicaSet gone;
  for (const smr::Member& one : state_.record.members) {
    const Slot& slot = slots_[one.id.value];
    if (slot.pid <= 0 || slot.incarnation != one.incarnation) gone.add(one.id);
  }
  if (gone.empty()) return;
  auto next = view::without(state_.record, gone, dead_);
  if (next && (!options_.durable || any_has_durable_state(*next))) return publish(std::move(next).value());
  tell_total_failure();
}

// Its death may not be certain yet.
bool Supervisor::dies(const Slot& slot) { return slot.pid <= 0 || slot.killed_by_us || !slot.why.empty(); }

bool Supervisor::has_durable_state(const smr::Member& one) const {
  const Slot& slot = slots_[one.id.value];
  return !dies(slot) && slot.incarnation == one.incarnation && slot.has_state;
}

bool Supervisor::any_has_durable_state(const smr::ViewRecord& record) const {
  return std::ranges::any_of(record.members, [this](const smr::Member& one) { return has_durable_state(one); });
}

void Supervisor::ping() {
  start_due();
  const unsigned patience_of_members = all_silent() ? kPingsMissedByAllMax : kPingsMissedMax;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.pid <= 0 || !slot.link) continue;
    // Nobody waits for one that learns.
    const unsigned patience = slot.has_ponged && member(i) ? patience_of_members : kPingsMissedAtStart;
    if (++slot.pings_missed > patience && slot.why.empty() && begun_)
      exclude(i, "it has not answered for too long");
    wire::encode_ping(slot.link->outgoing(), ++pings_);
    slot.link->flush();
  }
  if (!saved_) save_and_tell();
  ping_timer_.expires_after(std::chrono::microseconds(kPingEveryUs));
  ping_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ping();
  });
}

// Kills it; reap() publishes the view without it once its death is certain.
void Supervisor::exclude(std::uint16_t index, const std::string& why) {
  Slot& slot = slots_[index];
  const bool needed = member(index) && std::ranges::none_of(state_.record.members, [&](const smr::Member& one) {
                        return one.id.value != index && has_durable_state(one);
                      });
  if (slot.pid <= 0 || needed) return;
  slot.why = why;
  ::kill(slot.pid, SIGKILL);
}

void Supervisor::on_message(net::Connection& connection, const wire::Message& message) {
  const auto index = static_cast<std::uint16_t>(connection.tag);
  Slot& slot = slots_[index];
  if (slot.link.get() != &connection || slot.pid <= 0) return;
  if (message.type == wire::Type::kPong) {
    const auto pong = wire::decode_pong(message.payload);
    if (!pong) return connection.fail(Code::kProtocol, pong.error().message);
    on_pong(index, *pong);
  } else if (message.type == wire::Type::kRegisterCompareAndSet) {
    const auto ask = wire::decode_compare_and_set(message.payload);
    if (!ask) return connection.fail(Code::kProtocol, ask.error().message);
    compare_and_set(index, *ask);
  } else if (message.type == wire::Type::kOperate) {
    const auto ask = wire::decode_operate(message.payload);
    if (!ask) return connection.fail(Code::kProtocol, ask.error().message);
    operate(connection, *ask);
  } else if (message.type == wire::Type::kInventory) {
    auto inventory = wire::decode_inventory(message.payload);
    if (!inventory) return connection.fail(Code::kProtocol, inventory.error().message);
    slot.inventory = std::move(inventory).value();
    on_inventory(index);
  } else if (message.type == wire::Type::kReady) {
    slot.ready = true;
    admit_learners();
  } else {
    connection.fail(Code::kProtocol, "a replica does not send this kind of message");
  }
}

void Supervisor::on_pong(std::uint16_t index, const wire::Pong& pong) {
  Slot& slot = slots_[index];
  slot.has_ponged = true;
  slot.pings_missed = 0;
  slot.pong = pong;
  const bool had_state = std::exchange(slot.has_state, slot.has_state || pong.full);
  const ViewNumber before = state_.record.number;
  if (begun_ && !had_state && slot.has_state) exclude_dead();  // those for whom nobody could stand in before
  if (state_.record.number != before) say_(fmt::format("Replica {} has the whole state and goes on.", index));
  admit_learners();
}

// Its process is dead or about to be: SIGCHLD tells.
void Supervisor::on_closed(net::Connection& connection, const std::string& reason) {
  const auto index = static_cast<std::uint16_t>(connection.tag);
  Slot& slot = slots_[index];
  if (slot.link.get() == &connection) {
    slot.link_over = true;
    if (reason.starts_with(kItSaid)) slot.last_words = reason.substr(kItSaid.size());
    report_exit(index);
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

void Supervisor::compare_and_set(std::uint16_t from, const wire::CompareAndSet& ask) {
  Slot& slot = slots_[from];
  if (!saved_ || dies(slot)) return;  // of two that ask for views without each other only one ends
  if (ask.expected != state_.record.number || !member(from)) return send_record(slot);
  if (ask.without.empty() || ask.without.has(ReplicaId(from))) {
    // The same replicas, to settle a lost client; or the asker wants to leave, and does so when it reads the record.
    auto next = view::without(state_.record, ask.without, dead_);
    if (!next || (!ask.without.empty() && !any_has_durable_state(*next))) return;
    if (!ask.without.empty()) say_(fmt::format("Replica {} leaves: {}.", from, ask.reason));
    return publish(std::move(next).value());
  }
  for (std::uint16_t i = 0; i < slots_.size(); ++i)
    if (ask.without.has(ReplicaId(i)) && member(i) && i != from)
      exclude(i, fmt::format("replica {} says: {}", from, ask.reason));
}

// Joins wait until every member has installed the newest view, and then all that are ready join together: each
// view costs a flush, and a replica in its flush is in no state to be joined.
void Supervisor::admit_learners() {
  if (!saved_ || !any_has_durable_state(state_.record)) return;
  smr::ViewRecord next = state_.record;
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (member(i) && slot.pong.installed != state_.record.number) return;
    if (slot.pid <= 0 || !slot.ready || state_.record.find(ReplicaId(i)) != nullptr) continue;
    auto joined = view::with(next, {ReplicaId(i), slot.incarnation, address(i).text()});
    if (joined) next = std::move(joined).value();
  }
  if (next.members.size() == state_.record.members.size()) return;
  next.number = state_.record.number.next();
  publish(std::move(next));
}

void Supervisor::publish(smr::ViewRecord next) {
  state_.record = std::move(next);
  begun_ = true;
  if (!options_.durable && alive() == 0)
    say_("No replica that has the data is left: what was in memory is lost. Start the cluster again.");
  if (saved_) save_and_tell();
}

// A record that cannot be written is not published: views do not change, and the next ping tries again.
void Supervisor::save_and_tell() {
  const bool was_saved = std::exchange(saved_, true);
  if (const Status written = write_register(options_.data_dir, state_); !written) {
    saved_ = false;
    if (was_saved) say_("The view register cannot be kept, so views cannot change: " + written.error().message);
    return;
  }
  for (Slot& slot : slots_)
    if (slot.link && (slot.inventory || !options_.durable)) send_record(slot);
}

void Supervisor::send_record(Slot& slot) {
  slot.told_to_learn = slot.told_to_learn || !member(static_cast<std::uint16_t>(slot.link->tag));
  wire::encode(slot.link->outgoing(), state_.record);
  slot.link->flush();
}

void Supervisor::stop_all() {
  stopping_ = true;
  for (Slot& slot : slots_) {
    if (!slot.link) continue;
    wire::MessageWriter(slot.link->outgoing(), wire::Type::kStop).finish();
    slot.link->flush();
  }
  const auto none_left = [this] { return processes() == 0; };
  const bool cleanly = loop_.run_until(BootTime(net::boot_now().value + kStopPatienceUs), none_left);
  if (!options_.durable && begun_) remove_register(options_.data_dir);
  if (cleanly) return;
  for (const Slot& slot : slots_)
    if (slot.pid > 0) ::kill(slot.pid, SIGKILL);
  loop_.run_until(BootTime(net::boot_now().value + 3'000'000), none_left);
}

std::string Supervisor::status() const {
  const smr::ViewRecord& record = state_.record;
  std::string text = fmt::format("View {}, {} of {} replicas are members.\n", record.number.value,
                                 record.members.size(), slots_.size());
  for (const std::string& loss : state_.losses) text += "  loss of data accepted: " + loss + "\n";
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const char* state = slot.pid <= 0 ? "failed" : slot.pong.full && member(i) ? "member" : "learning";
    text += fmt::format("  replica {}  {}  {:8}", i, address(i).text(), state);
    if (slot.pid > 0)
      text += fmt::format("  pid {}  view {}  position {}", slot.pid, slot.pong.installed.value,
                          slot.pong.full ? slot.pong.position.value : slot.pong.learned.value);
    if (slot.pid > 0 && !slot.pong.full) text += fmt::format("  {} % learned", slot.pong.learned_percent);
    text += '\n';
  }
  return text;
}

}  // namespace titer::cluster
