#include "formats/ndjson.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace titer::formats {
namespace json = boost::json;
namespace {

constexpr std::size_t kTold = 64;  // unknown keys that are told

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

struct NdjsonReader::Json {
  json::stream_parser parser{json::storage_ptr(), {.max_depth = 8, .allow_invalid_utf8 = true}};
  std::set<std::string, std::less<>> told;
  std::string mended;
};

NdjsonReader::NdjsonReader(Context& context) : context_(context), rows_(context), json_(std::make_unique<Json>()) {}
NdjsonReader::~NdjsonReader() = default;

void NdjsonReader::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view piece = text.substr(0, end);
    if (!skipping_ && partial_.size() + piece.size() > kLineBytesMax) {
      ++context_.report.counts.records;
      context_.report.refuse(line_, "", "the line is longer than 1 MiB");
      skipping_ = true;
      partial_.clear();
    }
    if (end == std::string_view::npos) {
      if (!skipping_) partial_.append(piece);
      return;
    }
    if (!skipping_) {
      if (partial_.empty()) {
        take_line(piece);
      } else {
        partial_.append(piece);
        take_line(partial_);
      }
    }
    partial_.clear();
    skipping_ = false;
    ++line_;
    text.remove_prefix(end + 1);
  }
}

void NdjsonReader::finish() {
  if (!partial_.empty()) take_line(partial_);
  partial_.clear();
}

void NdjsonReader::take_line(std::string_view line) {
  line = trim(line);
  if (line.empty()) return;
  ++context_.report.counts.records;
  context_.builder.begin(line_);
  take_object(line);
}

void NdjsonReader::take_object(std::string_view line) {
  RowBuilder& row = context_.builder;
  json_->parser.reset();
  json::error_code error;
  json_->parser.write(line.data(), line.size(), error);
  if (!error) json_->parser.finish(error);
  if (error) return row.refuse("", "not a JSON object in one line", error.message());
  const json::value value = json_->parser.release();
  if (!value.is_object()) return row.refuse("", "not a JSON object in one line", line);
  OwnTexts texts{};
  for (const auto& [key, member] : value.get_object()) {
    const std::optional<Column> column = column_named(key);
    if (!column) {
      if (json_->told.size() < kTold && json_->told.insert(std::string(key)).second)
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
