// SPDX-License-Identifier: Apache-2.0

// TLS on the command line: what a client shows and believes, and the files of a cluster's replicas.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace titer::net {
struct Address;
struct TlsOptions;
}  // namespace titer::net

namespace titer::app {

class Flags;

// --ca, --cert, --cert-key, TITER_CA. Without --ca everything is plain.
struct TlsFlags {
  std::string ca, certificate, key;

  void declare(Flags& flags);
  // Sets how these addresses are spoken to. Error (kInvalid): a file that cannot be used.
  [[nodiscard]] Status apply(std::vector<net::Address>& addresses) const;
};

// The names under which `titer cert` leaves files, and `titer cluster --tls` finds them.
inline constexpr const char* kAuthorityFile = "ca.pem";
inline constexpr const char* kAuthorityKeyFile = "ca-key.pem";
inline constexpr const char* kReplicaName = "replica";

// NAME.pem and NAME-key.pem.
[[nodiscard]] std::string certificate_file(const std::string& dir, const std::string& name);
[[nodiscard]] std::string key_file(const std::string& dir, const std::string& name);
// Of a replica whose files are in `dir`.
[[nodiscard]] net::TlsOptions replica_tls(const std::string& dir);

}  // namespace titer::app
