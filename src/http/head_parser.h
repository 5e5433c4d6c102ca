// SPDX-License-Identifier: Apache-2.0

// HeadParser: the bytes of one HTTP/1.1 request into a Request.
//
// net::HttpParser finds the pieces and holds the grammar; this class keeps copies of the texts in
// one buffer that is used again for the next request, so that a request costs no allocation, and checks what the
// grammar leaves open: one Host, sane lengths, a target that can be decoded, and one way only to say where the body ends
// (RFC 9112 6.1 and 6.3): what another server on the way could read differently is refused, and the connection ends, so
// that no byte of a body is taken for the next request.
//
// Use: put() until header_done(); look at request() and decide about the body; put() until done().
// Errors: `refused()` says with which answer the connection ends. Thread rule: the worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "http/request.h"
#include "net/http_parser.h"

namespace titer::http {

struct Refusal {
  unsigned status = 400;
  std::string_view code;
  std::string_view detail;
};

// The memory of a request, kept from one to the next.
struct RequestMemory {
  std::string text;                    // header as it came, then decoded path and parameters, all in one
  std::vector<std::uint32_t> offsets;  // of its pieces in `text`: begin, end, begin, end …
  std::string body;
};

// How many bytes of `in` are empty lines before a request line, which a server ignores (RFC 9112, 2.2): whole CRLFs only, at
// most `lines_left` of them, which is counted down.
[[nodiscard]] std::size_t empty_lines(std::string_view in, unsigned& lines_left);

class HeadParser final : public net::HttpParser<true> {
 public:
  HeadParser(RequestMemory& memory, Request& request);

  // Takes what it can of `in` and returns how much. After header_done() it goes on only when called again.
  std::size_t put(std::string_view in);
  // Stops after the header, so that somebody can look at it.
  [[nodiscard]] bool header_done() const { return is_header_done(); }
  [[nodiscard]] bool done() const { return is_done(); }
  [[nodiscard]] const std::optional<Refusal>& refused() const { return refusal_; }

  // Known once the header is done.
  [[nodiscard]] bool has_body() const { return !is_done(); }
  [[nodiscard]] bool wants_continue() const { return expects_continue_; }
  [[nodiscard]] bool may_keep_alive() const { return keep_alive(); }
  [[nodiscard]] bool http_1_1() const { return version_ == 11; }
  // More than that (bytes) is refused with 413. Without a limit the body is not kept: see take_piece().
  void limit_body(std::optional<std::size_t> bytes);
  // Streamed bodies: what has come since the last call is in memory.body; the caller clears it.

 private:
  void on_request_impl(net::RequestVerb method, TextView name, TextView target, int version,
                       ErrorCode& ec) override;
  void on_field_impl(Field id, TextView name, TextView value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  std::size_t on_body_impl(TextView piece, ErrorCode& ec) override;

  void keep(TextView text);
  void finish_head();
  void look_at_chunk_line(std::string_view rest);
  void refuse(unsigned status, std::string_view code, std::string_view detail);
  void refuse(const ErrorCode& why, std::string_view in);
  std::size_t put_known(std::string_view in);

  RequestMemory& memory_;
  Request& request_;
  std::optional<Refusal> refusal_;
  std::optional<std::size_t> body_limit_bytes_ = 0;
  int version_ = 11;
  bool line_done_ = false;
  unsigned hosts_ = 0, codings_ = 0, lengths_ = 0;  // fields of the kind
  bool expects_continue_ = false;
};

}  // namespace titer::http
