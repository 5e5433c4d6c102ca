// SPDX-License-Identifier: Apache-2.0

// docs/reference/openapi.json says what is served, no more and no less: paths, methods, query parameters, names.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <map>
#include <set>
#include <string>

#include "api/routes.h"

namespace titer::api {
namespace {

namespace json = boost::json;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

struct Operation {
  std::string id;
  std::set<std::string> parameters, headers;
  bool body = false;
  bool keyed = false;  // needs a key, once there are keys
};
using Operations = std::map<std::string, Operation>;  // "get /path"

const json::value& resolved(const json::value& document, const json::value& v) {
  if (!v.is_object() || !v.as_object().contains("$ref")) return v;
  const std::string pointer(v.at("$ref").as_string().c_str() + 1);
  return document.at_pointer(pointer);
}

Operations documented() {
  const std::string_view text = openapi_document();
  const json::value document = json::parse(json::string_view(text.data(), text.size()));
  Operations out;
  for (const auto& path : document.at("paths").as_object())
    for (const auto& operation : path.value().as_object()) {
      Operation& one = out[std::string(operation.key()) + " " + std::string(path.key())];
      const json::object& described = operation.value().as_object();
      one.id = described.at("operationId").as_string().c_str();
      one.body = described.contains("requestBody");
      one.keyed = !described.at("security").as_array().empty();  // a public one says so, by an empty list
      const json::value* parameters = described.if_contains("parameters");
      if (parameters == nullptr) continue;
      for (const json::value& parameter : parameters->as_array()) {
        const json::value& p = resolved(document, parameter);
        if (p.at("in").as_string() == "query") one.parameters.insert(p.at("name").as_string().c_str());
        if (p.at("in").as_string() == "header") one.headers.insert(p.at("name").as_string().c_str());
      }
    }
  return out;
}

Operations served() {
  Operations out;
  const http::Router router = make_router();
  for (const http::Route* route : router.routes()) {
    Operation& one = out[lower(name(route->method)) + " " + std::string(route->pattern)];
    one.id = route->metric;
    one.body = route->body != http::Body::kNone;
    one.keyed = !registry::is_public(our_route(*route).act.act);
    if (route->method == http::Method::kGet) one.headers = {"If-Match", "Titer-Min-Position"};
    if (our_route(*route).conditional) one.headers = {"If-Match", "If-None-Match"};
    for (std::string_view rest = route->parameters; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      one.parameters.insert(std::string(word));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
  }
  return out;
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  const Operations described = documented(), there = served();
  for (const auto& [key, operation] : there) EXPECT_TRUE(described.contains(key)) << key << " is not described";
  for (const auto& [key, operation] : described) EXPECT_TRUE(there.contains(key)) << key << " is not served";
}

TEST(OpenApi, NamesEveryQueryParameterThatARouteTakes) {
  const Operations described = documented();
  for (const auto& [key, operation] : served()) {
    if (!described.contains(key)) continue;
    EXPECT_EQ(described.at(key).parameters, operation.parameters) << key;
    EXPECT_EQ(described.at(key).id, operation.id) << key;
    EXPECT_EQ(described.at(key).body, operation.body) << key;
    EXPECT_EQ(described.at(key).keyed, operation.keyed) << key;
  }
}

TEST(OpenApi, NamesTheConditionsThatARouteTakes) {
  const Operations described = documented();
  for (const auto& [key, operation] : served()) {
    if (!described.contains(key)) continue;
    for (const std::string& header : operation.headers)
      EXPECT_TRUE(described.at(key).headers.contains(header)) << key << ' ' << header;
    const bool reads = operation.headers.contains("Titer-Min-Position");
    EXPECT_EQ(described.at(key).headers.contains("If-Match"), operation.headers.contains("If-Match")) << key;
    if (!reads) {
      EXPECT_EQ(described.at(key).headers.contains("If-None-Match"), operation.headers.contains("If-None-Match"))
          << key;
    }
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  const std::string_view text = openapi_document();
  const json::value document = json::parse(json::string_view(text.data(), text.size()));
  for (std::size_t at = text.find("#/components"); at != std::string_view::npos;
       at = text.find("#/components", at + 1)) {
    const std::string pointer(text.substr(at + 1, text.find('"', at) - at - 1));
    boost::system::error_code error;
    (void)document.find_pointer(pointer, error);
    EXPECT_FALSE(error) << pointer;
  }
}

}  // namespace
}  // namespace titer::api
