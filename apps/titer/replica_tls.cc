#include "titer/replica_tls.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

namespace titer::app {

namespace {

void tell_renewal(const Status& renewed) {
  if (renewed)
    spdlog::info("new certificates are in use, for new connections");
  else
    spdlog::error("the certificates of before stay in use: {}", renewed.error().message);
}

}  // namespace

Result<ReplicaTls> ReplicaTls::open(boost::asio::io_context& context, net::TlsOptions files) {
  files.asks_for_certificate = true;
  auto wire = net::Tls::open(files);
  if (!wire) return wire.error();
  files.asks_for_certificate = false;
  auto http = net::Tls::open(std::move(files));
  if (!http) return http.error();
  ReplicaTls out{std::move(wire).value(), std::move(http).value(), nullptr};
  out.renewal = std::make_unique<net::TlsRenewal>(context, std::vector{out.wire, out.http}, tell_renewal);
  return out;
}

}  // namespace titer::app
