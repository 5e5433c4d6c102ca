// SPDX-License-Identifier: Apache-2.0

// Writing: answers into bytes, bytes to the socket.
#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <iterator>
#include <utility>

#include "http/entity_tag.h"
#include "http/http_connection.h"
#include "http/limits.h"
#include "http/problem.h"

namespace titer::http {

namespace {

using boost::system::error_code;

constexpr std::size_t kCompressFrom = 1024;  // bytes; a shorter body fits one packet anyway
constexpr std::size_t kKeepBytes = std::size_t{256}
                                   << 10;      // a buffer that grew beyond this is given back when empty
constexpr unsigned kPiecesPerTurn = 16;        // of one streamed answer: the others want their turn too
constexpr std::int64_t kLingerUs = 2'000'000;  // for the client to read the last answer
constexpr std::string_view kEventStreamType = "text/event-stream";

bool reads(Method method) { return method == Method::kGet || method == Method::kHead; }

}  // namespace

void HttpConnection::respond(std::uint64_t serial, Response response) {
  if (gone(serial) || stage_ != Stage::kWork || host_ == nullptr) return;
  answer(std::move(response));
  if (!processing_ && open_) process();
}

void HttpConnection::turn_away(const Error& why) {
  say_and_end(problem(why.code == Code::kTooMany ? 429 : 503, "too_many_connections", why.message));
}

// To somebody who speaks HTTP where HTTPS is spoken.
void HttpConnection::speaks_plain() {
  writing_ = false;
  out_.clear();
  out_done_ = 0;
  say_and_end(problem(400, "https_only", "this port speaks HTTPS; write https:// in the address"));
}

void HttpConnection::say_and_end(Response response) {
  response.close = true;
  HeadFacts facts;
  facts.length = response.body.size();
  facts.keep_alive = false;
  facts.secure = stream_.secure() && !stream_.plain_peer();
  print_head(request_, response, facts, host_->times(), out_);
  out_.append(response.body);
  last_answer_ = true;
  request_over();
}

void HttpConnection::refuse(const Refusal& refusal) {
  // The rest of what it sends cannot be told apart from a request.
  last_answer_ = true;
  found_ = {};
  Response response = problem(refusal.status, refusal.code, refusal.detail);
  response.close = true;
  answer(std::move(response));
}

void HttpConnection::answer(Response response) {
  const bool packs = choose_encoding(response);
  if (response.status == 200 && reads(request_.method)) judge_conditions(response);
  if (packs && !response.encoding.empty()) compress(response);
  HeadFacts facts;
  facts.http_1_1 = parser_->http_1_1();
  facts.length = response.shared ? response.shared->size() : response.body.size();
  if (response.pull) facts.framing = facts.http_1_1 ? Framing::kChunked : Framing::kClose;
  last_answer_ = last_answer_ || response.close || !parser_->may_keep_alive() || !parser_->done() ||
                 facts.framing == Framing::kClose || host_->stopping();
  facts.keep_alive = !last_answer_;
  facts.secure = stream_.secure();
  print_head(request_, response, facts, host_->times(), out_);
  host_->on_answered({found_.index, found_.route, response.status, begun_, facts.length});
  const bool with_body = request_.method != Method::kHead && response.status != 304;
  if (with_body && response.pull) {
    chunked_ = facts.framing == Framing::kChunked;
    puller_ = std::move(response.pull);
    stage_ = Stage::kStreaming;
    return mark();
  }
  if (with_body) out_.append(response.shared ? *response.shared : response.body);
  request_over();
}

// True: the body is still to be compressed.
bool HttpConnection::choose_encoding(Response& response) const {
  if (!response.encoding.empty() || response.type == kEventStreamType) return false;
  if (!response.pull && response.body.size() < kCompressFrom) return false;
  response.vary = true;
  if (!accepts_gzip(request_.header("accept-encoding"))) return false;
  response.encoding = "gzip";
  return true;
}

void HttpConnection::judge_conditions(Response& response) const {
  if (!response.etag.empty() && !response.encoding.empty()) response.etag = gzip_tag(response.etag);
  const ReadCondition condition = read_condition(request_, response.etag);
  if (condition == ReadCondition::kServe) return;
  if (condition == ReadCondition::kFailed) {
    const Position position = response.position;
    response = problem({Code::kStaleVersion, "If-Match names no tag of what is here now: read it again"});
    response.position = position;
    return;
  }
  response.status = 304;
  response.encoding = {};
  response.body.clear();
  response.shared = nullptr;
  response.pull = nullptr;
}

void HttpConnection::compress(Response& response) {
  if (response.pull)
    gzip_.emplace();
  else
    response.body = gzipped(response.body);
}

void HttpConnection::request_over() {
  ++serial_;
  on_body_ = nullptr;
  puller_ = nullptr;
  gzip_.reset();
  streams_body_ = continued_ = false;
  forget_body();
  stage_ = last_answer_ ? Stage::kLinger : Stage::kIdle;
  deadline_in(limits::kIdleUs);
  idle_since_ = host_->times().now;
  mark();
}

void HttpConnection::resume(std::uint64_t serial) {
  if (!gone(serial) && puller_) mark();
}

void HttpConnection::mark() {
  if (open_ && host_ != nullptr) host_->wants_flush(*this);
}

void HttpConnection::flush() {
  if (!open_ || writing_) return;
  for (unsigned pieces = 0; send(); ++pieces) {
    if (!puller_) break;
    if (pieces == kPiecesPerTurn) return mark();
    if (!pull()) break;
  }
  if (!open_ || writing_ || waiting() > 0) return;
  if (stage_ == Stage::kLinger) return linger();
  if (stage_ == Stage::kIdle && last_answer_) return close();
  if (stage_ <= Stage::kBody && !unread().empty()) process();
}

// The client may still be sending: if we closed now, the kernel would answer that with a reset, and the client could
// lose our answer.
void HttpConnection::linger() {
  stream_.end_sending();
  deadline_in(kLingerUs);
  if (eof_) return close();
  read();
}

// False: the kernel takes no more, or the connection is gone.
bool HttpConnection::send() {
  error_code error;
  while (out_done_ < out_.size()) {
    const std::size_t n =
        stream_.send(boost::asio::buffer(out_.data() + out_done_, out_.size() - out_done_), error);
    if (error == boost::asio::error::would_block) {
      write_later();
      return false;
    }
    if (error) {
      close();
      return false;
    }
    out_done_ += n;
  }
  out_.clear();
  out_done_ = 0;
  if (out_.capacity() > kKeepBytes) std::string().swap(out_);
  return true;
}

void HttpConnection::write_later() {
  writing_ = true;
  unread_since_ = host_->times().now;
  stream_.async_wait_write([self = shared_from_this()](const error_code& error) {
    self->writing_ = false;
    if (!self->open_ || self->host_ == nullptr) return;
    if (error) return self->close();
    self->flush();
  });
}

// True: there is something to send, or the answer is over.
bool HttpConnection::pull() {
  piece_.clear();
  const Pull then = puller_(piece_);
  if (then == Pull::kCut) close();
  if (!open_) return false;
  const bool waits = then == Pull::kWait || (then == Pull::kMore && piece_.empty());
  frame(piece_, then);
  if (then == Pull::kEnd) request_over();
  if (piece_.capacity() > kKeepBytes) std::string().swap(piece_);
  return !waits || waiting() > 0;
}

void HttpConnection::frame(std::string_view piece, Pull then) {
  std::string small;
  if (gzip_ && (!piece.empty() || then == Pull::kEnd)) {
    const Gzip::Then how = then == Pull::kEnd    ? Gzip::Then::kEnd
                           : then == Pull::kWait ? Gzip::Then::kFlush
                                                 : Gzip::Then::kMore;
    gzip_->add(piece, how, small);
    piece = small;
  }
  if (!chunked_) {
    out_.append(piece);
    return;
  }
  if (!piece.empty()) {
    fmt::format_to(std::back_inserter(out_), "{:x}\r\n", piece.size());
    out_.append(piece).append("\r\n");
  }
  if (then == Pull::kEnd) out_.append("0\r\n\r\n");
}

}  // namespace titer::http
