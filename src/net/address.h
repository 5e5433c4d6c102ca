// SPDX-License-Identifier: Apache-2.0

// Address: where something listens.
//
// An address says where (TCP, or a Unix socket's path) and how: with `tls` everything is under TLS from the first byte,
// both when it is dialled and when it is listened on. A Unix socket is never under TLS: its file has mode 0600, so only
// processes of the same user come through it.
//
// Limits: a Unix socket's path has at most kSocketPathBytesMax bytes. Errors name the text and say what to do. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace titer::net {

class Tls;

// The end of the message about a text that is no address.
inline constexpr std::string_view kPortRange = "; a port is a number from 1 to 65535";
inline constexpr std::size_t kSocketPathBytesMax = 107;  // the kernel's, without the zero at the end

struct Address {
  std::string host =
      "127.0.0.1";         // an IP address, or a name to dial; when it begins with '/': a Unix socket's path
  std::uint16_t port = 0;  // TCP only
  std::shared_ptr<const Tls> tls = nullptr;  // null: plain

  [[nodiscard]] bool local() const { return host.starts_with('/'); }
  // Also when they are written differently: localhost is 127.0.0.1, a name has no case and may end with a dot, and an IP
  // address may have several forms. Names are not looked up.
  [[nodiscard]] bool same_place(const Address& other) const;
  // Not both can be listened on: they are the same place, or one of them is this port of all addresses.
  [[nodiscard]] bool overlaps(const Address& other) const;
  // As parse_address() reads it.
  [[nodiscard]] std::string text() const;
};
// The one form of an IP address that may be written in several: 127.1 and ::ffff:127.0.0.1 are 127.0.0.1. Other texts as they are.
[[nodiscard]] std::string canonical_host(std::string_view host);
// Refuses what is not one machine's address: 0.0.0.0 and ::, multicast, broadcast. The others must be able to reach it.
[[nodiscard]] Status check_one_machine(const Address& address);
// As users write it: PORT (on this machine), HOST:PORT, [IPv6]:PORT or unix:/PATH. No scheme, no path: what is no such
// text is refused here (kInvalid), not when it is dialled. The host of the result is canonical.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
[[nodiscard]] Error path_too_long(const std::string& path);

}  // namespace titer::net
