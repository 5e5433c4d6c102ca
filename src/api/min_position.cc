// SPDX-License-Identifier: Apache-2.0

#include "api/min_position.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "api/answers.h"
#include "api/limits.h"
#include "base/hex.h"
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
  waiting->context.reads.ask(registry::Info{}, [waiting](const Result<Rows>& info) { on_position(waiting, info); });
}

}  // namespace

Result<Position> min_position(const http::Request& request, std::uint64_t stream) {
  const std::string_view header = request.header("titer-min-position");
  if (header.empty()) return Position();
  const std::size_t dash = header.find('-');
  const auto number = parse_number<std::uint64_t>(header.substr(0, dash));
  const auto of = dash == std::string_view::npos ? stream : parse_hex64(header.substr(dash + 1));
  if (!number || *number > titer::limits::kCounterMax || !of)
    return Error{
        Code::kInvalid,
        "Titer-Min-Position is a position, a whole number, or POSITION-STREAM with the Titer-Stream of the answer "
        "that had it"};
  if (*of != stream)
    return Error{Code::kTooOld,
                 "this position is of another cluster, or of this one before it was restored from a backup or "
                 "resumed with a "
                 "loss of writes: what was read then may not be there any more. Read without Titer-Min-Position"};
  return Position(*number);
}

void at_min_position(HandlerContext& context, const http::Exchange& exchange, std::function<void()> then) {
  const auto position = min_position(exchange.request(), context.setup.cluster);
  if (!position) return exchange.respond(bad_request(position.error()));
  if (*position == Position()) return then();
  look(std::make_shared<Waiting>(Waiting{context, exchange, std::move(then), *position,
                                         BootTime(context.times.now.value + limits::kMinPositionUs),
                                         boost::asio::steady_timer(context.loop.context())}));
}

}  // namespace titer::api
