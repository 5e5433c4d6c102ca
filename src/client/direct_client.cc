// SPDX-License-Identifier: Apache-2.0

#include "client/direct_client.h"

#include <optional>
#include <utility>

namespace titer::client {

namespace {
constexpr std::int64_t kConnectUs = 2'000'000;  // to dial and greet all of them
}

DirectClient::DirectClient(net::Loop& loop, DirectSession::Options options, std::int64_t deadline_us)
    : loop_(loop), deadline_us_(deadline_us), session_(loop, std::move(options)) {
  session_.on_answer([this](const DirectSession::Answer& answer) { outcome_ = answer.outcome; });
}

std::size_t DirectClient::connect() {
  run_until(later(loop_.boot_now(), kConnectUs), [this] { return session_.all_tried(); });
  return session_.connected();
}

bool DirectClient::run_until(BootTime deadline, const std::function<bool()>& done) {
  loop_.run_until(
      deadline, [&] { return interrupted_ || done(); }, [this] { session_.turn(); });
  return done();
}

Result<registry::Outcome> DirectClient::execute(const registry::Request& request) {
  Bytes body;
  wire::encode_request(body, request);
  outcome_.reset();
  (void)session_.submit(std::move(body));
  const bool answered = run_until(later(loop_.boot_now(), deadline_us_), [this] { return outcome_.has_value(); });
  if (answered) return *std::exchange(outcome_, std::nullopt);
  bool sent = false;
  session_.give_up([&](std::uint64_t, bool one_sent) { sent = one_sent; });
  return given_up(sent);
}

std::string DirectClient::last() const {
  return session_.last_reason().empty() ? std::string() : " (last: " + session_.last_reason() + ")";
}

Error DirectClient::given_up(bool sent) const {
  if (!sent) return {Code::kUnreachable, "no replica took it in time" + last() + "; it was not done"};
  return {Code::kOutcomeUnknown,
          "sent, but no answer came in time" + last() + "; it may or may not be done: look before repeating"};
}

Result<Reply> DirectClient::ask(const registry::Query& query) {
  session_.ask(query);
  run_until(later(loop_.boot_now(), deadline_us_), [this] { return session_.reply().has_value(); });
  std::optional<Result<Reply>> reply = session_.reply();
  session_.forget_question();
  if (reply) return *std::move(reply);
  return Error{Code::kUnreachable, "no replica answers" + last()};
}

}  // namespace titer::client
