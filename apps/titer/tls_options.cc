// SPDX-License-Identifier: Apache-2.0

#include "titer/tls_options.h"

#include <cstdlib>

#include "net/address.h"
#include "net/tls.h"
#include "titer/flags.h"

namespace titer::app {

void TlsFlags::declare(Flags& flags) {
  flags.option("--ca", ca, "the cluster's certificate authority (PEM); turns TLS on")
      .env("TITER_CA")
      .value_name("FILE");
  flags.option("--cert", certificate, "a client certificate to present").value_name("FILE");
  flags.option("--cert-key", key, "its private key").value_name("FILE");
}

Status TlsFlags::apply(std::vector<net::Address>& addresses) const {
  // What an unset variable of a script leaves; without TLS the key would go in plain text to whoever listens.
  if (const char* set = std::getenv("TITER_CA"); set != nullptr && *set == '\0' && ca.empty())
    return Error{Code::kInvalid, "TITER_CA is empty: give it the file of the authority, or unset it"};
  if (ca.empty() && certificate.empty() && key.empty()) return ok_status();
  if (ca.empty()) return Error{Code::kInvalid, "--cert and --cert-key are for TLS: name the authority with --ca"};
  auto tls = net::Tls::open({ca, certificate, key});
  if (!tls) return tls.error();
  for (net::Address& address : addresses) address.tls = tls.value();
  return ok_status();
}

std::string certificate_file(const std::string& dir, const std::string& name) { return dir + "/" + name + ".pem"; }
std::string key_file(const std::string& dir, const std::string& name) { return dir + "/" + name + "-key.pem"; }

net::TlsOptions replica_tls(const std::string& dir) {
  return {dir + "/" + kAuthorityFile, certificate_file(dir, kReplicaName), key_file(dir, kReplicaName), true};
}

}  // namespace titer::app
