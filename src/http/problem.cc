// SPDX-License-Identifier: Apache-2.0

#include "http/problem.h"

#include <fmt/format.h>

#include "base/json_string.h"

namespace titer::http {

namespace {

constexpr unsigned kRetryAfterS = 1;

Response begin(unsigned status, std::string_view code, std::string_view detail,
               unsigned retry_after_s = kRetryAfterS) {
  Response out;
  out.status = status;
  out.type = kProblemType;
  out.body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"code":"{}","detail":)",
                         title_of(status), status, code);
  print_json_string(detail, out.body);
  if (status == 503 || status == 429) out.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  if (status == 401) out.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="titer")");
  return out;
}

}  // namespace

unsigned status_of(Code code) {
  switch (code) {
    case Code::kOk: return 200;
    case Code::kInvalid:
    case Code::kKeyReused: return 422;
    case Code::kNotFound: return 404;
    case Code::kDuplicate:
    case Code::kOutOfDate:
    case Code::kNotEnough:
    case Code::kNotACount:
    case Code::kClosed: return 409;
    case Code::kStaleVersion: return 412;
    case Code::kTooLarge: return 413;
    case Code::kTooOld: return 410;
    case Code::kBusy:
    case Code::kUnavailable:
    case Code::kExcluded:
    case Code::kReadOnly:
    case Code::kWritesStopped:
    case Code::kUnreachable: return 503;
    case Code::kUnauthorized: return 401;
    case Code::kForbidden: return 403;
    case Code::kTooMany: return 429;
    case Code::kSessionEvicted:
    case Code::kOutcomeUnknown: return 504;
    case Code::kProtocol:
    case Code::kInternal: break;
  }
  return 500;
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: break;
  }
  return status < 500 ? "Error" : "Internal Server Error";
}

Response problem(unsigned status, std::string_view code, std::string_view detail, std::string_view members) {
  Response out = begin(status, code, detail);
  out.body.append(members).push_back('}');
  return out;
}

Response problem(const Error& error) { return problem(status_of(error.code), name(error.code), error.message); }

Response problem(const Error& error, unsigned retry_after_s) {
  Response out = begin(status_of(error.code), name(error.code), error.message, retry_after_s);
  out.body.push_back('}');
  return out;
}

}  // namespace titer::http
