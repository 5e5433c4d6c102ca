// SPDX-License-Identifier: Apache-2.0

// SMART Scheduling Links: GET /api/v1/smart/$bulk-publish and the files that it names.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "api/answers.h"
#include "api/handler_context.h"
#include "api/min_position.h"
#include "api/publication.h"
#include "api/routes.h"
#include "formats/inflate.h"
#include "http/gzip.h"
#include "http/parameters.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kFhirLines = "application/fhir+ndjson";
constexpr std::size_t kUnpackBytes = 512;  // packed bytes a piece: up to 75 times as many come out

// How the client calls us: its Host, and https when we speak it or a proxy in front says so.
std::string own_address(const HandlerContext& context, const http::Request& request) {
  const std::string_view host = request.header("host");
  const bool plain = !host.empty() && host.find_first_of(" \t/?#@\\\"<>") == std::string_view::npos;
  const bool secure = context.setup.listen.tls || request.header("x-forwarded-proto") == "https";
  return fmt::format("{}://{}", secure ? "https" : "http", plain ? std::string(host) : context.setup.listen.text());
}

http::Response manifest(const Publication& publication, const std::string& base) {
  formats::SmartManifest out;
  out.time = publication.time;
  out.request = base + "/api/v1/smart/$bulk-publish";
  out.left_out = publication.left_out;
  for (const Publication::File& file : publication.files)
    out.outputs.push_back(
        {file.type, fmt::format("{}/api/v1/smart/{}/{}", base, publication.name, file.name), file.state});
  http::Response response;
  formats::print_manifest(out, response.body);
  response.position = publication.position;
  tag_by_content(response);  // the addresses in it are those by which the client calls us
  response.cache = "public, max-age=60";
  response.headers.emplace_back("Vary", "X-Forwarded-Proto");
  response.headers.emplace_back("Last-Modified", http::http_date(publication.time));
  return response;
}

// Titer-Min-Position asks for a newer one. (A value that cannot be read was refused before.)
bool is_too_old(const Publication& publication, const http::Request& request, std::uint64_t stream) {
  const auto wanted = min_position(request, stream);
  return wanted && publication.position < *wanted;
}

void bulk_publish(HandlerContext& context, const http::Exchange& exchange) {
  const Result<bool> expired = http::flag_of(exchange.request(), "expired");
  if (!expired) return exchange.respond(bad_request(expired.error()));
  context.setup.shared->publications->newest(
      context, *expired, [&context, exchange](const Result<SharedPublication>& publication) {
        if (exchange.gone()) return;
        if (!publication) return exchange.respond(http::problem(publication.error()));
        if (is_too_old(**publication, exchange.request(), context.setup.cluster))
          return exchange.respond(http::problem(Error{
              Code::kUnavailable,
              fmt::format("what is published now is of position {}; a new publication is made once a minute at "
                          "most, ask again then",
                          (*publication)->position.value)}));
        exchange.respond(manifest(**publication, own_address(context, exchange.request())));
      });
}

// For the few who do not take gzip.
class UnpackPull {
 public:
  explicit UnpackPull(std::shared_ptr<const std::string> packed) : packed_(std::move(packed)) {}

  http::Pull operator()(std::string& out) {
    out_ = &out;
    const std::string_view rest = std::string_view(*packed_).substr(done_);
    const std::string_view piece = rest.substr(0, kUnpackBytes);
    done_ += piece.size();
    if (!inflater_.feed(as_bytes(piece))) return http::Pull::kCut;  // our own bytes: cannot be
    return piece.size() == rest.size() ? http::Pull::kEnd : http::Pull::kMore;
  }

 private:
  std::shared_ptr<const std::string> packed_;
  std::size_t done_ = 0;
  std::string* out_ = nullptr;
  formats::Inflater inflater_{[this](ByteView bytes) { out_->append(as_text(bytes)); }, UINT64_MAX};
};

void smart_file(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const SharedPublication publication = context.setup.shared->publications->find(request.values[0]);
  const Publication::File* file = publication ? publication->find(request.values[1]) : nullptr;
  if (file == nullptr || is_too_old(*publication, request, context.setup.cluster))
    return exchange.respond(http::problem(404, "not_found",
                                          "this file is not, or no longer, kept here, or older than "
                                          "Titer-Min-Position; get /api/v1/smart/$bulk-publish again "
                                          "and fetch the files that it names"));
  http::Response response;
  response.type = kFhirLines;
  response.position = publication->position;
  response.etag = fmt::format("\"{}\"", publication->name);
  response.cache = "public, max-age=31536000, immutable";
  response.vary = true;
  response.headers.emplace_back("Last-Modified", http::http_date(publication->time));
  if (http::accepts_gzip(request.header("accept-encoding"))) {
    response.shared = file->packed;
    response.encoding = "gzip";
  } else {
    response.pull = [pull = std::make_shared<UnpackPull>(file->packed)](std::string& out) { return (*pull)(out); };
  }
  exchange.respond(std::move(response));
}

constexpr Route kSmartRoutes[] = {
    Route{http::Method::kGet, "/api/v1/smart/$bulk-publish", bulk_publish, registry::Act::kRead, "smart_manifest",
          "_since expired"}
        .key_judged_first(),
    Route{http::Method::kGet, "/api/v1/smart/{publication}/{file}", smart_file, registry::Act::kRead, "smart_file",
          "_since"}
        .key_judged_first(),
};

}  // namespace

Routes smart_routes() { return kSmartRoutes; }

}  // namespace titer::api
