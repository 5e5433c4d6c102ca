// SPDX-License-Identifier: Apache-2.0

// JSON on standard output.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/json_string.h"
#include "formats/site_json.h"
#include "net/loop.h"
#include "titer/text.h"

namespace titer::app {

namespace {

namespace json = boost::json;

// Like boost::json::serialize, but for numbers with a fraction, 42.377, where Boost writes 4.2377E1; and for texts, which
// do nothing to a terminal (base/json_string.h).
void append(std::string& out, const json::value& value);

template <typename List, typename Each>
void append_list(std::string& out, char open, char close, const List& list, const Each& each) {
  out += open;
  bool first = true;
  for (const auto& element : list) {
    if (!std::exchange(first, false)) out += ',';
    each(element);
  }
  out += close;
}

void append(std::string& out, const json::value& value) {
  if (value.is_object()) {
    append_list(out, '{', '}', value.get_object(), [&out](const json::key_value_pair& pair) {
      print_json_string(pair.key(), out);
      out += ':';
      append(out, pair.value());
    });
  } else if (value.is_array()) {
    append_list(out, '[', ']', value.get_array(), [&out](const json::value& element) { append(out, element); });
  } else if (value.is_string()) {
    const json::string& text = value.get_string();
    print_json_string({text.data(), text.size()}, out);
  } else if (value.is_double()) {
    out += fmt::format("{}", value.get_double());
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string to_json(const json::object& object) {
  std::string out;
  append(out, object);
  return out;
}

void JsonArray::add(std::string_view element) {
  if (!on_) return;
  std::fputs(any_ ? ",\n " : "[", stdout);
  any_ = true;
  std::fwrite(element.data(), 1, element.size(), stdout);
}

void JsonArray::close() {
  if (on_) std::fputs(any_ ? "]\n" : "[]\n", stdout);
}

void print_line(std::string_view json) {
  std::fwrite(json.data(), 1, json.size(), stdout);
  std::fputc('\n', stdout);
}

void print_line(const json::object& object) { print_line(to_json(object)); }

std::string to_json(const registry::Site& site) {
  std::string out;
  formats::print_json(site, net::wall_now(), out);
  return out;
}

std::string to_json(const registry::Event& event) {
  std::string out;
  formats::print_json(event, out);
  return out;
}

std::string to_json(const registry::Outcome& outcome) {
  std::string out;
  formats::print_json(outcome, out);
  return out;
}

}  // namespace titer::app
