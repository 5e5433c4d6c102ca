// SPDX-License-Identifier: Apache-2.0

#include "check/linearizability.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "check/search.h"

namespace titer::check {

namespace {

struct StockLine {
  std::vector<const Op*> answered, open;
};
using StockLines = std::map<std::pair<std::string_view, std::string_view>, StockLine>;

StockLines lines_of(const History& history) {
  StockLines lines;
  for (const Op& op : history) {
    StockLine& line = lines[{op.site, op.product}];
    if (is_answered(op))
      line.answered.push_back(&op);
    else if (op.kind != OpKind::kRead && !(op.end_ns && did_nothing(op.code)))
      line.open.push_back(&op);
  }
  return lines;
}

// An operation that ended before it began: the recorder is wrong, and no order can be right.
const Op* backwards(const StockLine& line) {
  const auto found = std::find_if(line.answered.begin(), line.answered.end(),
                                  [](const Op* op) { return *op->end_ns < op->call_ns; });
  return found == line.answered.end() ? nullptr : *found;
}

LineVerdict check_line(StockLine line, const Options& options) {
  LineVerdict verdict;
  verdict.operations = line.answered.size();
  verdict.open = line.open.size();
  if (const Op* op = backwards(line)) {
    verdict.answer = Answer::kViolation;
    verdict.explanation = "an answer before its call: " + describe(*op) + "\n";
    return verdict;
  }
  Search(std::move(line.answered), std::move(line.open), options).run(verdict);
  return verdict;
}

std::string argument(const Op& op) {
  std::string out;
  if (op.kind == OpKind::kSet) out = " " + to_text(op.value);
  if (op.kind == OpKind::kAdjust) out = fmt::format(" {:+}", op.amount);
  if (op.kind == OpKind::kReserve || op.kind == OpKind::kRelease) out = fmt::format(" {}", op.amount);
  if (op.if_version) out += fmt::format(" if version {}", *op.if_version);
  return out;
}

std::string answer_text(const Op& op) {
  if (!op.end_ns) return "no answer";
  std::string out(name(op.code));
  if (!op.shown) return out;
  out += ", " + to_text(op.shown->after) + fmt::format(" at version {}", op.shown->version);
  if (shows_change(op)) out += " (was " + to_text(op.shown->before) + ")";
  return out;
}

std::string seconds(std::int64_t ns) { return fmt::format("{:.6f} s", static_cast<double>(ns) / 1e9); }

}  // namespace

std::string_view name(Answer answer) {
  switch (answer) {
    case Answer::kLinearizable: return "linearizable";
    case Answer::kViolation: return "violation";
    case Answer::kUnknown: return "unknown";
  }
  return "unknown";
}

Answer Verdict::answer() const {
  if (violations > 0) return Answer::kViolation;
  return unknown > 0 ? Answer::kUnknown : Answer::kLinearizable;
}

Verdict check(const History& history, const Options& options) {
  Verdict verdict;
  for (auto& [key, line] : lines_of(history)) {
    LineVerdict one = check_line(std::move(line), options);
    one.site = key.first;
    one.product = key.second;
    verdict.operations += one.operations;
    verdict.open += one.open;
    verdict.violations += one.answer == Answer::kViolation;
    verdict.unknown += one.answer == Answer::kUnknown;
    verdict.lines.push_back(std::move(one));
  }
  return verdict;
}

std::string describe(const Op& op) {
  return fmt::format("client {} #{} {}{}: {} [{}, {}]", op.client, op.id, name(op.kind), argument(op),
                     answer_text(op), seconds(op.call_ns), op.end_ns ? seconds(*op.end_ns) : "…");
}

}  // namespace titer::check
