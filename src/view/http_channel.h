// SPDX-License-Identifier: Apache-2.0

// HTTP channel: one connection to an HTTP server, kept alive, for one exchange after another; or for one answer that goes
// on, line by line.
//
// Coroutines, because what is done with it is a sequence: connect, ask, read, ask again. Every wait is bounded. After any
// error the channel is of no use any more: make another. close() ends whatever is waited for, with an error.
// Thread rule: the loop's thread. Limits: kBodyBytesMax per answer, kLineBytesMax per line.
// Errors: kUnreachable, with the reason; a status that is not 200 is no error here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls.h"
#include "view/http_stream.h"

namespace titer::view {

// "host:port", or with a scheme before it.
struct HttpEndpoint {
  std::string host;
  std::string port;
  bool tls = false;
  [[nodiscard]] std::string text() const { return (tls ? "https://" : "http://") + host + ":" + port; }
};
[[nodiscard]] Result<HttpEndpoint> parse_http_endpoint(std::string_view text);

class HttpChannel {
 public:
  template <typename T>
  using Task = boost::asio::awaitable<T>;

  struct Ask {
    std::string target;
    std::string body;           // JSON
    std::string authorization;  // empty: none
  };
  struct Reply {
    unsigned status = 0;
    std::string body;
  };

  // `tls`: for an endpoint that is https://; null: it cannot be reached.
  HttpChannel(boost::asio::io_context& context, HttpEndpoint endpoint,
              std::shared_ptr<const net::Tls> tls = nullptr);
  HttpChannel(const HttpChannel&) = delete;
  HttpChannel& operator=(const HttpChannel&) = delete;

  [[nodiscard]] Task<Status> connect(std::int64_t patience_us);
  [[nodiscard]] Task<Result<Reply>> post(Ask ask, std::int64_t patience_us);
  // The head of an answer that goes on; its status.
  [[nodiscard]] Task<Result<unsigned>> open(Ask ask, std::int64_t patience_us);
  // The next line of it, for however long it takes. An empty one never comes.
  [[nodiscard]] Task<Result<std::string>> line();
  void close();

 private:
  static constexpr std::size_t kBodyBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kLineBytesMax = kBodyBytesMax;
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  [[nodiscard]] Task<Status> secure(std::int64_t patience_us);
  [[nodiscard]] Task<Status> send(const Ask& ask, std::int64_t patience_us);
  [[nodiscard]] Error error(const boost::system::error_code& code) const;

  HttpEndpoint endpoint_;
  std::shared_ptr<const net::Tls> tls_;
  HttpStream stream_;
  boost::beast::flat_buffer buffer_;
  std::unique_ptr<Parser> lines_;  // of the answer that goes on
};

}  // namespace titer::view
