// SPDX-License-Identifier: Apache-2.0

#include "check/history.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <iterator>

#include "base/json_string.h"

namespace titer::check {

namespace json = boost::json;
using registry::Availability;

namespace {

constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;  // what has longer ones is no history
constexpr std::array kKinds{OpKind::kSet, OpKind::kAdjust, OpKind::kReserve, OpKind::kRelease, OpKind::kRead};

// --- writing

void print_value(std::string& out, std::string_view key, Availability value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", key);
  const bool word = value.kind == Availability::Kind::kUnknown;
  if (word) out += '"';
  registry::print(value, out);
  if (word) out += '"';
}

void print_text(std::string& out, std::string_view key, std::string_view text) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", key, json_string(text));
}

template <typename Number>
void print_number(std::string& out, std::string_view key, Number number) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", key, number);
}

void print_argument(const Op& op, std::string& out) {
  switch (op.kind) {
    case OpKind::kSet: print_value(out, "value", op.value); break;
    case OpKind::kAdjust: print_number(out, "by", op.amount); break;
    case OpKind::kReserve:
    case OpKind::kRelease: print_number(out, "doses", op.amount); break;
    case OpKind::kRead: break;
  }
  if (op.if_version) print_number(out, "if_version", *op.if_version);
}

// --- reading

// One line as an object: each getter leaves the first complaint behind and gives something harmless.
class Line {
 public:
  explicit Line(const json::object& object) : object_(object) {}

  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  void complain(std::string what) {
    if (complaint_.empty()) complaint_ = std::move(what);
  }
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

  template <typename Number>
  Number number(std::string_view key) {
    const json::value* value = find(key);
    boost::system::error_code error;
    const Number out = value == nullptr ? Number{} : value->to_number<Number>(error);
    // 3.0 is a number for Boost; a reader of JSON that knows no integers writes it so.
    if (value == nullptr || error) complain(fmt::format("\"{}\" must be a whole number in range", key));
    return out;
  }
  std::string_view text(std::string_view key) {
    const json::value* value = find(key);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) complain(fmt::format("\"{}\" must be a text", key));
    return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
  }
  Availability availability(std::string_view key) {
    const json::value* value = find(key);
    if (value != nullptr && value->is_bool()) return value->get_bool() ? Availability::yes() : Availability::no();
    if (value != nullptr && value->is_string() && value->get_string() == "unknown") return Availability::unknown();
    if (value != nullptr && value->is_number()) return Availability::of(number<std::uint64_t>(key));
    complain(fmt::format("\"{}\" must be a count, true, false or \"unknown\"", key));
    return {};
  }

 private:
  [[nodiscard]] const json::value* find(std::string_view key) const {
    const json::value* value = object_.if_contains(json::string_view(key.data(), key.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const json::object& object_;
  std::string complaint_;
};

OpKind kind_of(Line& line) {
  const std::string_view text = line.text("op");
  for (const OpKind kind : kKinds)
    if (name(kind) == text) return kind;
  line.complain(fmt::format("\"op\" is set, adjust, reserve, release or read, not \"{}\"", text));
  return OpKind::kRead;
}

Code code_of(Line& line) {
  const std::string_view text = line.text("code");
  for (int i = 0; i <= static_cast<int>(kLastCode); ++i)
    if (name(static_cast<Code>(i)) == text) return static_cast<Code>(i);
  line.complain(fmt::format("\"{}\" is no code; \"ok\" is, or \"not_enough\"", text));
  return Code::kOk;
}

void read_argument(Line& line, Op& op) {
  switch (op.kind) {
    case OpKind::kSet: op.value = line.availability("value"); break;
    case OpKind::kAdjust: op.amount = line.number<std::int64_t>("by"); break;
    case OpKind::kReserve:
    case OpKind::kRelease: op.amount = line.number<std::int64_t>("doses"); break;
    case OpKind::kRead: break;
  }
  if (!line.has("if_version")) return;
  op.if_version = line.number<std::uint32_t>("if_version");
  if (op.kind != OpKind::kSet && op.kind != OpKind::kAdjust)
    line.complain("only set and adjust have \"if_version\"");
}

void read_answer(Line& line, Op& op) {
  op.end_ns = line.number<std::int64_t>("end_ns");
  op.code = code_of(line);
  if (line.has("after") || line.has("before") || line.has("version"))
    op.shown =
        Shown{line.availability("before"), line.availability("after"), line.number<std::uint32_t>("version")};
}

Op op_of(Line& line) {
  Op op;
  op.client = line.number<std::uint64_t>("client");
  op.id = line.number<std::uint64_t>("id");
  op.site = line.text("site");
  if (line.has("product")) op.product = line.text("product");
  op.kind = kind_of(line);
  read_argument(line, op);
  op.call_ns = line.number<std::int64_t>("call_ns");
  if (line.has("end_ns"))
    read_answer(line, op);
  else if (line.has("code"))
    line.complain("a \"code\" without \"end_ns\": when did the answer come?");
  return op;
}

}  // namespace

std::string_view name(OpKind kind) {
  switch (kind) {
    case OpKind::kSet: return "set";
    case OpKind::kAdjust: return "adjust";
    case OpKind::kReserve: return "reserve";
    case OpKind::kRelease: return "release";
    case OpKind::kRead: return "read";
  }
  return "unknown";
}

bool did_nothing(Code code) {
  return code == Code::kBusy || code == Code::kUnavailable || code == Code::kUnreachable || code == Code::kExcluded;
}

bool leaves_open(Code code) {
  return code == Code::kSessionEvicted || code == Code::kOutcomeUnknown || code == Code::kProtocol ||
         code == Code::kInternal;
}

void print(const Op& op, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{{\"client\":{},\"id\":{}", op.client, op.id);
  print_text(out, "site", op.site);
  if (op.product != registry::kAnyProduct) print_text(out, "product", op.product);
  print_text(out, "op", name(op.kind));
  print_argument(op, out);
  print_number(out, "call_ns", op.call_ns);
  if (op.end_ns) {
    print_number(out, "end_ns", *op.end_ns);
    print_text(out, "code", name(op.code));
    if (op.shown) {
      print_value(out, "before", op.shown->before);
      print_value(out, "after", op.shown->after);
      print_number(out, "version", op.shown->version);
    }
  }
  out += "}\n";
}

Status HistoryReader::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      partial_ += text;
      if (partial_.size() > kLineBytesMax)
        return Error{Code::kInvalid, fmt::format("line {} is longer than 1 MiB: this is no history", line_ + 1)};
      break;
    }
    ++line_;
    Status taken = ok_status();
    if (partial_.empty()) {
      taken = take_line(text.substr(0, end));
    } else {
      partial_ += text.substr(0, end);
      taken = take_line(partial_);
      partial_.clear();
    }
    if (!taken) return Error{taken.error().code, fmt::format("line {}: {}", line_, taken.error().message)};
    text.remove_prefix(end + 1);
  }
  return ok_status();
}

bool HistoryReader::end_of_file() {
  const bool torn = !partial_.empty();
  partial_.clear();
  line_ = 0;
  return torn;
}

History HistoryReader::take() {
  open_.clear();
  return std::exchange(history_, {});
}

Status HistoryReader::take_line(std::string_view text) {
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return ok_status();
  std::array<unsigned char, 4096> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error, &memory);
  if (error || !value.is_object()) return Error{Code::kInvalid, "not a JSON object"};
  Line line(value.get_object());
  Op op = op_of(line);
  if (!line.complaint().empty()) return Error{Code::kInvalid, line.complaint()};
  const auto [place, fresh] = open_.try_emplace({op.client, op.id}, history_.size());
  if (fresh)
    history_.push_back(std::move(op));
  else
    history_[place->second] = std::move(op);
  if (history_[place->second].end_ns) open_.erase(place);
  return ok_status();
}

}  // namespace titer::check
