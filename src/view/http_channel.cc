// SPDX-License-Identifier: Apache-2.0

#include "view/http_channel.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <utility>

namespace titer::view {

namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

std::chrono::microseconds microseconds(std::int64_t us) { return std::chrono::microseconds(us); }

}  // namespace

Result<HttpEndpoint> parse_http_endpoint(std::string_view text) {
  HttpEndpoint endpoint;
  std::string_view rest = text;
  endpoint.tls = rest.starts_with("https://");
  if (const std::size_t slashes = rest.find("://"); slashes != std::string_view::npos)
    rest.remove_prefix(slashes + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size() ||
      rest.substr(colon + 1).find_first_not_of("0123456789") != std::string_view::npos)
    return Error{Code::kInvalid, "'" + std::string(text) + "' is not http://HOST:PORT or https://HOST:PORT"};
  endpoint.host = rest.substr(0, colon);
  if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']'))
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  endpoint.port = rest.substr(colon + 1);
  return endpoint;
}

Error HttpChannel::error(const boost::system::error_code& code) const {
  return {Code::kUnreachable, endpoint_.text() + ": " + code.message()};
}

void HttpChannel::close() { stream_.plain().close(); }

// Names are looked up, which takes a thread of Asio's own; addresses are not.
HttpChannel::HttpChannel(boost::asio::io_context& context, HttpEndpoint endpoint,
                         std::shared_ptr<const net::Tls> tls)
    : endpoint_(std::move(endpoint)), tls_(std::move(tls)), stream_(context) {}

// The other side must show a certificate for the host that was asked for.
HttpChannel::Task<Status> HttpChannel::secure(std::int64_t patience_us) {
  if (!endpoint_.tls) co_return ok_status();
  if (!tls_) co_return Error{Code::kInvalid, endpoint_.text() + ": there is no authority to believe it by"};
  const Status ready = stream_.begin_tls(*tls_, endpoint_.host);
  if (!ready) co_return ready.error();
  stream_.plain().expires_after(microseconds(patience_us));
  const auto [failed] = co_await stream_.async_handshake(kTuple);
  if (failed) co_return error(failed);
  co_return ok_status();
}

HttpChannel::Task<Status> HttpChannel::connect(std::int64_t patience_us) {
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(endpoint_.host, failed);
  stream_.plain().expires_after(microseconds(patience_us));
  if (!failed) {
    const tcp::endpoint one(address, static_cast<std::uint16_t>(std::stoul(endpoint_.port)));
    const auto [connected] = co_await stream_.plain().async_connect(one, kTuple);
    if (connected) co_return error(connected);
  } else {
    tcp::resolver resolver(stream_.get_executor());
    const auto [unknown, found] = co_await resolver.async_resolve(endpoint_.host, endpoint_.port, kTuple);
    if (unknown) co_return error(unknown);
    const auto [connected, where] = co_await stream_.plain().async_connect(found, kTuple);
    if (connected) co_return error(connected);
  }
  stream_.plain().socket().set_option(tcp::no_delay(true), failed);
  co_return co_await secure(patience_us);
}

HttpChannel::Task<Status> HttpChannel::send(const Ask& ask, std::int64_t patience_us) {
  http::request<http::string_body> request(http::verb::post, ask.target, 11);
  request.set(http::field::host, endpoint_.host);
  request.set(http::field::content_type, "application/json");
  if (!ask.authorization.empty()) request.set(http::field::authorization, ask.authorization);
  request.body() = ask.body;
  request.prepare_payload();
  stream_.plain().expires_after(microseconds(patience_us));
  const auto [failed, written] = co_await http::async_write(stream_, request, kTuple);
  if (failed) co_return error(failed);
  co_return ok_status();
}

HttpChannel::Task<Result<HttpChannel::Reply>> HttpChannel::post(Ask ask, std::int64_t patience_us) {
  if (const Status sent = co_await send(ask, patience_us); !sent) co_return sent.error();
  Parser parser;
  parser.body_limit(kBodyBytesMax);
  const auto [failed, read] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (failed) co_return error(failed);
  const bool kept = parser.keep_alive();
  Reply reply{parser.get().result_int(), std::move(parser.get().body())};
  if (!kept) close();
  co_return reply;
}

HttpChannel::Task<Result<unsigned>> HttpChannel::open(Ask ask, std::int64_t patience_us) {
  if (const Status sent = co_await send(ask, patience_us); !sent) co_return sent.error();
  lines_ = std::make_unique<Parser>();
  lines_->body_limit(boost::none);  // it has no end; line() bounds how much of it is kept
  const auto [failed, read] = co_await http::async_read_header(stream_, buffer_, *lines_, kTuple);
  if (failed) co_return error(failed);
  stream_.plain().expires_never();
  co_return lines_->get().result_int();
}

HttpChannel::Task<Result<std::string>> HttpChannel::line() {
  std::string& body = lines_->get().body();
  for (;;) {
    const std::size_t end = body.find('\n');
    if (end != std::string::npos) {
      std::string one = body.substr(0, end);
      body.erase(0, end + 1);
      if (!one.empty()) co_return one;
      continue;
    }
    if (lines_->is_done()) co_return Error{Code::kUnreachable, endpoint_.text() + ": the answer has ended"};
    if (body.size() > kLineBytesMax)
      co_return Error{Code::kUnreachable, endpoint_.text() + ": a line of the answer is too long"};
    const auto [failed, read] = co_await http::async_read_some(stream_, buffer_, *lines_, kTuple);
    if (failed) co_return error(failed);
  }
}

}  // namespace titer::view
