// SPDX-License-Identifier: Apache-2.0

#include "sim/thin_client.h"

#include <fmt/format.h>

#include <utility>

namespace titer::sim {

namespace {

// Local sockets: requests may name any key.
client::GatewaySession::Options options_of(Scene& scene) {
  client::GatewaySession::Options options;
  const auto replicas = static_cast<std::uint64_t>(scene.plan.replicas);
  for (Port port = 0; port < replicas; ++port) options.at.push_back({"/replica", address_of(port).port});
  options.first = static_cast<std::size_t>(scene.random.below(replicas));
  options.places = scene.plan.window;
  options.keeps_keys = true;
  return options;
}

}  // namespace

ThinClient::ThinClient(Scene& scene, std::uint64_t number, double read_share)
    : scene_(scene),
      number_(number),
      read_share_(read_share),
      env_(scene, scene.network, scene.client_host(), *this),
      session_(std::make_unique<client::GatewaySession>(env_, options_of(scene))),
      known_(session_->session()) {
  session_->on_answer([this](const client::GatewaySession::Answer& answer) { take_answer(answer); });
  Event event{Event::Kind::kBorn};
  event.who = env_.node();
  const std::string name = fmt::format("client {}", number_);
  event.text = name;
  scene_.tell(event);
}

// --- what it wants

void ThinClient::start() {
  if (!alive()) return;
  session_->start();
  env_.prod();
  if (!std::exchange(thinking_, true)) scene_.time.at(scene_.time.now() + 1, *this, 0);
}

void ThinClient::on_event(std::uint32_t, std::uint64_t) {
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
  if (!session_->window().can_add()) scene_.hit(CoverageMark::kWindowFull);
  if (random.chance(read_share_)) {
    if (!question_) begin_read(random_read(scene_));
  } else if (session_->window().can_add() && open_.size() < static_cast<std::size_t>(scene_.plan.depth)) {
    begin(random_write(scene_));
  }
  env_.prod();
}

std::size_t ThinClient::note(check::Op op) {
  op.client = number_;
  op.id = ++last_op_;
  op.call_ns = scene_.time.now() * 1000;
  scene_.history.push_back(std::move(op));
  return scene_.history.size() - 1;
}

void ThinClient::begin(Asked asked) {
  const auto place = session_->add(asked.body);
  if (!place) return scene_.fail("wire", place.error().message);
  Event event{Event::Kind::kAsked};
  event.who = env_.node();
  event.session = session_->session();
  event.number = session_->window().number(*place);
  event.bytes = asked.body;
  scene_.tell(event);
  Open open{{}, scene_.time.now(), scene_.ledger.floor(), std::move(asked.body)};
  if (asked.op) open.op = note(std::move(*asked.op));
  open_[place->value] = std::move(open);
}

void ThinClient::begin_read(Asked asked) {
  question_ = Question{note(std::move(*asked.op)), scene_.ledger.floor(), scene_.time.now()};
  session_->ask(std::move(asked.body));
}

// --- turns

void ThinClient::on_turn() {
  while (!script_.empty() && session_->window().can_add()) {
    begin(std::move(script_.front()));
    script_.pop_front();
  }
  if (!question_ && !reads_.empty()) {
    begin_read(std::move(reads_.front()));
    reads_.pop_front();
  }
  give_up();
  const bool owed = !open_.empty() || question_;
  if (owed && !std::exchange(owed_, owed)) session_->begin_to_wait();
  owed_ = owed;
  look_at_session();
  session_->turn();
  take_reply();
}

void ThinClient::give_up() {
  const Time now = scene_.time.now();
  const Time patience = scene_.winding_down ? kNever / 2 : scene_.plan.give_up_us;
  if (question_ && now - question_->since > patience) {
    question_.reset();
    session_->forget_question();
  }
  if (open_.empty() || now - open_.begin()->second.since <= patience) return;
  scene_.hit(CoverageMark::kGaveUp);
  // A request with an idempotency key may be sent again, as a new one, and still takes effect once.
  session_->give_up([this](RequestNumber place, bool) {
    Bytes& body = open_[place.value].body;
    if (!idempotency_key(body).empty()) script_.push_back({std::move(body), {}});
  });
  open_.clear();
  done_.clear();
  known_ = session_->session();
}

// How the session has changed in this turn.
void ThinClient::look_at_session() {
  const bool up = session_->link().up();
  if (std::exchange(was_up_, up) && !up && !open_.empty()) scene_.hit(CoverageMark::kFailover);
  if (session_->session() == known_) return;
  known_ = session_->session();
  done_.clear();
  scene_.hit(CoverageMark::kSessionGone);
  if (!scene_.plan.evicts())
    scene_.fail("exactly once (I9)",
                fmt::format("the session of client {} is forgotten, though there was room for it", number_));
}

// --- what arrives

void ThinClient::take_answer(const client::GatewaySession::Answer& answer) {
  const auto at = open_.find(answer.place.value);
  if (at == open_.end()) return scene_.fail("clients", fmt::format("client {} is answered twice", number_));
  const Open open = std::move(at->second);
  open_.erase(at);
  const registry::Outcome& outcome = answer.outcome;
  if (outcome.code == Code::kSessionEvicted) {  // outcome unknown
    if (scene_.plan.evicts()) return;
    return scene_.fail(
        "exactly once (I9)",
        fmt::format("client {} keeps to its window, and is told that the result of request {} is forgotten",
                    number_, answer.number.value));
  }
  done_.emplace_back(answer.number, open.body);
  if (outcome.code == Code::kUnauthorized || outcome.code == Code::kForbidden)
    scene_.ledger.refused(answer.session, answer.number, outcome, answer.result, open.body, open.floor);
  else
    scene_.ledger.answered(answer.session, answer.number, answer.result, outcome.position);
  if (outcome.changed && outcome.site_id.starts_with('x')) scene_.undoable = outcome.position;
  if (std::string key = idempotency_key(open.body); !key.empty()) scene_.used_key = std::move(key);
  if (open.op) {
    check::Op& op = scene_.history[*open.op];
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

void ThinClient::take_reply() {
  if (!question_ || !session_->asking() || !session_->reply()) return;
  const Result<client::Reply>& reply = *session_->reply();
  check::Op& op = scene_.history[question_->op];
  op.end_ns = scene_.time.now() * 1000;
  op.code = reply ? Code::kOk : reply.error().code;
  if (reply && !take_rows(reply->body, op)) scene_.fail("wire", "rows are malformed");
  const ReplicaId asked(static_cast<std::uint16_t>(port_of(session_->link().address())));
  if (reply) scene_.ledger.read(question_->floor, reply->position, asked);
  session_->forget_question();
  question_.reset();
}

// --- faults

void ThinClient::kill() {
  env_.end(false);
  Event event{Event::Kind::kCrashed};
  event.who = env_.node();
  event.text = "killed";
  scene_.tell(event);
}

void ThinClient::repeat_old() {
  if (done_.empty() || !session_->link().up()) return;
  const auto& [number, body] = done_[scene_.random.below(done_.size())];
  scene_.hit(CoverageMark::kLateRepeat);
  session_->repeat(number, body);
  env_.prod();
}

}  // namespace titer::sim
