// SPDX-License-Identifier: Apache-2.0

#include "formats/json_lines.h"

#include <boost/json.hpp>
#include <utility>

#include "formats/csv.h"
#include "formats/text.h"

namespace titer::formats {
namespace json = boost::json;

struct JsonLines::Parser {
  json::stream_parser parser{json::storage_ptr(), {.max_depth = 8, .allow_invalid_utf8 = true}};
};

JsonLines::JsonLines(Report& report, ObjectSink sink)
    : report_(report), sink_(std::move(sink)), parser_(std::make_unique<Parser>()) {}
JsonLines::~JsonLines() = default;

void JsonLines::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view piece = text.substr(0, end);
    if (!skipping_ && partial_.size() + piece.size() > kLineBytesMax) {
      ++report_.counts.records;
      report_.refuse(line_, "", "the line is longer than 1 MiB");
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

void JsonLines::finish() {
  if (partial_.empty() && !skipping_) return;
  if (!skipping_) take_line(partial_);
  partial_.clear();
  skipping_ = false;
  ++line_;
}

void JsonLines::take_line(std::string_view line) {
  line = trim(line);
  if (line.empty()) return;
  ++report_.counts.records;
  take_object(line);
}

void JsonLines::take_object(std::string_view line) {
  json::stream_parser& parser = parser_->parser;
  parser.reset();
  json::error_code error;
  parser.write(line.data(), line.size(), error);
  if (!error) parser.finish(error);
  if (error) return report_.refuse(line_, "", "not a JSON object in one line", error.message());
  const json::value value = parser.release();
  if (!value.is_object()) return report_.refuse(line_, "", "not a JSON object in one line", line);
  sink_(line_, value.get_object());
}

}  // namespace titer::formats
