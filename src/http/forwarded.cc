// SPDX-License-Identifier: Apache-2.0

#include "http/forwarded.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace titer::http {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]", "[2001:db8::1]:4711", "2001:db8::1"; also in quotes
std::optional<net::Ip> node_ip(std::string_view node) {
  if (node.size() >= 2 && node.front() == '"' && node.back() == '"') node = node.substr(1, node.size() - 2);
  if (node.starts_with('[')) return net::parse_ip(node.substr(1, node.find(']') - 1));
  if (const std::size_t colon = node.find(':'); colon != std::string_view::npos && colon == node.rfind(':'))
    node = node.substr(0, colon);
  return net::parse_ip(node);
}

// Of one element of Forwarded: the value of `for`.
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    const std::string_view part = element.substr(0, element.find(';'));
    element.remove_prefix(std::min(element.size(), part.size() + 1));
    const std::string_view pair = trimmed(part);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && same_ignoring_case(pair.substr(0, equals), "for"))
      return pair.substr(equals + 1);
  }
  return {};
}

// Walks the hops from the last to the first.
class Walk {
 public:
  Walk(const net::Ip& peer, const std::vector<net::Network>& proxies) : client_(peer), proxies_(proxies) {}
  // False: it is over.
  bool hop(std::string_view node) {
    const auto ip = node_ip(node);
    if (!ip) return false;  // what is before it was said by nobody that is known
    client_ = *ip;
    return net::contains(proxies_, *ip);
  }
  [[nodiscard]] const net::Ip& client() const { return client_; }

 private:
  net::Ip client_;
  const std::vector<net::Network>& proxies_;
};

// nullopt: there is no such field.
std::optional<net::Ip> last_untrusted(const Request& request, std::string_view field, bool elements, Walk walk) {
  bool found = false, on = true;
  for (auto header = request.headers.rbegin(); header != request.headers.rend() && on; ++header) {
    if (!same_ignoring_case(header->first, field)) continue;
    found = true;
    std::string_view rest = header->second;
    for (bool more = true; more && on;) {
      const std::size_t comma = rest.rfind(',');
      more = comma != std::string_view::npos;
      const std::string_view element = trimmed(more ? rest.substr(comma + 1) : rest);
      rest = rest.substr(0, more ? comma : 0);
      on = walk.hop(elements ? for_of(element) : element);
    }
  }
  return found ? std::optional(walk.client()) : std::nullopt;
}

}  // namespace

net::Ip client_behind(const Request& request, const net::Ip& peer, const std::vector<net::Network>& proxies) {
  const auto forwarded = last_untrusted(request, "forwarded", true, Walk(peer, proxies));
  const auto listed = last_untrusted(request, "x-forwarded-for", false, Walk(peer, proxies));
  if (forwarded && listed && *forwarded != *listed) return peer;
  return forwarded.value_or(listed.value_or(peer));
}

}  // namespace titer::http
