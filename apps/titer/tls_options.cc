// SPDX-License-Identifier: Apache-2.0

#include "titer/tls_options.h"

namespace titer::app {

void TlsFlags::declare(CLI::App& app) {
  app.add_option("--ca", ca, "the cluster's certificate authority (PEM); turns TLS on")
      ->envname("TITER_CA")
      ->type_name("FILE");
  app.add_option("--cert", certificate, "a certificate to show, when the cluster wants one")->type_name("FILE");
  app.add_option("--cert-key", key, "its private key")->type_name("FILE");
}

Status TlsFlags::apply(client::Addresses& addresses) const {
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
