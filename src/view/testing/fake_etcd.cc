// SPDX-License-Identifier: Apache-2.0

#include "view/testing/fake_etcd.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>
#include <utility>

namespace titer::view {

namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
namespace base64 = boost::beast::detail::base64;
constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

std::string encoded(const std::string& text) {
  std::string out(base64::encoded_size(text.size()), '\0');
  out.resize(base64::encode(out.data(), text.data(), text.size()));
  return out;
}

std::string decoded(const json::string& text) {
  std::string out(base64::decoded_size(text.size()), '\0');
  out.resize(base64::decode(out.data(), text.data(), text.size()).first);
  return out;
}

}  // namespace

struct FakeEtcd::Talk {
  explicit Talk(boost::asio::ip::tcp::socket socket)
      : stream(std::move(socket)), news(stream.get_executor(), boost::asio::steady_timer::time_point::max()) {}
  boost::beast::tcp_stream stream;
  boost::beast::flat_buffer buffer;
  boost::asio::steady_timer news;  // cancelled when the key has changed
};

FakeEtcd::FakeEtcd(net::Loop& loop) : acceptor_(loop.context(), {boost::asio::ip::address_v4::loopback(), 0}) {
  boost::asio::co_spawn(loop.context(), accept(), boost::asio::detached);
}

FakeEtcd::~FakeEtcd() {
  acceptor_.close();
  for (const auto& talk : talks_) talk->stream.close();
}

HttpEndpoint FakeEtcd::endpoint() const {
  return {"127.0.0.1", std::to_string(acceptor_.local_endpoint().port()), false};
}

void FakeEtcd::changed() {
  changed_at = ++revision;
  for (const auto& talk : talks_) talk->news.cancel();
}

void FakeEtcd::put(std::string next) {
  text = std::move(next);
  changed();
}

void FakeEtcd::remove() {
  text.reset();
  changed();
}

std::string FakeEtcd::header() const {
  return fmt::format(R"("header":{{"cluster_id":"{}","revision":"{}"}})", etcd, revision);
}

std::string FakeEtcd::pair() const {
  return fmt::format(R"({{"mod_revision":"{}","value":"{}"}})", changed_at, encoded(*text));
}

boost::asio::awaitable<void> FakeEtcd::accept() {
  for (;;) {
    auto [failed, socket] = co_await acceptor_.async_accept(kTuple);
    if (failed) co_return;
    if (refuses) continue;
    auto fresh = std::make_shared<Talk>(std::move(socket));
    talks_.insert(fresh);
    boost::asio::co_spawn(acceptor_.get_executor(), talk(fresh), boost::asio::detached);
  }
}

boost::asio::awaitable<void> FakeEtcd::talk(std::shared_ptr<Talk> talk) {
  for (;;) {
    http::request<http::string_body> request;
    const auto [failed, read] = co_await http::async_read(talk->stream, talk->buffer, request, kTuple);
    if (failed || refuses) break;
    if (request.target() == "/v3/watch") {
      const json::value asked = json::parse(request.body());
      co_await serve_watch(talk,
                           std::stoll(std::string(asked.at("create_request").at("start_revision").as_string())));
      break;
    }
    const Answer given =
        answer(std::string(request.target()), request.body(), std::string(request[http::field::authorization]));
    if (given.lost) break;
    http::response<http::string_body> response(http::int_to_status(given.status), 11);
    response.body() = given.body;
    response.prepare_payload();
    const auto [broken, written] = co_await http::async_write(talk->stream, response, kTuple);
    if (broken) break;
  }
  talk->stream.close();
  talks_.erase(talk);
}

// A stream without an end: the changes since `from`, which here is at most the newest.
boost::asio::awaitable<void> FakeEtcd::serve_watch(std::shared_ptr<Talk> talk, std::int64_t from) {
  ++watches;
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
  out += fmt::format(R"({{"result":{{{},"created":true}}}})", header()) + "\n";
  if (from < compacted)
    out +=
        fmt::format(R"({{"result":{{{},"canceled":true,"compact_revision":"{}"}}}})", header(), compacted) + "\n";
  for (;;) {
    if (changed_at >= from && from >= compacted) {
      from = changed_at + 1;
      out += text ? fmt::format(R"({{"result":{{{},"events":[{{"kv":{}}}]}}}})", header(), pair())
                  : fmt::format(R"({{"result":{{{},"events":[{{"type":"DELETE","kv":{{}}}}]}}}})", header());
      out += "\n";
    }
    const auto [failed, written] =
        co_await boost::asio::async_write(talk->stream, boost::asio::buffer(out), kTuple);
    if (failed || !talk->stream.socket().is_open()) co_return;
    out.clear();
    talk->news.expires_at(boost::asio::steady_timer::time_point::max());
    co_await talk->news.async_wait(kTuple);
  }
}

FakeEtcd::Answer FakeEtcd::answer(const std::string& target, const std::string& body, const std::string& token) {
  if (target == "/v3/auth/authenticate") {
    if (json::parse(body).at("password").as_string() != password)
      return {400, R"({"error":"etcdserver: authentication failed","code":3})"};
    return {200, fmt::format(R"({{{},"token":"t{}"}})", header(), ++tokens_)};
  }
  if (!password.empty() && (token != fmt::format("t{}", tokens_) || expires_tokens > 0)) {
    if (expires_tokens > 0) --expires_tokens;
    return {401, R"({"error":"etcdserver: invalid auth token","code":16})"};
  }
  if (target == "/v3/kv/txn") return transaction(body);
  ++ranges;
  if (!text) return {200, fmt::format("{{{}}}", header())};
  return {200, fmt::format(R"({{{},"kvs":[{}],"count":"1"}})", header(), pair())};
}

FakeEtcd::Answer FakeEtcd::transaction(const std::string& body) {
  ++transactions;
  const json::value asked = json::parse(body);
  const std::int64_t expected = std::stoll(std::string(asked.at("compare").at(0).at("mod_revision").as_string()));
  const bool succeeds = expected == (text ? changed_at : 0);
  if (succeeds) put(decoded(asked.at("success").at(0).at("request_put").at("value").as_string()));
  const bool lost = loses_answers > 0;
  if (lost) --loses_answers;
  return {200, fmt::format(R"({{{}{}}})", header(), succeeds ? R"(,"succeeded":true)" : ""), lost};
}

}  // namespace titer::view
