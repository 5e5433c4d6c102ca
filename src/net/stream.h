// SPDX-License-Identifier: Apache-2.0

// Stream: one connected socket, plain or under TLS, as HttpConnection (HTTP) and HttpChannel (HTTP to etcd) use it, and below
// Connection (the wire) as a ByteStream.
//
// They read with one callback at a time and write without waiting, at the end of their turns. Under TLS that is the same:
// SSL works on the non-blocking descriptor, a read that cannot continue waits for the socket, and the handshake runs
// inside the first reads and writes, so no user needs a state for it. Why not boost::asio::ssl::stream: it writes
// asynchronously only, copies everything once more, and would be a second type that every user had to be made for twice.
//
// A plain stream costs what the socket costs. One that was dialled or accepted with TLS never falls back to plain
// text, with one exception: a peer that speaks plain text to a TLS port gets the error in plain text
// (plain_peer()).
//
// Invariants: at most one read and one wait_write() at a time; a Stream is not moved once one of them has begun.
// Errors: explain() makes a sentence of the error code that a callback or send() gave. Thread rule: that of its socket.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/ip.h"
#include "net/transport.h"

namespace titer::net {

class TlsSession;

class Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Error = boost::system::error_code;

  Stream(Socket socket);  // NOLINT(google-explicit-constructor): a socket is a plain stream
  Stream(Socket socket, std::unique_ptr<TlsSession> tls);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  // Handler(error, n): some bytes are in `room`, or the stream is over.
  template <typename Handler>
  void async_read_some(boost::asio::mutable_buffer room, Handler handler) {
    if (tls_ == nullptr) return socket_.async_read_some(room, std::move(handler));
    read_tls(room, std::move(handler));
  }
  // Returns how many bytes were taken; error would_block: nothing more now, see async_wait_write().
  std::size_t send(boost::asio::const_buffer bytes, Error& error) {
    return tls_ == nullptr ? socket_.send(boost::asio::buffer(bytes), 0, error) : send_tls(bytes, error);
  }
  // Handler(error): send() may go on.
  template <typename Handler>
  void async_wait_write(Handler handler) {
    if (tls_ == nullptr) return socket_.async_wait(Socket::wait_write, std::move(handler));
    wait_write_tls(std::move(handler));
  }
  // The other side sees the end of what we send; reading goes on.
  void end_sending();
  void close();

  [[nodiscard]] std::string explain(const Error& error) const;
  // The other side speaks plain to our TLS: what is sent from now on is plain, for the sentence that says so.
  [[nodiscard]] bool plain_peer() const;
  [[nodiscard]] bool local() const { return local_; }
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  // It has shown a certificate of our authority that is for this host, as a server and as a client.
  [[nodiscard]] bool proves(const std::string& host) const;
  // Of the other end; unspecified when there is none, or it is a Unix socket.
  [[nodiscard]] Ip peer_ip() const;
  // From 127.0.0.0/8, ::1 or a Unix socket.
  [[nodiscard]] bool from_this_machine() const;
  // The other end's address as a number to count by (net/ip.h); 0: none.
  [[nodiscard]] std::uint64_t peer_number() const { return number_of(peer_ip()); }
  [[nodiscard]] auto get_executor() { return socket_.get_executor(); }

 private:
  using ReadHandler = std::function<void(const Error&, std::size_t)>;
  using WaitHandler = std::function<void(const Error&)>;
  void read_tls(boost::asio::mutable_buffer room, ReadHandler handler);
  [[nodiscard]] std::size_t send_tls(boost::asio::const_buffer bytes, Error& error);
  void wait_write_tls(WaitHandler handler);

  Socket socket_;
  bool local_;
  std::unique_ptr<TlsSession> tls_;  // null: plain
};

[[nodiscard]] ByteStreamPtr byte_stream(Stream stream);

}  // namespace titer::net
