// SPDX-License-Identifier: Apache-2.0

// HTTP stream: TCP, or TLS over it, as one type that Beast reads from and writes to.
//
// Which of the two is decided once, after connecting; Tls (net/tls.h) says whom to believe and what to show.
// Thread rule: the loop's thread.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "net/tls.h"

namespace titer::view {

class HttpStream {
 public:
  // The name is Asio's. NOLINTNEXTLINE(readability-identifier-naming)
  using executor_type = boost::beast::tcp_stream::executor_type;

  explicit HttpStream(boost::asio::io_context& context) : plain_(context) {}

  [[nodiscard]] executor_type get_executor() { return plain_.get_executor(); }
  // Connecting, closing and time limits are TCP's.
  [[nodiscard]] boost::beast::tcp_stream& plain() { return plain_; }

  // From now on everything is under TLS; the handshake is next.
  [[nodiscard]] Status begin_tls(const net::Tls& tls, const std::string& host) {
    const std::shared_ptr<ssl_ctx_st> context = tls.context();
    ::SSL_CTX_up_ref(context.get());  // Asio's wrapper gives it back
    context_.emplace(context.get());
    secure_.emplace(plain_, *context_);
    secure_->set_verify_mode(boost::asio::ssl::verify_peer);
    secure_->set_verify_callback(boost::asio::ssl::host_name_verification(host));
    boost::system::error_code failed;
    boost::asio::ip::make_address(host, failed);
    if (failed && ::SSL_set_tlsext_host_name(secure_->native_handle(), host.c_str()) != 1)
      return Error{Code::kInvalid, host + " is no name of a host"};
    return ok_status();
  }
  template <typename Token>
  auto async_handshake(Token&& token) {
    return secure_->async_handshake(boost::asio::ssl::stream_base::client, std::forward<Token>(token));
  }

  // As Asio's streams have them.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return secure_ ? secure_->async_read_some(buffers, std::forward<Token>(token))
                   : plain_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return secure_ ? secure_->async_write_some(buffers, std::forward<Token>(token))
                   : plain_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  boost::beast::tcp_stream plain_;
  std::optional<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> secure_;
};

// Beast asks this where a stream is closed in the middle.
inline void beast_close_socket(HttpStream& stream) { stream.plain().close(); }

}  // namespace titer::view
