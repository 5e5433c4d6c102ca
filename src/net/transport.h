// SPDX-License-Identifier: Apache-2.0

// Transport: connections as bytes — how they are made, and what Connection (connection.h) needs of one.
//
// The seam between everything that has a protocol and the sockets below it: on a real machine a ByteStream is a socket,
// plain or under TLS (stream.h), in the simulator one end of a simulated connection. It is as low as this, and not at
// messages, so that framing, limits and back-pressure are the same code in both. One virtual call stands for one system call.
//
// A ByteStream keeps the order of the bytes and loses none while it lives. It has at most one read and one wait_writable()
// at a time.
// Errors: over() and why(). Thread rule: the thread of the environment that it came from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"

namespace titer::net {

class StreamEvents {
 public:
  // So many bytes are in the room that read_some() was given; 0: the stream is over.
  virtual void on_bytes(std::size_t bytes) = 0;
  // send() may go on, or the stream is over.
  virtual void on_writable() = 0;

 protected:
  ~StreamEvents() = default;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // One on_bytes() follows, never from within the call. `room` and this stream live as long as `events`.
  virtual void read_some(std::span<std::byte> room, std::shared_ptr<StreamEvents> events) = 0;
  // How many bytes were taken. 0 while not over(): none now; wait_writable().
  [[nodiscard]] virtual std::size_t send(ByteView bytes) = 0;
  // One on_writable() follows, never from within the call.
  virtual void wait_writable(std::shared_ptr<StreamEvents> events) = 0;
  // Bytes that were taken are still delivered if the other side reads. A read that waits may be told that the stream is over.
  virtual void close() = 0;

  // It has ended or is broken; why() is for the log.
  [[nodiscard]] virtual bool over() const = 0;
  [[nodiscard]] virtual std::string why() const = 0;
  // The other side speaks plain to our TLS: what is sent from now on is plain, for the sentence that says so.
  [[nodiscard]] virtual bool plain_peer() const { return false; }

  // --- who is at the other end
  // A process of this machine and of our own user, over a Unix socket.
  [[nodiscard]] virtual bool local() const = 0;
  [[nodiscard]] virtual bool secure() const { return false; }
  // It has shown a certificate of our authority that is for this host.
  [[nodiscard]] virtual bool proves(const std::string& /*host*/) const { return false; }
  [[nodiscard]] virtual bool from_this_machine() const = 0;
  // Its address as a number to count by (net/ip.h); 0: none.
  [[nodiscard]] virtual std::uint64_t peer_number() const = 0;
};

using ByteStreamPtr = std::unique_ptr<ByteStream>;

// An address is listened at; until close() or destruction.
class Listening {
 public:
  virtual ~Listening() = default;
  virtual void close() = 0;
};

class Transport {
 public:
  using Dialled = std::function<void(Result<ByteStreamPtr>)>;
  using Accepted = std::function<void(ByteStreamPtr)>;

  // Calls back with the connected stream or the reason (kUnreachable, kInvalid), never from within the call.
  virtual void dial(const Address& address, std::int64_t timeout_us, Dialled done) = 0;
  // Error (kInternal) names the address that is taken.
  [[nodiscard]] virtual Result<std::unique_ptr<Listening>> listen(const Address& address, Accepted accepted) = 0;

 protected:
  ~Transport() = default;
};

}  // namespace titer::net
