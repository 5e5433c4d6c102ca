// SPDX-License-Identifier: Apache-2.0

#include "client/gateway_client.h"

#include <algorithm>
#include <utility>

namespace titer::client {

namespace {

constexpr std::int64_t kSilenceUs = 1'000'000;   // an owed answer that does not come: to another replica
constexpr std::int64_t kPingAfterUs = 500'000;   // a watcher asks for a sign of life
constexpr std::int64_t kRefusedForUs = 100'000;  // refusals that long: to another replica
constexpr std::int64_t kAgainUs = 5'000;         // after a refusal
constexpr std::int64_t kLookUs = 50'000;         // turns come at least that often while we wait

}  // namespace

GatewayClient::GatewayClient(net::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      key_(Link::acts_as(options_.at, options_.token)),
      link_(loop, Link::thin(options_.at, options_.token, options_.only_these), *this) {}

void GatewayClient::start() {
  if (!std::exchange(started_, true)) link_.start();
}

Status GatewayClient::connect() {
  start();
  run(later(loop_.boot_now(), options_.deadline_us), [this] { return link_.up() || link_.exhausted(); });
  if (link_.up()) return ok_status();
  if (link_.refusal()) return *link_.refusal();
  return Error{Code::kUnreachable, "no replica answers at " + to_text(options_.at) + " (" + link_.last_reason() +
                                       "); is the cluster running?" + options_.advice};
}

Error GatewayClient::no_answer(bool sent) const {
  if (interrupted_)
    return {Code::kOutcomeUnknown, "interrupted; requests already sent may or may not have been executed"};
  if (!sent && link_.refusal()) return *link_.refusal();
  const std::string& last = slowed_.empty() ? link_.last_reason() : slowed_;
  const std::string why = last.empty() ? std::string() : " (last: " + last + ")";
  if (sent)
    return {Code::kOutcomeUnknown,
            "sent, but no answer came in time" + why + "; it may or may not have been done: look before repeating"};
  return {Code::kUnreachable, "no replica took it in time" + why + "; try again" + options_.advice};
}

// --- what comes in

void GatewayClient::on_link_up(const wire::HelloReply& reply) {
  heard_ = loop_.boot_now();
  refused_since_ = lost_at_ = BootTime();
  slowed_.clear();
  window_.link_lost();
  if (question_) question_->due = true;
  if (reply.stream != 0) stream_ = reply.stream;
  if (watching_) ask_for_events();
}

void GatewayClient::ask_for_events() {
  if (watched_stream_ == 0) watched_stream_ = stream_;
  if (watched_stream_ == stream_) return wire::encode(link_.outgoing(), wire::Watch{*watching_});
  watch_over_ =
      Error{Code::kTooOld,
            "the cluster was restored, or resumed with a loss of writes: positions of before belong to other "
            "changes. Read everything again, then watch from there"};
}

void GatewayClient::on_link_down(const std::string& reason) {
  heard_ = lost_at_ = loop_.boot_now();
  // When a whole cluster stops, some say so and the others are just gone: the words count.
  if (lost_why_.empty() || reason.starts_with("it said")) lost_why_ = reason;
}

void GatewayClient::on_link_message(const wire::Message& message) {
  heard_ = loop_.boot_now();
  switch (message.type) {
    case wire::Type::kAnswer: return take_answer(message);
    case wire::Type::kQueryAnswer: return take_reply(message);
    case wire::Type::kEvents: return take_events(message);
    default: return;
  }
}

std::optional<BootTime> GatewayClient::again_at(Code code, std::string_view why) {
  const bool cannot = code == Code::kBusy || code == Code::kUnavailable || code == Code::kExcluded;
  if (!cannot) refused_since_ = BootTime();
  slowed_ = code == Code::kTooMany ? why : std::string_view();
  if (code == Code::kTooMany) return later(heard_, kSlowDownUs);
  if (!cannot) return std::nullopt;
  if (refused_since_ == BootTime()) refused_since_ = heard_;
  return later(heard_, kAgainUs);
}

void GatewayClient::take_answer(const wire::Message& message) {
  const Result<wire::Answer> answer = wire::decode_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  if (const Status decoded = wire::decode_outcome(answer->result, scratch_); !decoded)
    return link_.try_another(decoded.error().message);
  const RequestNumber place = window_.place(answer->number);
  if (const auto again = again_at(scratch_.code, scratch_.message)) return window_.refuse(place, *again);
  if (scratch_.code == Code::kSessionEvicted && window_.is_open(place) && !window_.may_be_executed_before(place))
    return on_session_gone();
  settle(place, scratch_);
}

void GatewayClient::settle(RequestNumber place, const Result<registry::Outcome>& outcome) {
  if (!window_.settle(place) || !answered_ || place < base_) return;
  answered_(place.value - base_.value, outcome);
}

// This client was away for so long that the replicas have forgotten its session. Only requests
// that may have been executed are reported as unknown.
void GatewayClient::on_session_gone() {
  const registry::Outcome unknown = scratch_;
  const RequestNumber end(window_.first_open().value + limits::kSessionWindow);
  for (RequestNumber place = window_.first_open(); place < end; ++place)
    if (window_.is_open(place) && window_.may_be_executed_before(place)) settle(place, unknown);
  window_.begin_session();
  link_.set_session(SessionId(random_word()));
  link_.try_another("a new session begins");
}

void GatewayClient::take_reply(const wire::Message& message) {
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

void GatewayClient::take_events(const wire::Message& message) {
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

bool GatewayClient::run(BootTime deadline, const std::function<bool()>& done) {
  heard_ = loop_.boot_now();
  return loop_.run_until(
      deadline, [&] { return interrupted_ || done(); }, [this] { turn(); });
}

void GatewayClient::turn() {
  const BootTime now = loop_.boot_now();
  if (fill_) fill_();
  leave_if_silent(now);
  if (watching_) ping_if_idle(now);
  if (link_.up()) send_what_is_due(now);
  link_.flush();
  BootTime wake = later(now, kLookUs);
  if (const auto retry = window_.next_retry(); retry && link_.up()) wake = std::min(wake, *retry);
  if (question_ && question_->due && link_.up()) wake = std::min(wake, question_->send_at);
  loop_.wake_at(std::max(wake, later(now, 1'000)));
}

void GatewayClient::leave_if_silent(BootTime now) {
  if (!link_.up()) return;
  const bool owed = !window_.empty() || (question_ && !question_->reply);
  if (owed && now > later(heard_, kSilenceUs)) link_.try_another("no answer for a second");
  if (refused_since_ != BootTime() && now > later(refused_since_, kRefusedForUs)) {
    refused_since_ = BootTime();
    link_.try_another("it cannot serve now");
  }
}

void GatewayClient::ping_if_idle(BootTime now) {
  if (question_ && question_->reply) question_.reset();
  if (question_ || now < later(heard_, kPingAfterUs)) return;
  question_.emplace(Question{});
  question_->token = ++last_token_;
  wire::encode_query(question_->body, registry::Info{});
  heard_ = now;
}

void GatewayClient::send_what_is_due(BootTime now) {
  Bytes& out = link_.outgoing();
  window_.send(now, [&out](RequestNumber number, ByteView body) {
    wire::encode(out, wire::Request{number, body});
  });
  if (!question_ || !question_->due || question_->send_at > now) return;
  question_->due = false;
  wire::encode(out, wire::Query{question_->token, question_->body});
}

void GatewayClient::new_session() {
  window_.reset();
  link_.set_session(SessionId(random_word()));
  link_.try_another("a new session begins");
}

// --- calls

Result<registry::Outcome> GatewayClient::execute(const registry::Request& request) {
  std::optional<Result<registry::Outcome>> out;
  bool more = true;
  const Status done = pipeline(
      [&](Bytes& body) {
        if (more) wire::encode_request(body, request);
        return std::exchange(more, false);
      },
      [&](std::uint64_t, const Result<registry::Outcome>& outcome) { out = outcome; });
  if (out) return *std::move(out);
  return done.ok() ? no_answer(false) : done.error();
}

Status GatewayClient::pipeline(const Next& next, const Answered& answered) {
  BootTime progress = loop_.boot_now();
  base_ = RequestNumber(window_.first_open().value + window_.open());
  answered_ = [&](std::uint64_t index, const Result<registry::Outcome>& outcome) {
    progress = loop_.boot_now();
    answered(index, outcome);
  };
  bool more = true;
  Bytes body;
  Status fits = ok_status();
  fill_ = [&] {
    while (more && window_.can_add()) {
      body.clear();
      more = next(body);
      if (!more) break;
      wire::set_request_key(body, key_);
      fits = wire::request_fits(body);
      if (more = fits.ok(); more) window_.add(body);
    }
  };
  // In slices, because the deadline moves with every answer.
  const auto over = [&] { return !more && window_.empty(); };
  while (!run(later(progress, options_.deadline_us), over) &&
         loop_.boot_now() < later(progress, options_.deadline_us)) {
  }
  fill_ = nullptr;
  answered_ = nullptr;
  if (!more && window_.empty()) return fits;
  // Requests that are still open are given up, and with them the session: its numbers must have no gap.
  bool sent = false;
  for (RequestNumber n = window_.first_open(); window_.open() > 0; ++n) {
    if (!window_.is_open(n)) continue;
    const bool this_one = window_.may_be_done(n);
    sent = sent || this_one;
    window_.settle(n);
    answered(n.value - base_.value, no_answer(this_one));
  }
  new_session();
  return no_answer(sent);
}

Result<Reply> GatewayClient::ask(const registry::Query& query) {
  question_.emplace(Question{});
  question_->token = ++last_token_;
  wire::encode_query(question_->body, query);
  run(later(loop_.boot_now(), options_.deadline_us), [this] { return question_->reply.has_value(); });
  std::optional<Result<Reply>> reply = std::move(question_->reply);
  question_.reset();
  if (reply) return *std::move(reply);
  return no_answer(false);
}

void GatewayClient::begin_watch(Position since, const EventVisitor& visit, const Upto& upto, std::uint64_t stream) {
  start();
  watching_ = since;
  on_event_ = visit;
  on_upto_ = upto;
  watch_over_.reset();
  watched_stream_ = stream;
  if (link_.up()) ask_for_events();
  lost_at_ = link_.up() ? BootTime() : loop_.boot_now();
  followed_ = loop_.boot_now();
}

Result<bool> GatewayClient::follow(BootTime deadline, const std::function<bool()>& done) {
  // The time counts for which a replica has been looked for, not the time without calls.
  if (lost_at_ != BootTime()) lost_at_ = later(lost_at_, loop_.boot_now().value - followed_.value);
  const auto gone = [this] {
    return lost_at_ != BootTime() && loop_.boot_now() > later(lost_at_, options_.deadline_us);
  };
  const bool finished = run(deadline, [&] { return done() || watch_over_.has_value() || gone(); });
  followed_ = loop_.boot_now();
  if (watch_over_ && !watch_over_->ok()) return watch_over_->error();
  if (!gone() || watch_over_ || done()) return finished;
  lost_at_ = followed_;
  if (link_.refusal()) return *link_.refusal();
  return Error{Code::kUnreachable,
               "the replica is lost (" + lost_why_ + ") and no other one answers; last: " + link_.last_reason()};
}

Status GatewayClient::watch(Position since, const EventVisitor& visit, const Upto& upto, std::uint64_t stream) {
  begin_watch(since, visit, upto, stream);
  Result<bool> over = false;
  while (over.ok() && !*over) over = follow(BootTime(INT64_MAX), [this] { return watch_over_.has_value(); });
  watching_.reset();
  question_.reset();
  link_.try_another("the watch is over");  // the replica would go on sending events
  return over.ok() ? ok_status() : Status(over.error());
}

}  // namespace titer::client
