// SPDX-License-Identifier: Apache-2.0

// POST /api/v1/import: a file of sites into the registry; GET /api/v1/imports: how far such imports are.
#include <fmt/format.h>

#include <memory>

#include "api/answers.h"
#include "api/handler_context.h"
#include "api/import.h"
#include "api/routes.h"
#include "base/number.h"
#include "formats/header_match.h"
#include "http/parameters.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kFormats =
    "csv, ndjson, smart, cdc, national, therapeutics or inventory; without it, it is found out";
constexpr std::size_t kLabelBytesMax = 64;  // a word or two for people

void import_sites(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  Import::Options options;
  if (const std::string_view format = http::text_of(request, "format"); !format.empty()) {
    options.read.expected = formats::format_named(format);
    if (!options.read.expected)
      return exchange.respond(
          bad_request(Error{Code::kInvalid, fmt::format("the format of an import is {}", kFormats)}));
  }
  auto map = formats::parse_column_map(http::text_of(request, "map"));
  if (!map) return exchange.respond(bad_request(map.error()));
  options.read.map = std::move(map).value();
  options.read.now = net::wall_now();
  const Result<bool> dry_run = http::flag_of(request, "dry_run");
  if (!dry_run) return exchange.respond(bad_request(dry_run.error()));
  options.run.dry_run = *dry_run;
  options.run.label = http::text_of(request, "label");
  if (options.run.label.size() > kLabelBytesMax)
    return exchange.respond(
        bad_request(Error{Code::kInvalid, fmt::format("a label has at most {} bytes", kLabelBytesMax)}));
  options.run.bytes_to_read = parse_number<std::uint64_t>(request.header("content-length")).value_or(0);
  options.run.begun = context.times.now;
  const std::string_view actor = request.header("titer-actor");
  options.actor = actor.empty() ? kHttpActor : actor;
  options.key = options.run.by = acting_key(request);
  options.run.address = request.address;
  const auto number = context.setup.shared->imports.begin(options.run);
  if (!number) return exchange.respond(http::problem(number.error()));
  options.run.number = *number;
  std::make_shared<Import>(context, exchange, std::move(options))->begin();
}

// Everybody sees how far imports are, and the labels of those that are nobody's; with a key also its own.
http::Response imports(HandlerContext& context, registry::KeyId key, bool all_labels) {
  http::Response response;
  response.body = R"({"imports":[)";
  for (const ImportRun& run : context.setup.shared->imports.list()) {
    if (response.body.back() != '[') response.body += ',';
    response.body += json(run, context.times.now, all_labels || run.by == registry::kNoKey || run.by == key);
  }
  response.body += "]}";
  return response;
}

void list_imports(HandlerContext& context, const http::Exchange& exchange) {
  const registry::KeyId key = acting_key(exchange.request());
  if (key == registry::kNoKey) return exchange.respond(imports(context, key, false));
  context.reads.ask(
      registry::CheckAct{key, registry::Act::kAudit},
      [&context, exchange, key](const Result<Rows>& may) {
        if (exchange.gone()) return;
        if (!may && may.error().code != Code::kForbidden) return exchange.respond(http::problem(may.error()));
        exchange.respond(imports(context, key, may.ok()));
      },
      registry::kMachine);
}

constexpr Route kImportRoutes[] = {
    {http::Method::kPost, "/api/v1/import", import_sites, registry::Act::kImport, "import",
     "format map dry_run label", http::Body::kStream},
    {http::Method::kGet, "/api/v1/imports", list_imports, registry::Act::kRead, "imports", ""},
};

}  // namespace

Routes import_routes() { return kImportRoutes; }

}  // namespace titer::api
