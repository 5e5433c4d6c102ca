// SPDX-License-Identifier: Apache-2.0

#include "formats/csv.h"

#include <algorithm>
#include <utility>

namespace titer::formats {
namespace {
constexpr std::string_view kOpenQuote = "a quote is opened and never closed";
}

bool begins_like_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos &&
         text.find_first_not_of("+-0123456789().x ") != std::string_view::npos;
}

std::string_view without_guard(std::string_view cell) {
  if (cell.starts_with('\'') && begins_like_formula(cell)) cell.remove_prefix(1);
  return cell;
}

CsvSplitter::CsvSplitter(RecordSink record, RefusalSink refusal)
    : record_(std::move(record)), refusal_(std::move(refusal)) {}

void CsvSplitter::feed(std::string_view text) {
  buffer_.append(text);
  for (;;) {
    if (scan()) {
      take_record();
    } else if (scan_ - begin_ > kLineBytesMax) {
      refuse_first_line(state_ == State::kQuoted ? kOpenQuote : "the line is longer than 1 MiB");
    } else {
      break;
    }
  }
  drop_consumed();
}

void CsvSplitter::finish() {
  while (begin_ < buffer_.size()) {
    if (scan()) {
      take_record();
    } else if (state_ == State::kQuoted) {
      refuse_first_line(kOpenQuote);
    } else {
      end_ = buffer_.size();
      lines_ = 1;
      take_record();
    }
  }
  drop_consumed();
}

// Looks on from scan_ for the line end that ends the record.
bool CsvSplitter::scan() {
  const std::size_t stop = std::min(buffer_.size(), begin_ + kLineBytesMax + 1);
  for (; scan_ < stop; ++scan_) {
    const char c = buffer_[scan_];
    if (c == '\n') {
      ++lines_;
      if (state_ == State::kQuoted && scan_ >= single_lines_until_ && !skipping_) continue;
      end_ = scan_++;
      return true;
    }
    if (skipping_) continue;
    switch (state_) {
      case State::kFieldStart:
        if (c != ',') state_ = c == '"' ? State::kQuoted : State::kPlain;
        break;
      case State::kPlain:
        if (c == ',') state_ = State::kFieldStart;
        break;
      case State::kQuoted:
        if (c == '"') state_ = State::kQuoteSeen;
        break;
      case State::kQuoteSeen:
        if (c != '\r') state_ = c == '"' ? State::kQuoted : c == ',' ? State::kFieldStart : State::kPlain;
        break;
    }
  }
  return false;
}

void CsvSplitter::take_record() {
  std::string_view record(buffer_.data() + begin_, end_ - begin_);
  if (record.ends_with('\r')) record.remove_suffix(1);
  if (!skipping_ && state_ == State::kQuoted) {
    refusal_(line_, kOpenQuote);
  } else if (!skipping_ && !record.empty()) {
    split(record);
    if (fields_.size() > kFieldsMax) {
      refusal_(line_, "the line has more than 256 fields");
    } else {
      record_(CsvRecord{line_, fields_, stray_quote_});
    }
  }
  skipping_ = false;
  line_ += lines_;
  lines_ = 0;
  begin_ = scan_ = std::max(scan_, end_);
  state_ = State::kFieldStart;
}

void CsvSplitter::split(std::string_view record) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(record.size());  // views into it stay where they are
  stray_quote_ = false;
  std::size_t at = 0;
  while (fields_.size() <= kFieldsMax) {
    if (at < record.size() && record[at] == '"') {
      at = split_quoted(record, at + 1);
    } else {
      const std::size_t comma = std::min(record.find(',', at), record.size());
      fields_.push_back(record.substr(at, comma - at));
      at = comma;
    }
    if (at >= record.size()) return;
    ++at;  // the comma
  }
}

// From behind the opening quote; returns where the field ends: at a comma or the record's end.
std::size_t CsvSplitter::split_quoted(std::string_view record, std::size_t at) {
  const std::size_t begin = unquoted_.size();
  while (at < record.size()) {
    const std::size_t quote = std::min(record.find('"', at), record.size());
    unquoted_.append(record, at, quote - at);
    at = quote + 1;
    if (at >= record.size() || record[at] != '"') break;
    unquoted_.push_back('"');
    ++at;
  }
  at = std::min(at, record.size());
  const std::size_t comma = std::min(record.find(',', at), record.size());
  if (comma > at) {
    stray_quote_ = true;
    unquoted_.append(record, at, comma - at);
  }
  fields_.push_back(std::string_view(unquoted_).substr(begin));
  return comma;
}

// The record is hopeless, but only its first line is lost. A line longer than the limit is skipped to its end.
void CsvSplitter::refuse_first_line(std::string_view why) {
  if (!skipping_) refusal_(line_, why);
  const std::size_t end = buffer_.find('\n', begin_);
  skipping_ = end == std::string::npos;
  if (!skipping_) ++line_;
  single_lines_until_ = scan_;
  begin_ = scan_ = skipping_ ? buffer_.size() : end + 1;
  lines_ = 0;
  state_ = State::kFieldStart;
}

void CsvSplitter::drop_consumed() {
  // Moving the rest down costs its length: worth it only when more than that was consumed.
  if (begin_ * 2 < buffer_.size()) return;
  buffer_.erase(0, begin_);
  scan_ -= begin_;
  single_lines_until_ -= std::min(single_lines_until_, begin_);
  begin_ = 0;
}

}  // namespace titer::formats
