// SPDX-License-Identifier: Apache-2.0

#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <ctime>
#include <utility>

#include "net/named_file.h"
#include "net/secret_file.h"
#include "net/tls_session.h"

namespace titer::net {

namespace {

using Context = std::shared_ptr<ssl_ctx_st>;

constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";  // TLS 1.3 has no others than good ones
constexpr std::size_t kReadAheadBytes = std::size_t{32} << 10;     // two records with one call

Error wrong(const std::string& file, const char* what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = "cannot use " + file + " as " + what + ": " + (reason == nullptr ? "it is empty" : reason);
  ERR_clear_error();
  return {Code::kInvalid, std::move(text)};
}

// Without it OpenSSL would ask at the terminal.
int no_password(char*, int, int, void*) { return 0; }

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers12);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
  SSL_CTX_set_default_passwd_cb(context, no_password);
}

Status load_authority(SSL_CTX* context, const TlsOptions& options) {
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return ok_status();
  }
  if (Status file = expect_small_file(options.ca); !file) return file;
  if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1)
    return wrong(options.ca, "certificate authority");
  if (options.asks_for_certificate)
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.ca.c_str()));
  return ok_status();
}

Status load_certificate(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate.empty() && options.key.empty()) return ok_status();
  if (options.certificate.empty() || options.key.empty())
    return Error{Code::kInvalid, "a certificate needs its key and a key its certificate: name both files"};
  for (const std::string& name : {options.certificate, options.key})
    if (Status file = expect_small_file(name); !file) return file;
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1)
    return wrong(options.certificate, "certificate");
  if (Status closed = closed_to_others(options.key); !closed) return closed;
  // Says also when the key is not the certificate's.
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong(options.key, "private key");
  return ok_status();
}

Result<Context> load(const TlsOptions& options) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  if (!context) return Error{Code::kInternal, "TLS cannot be used on this system"};
  set_rules(context.get());
  if (const Status loaded = load_authority(context.get(), options); !loaded) return loaded.error();
  if (const Status loaded = load_certificate(context.get(), options); !loaded) return loaded.error();
  return context;
}

}  // namespace

Result<std::shared_ptr<Tls>> Tls::open(TlsOptions options) {
  std::shared_ptr<Tls> tls(new Tls(std::move(options)));
  if (const Status loaded = tls->reload(); !loaded) return loaded.error();
  return tls;
}

// The stamps are taken first: what changes while we load is looked at again.
Status Tls::reload() {
  const Stamps stamps = look();
  Result<Context> fresh = load(options_);
  const std::lock_guard lock(mutex_);
  stamps_ = stamps;
  if (!fresh) return fresh.error();
  context_ = std::move(fresh).value();
  return ok_status();
}

Tls::Stamps Tls::look() const {
  Stamps stamps;
  const std::string* files[] = {&options_.ca, &options_.certificate, &options_.key};
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    struct stat found {};
    if (files[i]->empty() || ::stat(files[i]->c_str(), &found) != 0) continue;
    stamps[i] = {std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec,
                 static_cast<std::int64_t>(found.st_size), static_cast<std::int64_t>(found.st_ino)};
  }
  return stamps;
}

bool Tls::changed() const {
  const Stamps now = look();
  const std::lock_guard lock(mutex_);
  return now != stamps_;
}

Context Tls::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::int64_t Tls::expires_ms() const {
  const Context context = this->context();
  const X509* certificate = SSL_CTX_get0_certificate(context.get());
  std::tm when{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) return 0;
  return std::int64_t{::timegm(&when)} * 1000;
}

Status Tls::expect_not_expired(WallTime now) const {
  const std::int64_t expires = expires_ms();
  if (expires == 0 || now.value < expires) return ok_status();
  return Error{Code::kInvalid,
               "the certificate in " + options_.certificate +
                   " has expired, so no replica and no client would accept it: put a new one in its place"};
}

std::unique_ptr<TlsSession> Tls::to_accept() const {
  return TlsSession::to_accept(context().get(), options_.asks_for_certificate);
}

std::unique_ptr<TlsSession> Tls::to_dial(const std::string& host) const {
  return TlsSession::to_dial(context().get(), host);
}

}  // namespace titer::net
