// SPDX-License-Identifier: Apache-2.0

#include "http/parameters.h"

#include <fmt/format.h>

#include "base/number.h"
#include "base/time.h"

namespace titer::http {

namespace {

Error wrong(std::string_view name, std::string_view value, std::string_view takes) {
  return {Code::kInvalid, fmt::format("{} is {}, not '{}'", name, takes, value)};
}

}  // namespace

std::string_view text_of(const Request& request, std::string_view name) {
  const std::string_view* value = request.parameter(name);
  return value == nullptr ? std::string_view() : *value;
}

Result<std::uint64_t> number_of(const Request& request, std::string_view name, std::uint64_t otherwise,
                                std::uint64_t low, std::uint64_t high) {
  const std::string_view* value = request.parameter(name);
  if (value == nullptr) return otherwise;
  const auto number = parse_number<std::uint64_t>(*value);
  if (number && *number >= low && *number <= high) return *number;
  return wrong(name, *value, fmt::format("a whole number from {} to {}", low, high));
}

Result<double> real_of(const Request& request, std::string_view name, double otherwise) {
  const std::string_view* value = request.parameter(name);
  if (value == nullptr) return otherwise;
  if (const auto number = parse_number<double>(*value)) return *number;
  return wrong(name, *value, "a number");
}

Result<bool> flag_of(const Request& request, std::string_view name) {
  const std::string_view* value = request.parameter(name);
  if (value == nullptr) return false;
  if (value->empty() || *value == "true" || *value == "1" || *value == "yes") return true;
  if (*value == "false" || *value == "0" || *value == "no") return false;
  return wrong(name, *value, "true or false");
}

Result<std::optional<WallTime>> time_of(const Request& request, std::string_view name) {
  const std::string_view* value = request.parameter(name);
  if (value == nullptr) return std::optional<WallTime>();
  if (const auto time = parse_time(*value)) return time;
  return wrong(name, *value, "a time such as 2026-03-01 or 2026-03-01T08:15:00Z");
}

}  // namespace titer::http
