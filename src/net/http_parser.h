// SPDX-License-Identifier: Apache-2.0

// HttpParser: the grammar of HTTP/1.1 messages (line ends, lengths, chunks), by Beast's parser, fed with the bytes that have
// come. http::HeadParser reads requests with it, view::ResponseParser the responses of etcd.
//
// This is the only file that includes Beast (tests/layering.py): only its parser is used, none of its streams. A parser
// overrides the events that it needs; all parts of a body, chunked or not, come through on_body_impl().
//
// Invariant that Beast asserts and this class keeps: the line of a last chunk is only looked at with what follows it.
// Errors: Beast's (MessageError); after one the parser is of no use any more. Thread rule: any.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <string_view>

namespace titer::net {

using MessageError = boost::beast::http::error;
using RequestVerb = boost::beast::http::verb;

template <bool kRequest>
class HttpParser : protected boost::beast::http::basic_parser<kRequest> {
  using Base = boost::beast::http::basic_parser<kRequest>;

 protected:
  using Field = boost::beast::http::field;
  using TextView = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  // How much of `in` was taken; the rest is to be given again, with more behind it. need_more is no error here.
  std::size_t put_bytes(std::string_view in, ErrorCode& ec) {
    constexpr std::size_t kEndOfChunksBytes = std::string_view("0\r\n\r\n").size();
    if (this->is_header_done() && this->chunked() && chunk_left_ == 0 && in.size() < kEndOfChunksBytes) return 0;
    if (!this->is_header_done() && has_folded_line(in)) {
      ec = MessageError::bad_obs_fold;
      return 0;
    }
    const std::size_t taken = Base::put(boost::asio::const_buffer(in.data(), in.size()), ec);
    if (ec == MessageError::need_more) ec = {};
    return taken;
  }

  void on_request_impl(RequestVerb, TextView, TextView, int, ErrorCode&) override {}
  void on_response_impl(int, TextView, int, ErrorCode&) override {}
  void on_field_impl(Field, TextView, TextView, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  void on_chunk_header_impl(std::uint64_t size, TextView, ErrorCode&) override { chunk_left_ = size; }
  std::size_t on_chunk_body_impl(std::uint64_t left, TextView piece, ErrorCode& ec) override {
    chunk_left_ = left - piece.size();
    return this->on_body_impl(piece, ec);
  }
  void on_finish_impl(ErrorCode&) override {}

 private:
  // Beast joins a line that begins with a blank to the field before it. Others read it as a field of its own, or not at all;
  // so it is refused, as RFC 9112 5.2 allows.
  static bool has_folded_line(std::string_view in) {
    const std::string_view header = in.substr(0, in.find("\r\n\r\n"));
    return header.size() < in.size() &&
           (header.find("\n ") != std::string_view::npos || header.find("\n\t") != std::string_view::npos);
  }

  std::uint64_t chunk_left_ = 0;  // of the chunk that has begun
};

}  // namespace titer::net
