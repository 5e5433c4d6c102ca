// SPDX-License-Identifier: Apache-2.0

// Reading: bytes into requests, requests to the host. Writing is in http_connection_write.cc.
#include "http/http_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cstring>
#include <utility>

#include "http/forwarded.h"
#include "http/limits.h"

namespace titer::http {

namespace {

using boost::system::error_code;

}  // namespace

HttpConnection::HttpConnection(net::Stream stream, HttpConnectionHost& host)
    : stream_(std::move(stream)),
      host_(&host),
      peer_(stream_.peer_ip()),
      proxied_(net::contains(host.trusted_proxies(), peer_)) {}

void HttpConnection::start() {
  deadline_in(limits::kHeadUs);
  idle_since_ = host_->times().now;
  read();
}

void HttpConnection::deadline_in(std::int64_t us) { deadline_ = BootTime(host_->times().now.value + us); }

void HttpConnection::read() {
  if (!open_ || reading_ || eof_) return;
  if (stage_ == Stage::kLinger) in_begin_ = in_end_ = 0;
  if (in_end_ - in_begin_ >= limits::kPipelineBytes) return;
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  // A buffer that was filled is doubled, so that big bodies take few calls and waiting listeners little memory.
  if (in_.size() - in_end_ < limits::kReadBytes) in_.resize(in_end_ + std::max(limits::kReadBytes, in_end_));
  reading_ = true;
  stream_.async_read_some(boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
                          [self = shared_from_this()](const error_code& error, std::size_t n) {
                            self->reading_ = false;
                            if (self->open_ && self->host_ != nullptr) self->received(error, n);
                          });
}

void HttpConnection::received(const error_code& error, std::size_t n) {
  in_end_ += n;
  if (error && stream_.plain_peer()) return speaks_plain();
  if (error && error != boost::asio::error::eof) return close();
  eof_ = static_cast<bool>(error);
  // While the last answer waits to be written, flush() closes.
  if (eof_ && (stage_ == Stage::kStreaming || (stage_ == Stage::kLinger && waiting() == 0))) return close();
  if (stage_ == Stage::kWork && streams_body_) feed_piece();
  process();
}

void HttpConnection::process() {
  if (processing_) return;
  processing_ = true;
  bool progress = true;
  while (progress && open_ && !unread().empty() && stage_ <= Stage::kBody && waiting() < limits::kAnswerBytesMax) {
    if (stage_ == Stage::kIdle) {
      in_begin_ += empty_lines(unread(), empty_lines_left_);
      if (unread().empty() || (unread() == "\r" && empty_lines_left_ > 0)) break;
      empty_lines_left_ = limits::kEmptyLinesMax;
      stage_ = Stage::kHead;
      parser_.emplace(memory_, request_);
      deadline_in(limits::kHeadUs);
    }
    const std::size_t before = in_begin_;
    const Stage was = stage_;
    if (stage_ == Stage::kHead)
      parse_head();
    else
      parse_body();
    progress = in_begin_ != before || stage_ != was;
  }
  processing_ = false;
  if (!open_) return;
  if (eof_ && stage_ <= Stage::kBody) {
    if (stage_ != Stage::kIdle || waiting() == 0) return close();
    last_answer_ = true;
    return mark();
  }
  read();
}

void HttpConnection::parse_head() {
  in_begin_ += parser_->put(unread());
  if (parser_->refused()) return refuse(*parser_->refused());
  if (!parser_->header_done()) return;
  identify_client();
  request_.body = {};
  request_.principal = 0;
  found_ = host_->route(request_);
  begun_ = host_->times().now;
  streams_body_ = found_.route != nullptr && found_.route->body == Body::kStream;
  if (streams_body_) {
    parser_->limit_body(std::nullopt);
    return begin_work();
  }
  parser_->limit_body(limits::kBodyBytesMax);
  if (parser_->refused()) return refuse(*parser_->refused());
  if (parser_->done()) return begin_work();
  stage_ = Stage::kBody;
  deadline_in(limits::kBodyUs);
  if (!parser_->wants_continue() || !unread().empty()) return;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  mark();
}

// What a proxy passes on is from anywhere, also when the proxy is on this machine.
void HttpConnection::identify_client() {
  request_.loopback = !proxied_ && stream_.from_this_machine();
  const net::Ip client = proxied_ ? client_behind(request_, peer_, host_->trusted_proxies()) : peer_;
  request_.address = net::number_of(client);
}

void HttpConnection::parse_body() {
  in_begin_ += parser_->put(unread());
  if (parser_->refused()) return refuse(*parser_->refused());
  if (!body_has_room())
    return refuse({503, "busy", "too many large requests are on their way here; send this one again in a moment"});
  if (parser_->done()) begin_work();
}

bool HttpConnection::body_has_room() {
  if (body_taken_ > 0 || memory_.body.size() <= limits::kSmallBodyBytes) return true;
  return host_->bodies().take(limits::kBodyBytesMax, body_taken_);
}

void HttpConnection::forget_body() {
  if (body_taken_ > 0 && host_ != nullptr) host_->bodies().give_back(std::exchange(body_taken_, 0));
  if (memory_.body.capacity() <= limits::kSmallBodyBytes) return;
  request_.body = {};
  std::string().swap(memory_.body);
}

void HttpConnection::begin_work() {
  stage_ = Stage::kWork;
  deadline_ = BootTime(INT64_MAX);
  request_.body = memory_.body;
  host_->handle(found_, Exchange(shared_from_this(), serial_));
}

void HttpConnection::next_piece(std::uint64_t serial, OnBody on_body) {
  if (gone(serial) || stage_ != Stage::kWork || !streams_body_) return on_body({{}, true, true});
  on_body_ = std::move(on_body);
  if (parser_->wants_continue() && !std::exchange(continued_, true) && unread().empty()) {
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    mark();
  }
  feed_piece();
}

// A handler that asks for the next piece from within its callback is served by the loop here, not by recursion.
void HttpConnection::feed_piece() {
  if (feeding_) return;
  feeding_ = true;
  while (open_ && on_body_ && stage_ == Stage::kWork) {
    while (!parser_->done() && !parser_->refused() && memory_.body.size() < limits::kStreamPieceBytes) {
      const std::size_t taken = unread().empty() ? 0 : parser_->put(unread());
      in_begin_ += taken;
      if (taken == 0) break;
    }
    const bool last = parser_->done();
    if (parser_->refused()) {
      break_body(*parser_->refused());
      break;
    }
    if (!last && memory_.body.empty() && eof_) {
      break_body({400, "bad_request", "the body ended before its end was announced"});
      break;
    }
    if (memory_.body.empty() && !last) {
      deadline_in(limits::kPieceUs);
      break;
    }
    std::string bytes;
    std::swap(bytes, memory_.body);
    const OnBody on_body = std::exchange(on_body_, nullptr);
    deadline_ = BootTime(INT64_MAX);
    on_body({bytes, last, false});
  }
  feeding_ = false;
  if (open_) read();
}

// The handler is told that nothing more comes, and need not answer: it might wait for what it has begun.
void HttpConnection::break_body(const Refusal& why) {
  const OnBody on_body = std::exchange(on_body_, nullptr);
  on_body({{}, true, true});
  if (open_ && stage_ == Stage::kWork) refuse(why);
}

void HttpConnection::check_timeouts(BootTime now) {
  if (!open_) return;
  if (writing_ && now.value - unread_since_.value > limits::kUnreadUs) return close();
  if (now < deadline_) return;
  if (stage_ == Stage::kHead || stage_ == Stage::kBody)
    return refuse({408, "too_slow", "the request did not come within its time; send it again, faster"});
  if (stage_ == Stage::kWork && on_body_)
    return break_body(
        {408, "too_slow", "the rest of the body did not come in time; send the request again, faster"});
  // An answer that is still being written has a time limit of its own (above).
  if ((stage_ == Stage::kLinger || stage_ == Stage::kIdle) && waiting() == 0) close();
}

std::optional<BootTime> HttpConnection::idle_since() const {
  if (!open_ || stage_ != Stage::kIdle || waiting() > 0 || !unread().empty()) return std::nullopt;
  return idle_since_;
}

void HttpConnection::finish() {
  if (!open_) return;
  last_answer_ = true;
  if (stage_ == Stage::kIdle && waiting() == 0) close();
}

void HttpConnection::close() {
  if (!open_) return;
  open_ = false;
  const auto self = shared_from_this();  // the host may let go of us
  stream_.close();
  forget_body();
  puller_ = nullptr;
  if (const OnBody on_body = std::exchange(on_body_, nullptr)) on_body({{}, true, true});
  if (host_ != nullptr) host_->on_closed(*this);
}

}  // namespace titer::http
