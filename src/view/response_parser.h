// SPDX-License-Identifier: Apache-2.0

// ResponseParser: the bytes of one HTTP/1.1 response into status and body. net::HttpParser holds the grammar. No I/O: it is
// fed with what has come, cut anywhere.
//
// The body may be taken out while more of it is to come, so a response without an end needs no more memory than what
// nobody has taken yet.
//
// Use: put() until done(); put_end() when the connection has ended instead. Fields of the header are not kept.
// Limits: kHeaderBytesMax; the body as far as it has not been taken: kBodyBytesMax. Errors: kProtocol; the parser is of
// no use any more. Thread rule: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_parser.h"

namespace titer::view {

class ResponseParser final : public net::HttpParser<false> {
 public:
  static constexpr std::uint32_t kHeaderBytesMax = 16U << 10U;
  static constexpr std::size_t kBodyBytesMax = std::size_t{4} << 20U;

  ResponseParser();

  // How much of `in` it has taken; the rest is to be given again, with more behind it.
  [[nodiscard]] Result<std::size_t> put(std::string_view in);
  // Error: in the middle of the response.
  [[nodiscard]] Status put_end();
  [[nodiscard]] bool header_done() const { return is_header_done(); }
  [[nodiscard]] bool done() const { return is_done(); }
  // Once the header is done.
  [[nodiscard]] unsigned status() const { return status_; }
  [[nodiscard]] bool may_keep_alive() const { return keep_alive(); }
  // The part that has come and was not taken out.
  [[nodiscard]] std::string& body() { return body_; }

 private:
  void on_response_impl(int status, TextView reason, int version, ErrorCode& ec) override;
  std::size_t on_body_impl(TextView piece, ErrorCode& ec) override;

  unsigned status_ = 0;
  std::string body_;
};

}  // namespace titer::view
