// SPDX-License-Identifier: Apache-2.0

// HTTP channel: one connection to an HTTP server, kept alive, for one exchange after another; or for one response that goes
// on, line by line.
//
// It dials at the first exchange. Bytes go over a net::Stream and through a ResponseParser; one read waits always, so
// unexpected data, or the end of the connection, is found before the next exchange and ends the channel. After an end it
// is of no use any more (open()): make another.
//
// Every exchange ends with one call to its handler, never from within the call that began it. After close() no handler is
// called any more, so the caller may be destroyed immediately. Handlers may close the channel or begin the next exchange.
// Why not coroutines: Asio's cost the compiler more than these few steps are worth (decision 16).
//
// Deadlines: kConnectUs, then kAnswerUs from the request to the end of the response, or to the end of the header of one
// that goes on. Limits: ResponseParser's; a line has at most kBodyBytesMax.
// Errors: kUnreachable, or kInvalid for an endpoint that cannot be dialled; they name the endpoint and the reason. A
// status that is not 200 is no error here. Thread rule: the loop's thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/stream.h"
#include "net/tls.h"
#include "view/http_endpoint.h"

namespace titer::view {

class ResponseParser;

inline constexpr unsigned kHttpOk = 200;

class HttpChannel : public std::enable_shared_from_this<HttpChannel> {
 public:
  struct Ask {
    std::string target;
    std::string body;           // JSON
    std::string authorization;  // empty: none
  };
  struct Reply {
    unsigned status = 0;
    std::string body;
  };
  using Then = std::function<void(Result<Reply>)>;
  using Line = std::function<void(std::string_view)>;

  // `tls`: for an endpoint that is https://; null: it cannot be reached.
  HttpChannel(boost::asio::io_context& context, HttpEndpoint endpoint, std::shared_ptr<const net::Tls> tls);
  ~HttpChannel();
  HttpChannel(const HttpChannel&) = delete;
  HttpChannel& operator=(const HttpChannel&) = delete;

  void post(const Ask& ask, Then then) { begin(ask, nullptr, std::move(then)); }
  // A response of status 200 is given line by line, without the empty ones, for however long it goes on; `then` gets what
  // is left at its end. Any other response is a reply like post()'s.
  void follow(const Ask& ask, Line line, Then then) { begin(ask, std::move(line), std::move(then)); }
  void close();
  // Another exchange may begin.
  [[nodiscard]] bool open() const { return open_; }

 private:
  static constexpr std::int64_t kConnectUs = 1'000'000;
  static constexpr std::int64_t kAnswerUs = 3'000'000;  // an election of etcd's takes one or two
  static constexpr std::size_t kReadBytes = std::size_t{16} << 10U;

  void begin(const Ask& ask, Line line, Then then);
  void dial();
  void exchange();
  void send();
  void read();
  void received(const boost::system::error_code& error, std::size_t n);
  void parse();
  void follow_on();
  void give_lines();
  void finish();
  void fail(const std::string& why);
  void end(Error why);
  void shut();

  boost::asio::io_context& context_;
  HttpEndpoint endpoint_;
  std::shared_ptr<const net::Tls> tls_;
  std::optional<net::Stream> stream_;  // nullopt: not dialled yet
  boost::asio::steady_timer deadline_;
  std::uint64_t exchanges_ = 0;  // that have begun
  std::string out_;              // [sent_, size) waits to be written
  std::size_t sent_ = 0;
  std::array<char, kReadBytes> room_{};
  std::string unread_;  // received, not taken by the parser yet
  std::unique_ptr<ResponseParser> parser_;
  Then then_;  // null: nothing is asked for
  Line line_;
  bool open_ = true;
};

}  // namespace titer::view
