// SPDX-License-Identifier: Apache-2.0

// HttpConnection: one HTTP client. It reads requests one after another, hands each to the worker and writes its answer.
//
// Requests of one connection are answered in order, one at a time; what a client sends ahead (pipelining) waits here,
// and beyond kPipelineBytes in the kernel. Answers gather in one buffer, which the worker's turn writes with one call
// (net/loop.h says why).
// Streamed answers are pulled when the socket has room, streamed bodies are parsed when the handler asks for more: so
// neither side's slowness costs memory.
//
// Invariants: serial_ counts requests; an answer with another serial number is ignored. After close() nothing is read,
// written or handed on, though handlers may still hold us.
// Limits: limits.h. A client that is too slow for them is answered 408 if it has sent a part of a request, and
// disconnected.
// Thread rule: the worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "http/answer_head.h"
#include "http/exchange.h"
#include "http/gzip.h"
#include "http/head_parser.h"
#include "http/limits.h"
#include "http/router.h"
#include "net/receive_budget.h"
#include "net/stream.h"

namespace titer::http {

class HttpConnection;

// The worker, as its connections see it.
class HttpConnectionHost {
 public:
  // Sets request.values.
  [[nodiscard]] virtual Router::Found route(Request& request) = 0;
  virtual void handle(const Router::Found& found, const Exchange& exchange) = 0;
  // flush() is called at the end of this turn.
  virtual void wants_flush(HttpConnection& connection) = 0;
  virtual void on_answered(const Answered& what) = 0;
  virtual void on_closed(HttpConnection& connection) = 0;
  [[nodiscard]] virtual const Times& times() const = 0;
  // Whose X-Forwarded-For and Forwarded are believed (forwarded.h).
  [[nodiscard]] virtual const std::vector<net::Network>& trusted_proxies() const = 0;
  [[nodiscard]] virtual bool stopping() const = 0;
  // For large bodies that are read as a whole, of all connections.
  [[nodiscard]] virtual net::ReceiveBudget& bodies() = 0;

 protected:
  ~HttpConnectionHost() = default;
};

class HttpConnection final : public Responder, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(net::Stream stream, HttpConnectionHost& host);

  void start();
  // Instead of start(): there are too many already. Says why, and ends.
  void turn_away(const Error& why);
  // Since when it neither asks nor is answered; nullopt: it does.
  [[nodiscard]] std::optional<BootTime> idle_since() const;
  // To be counted by (net::Stream::peer_number()).
  [[nodiscard]] std::uint64_t address() const { return net::number_of(peer_); }
  void flush();
  // Looks at the clock: too slow, too long idle.
  void check_timeouts(BootTime now);
  // The server stops: nothing new is read. Closes after the answer in progress, immediately when there is none.
  void finish();
  void close();
  // No more calls to the host.
  void detach() { host_ = nullptr; }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool streaming() const { return static_cast<bool>(puller_); }

  bool dirty = false;  // the host's: flush() comes

 private:
  enum class Stage : std::uint8_t { kIdle, kHead, kBody, kWork, kStreaming, kLinger };

  [[nodiscard]] const Request& request() const override { return request_; }
  [[nodiscard]] bool gone(std::uint64_t serial) const override { return !open_ || serial != serial_; }
  void speaks_for(std::uint64_t serial, std::uint64_t principal) override {
    if (!gone(serial)) request_.principal = principal;
  }
  void respond(std::uint64_t serial, Response response) override;
  void resume(std::uint64_t serial) override;
  void next_piece(std::uint64_t serial, OnBody on_body) override;

  void identify_client();
  void read();
  void received(const boost::system::error_code& error, std::size_t n);
  void process();
  void parse_head();
  void parse_body();
  // There is room for what has come of the body and the rest of it.
  [[nodiscard]] bool body_has_room();
  void forget_body();
  void feed_piece();
  void break_body(const Refusal& why);
  void begin_work();
  void refuse(const Refusal& refusal);
  void speaks_plain();
  void say_and_end(Response response);
  void answer(Response response);
  [[nodiscard]] bool choose_encoding(Response& response) const;
  void judge_conditions(Response& response) const;
  void compress(Response& response);
  void request_over();
  void linger();
  [[nodiscard]] bool send();
  [[nodiscard]] bool pull();
  void frame(std::string_view piece, Pull then);
  void write_later();
  void mark();
  [[nodiscard]] std::string_view unread() const {
    return std::string_view(in_).substr(in_begin_, in_end_ - in_begin_);
  }
  [[nodiscard]] std::size_t waiting() const { return out_.size() - out_done_; }
  void deadline_in(std::int64_t us);

  net::Stream stream_;
  HttpConnectionHost* host_;
  net::Ip peer_;
  bool proxied_ = false;  // the other end is a trusted proxy
  std::string in_;        // [in_begin_, in_end_) is not parsed yet
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::string out_;  // [out_done_, size) waits to be written
  std::size_t out_done_ = 0;
  RequestMemory memory_;
  std::size_t body_taken_ = 0;  // of the host's budget
  Request request_;
  std::optional<HeadParser> parser_;
  Router::Found found_;
  std::uint64_t serial_ = 1;
  BootTime begun_;     // the request in progress: its header was complete
  BootTime deadline_;  // something must have happened by then
  BootTime idle_since_;
  BootTime unread_since_;  // out_ waits since then, without progress
  Puller puller_;
  std::optional<Gzip> gzip_;
  std::string piece_;
  OnBody on_body_;
  Stage stage_ = Stage::kIdle;
  unsigned empty_lines_left_ = limits::kEmptyLinesMax;  // before the next request line
  bool open_ = true;
  bool reading_ = false, writing_ = false, processing_ = false;
  bool eof_ = false;  // the client sends nothing more
  bool streams_body_ = false;
  bool chunked_ = false;      // the streamed answer
  bool last_answer_ = false;  // the connection ends after it
  bool continued_ = false;    // a streamed body was asked for with 100 Continue
  bool feeding_ = false;
};

}  // namespace titer::http
