// SPDX-License-Identifier: Apache-2.0

// GET /api/v1/export: all open sites, as of one position, as a file.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "api/answers.h"
#include "api/full_snapshot.h"
#include "api/handler_context.h"
#include "api/routes.h"
#include "api/site_tag.h"
#include "formats/writer.h"
#include "http/entity_tag.h"
#include "http/gzip.h"
#include "http/parameters.h"
#include "http/problem.h"

namespace titer::api {

namespace {

// Small: a worker makes several pieces a turn, and its other clients wait meanwhile.
constexpr std::size_t kPieceBytes = std::size_t{8} << 10;

// Makes the file piece by piece, as long as its snapshot need not give way.
class ExportPull {
 public:
  ExportPull(SharedSnapshot all, formats::ExportFormat format)
      : all_(std::move(all)), writer_(formats::make_writer(format)) {}

  http::Pull operator()(std::string& out) {
    const auto all = all_->use(net::boot_now());
    if (all == nullptr) return http::Pull::kCut;
    if (at_ == 0) writer_->begin(out);
    while (at_ < all->sites.size() && out.size() < kPieceBytes) writer_->site(all->sites[at_++], out);
    if (at_ < all->sites.size()) return http::Pull::kMore;
    writer_->end(out);
    return http::Pull::kEnd;
  }

 private:
  SharedSnapshot all_;
  std::unique_ptr<formats::Writer> writer_;
  std::size_t at_ = 0;
};

http::Response head_of(formats::ExportFormat format, Position position, std::uint64_t stream) {
  http::Response response;
  response.type = formats::media_type(format);
  response.position = position;
  response.etag = position_tag(position, stream);
  response.cache = "no-cache";
  return response;
}

void answer(const http::Exchange& exchange, formats::ExportFormat format, SharedSnapshot all,
            std::uint64_t stream) {
  const auto read = all->use(net::boot_now());
  if (read == nullptr) return exchange.respond(http::problem(several_exports()));
  http::Response response = head_of(format, read->position, stream);
  response.pull = [pull = std::make_shared<ExportPull>(std::move(all), format)](std::string& out) {
    return (*pull)(out);
  };
  exchange.respond(std::move(response));
}

// The form that this request selects: an export is compressed for everybody that takes gzip.
bool has_current(const http::Request& request, const std::string& tag) {
  const bool gzip = http::accepts_gzip(request.header("accept-encoding"));
  return http::read_condition(request, gzip ? http::gzip_tag(tag) : tag) == http::ReadCondition::kNotModified;
}

// The connection makes a 304 of it, by the same rule.
http::Response not_changed(http::Response same) {
  same.pull = [](std::string&) { return http::Pull::kEnd; };
  return same;
}

void export_sites(HandlerContext& context, const http::Exchange& exchange) {
  const std::string_view name = http::text_of(exchange.request(), "format");
  const auto format = formats::export_format_named(name.empty() ? "csv" : name);
  if (!format)
    return exchange.respond(
        bad_request(Error{Code::kInvalid, "the format of an export is csv, ndjson or geojson"}));
  // A client that already has this position need not wait for the rest.
  context.reads.ask(registry::Info{}, [&context, exchange, format](const Result<Rows>& info) {
    if (exchange.gone()) return;
    if (!info) return exchange.respond(http::problem(info.error()));
    const std::uint64_t stream = context.setup.cluster;
    http::Response head = head_of(*format, info->position, stream);
    if (has_current(exchange.request(), head.etag)) return exchange.respond(not_changed(std::move(head)));
    read_full_snapshot(context, exchange.request().address,
                       [exchange, format, stream](const Result<SharedSnapshot>& all) {
                         if (exchange.gone()) return;
                         if (!all) return exchange.respond(http::problem(all.error()));
                         answer(exchange, *format, *all, stream);
                       });
  });
}

constexpr Route kExportRoutes[] = {
    Route{http::Method::kGet, "/api/v1/export", export_sites, registry::Act::kRead, "export", "format"}
        .key_judged_first(),
};

}  // namespace

Routes export_routes() { return kExportRoutes; }

}  // namespace titer::api
