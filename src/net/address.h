// SPDX-License-Identifier: Apache-2.0

// Addresses, and the two ways to a Stream: dial one, or listen for it.
//
// An address says where (TCP, or a Unix socket's path) and how: with `tls` everything is under TLS from the first byte,
// both when it is dialled and when it is listened on. A Unix socket is never under TLS: its file has mode 0600, so only
// processes of the same user come through it.
//
// Limits: a Unix socket's path has at most kSocketPathBytesMax bytes. Errors name the address and say what to do.
// Thread rule: the thread of the io_context.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/stream.h"

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
  // As parse_address() reads it.
  [[nodiscard]] std::string text() const;
};
// As users write it: PORT (on this machine), HOST:PORT, [IPv6]:PORT or unix:/PATH. No scheme, no path: what is no such
// text is refused here (kInvalid), not when it is dialled.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

// Calls back with the connected stream or the reason (kUnreachable; kInvalid when no socket could be at that address),
// never from within the call. A name is looked up by a thread of Asio's, and its addresses are tried one after another;
// all of that within `timeout_us`. With TLS the handshake goes on in the stream's first reads and writes, and the other
// side must prove that it is `address.host`.
void dial(boost::asio::io_context& context, const Address& address, std::int64_t timeout_us,
          std::function<void(Result<Stream>)> done);

// Accepts until it is destroyed; SO_REUSEADDR is set. Error (kInternal) names the address that is taken. The file
// of a Unix socket that nobody listens on any more is replaced; the listener removes its own when it closes.
// Shared: several listeners of this process (all shared) take turns at the same address (SO_REUSEPORT).
class Listener {
 public:
  using Accepted = std::function<void(Stream)>;
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& context,
                                                              const Address& address, Accepted accepted,
                                                              bool shared = false);
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // Of an IP address; that the system chose, where 0 was asked for.
  [[nodiscard]] std::uint16_t port() const;
  void close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

  Listener(boost::asio::io_context& context, Address address, Accepted accepted);
  void accept();
  void accept_later();

  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Address address_;
  Accepted accepted_;
};

// Can this address be listened on right now? (Bound for a moment, then given back.) kUnavailable: this machine does not have
// the address, perhaps not yet.
[[nodiscard]] Status can_listen(const Address& address);

}  // namespace titer::net
