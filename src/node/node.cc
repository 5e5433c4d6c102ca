#include "node/node.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/limits.h"
#include "registry/products.h"

namespace titer::node {

namespace {

constexpr std::int64_t kTickUs = limits::kHeartbeatEveryUs / 2;

Identity identity_of(const NodeOptions& options) {
  return {options.me, options.incarnation, options.cluster, registry::tables_digest()};
}

smr::Options protocol_options(const NodeOptions& options) {
  smr::Options smr;
  smr.me = options.me;
  smr.incarnation = options.incarnation;
  smr.frames_in_flight = options.frames_in_flight;
  return smr;
}

}  // namespace

Node::Node(NodeOptions options, net::Loop& loop, smr::ViewRecord initial, ExecutionLog log)
    : options_(std::move(options)),
      loop_(loop),
      identity_(identity_of(options_)),
      engine_(protocol_options(options_), initial),
      log_(std::move(log)),
      peers_(loop, identity_, options_.replicas, *this),
      clients_(loop, engine_, [this] { return status(); }),
      donor_(loop, engine_, peers_, log_),
      learner_(engine_, peers_, log_,
               {[this](Position learned) {
                  if (register_ != nullptr) register_->ready(learned);
                },
                [this](const std::string& why) { stop(kExitFailed, "the state transfer failed: " + why); }}),
      newest_(std::move(initial)),
      started_(net::boot_now()) {
  answer_ = [this](const machine::Executed& done) { clients_.answer(done.session, done.number, done.result); };
  if (log_.on()) log_line_ = [this](std::string_view line) { log_.append(line); };
}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::open(NodeOptions options, net::Loop& loop, smr::ViewRecord initial) {
  ExecutionLog log;
  if (!options.execution_log.empty()) {
    const bool founder = initial.has(options.me, options.incarnation);
    auto opened = ExecutionLog::open(options.execution_log, !founder);
    if (!opened) return opened.error();
    log = std::move(opened).value();
  }
  const net::Address address = options.replicas[options.me.value];
  std::unique_ptr<Node> node(new Node(std::move(options), loop, std::move(initial), std::move(log)));
  auto doorway =
      Doorway::open(loop, address, [node = node.get()](net::Connection& connection, const wire::Hello& hello) {
        node->admit(connection, hello);
      });
  if (!doorway) return doorway.error();
  node->doorway_ = std::move(doorway).value();
  return node;
}

int Node::run() {
  loop_.wake_at(net::boot_now());
  loop_.run([this] { turn(); });
  return exit_code_.value_or(0);
}

void Node::stop(int exit_code, const std::string& reason) {
  if (exit_code_) return;
  exit_code_ = exit_code;
  if (exit_code == 0)
    spdlog::info("stopping: {}", reason);
  else
    spdlog::error("stopping: {}", reason);
  doorway_->close();
  clients_.goodbye("this replica stops: " + reason);
  peers_.flush();
  log_.flush();
  loop_.stop();
}

void Node::record(const smr::ViewRecord& record) {
  if (record.number > newest_.number) newest_ = record;
  engine_.step(smr::input::View{record});
}

wire::Pong Node::pong() const {
  const smr::Snapshot now = engine_.replica.snapshot();
  return {0, now.installed, now.full, engine_.machine.position(), learner_.learned()};
}

void Node::admit(net::Connection& connection, const wire::Hello& hello) {
  if (hello.role == wire::Role::kReplica) return peers_.adopt(connection, hello, newest_);
  const smr::Snapshot now = engine_.replica.snapshot();
  clients_.adopt(
      connection, hello,
      {identity_.cluster, identity_.tables, identity_.me, identity_.incarnation, now.full ? now.view : newest_});
}

void Node::peer_up(ReplicaId peer, Incarnation incarnation) {
  donor_.forget(peer);
  engine_.step(smr::input::LinkUp{peer, incarnation});
}

void Node::peer_down(ReplicaId peer, Incarnation incarnation) {
  donor_.forget(peer);
  learner_.lost(peer);
  engine_.step(smr::input::LinkDown{peer, incarnation});
}

void Node::peer_message(ReplicaId peer, Incarnation incarnation, const wire::Message& message) {
  switch (message.type) {
    case wire::Type::kTransferWant: return donor_.want(peer, message.payload);
    case wire::Type::kTransferPart: return learner_.part(peer, message.payload, newest_);
    case wire::Type::kTransferLog: return learner_.log_part(message.payload);
    default: break;
  }
  auto decoded = wire::decode_peer(message);
  if (!decoded) return peers_.cut(peer, decoded.error().message);
  engine_.step(smr::input::Receive{peer, incarnation, std::move(decoded).value()});
}

void Node::turn() {
  if (exit_code_) return;
  const BootTime now = net::boot_now();
  peers_.tend(now);
  doorway_->tend(now);
  if (now >= next_tick_) {
    engine_.step(smr::input::Tick{});
    next_tick_ = BootTime(now.value + kTickUs);
  }
  engine_.step(smr::input::EndOfTurn{net::wall_now()});
  // What executing leads to (a digest that differs) is performed in the same turn.
  do {
    performing_.clear();
    std::swap(performing_, engine_.out);
    perform(performing_);
  } while (!exit_code_ && (!engine_.out.execute.empty() || engine_.out.stop));
  if (exit_code_) return;
  if (!engine_.replica.full()) learner_.turn(newest_);
  donor_.turn(now);
  clients_.turn(now);
  peers_.flush();
  log_.flush();
  loop_.wake_at(next_tick_);
}

void Node::perform(smr::Output& out) {
  for (const smr::Output::Send& send : out.send) peers_.send(send.to, send.message);
  peers_.flush();
  execute(out.execute);
  for (const smr::Output::GiveState& ask : out.give_state) donor_.give(ask);
  for (const smr::Output::SendClient& send : out.send_client) clients_.send(send);
  for (const std::uint64_t read : out.reads_ready) clients_.read_ready(read);
  for (const std::uint64_t read : out.reads_refused) clients_.read_refused(read);
  for (const smr::Output::AskRegister& ask : out.ask) {
    spdlog::info("asking for a view after {}: {}", ask.expected.value, ask.reason);
    if (register_ != nullptr) register_->compare_and_set({ask.expected, ask.without, ask.reason});
  }
  for (const smr::ViewRecord& view : out.installed) installed(view);
  for (const smr::Output::Cut& cut : out.cut) {
    if (const auto* peer = std::get_if<ReplicaId>(&cut.who))
      peers_.cut(*peer, cut.reason);
    else
      clients_.cut(std::get<TransmitterId>(cut.who), cut.reason);
  }
  if (out.wake_at) loop_.wake_at(*out.wake_at);
  if (!out.stop) return;
  const bool excluded = out.stop->why == smr::Output::Stop::Why::kExcluded;
  stop(excluded ? kExitExcluded : kExitFailed, out.stop->reason);
}

void Node::execute(const std::vector<smr::Execution>& frames) {
  if (frames.empty()) return;
  static const machine::Sink kNobody;
  for (const smr::Execution& execution : frames)
    engine_.machine.execute(*execution.frame, execution.answer ? answer_ : kNobody, log_line_);
  engine_.step(smr::input::Executed{engine_.machine.position(), engine_.machine.digest()});
}

void Node::installed(const smr::ViewRecord& view) {
  std::string members;
  for (const smr::Member& member : view.members) members += " " + std::to_string(member.id.value);
  spdlog::info("view {} installed: replicas{}", view.number.value, members);
  for (const smr::Member& member : view.members)
    if (peers_.incarnation(member.id) == member.incarnation) donor_.forget(member.id);
  clients_.tell_view(view);
}

}  // namespace titer::node
