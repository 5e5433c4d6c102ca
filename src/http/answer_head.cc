// SPDX-License-Identifier: Apache-2.0

#include "http/answer_head.h"

#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "base/time.h"
#include "http/problem.h"

namespace titer::http {

namespace {

void field(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// A year. Browsers keep it by name, for every port of it, and ignore it for addresses: so not for localhost, where other
// programs serve without TLS.
constexpr std::string_view kHttpsOnly = "max-age=31536000";

bool is_localhost(std::string_view host) { return same_ignoring_case(host.substr(0, host.find(':')), "localhost"); }

bool may_have_body(const Response& response) { return response.status != 204 && response.status != 304; }

}  // namespace

std::string http_date(WallTime time) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CalendarTime t = calendar_time(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[t.weekday], t.day, kMonths[t.month - 1],
                     t.year, t.hour, t.minute, t.second);
}

void print_head(const Request& request, const Response& response, const HeadFacts& facts, const Times& times,
                std::string& out) {
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response.status, title_of(response.status));
  field("Date", times.date, out);
  if (may_have_body(response)) {
    if (!response.type.empty()) field("Content-Type", response.type, out);
    if (facts.framing == Framing::kLength) fmt::format_to(to, "Content-Length: {}\r\n", facts.length);
    if (facts.framing == Framing::kChunked) field("Transfer-Encoding", "chunked", out);
    field("X-Content-Type-Options", "nosniff", out);
  }
  if (facts.secure && !is_localhost(request.header("host"))) field("Strict-Transport-Security", kHttpsOnly, out);
  if (!response.encoding.empty()) field("Content-Encoding", response.encoding, out);
  if (response.vary) field("Vary", "Accept-Encoding", out);
  if (!response.etag.empty()) field("ETag", response.etag, out);
  if (!response.cache.empty()) field("Cache-Control", response.cache, out);
  const Position position = response.position == Position() ? times.newest : response.position;
  if (position != Position()) fmt::format_to(to, "Titer-Position: {}\r\n", position.value);
  if (position != Position() && !times.stream.empty()) field("Titer-Stream", times.stream, out);
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  // Which pages may write was decided before (origin.h); these may read what came of it.
  const std::string_view reader = reads ? std::string_view("*") : request.header("origin");
  if (!reader.empty() && request.method != Method::kOptions) {
    field("Access-Control-Allow-Origin", reader, out);
    field("Access-Control-Expose-Headers", "ETag, Retry-After, Titer-Position, Titer-Stream", out);
  }
  for (const auto& [name, value] : response.headers) field(name, value, out);
  if (!facts.keep_alive)
    field("Connection", "close", out);
  else if (!facts.http_1_1)
    field("Connection", "keep-alive", out);
  out.append("\r\n");
}

}  // namespace titer::http
