// SPDX-License-Identifier: Apache-2.0

#include "formats/ndjson.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace titer::formats {
namespace json = boost::json;
namespace {

constexpr std::size_t kTold = 64;       // unknown keys that are told
constexpr std::size_t kToldBytes = 80;  // of each

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

// The text that the CSV would have. False: such a value cannot stand there.
bool to_text(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null: return true;
    case json::kind::bool_: out = value.get_bool() ? "true" : "false"; return true;
    case json::kind::int64: out = fmt::format("{}", value.get_int64()); return true;
    case json::kind::uint64: out = fmt::format("{}", value.get_uint64()); return true;
    case json::kind::double_: out = fmt::format("{}", value.get_double()); return true;
    case json::kind::string: out = view(value.get_string()); return true;
    case json::kind::object: {
      const json::value* count = value.get_object().if_contains("count");
      return count != nullptr && value.get_object().size() == 1 && !count->is_structured() && to_text(*count, out);
    }
    case json::kind::array: return false;
  }
  return false;
}

bool external_ids(const json::array& pairs, RowBuilder& row) {
  for (const json::value& pair : pairs) {
    const json::array* two = pair.if_array();
    if (two == nullptr || two->size() != 2 || !(*two)[0].is_string() || !(*two)[1].is_string()) return false;
    row.external_id("external_ids", row.pool().keep(view((*two)[0].get_string())),
                    row.pool().keep(view((*two)[1].get_string())));
  }
  return true;
}

}  // namespace

NdjsonReader::NdjsonReader(LayoutContext& context)
    : context_(context),
      rows_(context),
      lines_(context.report, [this](std::uint64_t line, const json::object& object) {
        context_.builder.begin(line);
        take_object(object);
      }) {}

void NdjsonReader::take_object(const json::object& object) {
  RowBuilder& row = context_.builder;
  OwnTexts texts{};
  for (const auto& [key, member] : object) {
    const std::optional<Column> column = column_named(key);
    if (!column) {
      if (told_.size() < kTold && told_.insert(std::string(std::string_view(key).substr(0, kToldBytes))).second)
        row.note(key, "this name is not known: ignored");
      continue;
    }
    const bool pairs = *column == Column::kExternalIds && member.is_array();
    if (pairs) {
      if (!external_ids(member.get_array(), row))
        return row.refuse(key, "external_ids is a list of [system, value] pairs");
      continue;
    }
    std::string& text = row.pool().fresh();
    if (!to_text(member, text)) return row.refuse(key, "a value of this kind cannot stand here");
    texts[static_cast<std::size_t>(*column)] = text;
  }
  rows_.take(texts);
}

}  // namespace titer::formats
