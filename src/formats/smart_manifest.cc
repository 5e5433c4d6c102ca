// SPDX-License-Identifier: Apache-2.0

// The manifest of SMART Scheduling Links, out and in.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/time.h"
#include "formats/json_text.h"
#include "formats/smart_json.h"
#include "formats/smart_writer.h"

namespace titer::formats {
namespace json = boost::json;

void print_manifest(const SmartManifest& manifest, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.text("transactionTime", time_text(manifest.time));
  members.text("request", manifest.request);
  members.raw("output", "[");
  for (const SmartOutput& output : manifest.outputs) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('{');
    JsonMembers one(out);
    one.text("type", name(output.type));
    one.text("url", output.url);
    if (!output.state.empty()) one.raw("extension", fmt::format(R"({{"state":["{}"]}})", output.state));
    out.push_back('}');
  }
  out.push_back(']');
  members.raw("error", "[]");
  if (manifest.left_out > 0) members.raw("extension", fmt::format(R"({{"sitesLeftOut":{}}})", manifest.left_out));
  out.append("}\n");
}

Result<SmartManifest> parse_manifest(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse(text, error, {}, {.max_depth = 8});
  if (error || !value.is_object()) return Error{Code::kInvalid, "a manifest is one JSON object"};
  return smart::manifest_of(value.get_object());
}

namespace smart {

Result<SmartManifest> manifest_of(const json::object& object) {
  const json::array* outputs = array_at(object, "output");
  const std::optional<WallTime> time = parse_time(text_at(object, "transactionTime"));
  if (outputs == nullptr || !time)
    return Error{Code::kInvalid, "a manifest has a transactionTime (with its zone) and a list `output` of files"};
  SmartManifest manifest;
  manifest.time = *time;
  manifest.request = text_at(object, "request");
  for (const json::value& each : *outputs) {
    const json::object* output = each.if_object();
    if (output == nullptr) continue;
    for (const SmartType type : kSmartTypes) {
      if (text_at(*output, "type") != name(type)) continue;
      manifest.outputs.push_back({type, std::string(text_at(*output, "url")), {}});
    }
  }
  return manifest;
}

}  // namespace smart
}  // namespace titer::formats
