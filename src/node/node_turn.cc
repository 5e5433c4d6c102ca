// SPDX-License-Identifier: Apache-2.0

// The turn of a Node, and how what the protocol wants done is performed in it.
#include <spdlog/spdlog.h>

#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "node/node.h"

namespace titer::node {

namespace {

constexpr std::int64_t kTickUs = smr::LastTurn::kTickUs;

}  // namespace

bool Node::stalled(BootTime now) {
  const smr::LastTurn before = std::exchange(last_turn_, smr::LastTurn::of(now, env_.monotonic_us()));
  return before.stalled(last_turn_);
}

void Node::publish() {
  if (options_.sharing == nullptr) return;
  smr::ReadTerms terms = engine_.replica.read_terms();
  terms.executed = executed_;
  terms.last_turn = last_turn_;
  terms.serves = terms.serves && !exit_code_;
  if (exit_code_ || !engine_.answers()) terms.lease = {};
  options_.sharing->publish(terms, terms.serves ? std::string() : clients_.read_refusal());
}

void Node::turn() {
  if (exit_code_) return;
  const BootTime now = env_.boot_now();
  if (stalled(now)) engine_.step(smr::input::Stalled{});
  peers_.on_turn(now);
  acceptor_->on_turn(now);
  if (now >= next_tick_) {
    engine_.step(smr::input::Tick{});
    next_tick_ = BootTime(now.value + kTickUs);
    tell_limping();
  }
  perform();
  if (!options_.keys && engine_.machine.registry().has_keys())
    stop(kExitConfiguration, std::string(kKeysUnprotected));
  if (exit_code_) return;
  if (!executor_.busy()) on_turn_executed(now);
  clients_.on_turn(now);
  peers_.flush();
  log_.flush();
  env_.wake_at(executor_.busy() ? now : next_tick_);
}

void Node::perform() {
  if (!executor_.busy()) engine_.step(smr::input::EndOfTurn{env_.wall_now()});
  do {
    if (executor_.busy()) {
      publish();
      send_out(engine_.out);
    } else {
      performing_.clear();
      std::swap(performing_, engine_.out);
      performing_executed_ = engine_.replica.read_terms().executed;
      publish();
      send_out(performing_);
      trace_.look(engine_.replica, performing_.execute, env_.boot_now());
      executor_.begin(performing_.execute);
    }
    if (!executor_.go_on()) return;
    executed_ = performing_executed_;
    publish();
    conclude(performing_);
    // What executing leads to (a digest that differs) is performed in the same turn.
  } while (!exit_code_ && (!engine_.out.execute.empty() || engine_.out.stop));
}

void Node::finish_executions() {
  executor_.finish();
  while (!engine_.out.execute.empty()) {
    executor_.begin(engine_.out.execute);
    executor_.finish();
  }
}

void Node::on_turn_executed(BootTime now) {
  if (!engine_.replica.full()) learner_.on_turn(newest_);
  if (store_ != nullptr) on_turn_disk(now);
  if (leave_) on_turn_leaving(now);
  donor_.on_turn(now);
}

void Node::send_out(smr::Output& out) {
  if (engine_.observer != nullptr) engine_.observer->on_send(out);
  if (store_ != nullptr) {
    store_->persist(out.persist);
    const bool waited_for = !engine_.replica.full() || engine_.replica.wedged();
    store_->commit(env_.boot_now(), waited_for);
  }
  trace_.sent(out.send, env_.boot_now());
  for (const smr::Output::Send& send : out.send) peers_.send(send.to, send.message, newest_);
  out.persist.clear();
  out.send.clear();
  peers_.flush();
}

void Node::conclude(smr::Output& out) {
  TITER_CHECK(out.persist.empty() && out.send.empty(),
              "what follows execution waits for what is persisted and sent");
  if (engine_.observer != nullptr) engine_.observer->on_conclude(out);
  for (const smr::Output::GiveState& ask : out.give_state) donor_.send_final_state(ask);
  for (const smr::Output::SendClient& send : out.send_client) clients_.send(send);
  for (const std::uint64_t read : out.reads_ready) clients_.read_ready(read);
  for (const std::uint64_t read : out.reads_refused) clients_.read_refused(read);
  for (const smr::Output::AskRegister& ask : out.ask) {
    // It may be the only one that stays; it asks again.
    if (!ask.without.empty() && !has_durable_state()) continue;
    spdlog::info("asking for a view after {}: {}", ask.expected.value, ask.reason);
    const bool certain = ask.certain || engine_.replica.snapshot().installed >= began_with_;
    if (register_ != nullptr)
      register_->compare_and_set({ask.expected, ask.without, ask.reason, ask.dead}, certain);
  }
  for (const smr::ViewRecord& view : out.installed) on_installed(view);
  for (const smr::Output::Cut& cut : out.cut) {
    if (const auto* peer = std::get_if<ReplicaId>(&cut.who))
      peers_.cut(*peer, cut.reason);
    else
      clients_.cut(std::get<TransmitterId>(cut.who), cut.reason);
  }
  if (out.wake_at) env_.wake_at(*out.wake_at);
  if (!out.stop) return;
  using Why = smr::Output::Stop::Why;
  if (out.stop->why == Why::kExcluded && engine_.leaving) return stop(0, "it has left the view");
  if (out.stop->why == Why::kWrong) discard_state();
  stop(out.stop->why == Why::kLost ? kExitFailed : kExitExcluded, out.stop->reason);
}

void Node::on_installed(const smr::ViewRecord& view) {
  std::string members;
  for (const smr::Member& member : view.members) members += " " + std::to_string(member.id.value);
  spdlog::info("view {} installed: replicas{}", view.number.value, members);
  for (const smr::Member& member : view.members)
    if (peers_.incarnation(member.id) == member.incarnation) donor_.forget(member.id);
  clients_.tell_view(view);
}

}  // namespace titer::node
