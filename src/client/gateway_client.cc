// SPDX-License-Identifier: Apache-2.0

#include "client/gateway_client.h"

#include <utility>

#include "registry/validate.h"

namespace titer::client {

GatewayClient::GatewayClient(net::Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      session_(loop, {.at = options_.at, .only_these = options_.only_these, .token = options_.token}) {}

bool GatewayClient::run(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& fill) {
  session_.begin_to_wait();
  return loop_.run_until(
      deadline, [&] { return interrupted_ || done(); },
      [&] {
        if (fill) fill();
        session_.turn();
      });
}

Status GatewayClient::connect() {
  session_.start();
  const Link& link = session_.link();
  run(later(loop_.boot_now(), options_.deadline_us), [&] { return link.up() || link.exhausted(); });
  if (link.up()) return ok_status();
  if (link.refusal()) return *link.refusal();
  return Error{Code::kUnreachable, "no replica answers at " + to_text(options_.at) + " (" + link.last_reason() +
                                       "); check that the cluster is running" + options_.advice};
}

Error GatewayClient::no_answer(bool sent) const {
  if (interrupted_)
    return {Code::kOutcomeUnknown, "interrupted; requests already sent may or may not have been executed"};
  if (!sent && session_.link().refusal()) return *session_.link().refusal();
  const std::string& last = session_.slowed().empty() ? session_.link().last_reason() : session_.slowed();
  const std::string why = last.empty() ? std::string() : " (last: " + last + ")";
  if (sent)
    return {Code::kOutcomeUnknown,
            "sent, but no answer came in time" + why + "; it may or may not have been done: look before repeating"};
  return {Code::kUnreachable, "no replica took it in time" + why + "; try again" + options_.advice};
}

// --- requests

Result<registry::Outcome> GatewayClient::execute(const registry::Request& request) {
  if (const Status counted = registry::check_counts(request); !counted) return counted.error();
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
  const Window& window = session_.window();
  BootTime progress = loop_.boot_now();
  const std::uint64_t base = window.first_open().value + window.open();  // place of index 0
  session_.on_answer([&](const GatewaySession::Answer& answer) {
    progress = loop_.boot_now();
    answered(answer.place.value - base, answer.outcome);
  });
  bool more = true;
  Bytes body;
  Status fits = ok_status();
  const auto fill = [&] {
    while (more && window.can_add()) {
      body.clear();
      more = next(body);
      if (!more) break;
      const Result<RequestNumber> place = session_.add(body);
      if (more = place.ok(); !more) fits = place.error();
    }
  };
  // In slices, because the deadline moves with every answer.
  const auto over = [&] { return !more && window.empty(); };
  while (!run(later(progress, options_.deadline_us), over, fill) &&
         loop_.boot_now() < later(progress, options_.deadline_us)) {
  }
  session_.on_answer(nullptr);
  if (over()) return fits;
  bool sent = false;
  session_.give_up([&](RequestNumber place, bool this_one) {
    sent = sent || this_one;
    answered(place.value - base, no_answer(this_one));
  });
  return no_answer(sent);
}

// --- questions

Result<Reply> GatewayClient::ask(const registry::Query& query) {
  if (const Status counted = registry::check_counts(query); !counted) return counted.error();
  session_.ask(query);
  run(later(loop_.boot_now(), options_.deadline_us), [this] { return session_.reply().has_value(); });
  const std::optional<Result<Reply>> reply = session_.reply();
  session_.forget_question();
  if (reply) return *reply;
  return no_answer(false);
}

// --- a watch

void GatewayClient::begin_watch(Position since, const EventVisitor& visit, const Upto& upto, std::uint64_t stream) {
  session_.watch(since, visit, upto, stream);
  followed_ = loop_.boot_now();
}

Result<bool> GatewayClient::follow(BootTime deadline, const std::function<bool()>& done) {
  // The time counts for which a replica has been looked for, not the time without calls.
  if (session_.lost_at() != BootTime())
    session_.lost_at(later(session_.lost_at(), loop_.boot_now().value - followed_.value));
  const auto gone = [this] {
    return session_.lost_at() != BootTime() && loop_.boot_now() > later(session_.lost_at(), options_.deadline_us);
  };
  const auto& over = session_.watch_over();
  const bool finished = run(deadline, [&] { return done() || over.has_value() || gone(); });
  followed_ = loop_.boot_now();
  if (over && !over->ok()) return over->error();
  if (!gone() || over || done()) return finished;
  session_.lost_at(followed_);
  if (session_.link().refusal()) return *session_.link().refusal();
  return Error{Code::kUnreachable, "the replica is lost (" + session_.lost_why() +
                                       ") and no other one answers; last: " + session_.link().last_reason()};
}

Status GatewayClient::watch(Position since, const EventVisitor& visit, const Upto& upto, std::uint64_t stream) {
  begin_watch(since, visit, upto, stream);
  Result<bool> over = false;
  while (over.ok() && !*over)
    over = follow(BootTime(INT64_MAX), [this] { return session_.watch_over().has_value(); });
  session_.end_watch();
  return over.ok() ? ok_status() : Status(over.error());
}

}  // namespace titer::client
