// SPDX-License-Identifier: Apache-2.0

#include "host/replica_tls.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

namespace titer::host {

namespace {

void tell_renewal(const Status& renewed) {
  if (renewed)
    spdlog::info("new certificates are in use, for new connections");
  else
    spdlog::error("the certificates of before stay in use: {}", renewed.error().message);
}

}  // namespace

Result<ReplicaTls> ReplicaTls::open(boost::asio::io_context& context, net::TlsOptions files,
                                    std::shared_ptr<net::Tls> more) {
  ReplicaTls out;
  std::vector<std::shared_ptr<net::Tls>> all;
  if (more) all.push_back(std::move(more));
  for (auto* const one : {&out.wire, &out.http}) {
    if (files.certificate.empty()) break;
    files.asks_for_certificate = one == &out.wire;
    auto opened = net::Tls::open(files);
    if (!opened) return opened.error();
    if (const Status valid = (*opened)->expect_not_expired(net::wall_now()); !valid) return valid.error();
    *one = opened.value();
    all.push_back(std::move(opened).value());
  }
  if (!all.empty()) out.renewal = std::make_unique<net::TlsRenewal>(context, std::move(all), tell_renewal);
  return out;
}

}  // namespace titer::host
