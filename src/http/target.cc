// SPDX-License-Identifier: Apache-2.0

#include "http/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/hex.h"
#include "base/text.h"
#include "http/limits.h"

namespace titer::http {

namespace {

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

// nullopt: a '%' without two digits.
std::optional<std::string_view> decode(std::string_view text, bool plus_is_space, std::string& memory) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  const std::size_t begin = memory.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
      if (!high || !low) return std::nullopt;
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    memory.push_back(c);
  }
  return std::string_view(memory).substr(begin);
}

Result<std::string_view> part(std::string_view text, bool plus_is_space, std::string& memory) {
  const auto decoded = decode(text, plus_is_space, memory);
  if (!decoded) return invalid("the address holds a '%' without two hexadecimal digits");
  if (!is_clean(*decoded)) return invalid("the address holds control characters or is not UTF-8");
  return *decoded;
}

Status split_parameters(Request& request, std::string_view query, std::string& memory) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (request.parameters.size() == limits::kParametersMax) return invalid("too many query parameters");
    const std::size_t equals = pair.find('=');
    const auto key = part(pair.substr(0, equals), true, memory);
    if (!key) return key.error();
    const auto value =
        part(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true, memory);
    if (!value) return value.error();
    if (request.parameter(*key) != nullptr)
      return invalid(fmt::format("the query parameter '{}' is given twice", *key));
    request.parameters.emplace_back(*key, *value);
  }
  return ok_status();
}

}  // namespace

void print_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      out.push_back(c);
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
}

Status split_target(Request& request, std::string& memory) {
  request.segments.clear();
  request.parameters.clear();
  std::string_view rest = request.target;
  if (rest.starts_with("http://") || rest.starts_with("https://")) {  // as proxies are asked
    rest.remove_prefix(rest.find("//") + 2);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_of("/?")));
    if (rest.empty()) rest = "/";
  }
  if (rest.empty() || rest.front() != '/') return invalid("the address must begin with '/'");
  const std::size_t question = rest.find('?');
  request.path = rest.substr(0, question);
  std::string_view path = request.path.substr(1);
  for (bool more = !path.empty(); more;) {
    const std::size_t slash = path.find('/');
    more = slash != std::string_view::npos;
    const auto segment = part(path.substr(0, slash), false, memory);
    if (!segment) return segment.error();
    if (request.segments.size() == limits::kSegmentsMax) return invalid("the path has too many parts");
    request.segments.push_back(*segment);
    path.remove_prefix(more ? slash + 1 : path.size());
  }
  return question == std::string_view::npos ? ok_status()
                                            : split_parameters(request, rest.substr(question + 1), memory);
}

}  // namespace titer::http
