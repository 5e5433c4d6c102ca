// SPDX-License-Identifier: Apache-2.0

// Config: titer.toml, the configuration of one replica on a machine of its own (docs/reference/serve.md has every name).
//
// The file is read and checked completely before anything is started: an unknown name is an error, and is not ignored.
// Passwords are in files that the configuration names, so that it can be shown to others; they are read again whenever one
// is needed.
// Pure, except that it reads files. Errors: kInvalid, with file and line, and what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "host/descriptors.h"
#include "net/connection.h"
#include "net/ip.h"
#include "net/rates.h"
#include "net/tls.h"
#include "view/etcd_client.h"

namespace titer::host {

// Files with PEM in them; empty: none.
struct TlsFiles {
  std::string ca, certificate, key;
  [[nodiscard]] bool given() const { return !certificate.empty(); }
};

struct Config {
  // [cluster]
  std::string cluster;           // its name: which key of the register is its record
  bool any_may_restart = false;  // restart_with = "any"
  std::string secret_file;       // of the replicas (secret_file.h); empty: there is none

  // [replica]
  ReplicaId index;
  std::string data;  // empty: only with durability memory
  net::Address wire;
  std::optional<net::Address> http;
  bool durable = true;
  std::string local_socket;
  std::string execution_log;   // file; empty: none
  bool confirm_reads = false;  // reads = "confirm"

  // [register]
  view::EtcdOptions etcd;
  TlsFiles etcd_tls;
  std::shared_ptr<net::Tls> etcd_renewed;  // is etcd.tls, for who renews it; null: plain

  TlsFiles tls;  // [tls], of wire and HTTP

  // [http]
  std::vector<std::string> http_hosts;        // names by which browsers know this server, beside the replicas'
  std::vector<net::Network> trusted_proxies;  // whose word is taken for whom a request comes from

  // [limits]
  std::uint32_t frames_in_flight = 0;  // 0: as usual
  net::RateLimits rates;               // of HTTP, and of the wire
  ConnectionSettings connections;

  // [log]
  std::string log_level = "info";
  std::string log_file;  // empty: standard error

  bool insecure = false;
  bool accept_clock = false;  // of the command line only: it is meant for one start
};

// Values that replace those of the file: one file for all replicas of a cluster. Empty: what the file says.
struct Overrides {
  std::optional<std::uint16_t> index;
  std::string wire, http;
};

[[nodiscard]] Result<Config> read_config(const std::string& path, const Overrides& overrides = {});
// `name` stands for the file in messages.
[[nodiscard]] Result<Config> parse_config(const std::string& text, const std::string& name,
                                          const Overrides& overrides = {});

// Reads the certificates for etcd, when an endpoint is https://. Refuses to send etcd's password in the clear to another
// machine, unless `insecure`.
[[nodiscard]] Status secure_etcd(Config& config);

// True: a process that reaches a replica's port cannot pose as a replica and take every key, because there are certificates or
// a secret; or the operator has set `insecure`.
[[nodiscard]] bool keys_protect(const Config& config);

// Refuses plain text to other machines, unless the operator has set `insecure`.
[[nodiscard]] Status secure_enough(const Config& config);

}  // namespace titer::host
