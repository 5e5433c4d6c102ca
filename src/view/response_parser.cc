// SPDX-License-Identifier: Apache-2.0

#include "view/response_parser.h"

namespace titer::view {

namespace {

using net::MessageError;

Error refusal(const boost::system::error_code& why) {
  if (why == MessageError::header_limit) return {Code::kProtocol, "the header of its response is too long"};
  if (why == MessageError::body_limit) return {Code::kProtocol, "its response is too long"};
  if (why == MessageError::partial_message)
    return {Code::kProtocol, "the connection has ended in the middle of a response"};
  return {Code::kProtocol, "what it says is no HTTP/1.1 response (" + why.message() + ")"};
}

}  // namespace

ResponseParser::ResponseParser() {
  eager(true);
  header_limit(kHeaderBytesMax);
  body_limit(boost::none);  // ours is of what is kept: see on_body_impl
}

Result<std::size_t> ResponseParser::put(std::string_view in) {
  ErrorCode ec;
  const std::size_t taken = put_bytes(in, ec);
  boost::optional<std::uint64_t> length;
  if (!ec && is_header_done()) length = content_length();
  if (length && *length > kBodyBytesMax) ec = MessageError::body_limit;
  if (ec) return refusal(ec);
  return taken;
}

Status ResponseParser::put_end() {
  if (is_done()) return ok_status();
  ErrorCode ec = MessageError::partial_message;
  if (got_some()) put_eof(ec);  // Beast asserts it
  if (ec) return refusal(ec);
  return ok_status();
}

void ResponseParser::on_response_impl(int status, TextView, int, ErrorCode&) {
  status_ = static_cast<unsigned>(status);
}

std::size_t ResponseParser::on_body_impl(TextView piece, ErrorCode& ec) {
  if (body_.size() + piece.size() > kBodyBytesMax) {
    ec = MessageError::body_limit;
    return 0;
  }
  body_.append(piece.data(), piece.size());
  return piece.size();
}

}  // namespace titer::view
