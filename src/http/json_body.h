// SPDX-License-Identifier: Apache-2.0

// JsonBody: the JSON object in a request's body, read member by member.
//
// Strict where it protects users: a member that the route does not know is refused by name (a misspelt "availabilty"
// must not be a silent no-op), so are a value of the wrong type and a member that is there twice (RFC 8259, 4). Parsed by Boost.JSON into memory of this object, most
// bodies without an allocation; texts are views into it.
// Errors: kInvalid with a sentence, kProtocol for the wrong media type; refused_body() makes an answer of them.
#pragma once

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"

namespace titer::http {

class JsonObject {
 public:
  JsonObject() = default;
  explicit JsonObject(const boost::json::object& object) : object_(&object) {}

  // kInvalid: there is a member that is none of these words (with blanks between).
  [[nodiscard]] Status only(std::string_view known) const;
  // nullopt: there is no such member. null is an empty text.
  [[nodiscard]] Result<std::optional<std::string_view>> text(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> number(std::string_view name) const;
  [[nodiscard]] Result<std::optional<double>> real(std::string_view name) const;
  // A list of texts; empty when there is no such member.
  [[nodiscard]] Result<std::vector<std::string_view>> texts(std::string_view name) const;
  [[nodiscard]] Result<std::optional<WallTime>> time(std::string_view name) const;
  [[nodiscard]] const boost::json::value* find(std::string_view name) const;

 protected:
  const boost::json::object* object_ = nullptr;  // null: it has no members
};

class JsonBody : public JsonObject {
 public:
  JsonBody() : memory_(buffer_.data(), buffer_.size()) {}
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // `known`: members, with blanks between. An empty body is an empty object; a plain value is the member `plain`, when
  // that is not empty.
  [[nodiscard]] Status read(const Request& request, std::string_view known, std::string_view plain = {});

 private:
  std::array<unsigned char, 2048> buffer_;
  boost::json::monotonic_resource memory_;
  boost::json::value parsed_;
};

// 400 or 415: the body cannot be read. A request that can be read but not executed is refused with 422.
[[nodiscard]] Response refused_body(const Error& error);

}  // namespace titer::http
