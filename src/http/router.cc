// SPDX-License-Identifier: Apache-2.0

#include "http/router.h"

#include <algorithm>
#include <string>

namespace titer::http {

namespace {

bool is_variable(std::string_view part) { return part.starts_with('{'); }

std::vector<std::string_view> parts_of(std::string_view pattern) {
  std::vector<std::string_view> out;
  for (pattern.remove_prefix(1); !pattern.empty();) {
    const std::size_t slash = pattern.find('/');
    out.push_back(pattern.substr(0, slash));
    pattern.remove_prefix(slash == std::string_view::npos ? pattern.size() : slash + 1);
  }
  return out;
}

bool fits(const std::vector<std::string_view>& parts, const Request& request) {
  return std::equal(
      parts.begin(), parts.end(), request.segments.begin(), request.segments.end(),
      [](std::string_view part, std::string_view segment) { return is_variable(part) || part == segment; });
}

bool answers(const Route& route, Method method) {
  return route.method == method || (route.method == Method::kGet && method == Method::kHead);
}

}  // namespace

void Router::add(const Route& route) {
  entries_.push_back({&route, parts_of(route.pattern), {}});
  order_.push_back(&route);
  for (Entry& entry : entries_) {
    entry.allowed.clear();
    for (const Entry& other : entries_) {
      if (other.route->pattern != entry.route->pattern) continue;
      entry.allowed.append(name(other.route->method)).append(", ");
      if (other.route->method == Method::kGet) entry.allowed.append("HEAD, ");
    }
    entry.allowed.append("OPTIONS");
  }
}

Router::Found Router::find(Request& request) const {
  Found found;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!fits(entry.parts, request)) continue;
    if (found.allowed.empty()) found.allowed = entry.allowed;
    if (!answers(*entry.route, request.method)) continue;
    request.values.clear();
    for (std::size_t k = 0; k < entry.parts.size(); ++k)
      if (is_variable(entry.parts[k])) request.values.push_back(request.segments[k]);
    return {entry.route, entry.allowed, i};
  }
  return found;
}

const Request::Pair* unknown_parameter(const Request& request, const Route& route) {
  const auto known = [&](const Request::Pair& pair) {
    for (std::string_view rest = route.parameters; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(' '));
      if (one == pair.first) return true;
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return false;
  };
  const auto it = std::find_if_not(request.parameters.begin(), request.parameters.end(), known);
  return it == request.parameters.end() ? nullptr : &*it;
}

}  // namespace titer::http
