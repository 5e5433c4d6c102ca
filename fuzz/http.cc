// SPDX-License-Identifier: Apache-2.0

// HTTP requests as connections read them: where they are cut says nothing, and whatever handlers read out of them is read
// or refused.
#include "api/cursor.h"
#include "api/origin.h"
#include "api/site_tag.h"
#include "api/stock_values.h"
#include "base/check.h"
#include "fuzz/input.h"
#include "http/entity_tag.h"
#include "http/json_body.h"
#include "http/parameters.h"
#include "http/parse_testing.h"

namespace titer::fuzz {
namespace {

// Bytes that are no request may be refused early or late: Beast looks for the end of a header before it reads it,
// and remembers where it has looked.
std::string outcome(const http::Parse& parse) {
  return parse.parser.done() && !parse.parser.refused() ? http::shown(parse) : "no request";
}

void read_parameters(const http::Request& request) {
  for (const auto& [name, value] : request.parameters) {
    (void)http::number_of(request, name, 1, 0, UINT32_MAX);
    (void)http::real_of(request, name, 0);
    (void)http::flag_of(request, name);
    (void)http::time_of(request, name);
    (void)api::products_of(request, name);
    const auto cursor = api::read_cursor(value);
    if (!cursor) continue;
    std::string printed;
    api::print_cursor(*cursor, printed);
    const auto again = api::read_cursor(printed);
    TITER_CHECK(again.ok() && again->id == cursor->id && again->name == cursor->name, "what we print we read");
  }
}

void read_body(const http::Request& request) {
  http::JsonBody body;
  if (!body.read(request, "availability product valid_at source doses by if_version name zip", "availability"))
    return;
  for (const std::string_view name : {"product", "source", "name", "zip"}) (void)body.text(name);
  for (const std::string_view name : {"doses", "by", "if_version"}) (void)body.number(name);
  if (const auto* value = body.find("availability")) (void)api::availability_of(*value);
  std::string code;
  (void)api::claim_of(body, "208", code);
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  const std::vector<std::size_t> sizes = in.cuts(256);
  const std::string_view bytes = in.text();
  const http::Parse cut(bytes, sizes);
  http::Parse whole(bytes);
  TITER_CHECK(fuzz::outcome(cut) == fuzz::outcome(whole), "where a request is cut says nothing");
  if (!whole.parser.done() || whole.parser.refused()) return 0;
  whole.request.body = whole.memory.body;
  static const std::vector<api::Peer> peers = {{0, "http://127.0.0.1:8080"}};
  static const std::vector<std::string> hosts = {"clinic.example"};
  (void)api::may_write(whole.request, {peers, hosts, false});
  (void)api::precondition_of(whole.request, api::TagOf::kSite, 0);
  (void)http::read_condition(whole.request, "\"17\"");
  fuzz::read_parameters(whole.request);
  fuzz::read_body(whole.request);
  return 0;
}
