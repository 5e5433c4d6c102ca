// SPDX-License-Identifier: Apache-2.0

#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/tls_words.h"

namespace titer::net {

namespace {

constexpr unsigned char kHandshakeRecord = 22;  // the first byte of who speaks TLS

int descriptor_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int bio_read(BIO* bio, char* to, int room) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(descriptor_of(bio), to, static_cast<std::size_t>(room), MSG_DONTWAIT);
  if (n < 0 && later()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int bio_write(BIO* bio, const char* from, int bytes) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::send(descriptor_of(bio), from, static_cast<std::size_t>(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && later()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long bio_control(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_FLUSH) return 1;
  return what == BIO_CTRL_EOF ? BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 : 0;
}

// A table of the three functions; made once, never changed.
const BIO_METHOD* socket_calls() {
  static const BIO_METHOD* const kCalls = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "titer socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return kCalls;
}

}  // namespace

TlsSession::TlsSession(ssl_ctx_st* context, bool dials) : ssl_(SSL_new(context), SSL_free), dials_(dials) {
  SSL_set_app_data(ssl_.get(), this);
}

TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::to_accept(ssl_ctx_st* context, bool asks_for_certificate) {
  std::unique_ptr<TlsSession> session(new TlsSession(context, false));
  SSL_set_accept_state(session->ssl_.get());
  SSL_set_verify(session->ssl_.get(), asks_for_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, verified);
  return session;
}

std::unique_ptr<TlsSession> TlsSession::to_dial(ssl_ctx_st* context, const std::string& host) {
  std::unique_ptr<TlsSession> session(new TlsSession(context, true));
  SSL* ssl = session->ssl_.get();
  session->host_ = host;
  SSL_set_connect_state(ssl);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, verified);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return session;
  // Without a name OpenSSL would check none.
  if (host.empty() || SSL_set_tlsext_host_name(ssl, host.c_str()) != 1 || SSL_set1_host(ssl, host.c_str()) != 1)
    session->fail("'" + host + "' is no name of a host");
  return session;
}

void TlsSession::attach(Socket& socket) {
  socket_ = socket.native_handle();
  BIO* bio = BIO_new(socket_calls());
  BIO_set_data(bio,
               reinterpret_cast<void*>(static_cast<std::intptr_t>(socket_)));  // NOLINT(performance-no-int-to-ptr)
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  opened_.emplace(socket.get_executor());
  opened_->expires_at(boost::asio::steady_timer::time_point::max());
}

int TlsSession::verified(int ok, x509_store_ctx_st* store) {
  if (ok == 1) return ok;
  const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, index));
  auto* session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  session->why_ = words_for_certificate(store, session->host_);
  return ok;
}

void TlsSession::fail(std::string why) {
  failure_ = boost::asio::error::connection_aborted;
  if (why_.empty()) why_ = std::move(why);
}

TlsSession::Step TlsSession::step_of(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_NONE: return Step::kDone;
    case SSL_ERROR_WANT_READ: return Step::kReadable;
    case SSL_ERROR_WANT_WRITE: return Step::kWritable;
    case SSL_ERROR_ZERO_RETURN: return Step::kOver;
    case SSL_ERROR_SYSCALL:
      fail(errno == 0 ? "the connection ended in the middle of TLS" : std::strerror(errno));
      return Step::kFailed;
    default: fail(words_for_error(ERR_peek_error(), dials_)); return Step::kFailed;
  }
}

// --- the handshake

TlsSession::Step TlsSession::handshake_step() {
  ERR_clear_error();
  errno = 0;
  if (!dials_ && !looked_) {
    unsigned char first = 0;
    const ssize_t n = ::recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && later()) return Step::kReadable;
    looked_ = true;
    if (n == 1 && first != kHandshakeRecord) {
      plain_peer_ = true;
      // Bytes left unread when we close would cause a reset, which could overtake our message.
      char unread[4096];
      (void)::recv(socket_, unread, sizeof unread, MSG_DONTWAIT);
      fail("this port speaks TLS, and what came does not");
      return Step::kFailed;
    }
  }
  return step_of(SSL_do_handshake(ssl_.get()));
}

void TlsSession::open(Socket& socket, WaitHandler then) {
  if (shaking_) return opened_->async_wait([this, then = std::move(then)](const Error&) { then(failure_); });
  shaking_ = true;
  // Never from within the call: the handler may end the connection.
  boost::asio::post(socket.get_executor(),
                    [this, &socket, then = std::move(then)]() mutable { shake_hands(socket, std::move(then)); });
}

void TlsSession::shake_hands(Socket& socket, WaitHandler then) {
  if (!socket.is_open()) return opened(boost::asio::error::operation_aborted, then);
  const Step step = handshake_step();
  if (step == Step::kDone) return opened({}, then);
  if (step == Step::kOver) fail("the other side ended the handshake");
  if (step != Step::kReadable && step != Step::kWritable) return opened(failure_, then);
  socket.async_wait(step == Step::kReadable ? Socket::wait_read : Socket::wait_write,
                    [this, &socket, then = std::move(then)](const Error& error) mutable {
                      if (error) return opened(error, then);
                      shake_hands(socket, std::move(then));
                    });
}

void TlsSession::opened(const Error& error, const WaitHandler& then) {
  shaking_ = false;
  open_ = !error;
  if (error && !failure_) failure_ = error;
  opened_->cancel();
  then(error);
}

// --- records

void TlsSession::read(Socket& socket, boost::asio::mutable_buffer room, ReadHandler handler) {
  auto go_on = [this, &socket, room, handler = std::move(handler)](const Error& error) mutable {
    if (error) return handler(error, 0);
    read_now(socket, room, std::move(handler));
  };
  if (failure_ || (open_ && SSL_has_pending(ssl_.get()) == 1))
    return boost::asio::post(socket.get_executor(),
                             [this, go_on = std::move(go_on)]() mutable { go_on(failure_); });
  if (!open_) return open(socket, std::move(go_on));
  socket.async_wait(Socket::wait_read, std::move(go_on));
}

void TlsSession::read_now(Socket& socket, boost::asio::mutable_buffer room, ReadHandler handler) {
  if (!socket.is_open()) return handler(boost::asio::error::operation_aborted, 0);
  std::size_t n = 0;
  Step step = Step::kDone;
  do {
    ERR_clear_error();
    errno = 0;
    std::size_t got = 0;
    step = step_of(SSL_read_ex(ssl_.get(), static_cast<char*>(room.data()) + n, room.size() - n, &got));
    n += got;
  } while (step == Step::kDone && n < room.size() && SSL_has_pending(ssl_.get()) == 1);
  // What went wrong after them is told when they have been read.
  if (n > 0) return handler({}, n);
  if (step == Step::kOver) return handler(boost::asio::error::eof, 0);
  if (step == Step::kFailed) return handler(failure_, 0);
  socket.async_wait(step == Step::kWritable ? Socket::wait_write : Socket::wait_read,
                    [this, &socket, room, handler = std::move(handler)](const Error& error) mutable {
                      if (error) return handler(error, 0);
                      read_now(socket, room, std::move(handler));
                    });
}

std::size_t TlsSession::send(boost::asio::const_buffer bytes, Error& error) {
  error = failure_;
  if (!open_ && !failure_) error = boost::asio::error::would_block;
  if (error || bytes.size() == 0) return 0;
  ERR_clear_error();
  errno = 0;
  std::size_t n = 0;
  const Step step = step_of(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n));
  if (step == Step::kDone) return n;
  if (step == Step::kOver) fail("the other side has ended the connection");
  error = failure_ ? failure_ : Error(boost::asio::error::would_block);
  return 0;
}

void TlsSession::wait_write(Socket& socket, WaitHandler handler) {
  if (failure_)
    return boost::asio::post(socket.get_executor(), [this, handler = std::move(handler)] { handler(failure_); });
  if (!open_) return open(socket, std::move(handler));
  socket.async_wait(Socket::wait_write, std::move(handler));
}

void TlsSession::say_goodbye() {
  if (open_ && !failure_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsSession::cancel() {
  if (!failure_) failure_ = boost::asio::error::operation_aborted;
  if (opened_) opened_->cancel();
}

bool TlsSession::proves(const std::string& host) const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!open_ || certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return false;
  // Both sides of a link are a replica's in turn; a certificate that names no purpose is for all.
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT})
    if (X509_check_purpose(certificate, purpose, 0) != 1) return false;
  return X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
         X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1;
}

}  // namespace titer::net
