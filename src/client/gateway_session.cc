// SPDX-License-Identifier: Apache-2.0

#include "client/gateway_session.h"

#include <algorithm>
#include <utility>

#include "base/rules.h"

namespace titer::client {

namespace {

constexpr std::int64_t kSilenceUs = 1'000'000;   // an owed answer that does not come: to another replica
constexpr std::int64_t kPingAfterUs = 500'000;   // a watcher asks for a sign of life
constexpr std::int64_t kRefusedForUs = 100'000;  // refusals that long: to another replica
constexpr std::int64_t kAgainUs = 5'000;         // after a refusal
constexpr std::int64_t kLookUs = 50'000;         // turns come at least that often while we wait

Link::Options link_options(GatewaySession::Options& options) {
  Link::Options out = Link::thin(std::move(options.at), options.token, options.only_these);
  out.first = options.first;
  return out;
}

}  // namespace

GatewaySession::GatewaySession(net::Environment& env, Options options)
    : env_(env),
      key_(Link::acts_as(options.at, options.token)),
      places_(options.places),
      keeps_keys_(options.keeps_keys),
      window_(options.places),
      link_(env, link_options(options), *this) {}

void GatewaySession::start() {
  if (!std::exchange(started_, true)) link_.start();
}

// --- what comes in

void GatewaySession::on_link_up(const wire::HelloReply& reply) {
  heard_ = env_.boot_now();
  refused_since_ = lost_at_ = BootTime();
  slowed_.clear();
  window_.link_lost();
  if (question_) question_->due = true;
  if (reply.stream != 0) stream_ = reply.stream;
  if (watching_) ask_for_events();
}

void GatewaySession::ask_for_events() {
  if (watched_stream_ == 0) watched_stream_ = stream_;
  if (watched_stream_ == stream_) return wire::encode(link_.outgoing(), wire::Watch{*watching_});
  watch_over_ =
      Error{Code::kTooOld,
            "the cluster was restored, or resumed with a loss of writes: positions of before belong to other "
            "changes. Read everything again, then watch from there"};
}

void GatewaySession::on_link_down(const std::string& reason) {
  heard_ = lost_at_ = env_.boot_now();
  // When a whole cluster stops, some say so and the others are just gone: the words count.
  if (lost_why_.empty() || reason.starts_with("it said")) lost_why_ = reason;
  if (!rule_enabled(ProtocolRule::kSameSession)) link_.new_session();
}

void GatewaySession::on_link_message(const wire::Message& message) {
  heard_ = env_.boot_now();
  switch (message.type) {
    case wire::Type::kAnswer: return take_answer(message);
    case wire::Type::kQueryAnswer: return take_reply(message);
    case wire::Type::kEvents: return take_events(message);
    default: return;
  }
}

std::optional<BootTime> GatewaySession::again_at(Code code, std::string_view why) {
  const bool cannot = code == Code::kBusy || code == Code::kUnavailable || code == Code::kExcluded;
  if (!cannot) refused_since_ = BootTime();
  slowed_ = code == Code::kTooMany ? why : std::string_view();
  if (code == Code::kTooMany) return later(heard_, kSlowDownUs);
  if (!cannot) return std::nullopt;
  if (refused_since_ == BootTime()) refused_since_ = heard_;
  return later(heard_, kAgainUs);
}

void GatewaySession::take_answer(const wire::Message& message) {
  const Result<wire::Answer> answer = wire::decode_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  if (const Status decoded = wire::decode_outcome(answer->result, scratch_); !decoded)
    return link_.try_another(decoded.error().message);
  const RequestNumber place = window_.place(answer->number);
  if (const auto again = again_at(scratch_.code, scratch_.message)) return window_.refuse(place, *again);
  if (scratch_.code == Code::kSessionEvicted && window_.is_open(place) && !window_.may_be_executed_before(place))
    return on_session_gone(answer->result);
  settle(place, scratch_, answer->result);
}

void GatewaySession::settle(RequestNumber place, const registry::Outcome& outcome, ByteView result) {
  const RequestNumber number = window_.number(place);
  if (window_.settle(place) && answered_) answered_({place, outcome, result, link_.session(), number});
}

// This client was away for so long that the replicas have forgotten its session. Only requests
// that may have been executed are reported as unknown.
void GatewaySession::on_session_gone(ByteView result) {
  const registry::Outcome unknown = scratch_;
  const RequestNumber end(window_.first_open().value + places_);
  for (RequestNumber place = window_.first_open(); place < end; ++place)
    if (window_.is_open(place) && window_.may_be_executed_before(place)) settle(place, unknown, result);
  window_.begin_session();
  link_.new_session();
  link_.try_another("a new session begins");
}

void GatewaySession::take_reply(const wire::Message& message) {
  const Result<wire::QueryAnswer> answer = wire::decode_query_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  if (!question_ || question_->token != answer->token || question_->reply) return;
  if (const auto again = again_at(answer->code, as_text(answer->body))) {
    question_->due = true;
    question_->send_at = *again;
  } else if (answer->code == Code::kOk) {
    question_->reply = Reply{answer->position, Bytes(answer->body.begin(), answer->body.end())};
  } else {
    question_->reply = Error{answer->code, std::string(as_text(answer->body))};
  }
}

void GatewaySession::take_events(const wire::Message& message) {
  if (!watching_ || watch_over_) return;
  const Result<wire::Events> events = wire::decode_events(message.payload);
  if (!events) return link_.try_another(events.error().message);
  if (events->code != Code::kOk) {
    watch_over_ = Error{events->code, events->reason};
    return;
  }
  ByteReader in(events->events);
  for (std::uint32_t i = 0; i < events->count; ++i) {
    const registry::Event event = wire::decode_event(in);
    if (!in.ok()) return link_.try_another("it sent events that cannot be read");
    if (!on_event_(event)) {
      watch_over_ = ok_status();
      return;
    }
  }
  watching_ = std::max(*watching_, events->upto);
  if (on_upto_) on_upto_(*watching_);
}

// --- turns

void GatewaySession::turn() {
  const BootTime now = env_.boot_now();
  leave_if_silent(now);
  if (watching_) ping_if_idle(now);
  if (link_.up()) send_what_is_due(now);
  link_.flush();
  BootTime wake = later(now, kLookUs);
  if (const auto retry = window_.next_retry(); retry && link_.up()) wake = std::min(wake, *retry);
  if (question_ && question_->due && link_.up()) wake = std::min(wake, question_->send_at);
  env_.wake_at(std::max(wake, later(now, 1'000)));
}

void GatewaySession::leave_if_silent(BootTime now) {
  if (!link_.up()) return;
  const bool owed = !window_.empty() || (question_ && !question_->reply);
  if (owed && now > later(heard_, kSilenceUs)) link_.try_another("no answer for a second");
  if (refused_since_ != BootTime() && now > later(refused_since_, kRefusedForUs)) {
    refused_since_ = BootTime();
    link_.try_another("it cannot serve now");
  }
}

void GatewaySession::ping_if_idle(BootTime now) {
  if (question_ && question_->ping && question_->reply) question_.reset();
  if (question_ || now < later(heard_, kPingAfterUs)) return;
  ask(registry::Info{});
  question_->ping = true;
  heard_ = now;
}

void GatewaySession::send_what_is_due(BootTime now) {
  Bytes& out = link_.outgoing();
  window_.send(now, [&out](RequestNumber number, ByteView body) {
    wire::encode(out, wire::Request{number, body});
  });
  if (!question_ || !question_->due || question_->send_at > now) return;
  question_->due = false;
  wire::encode(out, wire::Query{question_->token, question_->body});
}

// --- what is asked of it

Result<RequestNumber> GatewaySession::add(Bytes& body) {
  if (!keeps_keys_) wire::set_request_key(body, key_);
  if (const Status fits = wire::request_fits(body); !fits) return fits.error();
  return window_.add(body);
}

void GatewaySession::give_up(const std::function<void(RequestNumber place, bool sent)>& given_up) {
  for (RequestNumber place = window_.first_open(); window_.open() > 0; ++place) {
    if (!window_.is_open(place)) continue;
    const bool sent = window_.may_be_done(place);
    window_.settle(place);
    given_up(place, sent);
  }
  window_.reset();
  if (rule_enabled(ProtocolRule::kNewSession)) link_.new_session();
  link_.try_another("a new session begins");
}

void GatewaySession::repeat(RequestNumber number, ByteView body) {
  if (link_.up()) wire::encode(link_.outgoing(), wire::Request{number, body});
}

void GatewaySession::ask(const registry::Query& query) {
  Bytes body;
  wire::encode_query(body, query);
  ask(std::move(body));
}

void GatewaySession::ask(Bytes body) {
  question_.emplace(Question{});
  question_->token = ++last_token_;
  question_->body = std::move(body);
}

void GatewaySession::watch(Position since, EventVisitor visit, Upto upto, std::uint64_t stream) {
  start();
  watching_ = since;
  on_event_ = std::move(visit);
  on_upto_ = std::move(upto);
  watch_over_.reset();
  watched_stream_ = stream;
  if (link_.up()) ask_for_events();
  lost_at_ = link_.up() ? BootTime() : env_.boot_now();
}

void GatewaySession::end_watch() {
  watching_.reset();
  question_.reset();
  link_.try_another("the watch is over");  // the replica would go on sending events
}

}  // namespace titer::client
