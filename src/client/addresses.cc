// SPDX-License-Identifier: Apache-2.0

#include "client/addresses.h"

#include <algorithm>

namespace titer::client {

Result<Addresses> parse_addresses(const std::vector<std::string>& texts) {
  Addresses out;
  for (std::string_view rest : texts) {
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view one = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (one.empty()) continue;
      Result<net::Address> address = net::parse_address(one);
      if (!address) return address.error();
      add_address(out, *address);
    }
  }
  return out;
}

Addresses default_addresses() {
  Addresses out;
  for (std::uint16_t i = 0; i < kDefaultPorts; ++i)
    out.push_back({"127.0.0.1", static_cast<std::uint16_t>(kFirstPort + i)});
  return out;
}

bool all_local(const Addresses& addresses) {
  return std::all_of(addresses.begin(), addresses.end(), [](const net::Address& a) { return a.local(); });
}

bool add_address(Addresses& addresses, const net::Address& address) {
  net::Address plain = address;
  if (plain.host == "localhost") plain.host = "127.0.0.1";
  const auto same = [&](const net::Address& a) { return a.same_place(plain); };
  if (std::any_of(addresses.begin(), addresses.end(), same)) return false;
  addresses.push_back(std::move(plain));
  return true;
}

void add_members(Addresses& addresses, const smr::ViewRecord& view) {
  for (const smr::Member& member : view.members)
    if (Result<net::Address> address = net::parse_address(member.address)) {
      if (!addresses.empty()) address->tls = addresses.front().tls;
      add_address(addresses, *address);
    }
}

std::string to_text(const Addresses& addresses) {
  std::string out;
  for (const net::Address& address : addresses) {
    if (!out.empty()) out += ", ";
    out += address.text();
  }
  return out;
}

}  // namespace titer::client
