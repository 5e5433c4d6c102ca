// SPDX-License-Identifier: Apache-2.0

#include "http/head_parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/limits.h"
#include "http/target.h"

namespace titer::http {

namespace {

using net::MessageError;

// nullopt: of those that no address here takes.
std::optional<Method> method_of(net::RequestVerb verb) {
  switch (verb) {
    case net::RequestVerb::get: return Method::kGet;
    case net::RequestVerb::head: return Method::kHead;
    case net::RequestVerb::post: return Method::kPost;
    case net::RequestVerb::put: return Method::kPut;
    case net::RequestVerb::patch: return Method::kPatch;
    case net::RequestVerb::delete_: return Method::kDelete;
    case net::RequestVerb::options: return Method::kOptions;
    default: return std::nullopt;
  }
}

// Fields that have one value: of two, the next program on the way might take the other one (RFC 9110, 5.3).
constexpr std::string_view kOneValue[] = {"Authorization", "Content-Type", "Content-Encoding",  "Idempotency-Key",
                                          "Last-Event-ID", "Titer-Actor",  "Titer-Min-Position"};

// The name of one that is there twice; empty: none is.
std::string_view given_twice(const std::vector<Request::Pair>& fields) {
  for (const std::string_view name : kOneValue)
    if (std::ranges::count_if(fields, [&](const auto& field) { return same_ignoring_case(field.first, name); }) > 1)
      return name;
  return {};
}

constexpr std::string_view kOnlyChunked =
    "the only Transfer-Encoding understood is 'chunked', once, in HTTP/1.1, without Content-Length";

// The numbers of "HTTP/1.1" at the end of a request line; empty: it does not end so.
std::string_view version_of(std::string_view line) {
  constexpr std::string_view kBefore = " HTTP/";
  constexpr std::size_t kNumbers = 3;
  if (line.size() < kBefore.size() + kNumbers) return {};
  const std::string_view numbers = line.substr(line.size() - kNumbers);
  const bool good = line.substr(0, line.size() - kNumbers).ends_with(kBefore) && all_digits(numbers.substr(0, 1)) &&
                    numbers[1] == '.' && all_digits(numbers.substr(2));
  return good ? numbers : std::string_view();
}

// A line that ends with a version of HTTP/1 has another fault, as a blank in its address.
bool is_other_version(std::string_view line) {
  const std::string_view version = version_of(line);
  return !version.empty() && version[0] != '1';
}

// Any error ends put(); which one it was stands in refused().
boost::system::error_code stop() { return MessageError::bad_field; }

}  // namespace

std::size_t empty_lines(std::string_view in, unsigned& lines_left) {
  std::size_t bytes = 0;
  for (; lines_left > 0 && in.substr(bytes).starts_with("\r\n"); --lines_left) bytes += 2;
  return bytes;
}

HeadParser::HeadParser(RequestMemory& memory, Request& request) : memory_(memory), request_(request) {
  memory_.text.clear();
  memory_.offsets.clear();
  memory_.body.clear();
  request_.method = Method::kGet;
  request_.headers.clear();
  header_limit(limits::kHeaderBytesMax);
  body_limit(boost::none);  // ours is looked at in limit_body() and on_body_impl, when the route is known
}

void HeadParser::refuse(unsigned status, std::string_view code, std::string_view detail) {
  if (!refusal_) refusal_ = Refusal{status, code, detail};
}

void HeadParser::refuse(const ErrorCode& why, std::string_view in) {
  if (why == MessageError::header_limit) {
    refuse(431, "header_too_large", "the header of a request may have 16 KiB; send fewer or shorter fields");
  } else if (why == MessageError::bad_version && is_other_version(in.substr(0, in.find("\r\n")))) {
    refuse(505, "http_version", "this server speaks HTTP/1.1: send the request as that");
  } else if (why == MessageError::bad_transfer_encoding) {
    refuse(400, "transfer_encoding", kOnlyChunked);
  } else {
    refuse(400, "bad_request", "these bytes are no HTTP/1.1 request");
  }
}

// A later version of HTTP/1 is served as the latest one that is known (RFC 9110, 2.5), and the grammar knows 1.1.
std::size_t HeadParser::put(std::string_view in) {
  if (line_done_) return put_known(in);
  const std::string_view line = in.substr(0, in.find('\r'));  // or as much of it as has come
  const std::string_view version = version_of(line);
  if (version <= "1.1" || version >= "2.0") return put_known(in);
  std::string known(in);
  known[line.size() - 1] = '1';
  return put_known(known);
}

std::size_t HeadParser::put_known(std::string_view in) {
  ErrorCode ec;
  const bool in_chunks =
      codings_ > 0 && is_header_done() && eager();  // so that it takes all of a chunk that is there
  const std::size_t taken = put_bytes(in, ec);
  if (ec) refuse(ec, in);
  if (in_chunks && !is_done()) look_at_chunk_line(in.substr(taken));
  return taken;
}

// Between chunks the parser waits for CRLF, and would wait forever where lines end otherwise.
void HeadParser::look_at_chunk_line(std::string_view rest) {
  for (std::size_t at = rest.find('\n'); at != std::string_view::npos; at = rest.find('\n', at + 1))
    if (at == 0 || rest[at - 1] != '\r')
      return refuse(400, "bad_request", "the lines between chunks end with CR LF");
  if (rest.size() > limits::kHeaderBytesMax)
    refuse(400, "bad_request", "the line before a chunk, and all fields behind the last one, may have 16 KiB");
}

void HeadParser::limit_body(std::optional<std::size_t> bytes) {
  body_limit_bytes_ = bytes;
  eager(true);
  const auto length = content_length();
  if (bytes && length && *length > *bytes) refuse(413, "too_large", "the body of this request may have 1 MiB");
}

void HeadParser::keep(TextView text) {
  memory_.offsets.push_back(static_cast<std::uint32_t>(memory_.text.size()));
  memory_.text.append(text.data(), text.size());
  memory_.offsets.push_back(static_cast<std::uint32_t>(memory_.text.size()));
}

void HeadParser::on_request_impl(net::RequestVerb method, TextView, TextView target, int version, ErrorCode& ec) {
  line_done_ = true;
  version_ = version;
  const auto known = method_of(method);
  request_.method = known.value_or(Method::kGet);
  if (!known) {
    refuse(501, "method_unknown", "the methods here are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS");
    ec = stop();
  }
  if (target.size() > limits::kTargetBytesMax) {
    refuse(414, "address_too_long", "the address of a request may have 8 KiB");
    ec = stop();
  }
  keep(target);
}

// Fields behind the last chunk (trailers) mean nothing here; kept, they would move the text that request_ looks into.
void HeadParser::on_field_impl(Field id, TextView name, TextView value, ErrorCode& ec) {
  if (is_header_done()) return;
  if (id == Field::host && ++hosts_ > 1) {
    refuse(400, "bad_request", "there is more than one Host");
    ec = stop();
  }
  if (id == Field::expect) {
    expects_continue_ = same_ignoring_case(value, "100-continue");
    if (!expects_continue_) {
      refuse(417, "expectation_failed", "the only expectation understood is '100-continue'");
      ec = stop();
    }
  }
  if (id == Field::transfer_encoding &&
      (version_ < 11 || ++codings_ > 1 || !same_ignoring_case(value, "chunked"))) {
    refuse(400, "transfer_encoding", kOnlyChunked);
    ec = stop();
  }
  if (id == Field::content_length && (++lengths_ > 1 || !all_digits(value))) {
    refuse(400, "bad_request", "a request has one Content-Length, a number");
    ec = stop();
  }
  if (memory_.offsets.size() / 4 >= limits::kHeadersMax) {
    refuse(431, "header_too_large", "a request may have 100 header fields");
    ec = stop();
  }
  keep(name);
  keep(value);
}

void HeadParser::on_header_impl(ErrorCode& ec) {
  if (version_ == 11 && hosts_ == 0) {
    refuse(400, "bad_request", "an HTTP/1.1 request names its Host");
    ec = stop();
    return;
  }
  if (codings_ > 0 && lengths_ > 0) refuse(400, "transfer_encoding", kOnlyChunked);
  finish_head();
  if (refusal_) ec = stop();
}

// The text does not grow any more after the decoded parts have been added, so views into it stay.
void HeadParser::finish_head() {
  memory_.text.reserve(memory_.text.size() + memory_.offsets[1]);
  const auto piece = [this](std::size_t i) {
    const std::uint32_t begin = memory_.offsets[2 * i];
    return std::string_view(memory_.text).substr(begin, memory_.offsets[2 * i + 1] - begin);
  };
  request_.target = piece(0);
  request_.headers.clear();
  for (std::size_t i = 1; i + 1 < memory_.offsets.size() / 2; i += 2)
    request_.headers.emplace_back(piece(i), piece(i + 1));
  if (const Status split = split_target(request_, memory_.text); !split)
    memory_.body = split.error().message;
  else if (const std::string_view twice = given_twice(request_.headers); !twice.empty())
    memory_.body = std::string(twice) + " is given twice: a request has one";
  if (!memory_.body.empty()) refuse(400, "bad_request", memory_.body);
}

std::size_t HeadParser::on_body_impl(TextView piece, ErrorCode& ec) {
  if (body_limit_bytes_ && memory_.body.size() + piece.size() > *body_limit_bytes_) {
    refuse(413, "too_large", "the body of this request may have 1 MiB");
    ec = stop();
    return 0;
  }
  memory_.body.append(piece.data(), piece.size());
  return piece.size();
}

}  // namespace titer::http
