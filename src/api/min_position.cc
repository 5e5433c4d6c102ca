// SPDX-License-Identifier: Apache-2.0

#include "api/min_position.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "api/answers.h"
#include "api/limits.h"
#include "base/limits.h"
#include "base/number.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::int64_t kLookAgainUs = 10'000;

struct Waiting {
  HandlerContext& context;
  http::Exchange exchange;
  std::function<void()> then;
  Position at_least;
  BootTime until;
  boost::asio::steady_timer timer;
};

void look(const std::shared_ptr<Waiting>& waiting);

void on_position(const std::shared_ptr<Waiting>& waiting, const Result<Rows>& info) {
  if (waiting->exchange.gone()) return;
  if (!info) return waiting->exchange.respond(http::problem(info.error()));
  if (info->position >= waiting->at_least) return waiting->then();
  if (waiting->context.times.now >= waiting->until)
    return waiting->exchange.respond(http::problem(
        Error{Code::kUnavailable,
              fmt::format("this replica has reached position {}, not yet {}; ask again, or another replica",
                          info->position.value, waiting->at_least.value)}));
  waiting->timer.expires_after(std::chrono::microseconds(kLookAgainUs));
  waiting->timer.async_wait([waiting](const boost::system::error_code& cancelled) {
    if (!cancelled && !waiting->exchange.gone()) look(waiting);
  });
}

void look(const std::shared_ptr<Waiting>& waiting) {
  waiting->context.backend.ask(registry::Info{},
                               [waiting](const Result<Rows>& info) { on_position(waiting, info); });
}

}  // namespace

Result<Position> min_position(const http::Request& request) {
  const std::string_view header = request.header("titer-min-position");
  if (header.empty()) return Position();
  const auto number = parse_number<std::uint64_t>(header);
  if (!number || *number > titer::limits::kCounterMax)
    return Error{Code::kInvalid, "Titer-Min-Position is a position: a whole number"};
  return Position(*number);
}

void at_min_position(HandlerContext& context, const http::Exchange& exchange, std::function<void()> then) {
  const auto position = min_position(exchange.request());
  if (!position) return exchange.respond(bad_request(position.error()));
  if (*position == Position()) return then();
  look(std::make_shared<Waiting>(Waiting{context, exchange, std::move(then), *position,
                                         BootTime(context.times.now.value + limits::kMinPositionUs),
                                         boost::asio::steady_timer(context.loop.context())}));
}

}  // namespace titer::api
