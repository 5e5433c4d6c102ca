// SPDX-License-Identifier: Apache-2.0

#include "view/http_channel.h"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "net/sockets.h"
#include "view/response_parser.h"

namespace titer::view {

namespace {

using boost::system::error_code;

// A parser leaves the line that is not whole yet, of a header or of a chunk.
constexpr std::size_t kUnreadBytesMax = std::size_t{64} << 10U;

std::string request_text(const HttpEndpoint& endpoint, const HttpChannel::Ask& ask) {
  std::string text =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                  ask.target, endpoint.authority(), ask.body.size());
  if (!ask.authorization.empty()) text += "Authorization: " + ask.authorization + "\r\n";
  return text + "\r\n" + ask.body;
}

}  // namespace

HttpChannel::HttpChannel(boost::asio::io_context& context, HttpEndpoint endpoint,
                         std::shared_ptr<const net::Tls> tls)
    : context_(context), endpoint_(std::move(endpoint)), tls_(std::move(tls)), deadline_(context) {}

HttpChannel::~HttpChannel() = default;

void HttpChannel::begin(const Ask& ask, Line line, Then then) {
  TITER_CHECK(open_ && !then_, "one exchange at a time");
  ++exchanges_;
  out_ = request_text(endpoint_, ask);
  sent_ = 0;
  parser_ = std::make_unique<ResponseParser>();
  line_ = std::move(line);
  then_ = std::move(then);
  stream_ ? exchange() : dial();
}

void HttpChannel::dial() {
  if (endpoint_.tls && !tls_)
    return boost::asio::post(context_, [self = shared_from_this()] {
      self->end({Code::kInvalid, self->endpoint_.text() + ": there is no authority to believe it by"});
    });
  const net::Address address{endpoint_.host, endpoint_.port, endpoint_.tls ? tls_ : nullptr};
  net::dial(context_, address, kConnectUs, [self = shared_from_this()](Result<net::Stream> stream) {
    if (!self->open_) return;
    if (!stream) return self->end(stream.error());
    self->stream_.emplace(std::move(stream).value());
    self->exchange();
    self->read();
  });
}

void HttpChannel::exchange() {
  deadline_.expires_after(std::chrono::microseconds(kAnswerUs));
  deadline_.async_wait([self = shared_from_this(), exchange = exchanges_](const error_code& cancelled) {
    if (!cancelled && self->then_ && exchange == self->exchanges_) self->fail("no answer within its time");
  });
  send();
}

// What breaks here is told by the read that waits: there may be a response in front of the end.
void HttpChannel::send() {
  error_code error;
  while (open_ && !error && sent_ < out_.size())
    sent_ += stream_->send(boost::asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
  if (error != boost::asio::error::would_block) return;
  stream_->async_wait_write([self = shared_from_this()](const error_code& failed) {
    if (!failed && self->open_) self->send();
  });
}

void HttpChannel::read() {
  stream_->async_read_some(boost::asio::buffer(room_),
                           [self = shared_from_this()](const error_code& error, std::size_t n) {
                             if (self->open_) self->received(error, n);
                           });
}

void HttpChannel::received(const error_code& error, std::size_t n) {
  if (!then_) return close();  // nobody asked
  if (error == boost::asio::error::eof) {
    const Status whole = parser_->put_end();
    if (!whole) return fail(whole.error().message);
    open_ = false;
    return finish();
  }
  if (error) return fail(stream_->explain(error));
  unread_.append(room_.data(), n);
  parse();
  if (open_) read();
}

void HttpChannel::parse() {
  const auto taken = parser_->put(unread_);
  if (!taken) return fail(taken.error().message);
  unread_.erase(0, *taken);
  if (unread_.size() > kUnreadBytesMax) return fail("a line of its response has no end");
  if (line_ && parser_->header_done()) follow_on();
  if (!open_ || !parser_->done()) return;
  // Nor can it go on where only a part of the request went out.
  if (!unread_.empty() || !parser_->may_keep_alive() || sent_ < out_.size()) open_ = false;
  finish();
}

void HttpChannel::follow_on() {
  if (parser_->status() != kHttpOk) {
    line_ = nullptr;
    return;
  }
  deadline_.cancel();
  give_lines();
}

void HttpChannel::give_lines() {
  const Line line = line_;
  std::string& body = parser_->body();
  std::size_t begin = 0;
  for (std::size_t end = 0; open_ && (end = body.find('\n', begin)) != std::string::npos; begin = end + 1)
    if (end > begin) line(std::string_view(body).substr(begin, end - begin));
  body.erase(0, begin);
}

// The response is complete. Where the connection ends with it, open_ is false already.
void HttpChannel::finish() {
  TITER_CHECK(then_ && parser_->done(), "a response is complete, and has its request");
  Reply reply{parser_->status(), std::move(parser_->body())};
  const Then then = std::exchange(then_, nullptr);
  line_ = nullptr;
  deadline_.cancel();
  if (!open_) shut();
  then(std::move(reply));
}

void HttpChannel::fail(const std::string& why) { end({Code::kUnreachable, endpoint_.text() + ": " + why}); }

void HttpChannel::end(Error why) {
  if (!open_) return;
  const Then then = then_;
  close();
  then(std::move(why));
}

void HttpChannel::close() {
  open_ = false;
  then_ = nullptr;
  line_ = nullptr;
  shut();
}

void HttpChannel::shut() {
  deadline_.cancel();
  if (stream_) stream_->close();
}

}  // namespace titer::view
