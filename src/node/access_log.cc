// SPDX-License-Identifier: Apache-2.0

#include "node/access_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/text.h"

namespace titer::node {

namespace {

std::string quoted(std::string_view text) {
  return '"' + printable(text, limits::kNameBytesMax) + '"';  // names come from outside
}

// The value of a field after the event, or before it when it has none after.
std::string_view value_of(const registry::Event& event, std::string_view field) {
  for (const registry::FieldChange& change : event.fields)
    if (change.field == field) return change.after.empty() ? change.before : change.after;
  return {};
}

std::string line_of(const registry::Event& event) {
  std::string line;
  if (event.kind == registry::EventKind::kSetWriteStop)
    line = fmt::format("writes are {}", value_of(event, "writes"));
  else
    line = fmt::format("key {} of {} {}", value_of(event, "key"), quoted(value_of(event, "owner")),
                       event.kind == registry::EventKind::kCreateKey
                           ? fmt::format("made, role {}", value_of(event, "role"))
                           : "revoked");
  line += fmt::format(", by {}", quoted(event.actor));
  if (!event.reason.empty()) line += fmt::format(", because {}", quoted(event.reason));
  return line + fmt::format(" (position {})", event.position.value);
}

}  // namespace

void log_access(const registry::State& state, Position since) {
  if (state.access_changed() <= since) return;
  registry::History query;
  query.of = registry::History::Of::kAccess;
  query.limit = limits::kPageMax;
  std::vector<std::string> lines;  // newest first
  (void)state.history(query, [&](const registry::Event& event) {
    if (event.position <= since) return false;
    lines.push_back(line_of(event));
    return true;
  });
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) spdlog::info("{}", *line);
}

}  // namespace titer::node
