// SPDX-License-Identifier: Apache-2.0

#include "api/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/limits.h"
#include "api/min_position.h"
#include "api/origin.h"
#include "api/routes.h"
#include "base/hex.h"
#include "http/problem.h"
#include "http/static_files.h"

namespace titer::api {

namespace {

constexpr std::int64_t kTimeoutCheckEveryUs = 500'000;
constexpr std::int64_t kDateEveryUs = 200'000;
constexpr std::int64_t kListenAgainUs = 1'000'000;
constexpr std::string_view kCrossSite =
    "this request comes from a page of another site, or of a name that is not known here ([http] hosts of "
    "titer.toml); such pages may only read. Programs send no Origin";
constexpr std::string_view kNoCondition =
    "If-Match and If-None-Match are for requests that change a site or a stock line; send this one without them";

bool changes_something(http::Method method) {
  return method != http::Method::kGet && method != http::Method::kHead && method != http::Method::kOptions;
}

// What a browser asks before it lets a page of another address do more than read.
http::Response options(const http::Router::Found& found, bool writes) {
  http::Response out;
  out.status = 204;
  out.headers.emplace_back("Allow", found.allowed);
  out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  out.headers.emplace_back("Access-Control-Allow-Methods", writes ? found.allowed : "GET, HEAD");
  out.headers.emplace_back("Access-Control-Allow-Headers",
                           "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
                           "Titer-Actor, Titer-Min-Position, Titer-Token");
  out.headers.emplace_back("Access-Control-Max-Age", "86400");
  return out;
}

http::Response no_route(const http::Router::Found& found, const http::Request& request) {
  if (found.allowed.empty())
    return http::problem(
        404, "not_found",
        fmt::format("there is nothing at {}; /api/v1/openapi.json lists what there is", request.path));
  http::Response out = http::problem(405, "method_not_allowed",
                                     fmt::format("this address takes {}, not what was sent", found.allowed));
  out.headers.emplace_back("Allow", found.allowed);
  return out;
}

// A person typed an address of the page's views, like /log, or a wrong one: they get the page, which reads the address
// (web/src/main.tsx). Programs get the problem.
std::optional<http::Response> typed_address(const Setup& setup, const http::Request& request) {
  if (request.header("accept").find("text/html") == std::string_view::npos || request.path.starts_with("/api/"))
    return std::nullopt;
  http::Request start = request;
  start.path = "/";
  auto page = http::static_file(setup.files, start, setup.peers->now()->sources);
  const bool view = request.path == "/log" || request.path == "/cluster";
  if (!page || view) return page;
  page->status = 404;
  page->etag.clear();
  return page;
}

}  // namespace

Worker::Worker(const Setup& setup, unsigned number, std::function<std::string()> http_json)
    : setup_(setup),
      router_(make_router()),
      traffic_(router_.routes().size()),
      backend_(loop_, setup.replica),
      reads_(loop_, *setup.state, number),
      feeds_(loop_, setup.replica, setup.cluster, setup.workers),
      context_{loop_, setup_, backend_, reads_, feeds_, times_, std::move(http_json)},
      door_(setup.shared->door(setup.rates, setup.connections)),
      admission_(reads_, door_, setup.remote_writes_need_key,
                 [this](const Route& route, const http::Exchange& exchange) { serve(route, exchange); }),
      bodies_(http::limits::kSmallBodyBytes, http::limits::kBodiesBytesMax / std::max(1U, setup.workers)) {
  setup_.shared->add(traffic_);
  times_.stream = hex64(setup_.cluster);
  look_at_clock();
}

Worker::~Worker() {
  for (const auto& [key, place] : connections_) place.connection->detach();
}

void Worker::run() {
  backend_.start();
  listen();
  loop_.wake_at(times_.now);
  loop_.run([this] { turn(); });
}

void Worker::stop() {
  loop_.post([this] { begin_stop(); });
}

// A replica that was killed and comes back may find its port still taken for a moment.
void Worker::listen() {
  if (listener_ || stopping() || times_.now < next_listen_) return;
  auto opened = net::Listener::open(
      loop_.context(), setup_.listen, [this](net::Stream stream) { accept(std::move(stream)); },
      setup_.workers > 1);
  if (opened) listener_ = std::move(opened).value();
  next_listen_ = BootTime(times_.now.value + kListenAgainUs);
}

void Worker::accept(net::Stream stream) {
  traffic_.accepted.fetch_add(1, std::memory_order_relaxed);
  look_at_clock();
  auto connection =
      std::make_shared<http::HttpConnection>(std::move(stream), static_cast<http::HttpConnectionHost&>(*this));
  Status place = door_.take_place(connection->address());
  if (!place && place.error().code == Code::kBusy) {
    give_way();
    place = door_.take_place(connection->address());
  }
  connections_.emplace(connection.get(), Place{connection, place.ok()});
  traffic_.connections.store(connections_.size(), std::memory_order_relaxed);
  if (place) {
    ++counted_;
    return connection->start();
  }
  traffic_.turned_away.fetch_add(1, std::memory_order_relaxed);
  // Saying why takes a moment, and a descriptor as long; in a flood there is no time for that.
  if (connections_.size() - counted_ > limits::kTurningAwayMax) return connection->close();
  connection->turn_away(place.error());
}

void Worker::give_way() {
  std::vector<net::Idle<http::HttpConnection*>> idle;
  for (const auto& [key, place] : connections_)
    if (const auto since = place.connection->idle_since(); since && place.counted)
      idle.emplace_back(*since, place.connection.get());
  net::longest_idle(idle);
  traffic_.gave_way.fetch_add(idle.size(), std::memory_order_relaxed);
  for (const auto& [since, connection] : idle) connection->close();
}

void Worker::on_closed(http::HttpConnection& connection) {
  const auto there = connections_.find(&connection);
  if (there == connections_.end()) return;
  if (there->second.counted) {
    door_.give_back(connection.address());
    --counted_;
  }
  connections_.erase(there);
  traffic_.connections.store(connections_.size(), std::memory_order_relaxed);
}

void Worker::handle(const http::Router::Found& found, const http::Exchange& exchange) {
  if (!admission_.admits_address(exchange, times_.now)) return;
  const http::Request& request = exchange.request();
  const bool writes = may_write(request, {setup_.peers->now()->all, setup_.hosts, setup_.listen.tls != nullptr});
  if (found.route == nullptr) {
    if (request.method == http::Method::kOptions && !found.allowed.empty())
      return exchange.respond(options(found, writes));
    if (auto file = http::static_file(setup_.files, request, setup_.peers->now()->sources))
      return exchange.respond(std::move(*file));
    if (auto page = typed_address(setup_, request)) return exchange.respond(std::move(*page));
    return exchange.respond(no_route(found, request));
  }
  if (changes_something(request.method) && !writes)
    return exchange.respond(http::problem(403, "cross_site", kCrossSite));
  if (const http::Request::Pair* unknown = http::unknown_parameter(request, *found.route))
    return exchange.respond(http::problem(
        400, "unknown_parameter",
        fmt::format("there is no query parameter '{}' here; this address knows: {}", unknown->first,
                    found.route->parameters.empty() ? std::string_view("none") : found.route->parameters)));
  const Route& route = our_route(*found.route);
  if (admission_.admits(route, exchange, times_.now)) serve(route, exchange);
}

void Worker::serve(const Route& route, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (!changes_something(request.method))
    return at_min_position(context_, exchange, [this, &route, exchange] { route.handler(context_, exchange); });
  if (!route.conditional && (!request.header("if-match").empty() || !request.header("if-none-match").empty()))
    return exchange.respond(http::problem(400, "bad_request", kNoCondition));
  route.handler(context_, exchange);
}

void Worker::wants_flush(http::HttpConnection& connection) {
  if (std::exchange(connection.dirty, true)) return;
  dirty_.push_back(connection.shared_from_this());
  if (flushes_) loop_.wake_at(times_.now);  // else the end of this turn is still to come
}

void Worker::look_at_clock() {
  times_.now = net::boot_now();
  if (times_.now < next_date_) return;
  next_date_ = BootTime(times_.now.value + kDateEveryUs);
  times_.date = http::http_date(net::wall_now());
}

void Worker::turn() {
  look_at_clock();
  times_.newest = std::max(backend_.newest(), reads_.newest());
  reads_.on_turn();  // first: an answer may lead to a write
  backend_.on_turn(times_.now);
  feeds_.on_turn(times_.now);
  std::swap(dirty_, flushing_);
  flushes_ = true;
  for (const auto& connection : flushing_) {
    connection->dirty = false;
    connection->flush();
  }
  flushing_.clear();
  if (times_.now >= next_timeout_check_) check_all_timeouts();
  flushes_ = false;
  // Writing made room for requests that had waited on their connections.
  if (backend_.unsent() || reads_.asked()) loop_.wake_at(times_.now);
  if (stop_at_ && (connections_.empty() || times_.now >= *stop_at_)) loop_.stop();
  loop_.wake_at(stop_at_ ? std::min(*stop_at_, next_timeout_check_) : next_timeout_check_);
}

void Worker::check_all_timeouts() {
  next_timeout_check_ = BootTime(times_.now.value + kTimeoutCheckEveryUs);
  listen();
  traffic_.listeners.store(feeds_.listeners(), std::memory_order_relaxed);
  std::vector<std::shared_ptr<http::HttpConnection>> all;
  all.reserve(connections_.size());
  for (const auto& [key, place] : connections_) all.push_back(place.connection);
  for (const auto& connection : all) connection->check_timeouts(times_.now);
}

void Worker::begin_stop() {
  if (stop_at_) return;
  look_at_clock();
  stop_at_ = BootTime(times_.now.value + limits::kDrainUs);
  if (listener_) listener_->close();
  feeds_.stop();
  std::vector<std::shared_ptr<http::HttpConnection>> all;
  for (const auto& [key, place] : connections_) all.push_back(place.connection);
  for (const auto& connection : all) connection->finish();
}

}  // namespace titer::api
