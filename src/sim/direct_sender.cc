// SPDX-License-Identifier: Apache-2.0

#include "sim/direct_sender.h"

#include <fmt/format.h>

#include <utility>

#include "sim/workload.h"

namespace titer::sim {

DirectSender::DirectSender(Scene& scene, std::uint64_t number)
    : scene_(scene), number_(number), env_(scene, scene.network, scene.client_host(), *this) {
  client::DirectSession::Options options;
  for (Port port = 0; port < static_cast<Port>(scene.plan.replicas); ++port) options.at.push_back(address_of(port));
  options.places = scene.plan.window;
  options.says = [this](const smr::FromClient& message) { return says(message); };
  session_ = std::make_unique<client::DirectSession>(env_, std::move(options));
  session_->on_answer([this](const client::DirectSession::Answer& answer) { take_answer(answer); });
  known_ = session_->session();
  Event event{Event::Kind::kBorn};
  event.who = env_.node();
  const std::string name = fmt::format("direct client {}", number_);
  event.text = name;
  scene_.tell(event);
}

void DirectSender::start() { env_.prod(); }

std::string DirectSender::text() const {
  return fmt::format("direct client {} waits for {} answers, view {}, connected to {} replicas: {}", number_,
                     open_.size(), session_->view() ? session_->view()->number.value : 0, session_->connected(),
                     session_->last_reason());
}

void DirectSender::on_event(std::uint32_t, std::uint64_t) {
  if (!alive()) return;
  thinking_ = scene_.working;
  if (!scene_.working) return;
  const Time now = scene_.time.now();
  Random& random = scene_.random;
  if (now >= burst_until_) {
    const Time idle = random.between(1, 2 * scene_.plan.idle_us);
    burst_until_ = now + idle + random.between(1, 2 * scene_.plan.burst_us);
    return scene_.time.at(now + idle, *this, 0);
  }
  scene_.time.at(now + random.between(1, 2 * scene_.plan.think_us), *this, 0);
  if (open_.size() >= static_cast<std::size_t>(scene_.plan.depth)) return;
  Asked asked = random_write(scene_);
  auto& open = open_[session_->submit(asked.body)];
  if (asked.op) {
    asked.op->client = number_;
    asked.op->id = ++last_op_;
    asked.op->call_ns = now * 1000;
    open = scene_.history.size();
    scene_.history.push_back(std::move(*asked.op));
  }
  Event event{Event::Kind::kAsked};
  event.who = env_.node();
  event.session = session_->session();
  event.number = session_->newest_number();
  event.bytes = asked.body;
  scene_.tell(event);
  env_.prod();
}

void DirectSender::on_turn() {
  if (scene_.working && !std::exchange(thinking_, true)) scene_.time.at(scene_.time.now() + 1, *this, 0);
  session_->turn();
  if (!alive()) return;
  greeted_view_ = greets_view_;
  said_ = {};
  if (session_->session() == known_) return;
  known_ = session_->session();
  greeted_view_ = greets_view_ = {};
  scene_.hit(CoverageMark::kSessionGone);
  if (!scene_.plan.evicts())
    scene_.fail("exactly once (I9)",
                fmt::format("the session of direct client {} is forgotten, though there was room for it", number_));
}

// --- what it says

// The message, or a lie in its place: the same frame with another wall clock, which is part of the state.
smr::FromClient DirectSender::says(const smr::FromClient& message) {
  if (const auto* hello = std::get_if<smr::Hello>(&message)) {
    if (hello->view == greeted_view_) scene_.hit(CoverageMark::kHelloAgain);
    greets_view_ = hello->view;
    return message;
  }
  const smr::FramePtr& frame = std::get<smr::FramePtr>(message);
  note_frame(*frame);
  if (frame->count == 0 || !scene_.working || scene_.plan.lies == 0) return message;
  if (!scene_.random.chance(scene_.plan.lies)) return message;
  auto lie = std::make_shared<smr::Frame>(*frame);
  lie->stamp = WallTime(lie->stamp.value + 1);
  scene_.ledger.lied(*lie);
  scene_.hit(CoverageMark::kLie);
  return smr::FramePtr(std::move(lie));
}

// If it is to die in a broadcast, it does so between two of its writes in this turn.
void DirectSender::note_frame(const smr::Frame& frame) {
  scene_.ledger.sent({}, frame, {});
  leaves_ = std::exchange(said_, frame.uid()) == frame.uid() ? leaves_ + 1 : 1;
  if (!doomed_ || leaves_ < 2) return;
  env_.end_behind(1 + scene_.random.below(leaves_ - 1));
  if (leaves_ == 2) scene_.hit(CoverageMark::kDirectDiesInBroadcast);
}

// --- what arrives

void DirectSender::take_answer(const client::DirectSession::Answer& answer) {
  const auto at = open_.find(answer.place);
  if (at == open_.end()) return scene_.fail("clients", fmt::format("direct client {} is answered twice", number_));
  const std::optional<std::size_t> in_history = at->second;
  open_.erase(at);
  const registry::Outcome& outcome = answer.outcome;
  if (outcome.code == Code::kSessionEvicted && scene_.plan.evicts()) return;  // outcome unknown
  scene_.ledger.answered(answer.session, answer.number, answer.result, outcome.position);
  if (in_history) {
    check::Op& op = scene_.history[*in_history];
    op.end_ns = scene_.time.now() * 1000;
    take_outcome(outcome, op);
  }
  Event event{Event::Kind::kAnswered};
  event.who = env_.node();
  event.session = answer.session;
  event.number = answer.number;
  event.bytes = answer.result;
  scene_.tell(event);
}

// --- faults

void DirectSender::kill() {
  env_.end(false);
  Event event{Event::Kind::kCrashed};
  event.who = env_.node();
  event.text = "killed";
  scene_.tell(event);
}

}  // namespace titer::sim
