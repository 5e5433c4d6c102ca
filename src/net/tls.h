// SPDX-License-Identifier: Apache-2.0

// Tls: our identity and our trust under TLS: a certificate with its key, and the authority that other certificates
// must be of. All are PEM files, which may be replaced while the process runs: reload() uses the new ones for new
// connections, and existing connections keep the old ones. A set of files that does not fit together is refused, and
// the old one stays in use.
//
// Rules of every connection: TLS 1.2 or 1.3, forward secrecy, no renegotiation, no compression, no session tickets (a
// handshake is cheap beside what a wrong resumption costs). The dialling side always checks the other's
// certificate: of the authority, in time, and for the address that was dialled. The accepting side may ask for a
// certificate: none is fine then (permissions are checked elsewhere, by Stream::proves()), a wrong one ends the
// handshake.
//
// Errors: sentences that name the file. A private key that anybody on the machine may read is refused; keys are in no
// message. Thread rule: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace titer::net {

class TlsSession;

struct TlsOptions {
  std::string ca;                     // empty: the authorities that this system believes
  std::string certificate, key;       // empty, both: we show none (a client)
  bool asks_for_certificate = false;  // of who connects: between replicas; a browser would bother its user with it
};

class Tls {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Tls>> open(TlsOptions options);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Error: the files of before stay in use.
  [[nodiscard]] Status reload();
  // The files are others than at the last open() or reload(), be it that these failed.
  [[nodiscard]] bool changed() const;
  // Of our certificate, in ms of the wall clock; 0: we have none.
  [[nodiscard]] std::int64_t expires_ms() const;
  // Error: our certificate has expired, so nobody would accept it.
  [[nodiscard]] Status expect_not_expired(WallTime now) const;

  [[nodiscard]] std::unique_ptr<TlsSession> to_accept() const;
  // The other side must prove that it is `host`, an IP address or a name; a name is also told to it (SNI).
  [[nodiscard]] std::unique_ptr<TlsSession> to_dial(const std::string& host) const;
  // Of the connections that begin now; it stays as it is when files change.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> context() const;

 private:
  // Of one file; all 0: it is not there.
  struct Stamp {
    std::int64_t changed_ns = 0, bytes = 0, inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  explicit Tls(TlsOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Stamps look() const;

  const TlsOptions options_;
  mutable std::mutex mutex_;  // guards the rest
  std::shared_ptr<ssl_ctx_st> context_;
  Stamps stamps_;
};

}  // namespace titer::net
