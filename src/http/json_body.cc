// SPDX-License-Identifier: Apache-2.0

#include "http/json_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "http/limits.h"
#include "http/problem.h"

namespace titer::http {

namespace {

namespace json = boost::json;

constexpr std::string_view kMediaText =
    "a body is JSON: send it with Content-Type: application/json (curl: -H 'Content-Type: application/json')";

Error wrong(std::string_view name, std::string_view is) {
  return {Code::kInvalid, fmt::format("'{}' is {}", name, is)};
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// "application/json", "Application/Merge-Patch+JSON ; charset=utf-8": names of types have no case (RFC 9110, 8.3.1).
bool is_json(std::string_view type) {
  constexpr std::string_view kApplication = "application/", kSuffix = "+json";
  type = trim(type.substr(0, type.find(';')));
  if (same_ignoring_case(type, "application/json")) return true;
  return type.size() > kApplication.size() + kSuffix.size() &&
         same_ignoring_case(type.substr(0, kApplication.size()), kApplication) &&
         same_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix);
}

// Counts the members of all objects as they are written. json::parse() keeps the last of those with one name.
struct MemberCounter {
  // Boost.JSON's names. NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_array_size = SIZE_MAX, max_object_size = SIZE_MAX, max_string_size = SIZE_MAX,
                               max_key_size = SIZE_MAX;
  using error_code = boost::system::error_code;
  // NOLINTEND(readability-identifier-naming)
  std::size_t members = 0;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t n, error_code&) {
    members += n;
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

std::size_t members_of(const json::value& value) {
  std::size_t n = 0;
  if (value.is_object())
    for (const auto& member : value.get_object()) n += 1 + members_of(member.value());
  if (value.is_array())
    for (const json::value& one : value.get_array()) n += members_of(one);
  return n;
}

// Of a text that was parsed to this value.
bool names_one_twice(std::string_view text, const json::value& value) {
  if (!value.is_object() && !value.is_array()) return false;
  json::basic_parser<MemberCounter> counter({.max_depth = limits::kJsonDepthMax});
  boost::system::error_code error;
  counter.write_some(false, text.data(), text.size(), error);
  return counter.handler().members != members_of(value);
}

bool listed(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view one = words.substr(0, words.find(' '));
    if (one == word) return true;
    words.remove_prefix(std::min(words.size(), one.size() + 1));
  }
  return false;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

Status JsonBody::read(const Request& request, std::string_view known, std::string_view plain) {
  if (blank(request.body)) return ok_status();
  if (!is_json(request.header("content-type"))) return Error{Code::kProtocol, std::string(kMediaText)};
  if (!request.header("content-encoding").empty())
    return Error{Code::kProtocol, "a JSON body is sent as it is, without Content-Encoding"};
  json::parse_options options;
  options.max_depth = limits::kJsonDepthMax;
  boost::system::error_code error;
  parsed_ = json::parse(json::string_view(request.body.data(), request.body.size()), error, &memory_, options);
  if (error) return Error{Code::kInvalid, "the body is not JSON: " + error.message()};
  if (names_one_twice(request.body, parsed_))
    return Error{Code::kInvalid,
                 "an object in the body has two members of one name: which of them counts is not said"};
  if (!parsed_.is_object() && !plain.empty()) {
    json::object wrapped(&memory_);
    wrapped.emplace(json::string_view(plain.data(), plain.size()), std::move(parsed_));
    parsed_ = std::move(wrapped);
  }
  if (!parsed_.is_object())
    return Error{Code::kInvalid, fmt::format("the body is a JSON object with some of: {}", known)};
  object_ = &parsed_.get_object();
  return only(known);
}

Status JsonObject::only(std::string_view known) const {
  if (object_ == nullptr) return ok_status();
  for (const auto& member : *object_)
    if (const std::string_view key(member.key().data(), member.key().size()); !listed(known, key))
      return Error{Code::kInvalid, fmt::format("there is no '{}' here; known are: {}", key.substr(0, 64), known)};
  return ok_status();
}

const json::value* JsonObject::find(std::string_view name) const {
  return object_ == nullptr ? nullptr : object_->if_contains(json::string_view(name.data(), name.size()));
}

Result<std::optional<std::string_view>> JsonObject::text(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<std::string_view>();
  if (value->is_null()) return std::optional(std::string_view());
  if (value->is_string()) return std::optional(view(value->get_string()));
  return wrong(name, "a text");
}

Result<std::optional<std::int64_t>> JsonObject::number(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  if (value->is_int64()) return std::optional(value->get_int64());
  return wrong(name, "a whole number");
}

Result<std::optional<double>> JsonObject::real(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<double>();
  boost::system::error_code error;
  const double out = value->is_number() ? value->to_number<double>(error) : NAN;
  if (std::isfinite(out) && !error) return std::optional(out);
  return wrong(name, "a number");
}

Result<std::vector<std::string_view>> JsonObject::texts(std::string_view name) const {
  std::vector<std::string_view> out;
  const json::value* value = find(name);
  if (value == nullptr || value->is_null()) return out;
  const Error no_list = wrong(name, "a list of texts");
  if (!value->is_array()) return no_list;
  for (const json::value& one : value->get_array()) {
    if (!one.is_string()) return no_list;
    out.push_back(view(one.get_string()));
  }
  return out;
}

Result<std::optional<WallTime>> JsonObject::time(std::string_view name) const {
  const auto written = text(name);
  if (!written) return written.error();
  if (!*written) return std::optional<WallTime>();
  if (const auto time = parse_time(**written)) return time;
  return wrong(name, "a time such as 2026-03-01T08:15:00Z");
}

Response refused_body(const Error& error) {
  if (error.code == Code::kProtocol) return problem(415, "unsupported_media_type", error.message);
  return problem(400, "bad_request", error.message);
}

}  // namespace titer::http
