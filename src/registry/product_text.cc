// SPDX-License-Identifier: Apache-2.0

#include "registry/product_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "registry/product_names.h"
#include "registry/products.h"
#include "registry/types.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

using As = ProductReading::As;

constexpr std::string_view kLost = "a number that a spreadsheet rounded: digits of the code are lost";
constexpr std::string_view kAmbiguous = "ten digits without dashes can be three NDC codes: write it with dashes";
constexpr std::string_view kUnknownCvx = "no CVX code that is known here: kept";
constexpr std::string_view kUnknownNdc = "no NDC code that is known here: kept";
constexpr std::string_view kNoProduct =
    "names no product: write a CVX code (208), an NDC code (80777-0112-93), or any";

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
std::string_view without_leading_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// Digits as wide as ideographs, which some keyboards give, as digits.
std::string narrow(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool wide = text.substr(i, 2) == "\xEF\xBC" && i + 2 < text.size() &&
                      static_cast<unsigned char>(text[i + 2]) >= 0x90 &&
                      static_cast<unsigned char>(text[i + 2]) <= 0x99;
    out.push_back(wide ? static_cast<char>('0' + (static_cast<unsigned char>(text[i + 2]) - 0x90)) : text[i]);
    if (wide) i += 2;
  }
  return out;
}

// "6.9252810E7": the digits of the number, if all of them are there. Empty: not such a number. "-": digits are lost.
std::string expanded(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  if (e == std::string_view::npos) return {};
  std::string_view power = text.substr(e + 1), fraction;
  std::string_view whole = text.substr(0, e);
  if (const std::size_t point = whole.find('.'); point != std::string_view::npos) {
    fraction = whole.substr(point + 1);
    whole = whole.substr(0, point);
  }
  if (power.starts_with('+')) power.remove_prefix(1);
  const auto exponent = power.size() <= 2 && all_digits(power) ? parse_number<std::size_t>(power) : std::nullopt;
  if (!exponent || !all_digits(whole) || !std::ranges::all_of(fraction, is_decimal)) return {};
  if (fraction.size() < *exponent ||
      !std::ranges::all_of(fraction.substr(*exponent), [](char c) { return c == '0'; }))
    return "-";
  return std::string(whole).append(fraction.substr(0, *exponent));
}

ProductReading as_known(std::string_view code) { return {As::kCode, std::string(code), {}, {}}; }
ProductReading as_mended(std::string_view code, std::string_view how) {
  return {As::kMended, std::string(code), how, {}};
}
ProductReading as_unknown(std::string code, std::string_view why) {
  return {As::kUnknown, std::move(code), why, {}};
}
ProductReading as_refused(std::string_view why, std::string nearest = {}) {
  return {As::kRefused, {}, why, std::move(nearest)};
}

// Up to three digits behind zeros.
ProductReading read_cvx(std::string_view digits) {
  if (const auto product = find_product(digits)) return as_known(product->cvx);
  const std::string_view number = without_leading_zeros(digits);
  return number.empty() ? as_refused(kNoProduct) : as_unknown(fmt::format("{:0>2}", number), kUnknownCvx);
}

// An NDC whose digits stand together. Spreadsheets take the zeros in front away.
ProductReading read_ndc_digits(std::string_view digits) {
  if (digits.size() == 10) {
    if (const auto pack = find_pack(digits)) return as_known(pack->ndc);
    return as_refused(kAmbiguous);
  }
  const std::string eleven = fmt::format("{:0>11}", digits);
  if (const auto pack = find_pack(eleven))
    return digits.size() == 11 ? as_known(pack->ndc)
                               : as_mended(pack->ndc, "zeros in front of the NDC code were lost: put back");
  const std::string ndc = fmt::format("{}-{}-{}", eleven.substr(0, 5), eleven.substr(5, 4), eleven.substr(9));
  if (is_treatment(ndc)) return as_known(ndc);
  return digits.size() == 11 ? as_unknown(ndc, kUnknownNdc) : as_refused(kNoProduct);
}

// 5-4-2, 4-4-2, 5-3-2 or 5-4-1 digits; zeros in front may be lost. nullopt: not of this form.
std::optional<ProductReading> read_ndc_parts(std::string_view text) {
  const std::size_t one = text.find('-');
  const std::size_t two = one == std::string_view::npos ? one : text.find('-', one + 1);
  if (two == std::string_view::npos) return std::nullopt;
  const std::string_view labeler = text.substr(0, one), product = text.substr(one + 1, two - one - 1),
                         package = text.substr(two + 1);
  if (!all_digits(labeler) || !all_digits(product) || !all_digits(package)) return std::nullopt;
  if (labeler.size() > 5 || product.size() > 4 || package.size() > 2) return std::nullopt;
  const std::string ndc = fmt::format("{:0>5}-{:0>4}-{:0>2}", labeler, product, package);
  if (find_pack(ndc) || is_treatment(ndc)) return as_known(ndc);
  return as_unknown(ndc, kUnknownNdc);
}

ProductReading read_digits(std::string_view digits) {
  if (digits.size() <= 5 && without_leading_zeros(digits).size() <= 3) return read_cvx(digits);
  if (digits.size() >= 8 && digits.size() <= 11) return read_ndc_digits(digits);
  return as_refused(kNoProduct);
}

// "208 - Pfizer": the code alone. Empty: no code begins the text.
std::string_view code_in_front(std::string_view text) {
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_decimal) - text.begin());
  if (end == 0 || end > 3) return {};
  const std::string_view rest = trim(text.substr(end));
  const bool divided = rest.starts_with('-') || rest.starts_with(':') || rest.starts_with('(');
  if (!divided || rest.size() < 2 || is_decimal(trim(rest.substr(1)).front())) return {};
  return text.substr(0, end);
}

std::string_view without_label(std::string_view text) {
  for (const std::string_view label : {"CVX", "NDC"}) {
    if (!same_ignoring_case(text.substr(0, label.size()), label)) continue;
    const std::string_view rest = text.substr(label.size());
    const std::size_t code = rest.find_first_not_of(" :-#");
    if (code != std::string_view::npos && is_decimal(rest[code])) return rest.substr(code);
  }
  return text;
}

// Codes, in whatever way they are written. nullopt: the text has none.
std::optional<ProductReading> read_code(std::string_view text) {
  if (text.ends_with(".0") && all_digits(text.substr(0, text.size() - 2))) text.remove_suffix(2);
  if (all_digits(text)) return read_digits(text);
  if (auto ndc = read_ndc_parts(text)) return ndc;
  if (const std::string digits = expanded(text); digits == "-")
    return as_refused(kLost);
  else if (!digits.empty())
    return read_digits(digits);
  if (const std::string_view code = code_in_front(text); !code.empty() && find_product(code)) return read_cvx(code);
  return std::nullopt;
}

ProductReading read_name(std::string_view text) {
  const ProductNames& names = product_names();
  const std::string key = fold_product_name(text);
  if (const auto short_name = names.short_names.find(key); short_name != names.short_names.end())
    return as_mended(short_name->second, "the name of a vaccine: stored as its CVX code");
  if (const NameGroup* group = names.group(key)) {
    if (group->unspecified.empty()) return as_refused("a group of vaccines: say which", nearest_products(text));
    return as_mended(group->unspecified,
                     "a group of vaccines: stored as the CVX code of its unspecified formulation");
  }
  const auto trade = names.trades.find(key);
  if (trade == names.trades.end()) return as_refused(kNoProduct, nearest_products(text));
  // Of several, the one in use is no better guess than the others: it may be that for children.
  if (trade->second.vaccines.size() == 1)
    return as_mended(trade->second.vaccines.front(), "a trade name: stored as its CVX code");
  return as_refused("a trade name of several vaccines: give the code", nearest_products(text));
}

// Codes, with the packs of those that are vaccines.
std::vector<std::string> with_packs(const std::set<std::string_view>& asked) {
  std::vector<std::string> codes(asked.begin(), asked.end());
  for (const Pack& pack : all_packs())
    if (asked.contains(pack.cvx)) codes.emplace_back(pack.ndc);
  return codes;
}

}  // namespace

ProductReading read_product(std::string_view text) {
  const std::string_view written = trim(text);
  if (written.empty() || written.size() > kProductTextBytesMax) return as_refused(kNoProduct);
  if (same_ignoring_case(written, kAnyProduct)) return as_known(kAnyProduct);
  if (const std::string_view private_code = without_vfc(written); private_code.size() < written.size()) {
    ProductReading reading = read_product(private_code);
    if (reading.as != As::kRefused) reading.code += kVfcMark;
    return reading;
  }
  const std::string plain = narrow(written);
  auto reading = read_code(without_label(plain));
  if (!reading) return read_name(plain);
  // Zeros in front and dashes are ways of writing; other texts around a code are not.
  const bool as_written = std::ranges::all_of(written, [](char c) { return is_decimal(c) || c == '-'; });
  if (reading->as == As::kCode && !as_written) return as_mended(reading->code, "a code in another form: taken");
  return *std::move(reading);
}

Result<std::string> product_code(std::string_view text) {
  ProductReading reading = read_product(text);
  if (reading.as != As::kRefused) return std::move(reading.code);
  return Error{Code::kInvalid, fmt::format("the product '{}': {}{}{}", printable(trim(text), 64), reading.remark,
                                           reading.nearest.empty() ? "" : "; near to it are ", reading.nearest)};
}

std::string_view known_code(std::string_view code) {
  static const std::set<std::string, std::less<>> kCodes = [] {
    std::set<std::string_view> all = {kAnyProduct};
    for (const Product& product : all_products()) all.insert(product.cvx);
    for (const Pack& pack : all_packs()) all.insert(pack.ndc);
    std::set<std::string, std::less<>> with_marks(all.begin(), all.end());
    for (const std::string_view each : all) with_marks.insert(std::string(each).append(kVfcMark));
    return with_marks;
  }();
  const auto found = kCodes.find(code);
  return found != kCodes.end() ? std::string_view(*found) : std::string_view();
}

Result<std::vector<std::string>> products_meant(std::string_view text) {
  const ProductNames& names = product_names();
  const std::string key = fold_product_name(text);
  std::set<std::string_view> vaccines;
  if (const NameGroup* group = names.group(key)) {
    vaccines.insert(group->vaccines.begin(), group->vaccines.end());
  } else if (const auto trade = names.trades.find(key); trade != names.trades.end()) {
    vaccines.insert(trade->second.vaccines.begin(), trade->second.vaccines.end());
  } else {
    const auto code = product_code(text);
    if (!code) return code.error();
    if (find_product(*code)) vaccines.insert(find_product(*code)->cvx);
    if (vaccines.empty()) vaccines.insert(*code);
    return with_packs(vaccines);
  }
  return with_packs(vaccines);
}

}  // namespace titer::registry
