// SPDX-License-Identifier: Apache-2.0

// GET /metrics, for Prometheus: the replica's status, what HTTP has served, and how old the data is.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <span>

#include "api/handler_context.h"
#include "api/routes.h"
#include "api/source_freshness.h"
#include "http/metrics_text.h"
#include "http/traffic.h"

namespace titer::api {

namespace {

namespace json = boost::json;

// A number or truth value of the status, under its name for monitors.
struct FromStatus {
  std::string_view status, name, type, help;
  double scale = 1;
};
constexpr FromStatus kFromStatus[] = {
    {"view", "titer_view", "gauge", "Number of the installed view"},
    {"target", "titer_view_target", "gauge", "Number of the newest view it has heard of"},
    {"wedged", "titer_wedged", "gauge", "1: it changes views and executes nothing"},
    {"full", "titer_caught_up", "gauge", "1: it has the whole state; 0: it still learns"},
    {"learned_percent", "titer_learned_percent", "gauge", "How much of the state a joining replica has"},
    {"lease", "titer_read_lease", "gauge", "1: it holds the read lease"},
    {"clock", "titer_clock", "gauge", "Lamport clock"},
    {"position", "titer_position", "gauge", "Requests executed since the cluster began"},
    {"executed", "titer_executed_total", "counter", "Requests executed since the process started"},
    {"frames_sent", "titer_frames_sent_total", "counter", "Frames broadcast"},
    {"null_frames_sent", "titer_null_frames_sent_total", "counter", "Of those: without a request"},
    {"frames_executed", "titer_frames_executed_total", "counter", "Frames executed, of all replicas"},
    {"frames_held", "titer_frames_held", "gauge", "Frames that are not stable or not safe yet"},
    {"pending_requests", "titer_pending_requests", "gauge", "Requests that wait for a frame"},
    {"peer_messages_sent", "titer_peer_messages_sent_total", "counter", "Messages to other replicas"},
    {"clients", "titer_clients", "gauge", "Connections of clients on the wire's port"},
    {"direct_clients", "titer_direct_clients", "gauge", "Clients that broadcast their own requests"},
    {"sessions", "titer_sessions", "gauge", "Sessions whose results are remembered"},
    {"reads_answered", "titer_reads_answered_total", "counter", "Queries answered"},
    {"sites", "titer_sites", "gauge", "Sites, closed ones too"},
    {"active_sites", "titer_active_sites", "gauge", "Sites that are open"},
    {"stock_lines", "titer_stock_lines", "gauge", "Stock lines"},
    {"events", "titer_events", "gauge", "Events of the history that are kept"},
    {"keys", "titer_keys", "gauge", "1: there are keys, and writes need one"},
    {"writes_stopped", "titer_writes_stopped", "gauge", "1: an operator has stopped writes"},
    {"disputed", "titer_state_disputed", "gauge", "1: states differ, and nobody knows which is wrong"},
    {"clock_wrong", "titer_clock_wrong", "gauge", "1: its wall clock is not believed"},
    {"clock_ahead_ms", "titer_clock_ahead_seconds", "gauge",
     "This machine's clock, ahead of the median of the replicas'", .001},
    {"disk_full", "titer_disk_full", "gauge", "1: there is no room, reads only"},
    {"syncs", "titer_journal_syncs_total", "counter", "Times the journal was synced"},
    {"sync_us", "titer_journal_sync_seconds_total", "counter", "Time spent in syncs", 1e-6},
    {"sync_us_max", "titer_journal_sync_seconds_max", "gauge", "The longest sync", 1e-6},
    {"journal_records", "titer_journal_records_total", "counter", "Records written to the journal"},
    {"journal_written_bytes", "titer_journal_written_bytes_total", "counter", "Bytes written to the journal"},
    {"journal_held_bytes", "titer_journal_held_bytes", "gauge", "Bytes of the journal that the tables lack"},
    {"tables_position", "titer_tables_position", "gauge", "Position up to which the tables are written"},
    {"scrub_sites", "titer_scrub_sites_total", "counter", "Sites of which memory and disk were compared"},
    {"scrub_rows", "titer_scrub_rows_total", "counter", "Other rows of which memory and disk were compared"},
    {"scrub_rounds", "titer_scrub_rounds_total", "counter", "Times everything was compared"},
    {"scrub_mismatches", "titer_scrub_mismatches_total", "counter", "Rows of which memory and disk differed"},
    {"memory_bytes", "titer_memory_bytes", "gauge", "Memory in use"},
    {"certificate_expires_ms", "titer_certificate_expires_timestamp_seconds", "gauge", "Its TLS certificate's end",
     1e-3},
    {"uptime_ms", "titer_uptime_seconds", "gauge", "Since the process started", 1e-3},
};

double number(const json::value& value) {
  if (const bool* truth = value.if_bool()) return *truth ? 1 : 0;
  return value.is_number() ? value.to_number<double>() : 0;
}

// Always 1: what it says is in the labels.
void print_build(const json::object& build, http::MetricsText& out) {
  const auto text = [&build](std::string_view name) -> std::string_view {
    const json::value* value = build.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  };
  out.family("titer_build_info", "gauge", "The program: its version, and the commit that it was built from");
  out.sample(1, {{"version", text("version")}, {"commit", text("commit")}, {"date", text("date")}});
}

void print_register(const json::object& reg, http::MetricsText& out) {
  const auto truth = [&reg](std::string_view name) {
    const json::value* value = reg.if_contains(name);
    return value != nullptr ? number(*value) : 0;
  };
  out.one("titer_register_reachable", "gauge", "1: the view register answers", truth("reachable"));
  out.one("titer_register_writable", "gauge", "1: the view register answers and accepts writes", truth("writable"));
  out.one("titer_register_refused", "gauge",
          "1: the register is not believed: it has gone back in time, or its record cannot be read",
          reg.contains("refused") ? 1 : 0);
}

constexpr FromStatus kFromIdempotency[] = {
    {"records", "titer_idempotency_keys", "gauge", "Idempotency keys that are remembered"},
    {"bytes", "titer_idempotency_bytes", "gauge", "Memory that they take"},
    {"bytes_max", "titer_idempotency_bytes_max", "gauge", "Memory that they may take; then the oldest go"},
    {"retry_safe_s", "titer_idempotency_retry_safe_seconds", "gauge", "How long a retry with a key is safe now"},
};
constexpr FromStatus kFromConnections[] = {
    {"clients_max", "titer_clients_max", "gauge", "Clients that it takes on the wire's port"},
    {"newcomers", "titer_newcomers", "gauge", "Connections there that have not said hello"},
    {"gave_way", "titer_clients_gave_way_total", "counter", "Idle clients that were closed for others"},
    {"turned_away", "titer_clients_turned_away_total", "counter", "Clients for which there was no place"},
    {"watchers", "titer_watchers", "gauge", "Clients that follow the changes"},
    {"watchers_fallen_behind", "titer_watchers_fallen_behind_total", "counter",
     "Of those: cut off because they read too slowly"},
    {"descriptors_max", "titer_descriptors_max", "gauge", "Files and connections that the process may have"},
};
// Of a replica that joins.
constexpr FromStatus kFromJoin[] = {
    {"passes", "titer_join_passes", "gauge", "Passes over the state that it has received"},
    {"pass_bytes", "titer_join_pass_bytes", "gauge", "Size of the last pass"},
    {"pass_ms", "titer_join_pass_seconds", "gauge", "How long the last pass took", 1e-3},
    {"pause_ms", "titer_join_pause_seconds", "gauge", "How long writes would stop if it joined now", 1e-3},
    {"delayed", "titer_join_delayed", "gauge",
     "1: it cannot join, because changes come faster than it receives them"},
};

void print_numbers(const json::object& from, std::span<const FromStatus> names, http::MetricsText& out) {
  for (const FromStatus& one : names)
    if (const json::value* value = from.if_contains(one.status))
      out.one(one.name, one.type, one.help, number(*value) * one.scale);
}

void print_lags(const json::array& lags, http::MetricsText& out) {
  const auto print = [&](std::string_view name, std::string_view help, std::string_view field, double scale) {
    out.family(name, "gauge", help);
    for (const json::value& lag : lags)
      if (const json::object* one = lag.if_object(); one != nullptr && one->contains(field) && one->contains("id"))
        out.sample(number(one->at(field)) * scale, {{"replica", fmt::format("{}", number(one->at("id")))}});
  };
  if (lags.empty()) return;
  print("titer_peer_lag_seconds", "How long another replica keeps this one waiting, on average", "ms", 1e-3);
  print("titer_peer_limps", "1: the other replica answers, but so late that it slows every write", "limps", 1);
}

void print_status(std::string_view text, http::MetricsText& out) {
  json::error_code error;
  const json::value parsed = json::parse(text, error);
  const json::object* status = error ? nullptr : parsed.if_object();
  out.one("titer_up", "gauge", "1: the replica answers", status != nullptr ? 1 : 0);
  if (status == nullptr) return;
  print_numbers(*status, kFromStatus, out);
  if (const json::value* build = status->if_contains("build"); build != nullptr && build->is_object())
    print_build(build->get_object(), out);
  if (const json::value* reg = status->if_contains("register"); reg != nullptr && reg->is_object())
    print_register(reg->get_object(), out);
  if (const json::value* keys = status->if_contains("idempotency"); keys != nullptr && keys->is_object())
    print_numbers(keys->get_object(), kFromIdempotency, out);
  if (const json::value* all = status->if_contains("connections"); all != nullptr && all->is_object())
    print_numbers(all->get_object(), kFromConnections, out);
  if (const json::value* join = status->if_contains("join"); join != nullptr && join->is_object())
    print_numbers(join->get_object(), kFromJoin, out);
  if (const json::value* lags = status->if_contains("lags"); lags != nullptr && lags->is_array())
    print_lags(lags->get_array(), out);
  if (const json::value* members = status->if_contains("members"); members != nullptr && members->is_array())
    out.one("titer_replicas", "gauge", "Replicas in the installed view",
            static_cast<double>(members->get_array().size()));
  if (const json::value* losses = status->if_contains("data_losses"); losses != nullptr && losses->is_array())
    out.one("titer_data_losses", "gauge", "Losses of data that recoveries have accepted",
            static_cast<double>(losses->get_array().size()));
}

// --- HTTP

struct RouteSums {
  std::array<std::uint64_t, 6> by_class{};
  std::array<std::uint64_t, http::RouteTraffic::kBoundsUs.size() + 1> buckets{};
  double seconds = 0;
};

RouteSums sums_of(const std::vector<const http::Traffic*>& traffics, std::size_t route) {
  RouteSums sums;
  for (const http::Traffic* traffic : traffics) {
    const http::RouteTraffic& one = traffic->route(route);
    for (std::size_t i = 0; i < sums.by_class.size(); ++i)
      sums.by_class[i] += one.by_class[i].load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < sums.buckets.size(); ++i)
      sums.buckets[i] += one.buckets[i].load(std::memory_order_relaxed);
    sums.seconds += static_cast<double>(one.us_sum.load(std::memory_order_relaxed)) / 1e6;
  }
  return sums;
}

void print_histogram(std::string_view route, const RouteSums& sums, http::MetricsText& out) {
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < sums.buckets.size(); ++i) {
    up_to += sums.buckets[i];
    const bool last = i == http::RouteTraffic::kBoundsUs.size();
    const std::string bound =
        last ? "+Inf" : fmt::format("{}", static_cast<double>(http::RouteTraffic::kBoundsUs[i]) / 1e6);
    out.sample(static_cast<double>(up_to), {{"route", route}, {"le", bound}}, "_bucket");
  }
  out.sample(sums.seconds, {{"route", route}}, "_sum");
  out.sample(static_cast<double>(up_to), {{"route", route}}, "_count");
}

void print_routes(const std::vector<const http::Traffic*>& traffics, const http::Router& router,
                  http::MetricsText& out) {
  const std::size_t routes = router.routes().size();
  std::vector<std::pair<std::string_view, RouteSums>> all;
  for (std::size_t i = 0; i <= routes; ++i)
    all.emplace_back(i < routes ? router.routes()[i]->metric : std::string_view("none"), sums_of(traffics, i));
  out.family("titer_http_requests_total", "counter", "HTTP requests, by route and first digit of the status");
  for (const auto& [route, sums] : all)
    for (std::size_t digit = 0; digit < sums.by_class.size(); ++digit)
      if (sums.by_class[digit] > 0)
        out.sample(static_cast<double>(sums.by_class[digit]),
                   {{"route", route}, {"code", fmt::format("{}xx", digit)}});
  out.family("titer_http_request_seconds", "histogram", "From a request's whole header to its answer");
  for (const auto& [route, sums] : all)
    if (sums.buckets != RouteSums{}.buckets) print_histogram(route, sums, out);
}

void print_connections(const std::vector<const http::Traffic*>& traffics, http::MetricsText& out) {
  double accepted = 0, turned_away = 0, gave_way = 0, connections = 0, listeners = 0;
  for (const http::Traffic* traffic : traffics) {
    accepted += static_cast<double>(traffic->accepted.load(std::memory_order_relaxed));
    gave_way += static_cast<double>(traffic->gave_way.load(std::memory_order_relaxed));
    turned_away += static_cast<double>(traffic->turned_away.load(std::memory_order_relaxed));
    connections += static_cast<double>(traffic->connections.load(std::memory_order_relaxed));
    listeners += static_cast<double>(traffic->listeners.load(std::memory_order_relaxed));
  }
  out.one("titer_http_accepted_total", "counter", "HTTP connections taken", accepted);
  out.one("titer_http_turned_away_total", "counter", "HTTP connections for which there was no room", turned_away);
  out.one("titer_http_gave_way_total", "counter", "Idle HTTP connections that were closed for others", gave_way);
  out.one("titer_http_connections", "gauge", "HTTP connections now", connections);
  out.one("titer_http_listeners", "gauge", "Listeners to the change stream now", listeners);
}

void metrics(HandlerContext& context, const http::Exchange& exchange) {
  context.setup.shared->source_freshness->refresh(context);
  context.backend.status([&context, exchange](const Result<std::string_view>& status) {
    http::MetricsText out;
    print_status(status ? *status : std::string_view(), out);
    const std::vector<const http::Traffic*> traffics = context.setup.shared->traffics();
    print_connections(traffics, out);
    print_routes(traffics, make_router(), out);
    context.setup.shared->source_freshness->print(out);
    http::Response response;
    response.type = http::MetricsText::kType;
    response.body = out.take();
    exchange.respond(std::move(response));
  });
}

constexpr Route kMetricsRoutes[] = {
    {http::Method::kGet, "/metrics", metrics, registry::Act::kRead, "metrics", {}},
};

}  // namespace

Routes metrics_routes() { return kMetricsRoutes; }

}  // namespace titer::api
