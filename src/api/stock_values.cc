// SPDX-License-Identifier: Apache-2.0

#include "api/stock_values.h"

#include <utility>

#include "registry/product_text.h"

namespace titer::api {

namespace {

namespace json = boost::json;

}  // namespace

Result<std::vector<std::string>> products_of(const http::Request& request, std::string_view name) {
  const std::string_view* value = request.parameter(name);
  if (value == nullptr) return std::vector<std::string>();
  return registry::products_meant(*value);
}

Result<registry::Availability> availability_of(const json::value& value) {
  using registry::Availability;
  if (value.is_bool()) return value.get_bool() ? Availability::yes() : Availability::no();
  if (value.is_int64() && value.get_int64() >= 0)
    return Availability::of(static_cast<std::uint64_t>(value.get_int64()));
  if (value.is_string()) {
    const std::string_view word = std::string_view(value.get_string());
    if (word == "yes") return Availability::yes();
    if (word == "no") return Availability::no();
    if (word == "unknown") return Availability::unknown();
  }
  if (value.is_object() && value.get_object().size() == 1)
    if (const json::value* count = value.get_object().if_contains("count"); count != nullptr && count->is_int64())
      return availability_of(*count);
  return Error{
      Code::kInvalid,
      R"(an availability is {"count":12}, 12, "yes", true, "no", false or "unknown"; counts are whole and not negative)"};
}

Result<registry::StockClaim> claim_of(const http::JsonObject& line, std::string_view product, std::string& code) {
  registry::StockClaim claim;
  const auto written = line.text("product"), source = line.text("source");
  if (!written || !source) return written ? source.error() : written.error();
  if (*written) product = **written;
  auto read = registry::product_code(product);
  if (!read) return read.error();
  code = std::move(read).value();
  const json::value* availability = line.find("availability");
  if (availability == nullptr) return Error{Code::kInvalid, R"('availability' is missing: {"availability":12})"};
  const auto value = availability_of(*availability);
  if (!value) return value.error();
  const auto valid_at = line.time("valid_at");
  if (!valid_at) return valid_at.error();
  claim.product = code;
  claim.availability = *value;
  claim.valid_at = *valid_at;
  claim.source = source->value_or(std::string_view());
  return claim;
}

}  // namespace titer::api
