// SPDX-License-Identifier: Apache-2.0

#include "sim/thin_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/codec.h"

namespace titer::sim {

namespace {
constexpr Time kSilenceUs = 1'000'000, kRefusedForUs = 100'000, kAgainUs = 5'000, kClientRedialUs = 20'000;
}

ThinClient::ThinClient(Scene& scene, std::uint64_t number, double read_share)
    : scene_(scene),
      number_(number),
      node_(scene.network.attach(*this, scene.client_host())),
      read_share_(read_share),
      window_(scene.plan.window),
      session_(scene.random.next() | 1),
      port_(static_cast<Port>(scene.random.below(static_cast<std::uint64_t>(scene.plan.replicas)))) {
  Event event{Event::Kind::kBorn};
  event.who = node_;
  const std::string name = fmt::format("client {}", number_);
  event.text = name;
  scene_.tell(event);
}

// --- what it wants

void ThinClient::prod() {
  if (!alive_) return;
  look(scene_.time.now());
  if (!std::exchange(thinking_, true)) scene_.time.at(scene_.time.now() + 1, *this, kThink);
}

void ThinClient::look(Time at) {
  if (at >= look_at_) return;
  look_at_ = at;
  scene_.time.at(at, *this, kLook);
}

void ThinClient::on_event(std::uint32_t what, std::uint64_t) {
  if (!alive_) return;
  if (what == kThink) return think();
  if (look_at_ != scene_.time.now()) return;
  look_at_ = kNever;
  turn();
}

void ThinClient::think() {
  thinking_ = scene_.working;
  if (!scene_.working) return;
  const Time now = scene_.time.now();
  Random& random = scene_.random;
  if (now >= burst_until_) {
    const Time idle = random.between(1, 2 * scene_.plan.idle_us);
    burst_until_ = now + idle + random.between(1, 2 * scene_.plan.burst_us);
    return scene_.time.at(now + idle, *this, kThink);
  }
  scene_.time.at(now + random.between(1, 2 * scene_.plan.think_us), *this, kThink);
  if (!window_.can_add()) scene_.hit(CoverageMark::kWindowFull);
  if (random.chance(read_share_)) {
    if (!question_) begin_read(random_read(scene_));
  } else if (window_.can_add() && window_.open() < static_cast<std::size_t>(scene_.plan.depth)) {
    begin(random_write(scene_));
  }
  turn();
}

std::size_t ThinClient::note(check::Op op) {
  op.client = number_;
  op.id = ++last_op_;
  op.call_ns = scene_.time.now() * 1000;
  scene_.history.push_back(std::move(op));
  return scene_.history.size() - 1;
}

void ThinClient::begin(Asked asked) {
  const RequestNumber given = window_.add(asked.body);
  Open open{{}, scene_.time.now()};
  if (asked.op) open.op = note(std::move(*asked.op));
  open_[given.value] = open;
  Event event{Event::Kind::kAsked};
  event.who = node_;
  event.session = session_;
  event.number = RequestNumber(given.value - before_session_);
  event.bytes = asked.body;
  scene_.tell(event);
  bodies_.push_back(std::move(asked.body));
}

void ThinClient::begin_read(Asked asked) {
  question_ = Question();
  question_->token = ++last_token_;
  question_->body = std::move(asked.body);
  question_->op = note(std::move(*asked.op));
  question_->floor = scene_.ledger.floor();
  question_->since = scene_.time.now();
}

// --- turns

void ThinClient::turn() {
  const Time now = scene_.time.now();
  while (!script_.empty() && window_.can_add()) {
    begin(std::move(script_.front()));
    script_.pop_front();
  }
  if (!question_ && !reads_.empty()) {
    begin_read(std::move(reads_.front()));
    reads_.pop_front();
  }
  give_up();
  const bool owed = !window_.empty() || question_;
  if (greeted_ &&
      ((owed && now - heard_ > kSilenceUs) || (refused_since_ != kNever && now - refused_since_ > kRefusedForUs)))
    next_replica();
  if (connection_ == 0 && !dialling_ && owed && now >= dial_at_) {
    dialling_ = true;
    scene_.network.dial(node_, port_);
  }
  if (greeted_) {
    Bytes out;
    window_.send(BootTime(now), [&](RequestNumber n, ByteView body) { wire::encode(out, wire::Request{n, body}); });
    if (question_ && question_->due && question_->send_at <= now) {
      question_->due = false;
      wire::encode(out, wire::Query{question_->token, question_->body});
    }
    scene_.network.send(connection_, node_, std::move(out));
  }
  if (!owed) return;
  Time at = now + 50'000;
  if (const auto retry = window_.next_retry(); retry && greeted_) at = std::min(at, retry->value);
  if (question_ && question_->due && greeted_) at = std::min(at, question_->send_at);
  if (connection_ == 0 && !dialling_) at = std::min(at, dial_at_);
  look(std::max(at, now + 1'000));
}

void ThinClient::give_up() {
  const Time now = scene_.time.now();
  const Time patience = scene_.winding_down ? kNever / 2 : scene_.plan.give_up_us;
  if (question_ && now - question_->since > patience) question_.reset();
  if (open_.empty() || now - open_.begin()->second.since <= patience) return;
  scene_.hit(CoverageMark::kGaveUp);
  // A request with an idempotency key may be sent again, as a new one, and still takes effect once.
  for (const auto& [place, open] : open_)
    if (const Bytes& body = bodies_[place - 1]; !idempotency_key(body).empty()) script_.push_back({body, {}});
  open_.clear();
  bodies_.clear();
  window_.reset();
  before_session_ = 0;
  session_ = SessionId(scene_.random.next() | 1);
  born_ = {};
  next_replica();
}

void ThinClient::next_replica() {
  if (!open_.empty() && greeted_) scene_.hit(CoverageMark::kFailover);
  if (connection_ != 0) scene_.network.close(connection_, node_);
  connection_ = 0;
  greeted_ = false;
  refused_since_ = kNever;
  heard_ = scene_.time.now();
  port_ = (port_ + 1) % static_cast<Port>(scene_.plan.replicas);
  dial_at_ = scene_.time.now() + kClientRedialUs;
  window_.link_lost();
  if (question_) question_->due = true;
  look(dial_at_);
}

// --- what arrives

void ThinClient::on_dialled(Port, ConnectionId connection) {
  dialling_ = false;
  if (!alive_) return;
  if (connection == 0) return next_replica();
  connection_ = connection;
  heard_ = scene_.time.now();
  wire::Hello hello;
  hello.session = session_;
  hello.born = born_;
  Bytes out;
  wire::encode(out, hello);
  scene_.network.send(connection_, node_, std::move(out));
}

void ThinClient::on_closed(ConnectionId connection) {
  if (alive_ && connection == connection_) next_replica();
}

void ThinClient::on_received(ConnectionId connection, Bytes bytes) {
  if (!alive_ || connection != connection_) return;
  heard_ = scene_.time.now();
  ByteView rest = bytes;
  while (!rest.empty() && connection == connection_) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) return scene_.fail("wire", "a client cannot read what was sent");
    const wire::Message& m = **message;
    if (m.type == wire::Type::kHelloReply) {
      const auto reply = wire::decode_hello_reply(m.payload);
      if (!reply) return scene_.fail("wire", reply.error().message);
      if (born_ == Position()) born_ = reply->next;
      greeted_ = true;
    }
    if (m.type == wire::Type::kAnswer) take_answer(m.payload);
    if (m.type == wire::Type::kQueryAnswer) take_reply(m.payload);
  }
  look(scene_.time.now());
}

bool ThinClient::refused(Code code) {
  if (code != Code::kBusy && code != Code::kUnavailable) {
    refused_since_ = kNever;
    return false;
  }
  refused_since_ = std::min(refused_since_, heard_);
  return true;
}

void ThinClient::take_answer(ByteView payload) {
  const auto answer = wire::decode_answer(payload);
  if (!answer || !wire::decode_outcome(answer->result, outcome_))
    return scene_.fail("wire", "an answer is malformed");
  const RequestNumber place = window_.place(answer->number);
  if (refused(outcome_.code)) return window_.refuse(place, BootTime(heard_ + kAgainUs));
  if (!window_.is_open(place)) return;  // it came twice
  const auto open = open_.find(place.value);
  if (outcome_.code == Code::kSessionEvicted) {
    if (!scene_.plan.evicts())
      return scene_.fail("exactly once (I9)",
                         fmt::format("client {} keeps to its window, and is told that the result of "
                                     "request {} is forgotten",
                                     number_, answer->number.value));
    if (!window_.may_be_executed_before(place)) return on_session_gone();
    (void)window_.settle(place);  // outcome unknown
    open_.erase(open);
    return;
  }
  (void)window_.settle(place);
  const bool refusal = outcome_.code == Code::kUnauthorized || outcome_.code == Code::kForbidden;
  scene_.ledger.answered(session_, answer->number, answer->result, outcome_.position, refusal);
  if (outcome_.changed && outcome_.site_id.starts_with('x')) scene_.undoable = outcome_.position;
  if (open != open_.end() && open->second.op) {
    check::Op& op = scene_.history[*open->second.op];
    op.end_ns = heard_ * 1000;
    take_outcome(outcome_, op);
  }
  if (open != open_.end()) open_.erase(open);
  Event event{Event::Kind::kAnswered};
  event.who = node_;
  event.session = session_;
  event.number = answer->number;
  event.bytes = answer->result;
  scene_.tell(event);
}

void ThinClient::on_session_gone() {
  scene_.hit(CoverageMark::kSessionGone);
  std::erase_if(open_, [&](const auto& open) {
    return window_.may_be_executed_before(RequestNumber(open.first)) && window_.settle(RequestNumber(open.first));
  });
  window_.begin_session();
  before_session_ = window_.first_open().value - 1;
  session_ = SessionId(scene_.random.next() | 1);
  born_ = {};
  next_replica();
}

void ThinClient::take_reply(ByteView payload) {
  const auto answer = wire::decode_query_answer(payload);
  if (!answer) return scene_.fail("wire", "an answer to a question is malformed");
  if (!question_ || question_->token != answer->token) return;
  if (refused(answer->code)) {
    question_->due = true;
    question_->send_at = heard_ + kAgainUs;
    return;
  }
  check::Op& op = scene_.history[question_->op];
  op.end_ns = heard_ * 1000;
  op.code = answer->code;
  if (answer->code == Code::kOk && !take_rows(answer->body, op)) scene_.fail("wire", "rows are malformed");
  scene_.ledger.read(question_->floor, answer->position, Incarnation(port_));
  question_.reset();
}

// --- faults

void ThinClient::kill() {
  alive_ = false;
  scene_.network.detach(node_, false);
  Event event{Event::Kind::kCrashed};
  event.who = node_;
  event.text = "killed";
  scene_.tell(event);
}

void ThinClient::repeat_old() {
  if (!greeted_ || bodies_.empty()) return;
  const std::uint64_t n = 1 + scene_.random.below(bodies_.size());
  if (n <= before_session_ || n >= window_.first_open().value) return;
  scene_.hit(CoverageMark::kLateRepeat);
  Bytes out;
  wire::encode(out, wire::Request{RequestNumber(n - before_session_), bodies_[n - 1]});
  scene_.network.send(connection_, node_, std::move(out));
}

}  // namespace titer::sim
