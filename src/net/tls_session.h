// SPDX-License-Identifier: Apache-2.0

// TlsSession: one connection's TLS, for Stream. It drives OpenSSL over the stream's socket: the handshake first, by
// whoever reads or writes first, then records.
//
// OpenSSL calls the socket through a BIO of our own, because its own raises SIGPIPE when the other side is gone.
//
// Lifetime: every handler that is given keeps the owner of the stream alive, and so this; nothing is stored here that
// would do so too, so an io_context that goes takes all of it along. Invariants: the handshake is driven by one handler
// at a time, others wait on `opened_`. After an error nothing is sent, not even a close_notify.
// Errors: failure() and why(). Thread rule: the socket's.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

struct ssl_st;             // OpenSSL's SSL
struct ssl_ctx_st;         // SSL_CTX
struct x509_store_ctx_st;  // X509_STORE_CTX

namespace titer::net {

class TlsSession {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Error = boost::system::error_code;
  using ReadHandler = std::function<void(const Error&, std::size_t)>;
  using WaitHandler = std::function<void(const Error&)>;

  [[nodiscard]] static std::unique_ptr<TlsSession> to_accept(ssl_ctx_st* context, bool asks_for_certificate);
  [[nodiscard]] static std::unique_ptr<TlsSession> to_dial(ssl_ctx_st* context, const std::string& host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Before anything else.
  void attach(Socket& socket);

  void read(Socket& socket, boost::asio::mutable_buffer room, ReadHandler handler);
  [[nodiscard]] std::size_t send(boost::asio::const_buffer bytes, Error& error);
  void wait_write(Socket& socket, WaitHandler handler);
  // Tells the other side that nothing more comes, if it can be told now.
  void say_goodbye();
  // The socket is about to be closed.
  void cancel();

  [[nodiscard]] bool plain_peer() const { return plain_peer_; }
  // Empty: nothing of TLS went wrong.
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] bool proves(const std::string& host) const;

 private:
  enum class Step { kDone, kReadable, kWritable, kOver, kFailed };

  TlsSession(ssl_ctx_st* context, bool dials);
  static int verified(int ok, x509_store_ctx_st* store);
  void open(Socket& socket, WaitHandler then);
  void shake_hands(Socket& socket, WaitHandler then);
  void opened(const Error& error, const WaitHandler& then);
  void read_now(Socket& socket, boost::asio::mutable_buffer room, ReadHandler handler);
  [[nodiscard]] Step handshake_step();
  // Of the call that has just returned.
  [[nodiscard]] Step step_of(int returned);
  void fail(std::string why);

  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  const bool dials_;
  std::string host_;         // that was dialled
  int socket_ = -1;          // for the first look
  bool looked_ = false;      // at the first byte of who connected
  bool plain_peer_ = false;  // it was not one of TLS
  bool open_ = false;        // the handshake is done
  bool shaking_ = false;     // it is driven now
  Error failure_;            // for good
  std::string why_;
  std::optional<boost::asio::steady_timer> opened_;  // never rings: cancelled when the handshake is over
};

}  // namespace titer::net
