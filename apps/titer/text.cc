// SPDX-License-Identifier: Apache-2.0

#include "titer/text.h"

#include <algorithm>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "base/time.h"

namespace titer::app {

namespace {

// Columns that a text takes: its code points. Wide scripts come out a little ragged.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string iso_time(WallTime t) {
  return t == WallTime() ? std::string() : time_text(WallTime(t.value / 1000 * 1000));
}

std::string duration_text(std::int64_t ms) {
  const std::int64_t s = ms / 1000;
  if (s < 120) return std::to_string(s) + " s";
  if (s < std::int64_t{120} * 60) return std::to_string(s / 60) + " min";
  if (s < std::int64_t{48} * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86'400) + " d";
}

std::string grouped(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

std::string bytes_text(std::uint64_t n) {
  char out[32];
  if (n < std::uint64_t{1024} * 1024)
    std::snprintf(out, sizeof out, "%.0f KiB", static_cast<double>(n) / 1024);
  else
    std::snprintf(out, sizeof out, "%.1f MiB", static_cast<double>(n) / (1024 * 1024));
  return out;
}

Table::Table(std::vector<std::string> headings) {
  for (std::string& heading : headings) {
    right_.push_back(!heading.empty() && heading.front() == '>');
    if (right_.back()) heading.erase(0, 1);
  }
  widths_.resize(right_.size());
  rows_.push_back(std::move(headings));
}

void Table::add(std::vector<std::string> row) {
  row.resize(right_.size());
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
  ++added_;
}

void Table::print(std::FILE* out) {
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], width(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths_[i] - width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += right_[i] ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), out);
  }
  rows_.clear();
}

namespace {

// Times in a key's fields are milliseconds (registry/keys.h).
std::string shown_value(const registry::FieldChange& change) {
  const auto time = parse_number<std::int64_t>(change.after);
  return change.field == "expires" && time ? iso_time(WallTime(*time)) : std::string(change.after);
}

}  // namespace

std::string one_line(const registry::Event& event) {
  std::string out = iso_time(event.time) + " " + std::to_string(event.position.value) + " " +
                    std::string(registry::name(event.kind)) + " " + std::string(event.site_id);
  if (!event.product.empty()) {
    out += " " + std::string(event.product) + " " + to_text(event.after);
    if (event.existed) out += " (was " + to_text(event.before) + ")";
  }
  for (const registry::FieldChange& change : event.fields)
    if (!change.before.empty() || !change.after.empty())
      out += " " + std::string(change.field) + "=\"" + shown_value(change) + "\"";
  if (event.reverts != Position()) out += " undoes " + std::to_string(event.reverts.value);
  if (!event.actor.empty()) out += " by " + std::string(event.actor);
  if (!event.reason.empty()) out += ": " + std::string(event.reason);
  return printable(out);
}

std::string one_line(const registry::Explanation& looked_at) {
  std::string along;
  for (std::uint8_t i = 0; i < registry::kAlongs; ++i) {
    const auto index = static_cast<registry::Along>(i);
    if ((looked_at.indexes & bit(index)) != 0) along.append(along.empty() ? "" : ", ").append(name(index));
  }
  return "looked at " + grouped(looked_at.rows) + " rows along " + along + ", in " + grouped(looked_at.steps) +
         (looked_at.steps == 1 ? " step" : " steps");
}

}  // namespace titer::app
