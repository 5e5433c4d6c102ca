// SPDX-License-Identifier: Apache-2.0

// Sockets: the two ways to a Stream — dial an address, or listen at it.
//
// For what works on sockets itself: the Loop, and HTTP. Everything else dials and listens through a Transport.
//
// Errors name the address and say what to do. Thread rule: the thread of the io_context.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"

namespace titer::net {

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
