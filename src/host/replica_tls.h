// SPDX-License-Identifier: Apache-2.0

// TLS of a replica process: its two contexts, and their renewal while it runs. Thread rule: that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/result.h"
#include "net/tls.h"
#include "net/tls_renewal.h"

namespace titer::host {

struct ReplicaTls {
  // Null, all: plain.
  std::shared_ptr<net::Tls> wire, http;  // the same files; only the wire asks who connects for a certificate
  std::unique_ptr<net::TlsRenewal> renewal;

  // Without a certificate in `files`: plain. The log says which files were renewed, and which cannot be used. Error (kInvalid):
  // files that cannot be used. `more`: renewed with them; null: nothing more.
  [[nodiscard]] static Result<ReplicaTls> open(boost::asio::io_context& context, net::TlsOptions files,
                                               std::shared_ptr<net::Tls> more = nullptr);
};

}  // namespace titer::host
