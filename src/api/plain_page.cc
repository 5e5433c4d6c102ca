// SPDX-License-Identifier: Apache-2.0

// Find without script: GET /find, a list in plain HTML, in English or Spanish. What it looks like is web/public/plain.css.
//
// Everything that a site says of itself is put into the page through html(), and only web addresses and phone numbers
// become links, so that nobody's record can bring anything else into a visitor's page.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <vector>

#include "api/handler_context.h"
#include "api/plain_words.h"
#include "api/routes.h"
#include "api/stock_values.h"
#include "base/text.h"
#include "client/read.h"
#include "http/parameters.h"
#include "registry/products.h"
#include "registry/query.h"
#include "registry/state.h"

namespace titer::api {

namespace {

constexpr std::uint32_t kSitesMax = 50;  // on one page that nobody can narrow while looking
constexpr std::uint64_t kRadii[] = {5, 10, 25, 50, 100}, kRadius = 25, kRadiusMax = 500;  // miles
constexpr std::size_t kZipDigits = 5;

const PlainWords& words_for(const http::Request& request) {
  return plain_words(http::text_of(request, "lang"), request.header("accept-language"));
}

// What the form asks for. Parameters that cannot be read count as not given: a person typed them.
struct Wish {
  std::string zip;                    // as typed, without blanks and without the four digits behind it
  std::string product;                // as asked for; empty: any
  std::vector<std::string> products;  // its codes
  std::uint64_t miles = kRadius;
  bool available = false;
};

Wish wish_of(const http::Request& request) {
  Wish wish;
  std::string_view zip = trim(http::text_of(request, "zip"));
  if (zip.size() > kZipDigits && zip[kZipDigits] == '-') zip = zip.substr(0, kZipDigits);
  wish.zip = zip;
  if (auto products = products_of(request, "product"); products && !products->empty()) {
    wish.product = http::text_of(request, "product");
    wish.products = std::move(products).value();
  }
  if (const auto miles = http::number_of(request, "within", kRadius, 1, kRadiusMax)) wish.miles = *miles;
  const Result<bool> available = http::flag_of(request, "available");
  wish.available = available.ok() && *available;
  return wish;
}

void html(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  html(text, out);
  return out;
}

void element(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), "<{}>", name);
  html(text, out);
  fmt::format_to(std::back_inserter(out), "</{}>\n", name);
}

void link(std::string_view address, std::string_view text, std::string& out) {
  if (!address.starts_with("https://") && !address.starts_with("http://") && !address.starts_with("tel:")) return;
  fmt::format_to(std::back_inserter(out), "<a href=\"{}\" rel=\"noreferrer\">{}</a>\n", escaped(address),
                 escaped(text));
}

std::string digits_of(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](unsigned char c) { return std::isdigit(c); });
  return out;
}

// As a link where it is an American number, perhaps with an extension ("617-555-0100 ext. 4521"; RFC 3966); else as text.
void phone(std::string_view text, std::string& out) {
  const auto letter = std::find_if(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); });
  const auto at = static_cast<std::size_t>(letter - text.begin());
  std::string number = digits_of(text.substr(0, at));
  const std::string extension = digits_of(text.substr(at));
  if (number.size() == 11 && number[0] == '1') number.erase(0, 1);
  if (number.size() != 10) return html(text, out);
  link("tel:+1" + number + (extension.empty() ? "" : ";ext=" + extension), text, out);
}

std::string amount(const registry::Availability& a, const PlainWords& words) {
  switch (a.kind) {
    case registry::Availability::Kind::kCount: return counted(a.count, words.dose);
    case registry::Availability::Kind::kYes: return std::string(words.yes);
    case registry::Availability::Kind::kNo: return std::string(words.no);
    case registry::Availability::Kind::kUnknown: break;
  }
  return std::string(words.unknown);
}

void print_line(const registry::StockLine& line, WallTime now, const PlainWords& words, std::string& out) {
  const auto name = registry::product_name(line.product);
  const registry::Freshness freshness = registry::freshness(line, now);
  const bool expired = freshness == registry::Freshness::kExpired && line.availability.available();
  std::string details = expired ? amount(line.availability, words) + ", " : std::string();
  const WallTime as_of = line.valid_at != WallTime() ? line.valid_at : line.changed_at;
  if (as_of != WallTime()) details += age_text(as_of, now, words);
  if (freshness == registry::Freshness::kStale) details.append(", ").append(words.stale);
  if (freshness == registry::Freshness::kExpired) details.append(", ").append(words.expired);
  out += "<li>";
  element("b", expired ? std::string(words.call_first) : amount(line.availability, words), out);
  if (line.product == registry::kAnyProduct) {
    html(words.any_product, out);
  } else {
    fmt::format_to(std::back_inserter(out), "<span lang=\"en\">{}</span>\n", escaped(name ? *name : line.product));
  }
  element("small", details, out);
  out += "</li>\n";
}

void print_ways(const registry::Site& site, const PlainWords& words, std::string& out) {
  out += "<p>";
  link(site.booking_url, words.book, out);
  if (!site.phone.empty()) phone(site.phone, out);
  link(site.info_url, words.website, out);
  out += "</p>\n";
}

void print_site(const registry::Site& site, double metres, WallTime now, const PlainWords& words,
                std::string& out) {
  out += "<li>\n";
  element("h2", site.name, out);
  element("p",
          fmt::format("{:.1f} mi · {} {} {} {}", metres / registry::kMetresPerMile, site.street, site.city,
                      site.state, site.zip),
          out);
  if (!site.hours.empty()) element("p", fmt::format("{}: {}", words.hours, site.hours), out);
  out += "<ul>\n";
  for (const registry::StockLine& line : site.stock) print_line(line, now, words, out);
  if (site.stock.empty()) element("li", words.nothing_logged, out);
  out += "</ul>\n";
  print_ways(site, words, out);
  out += "</li>\n";
}

void print_radii(const Wish& wish, const PlainWords& words, std::string& out) {
  fmt::format_to(std::back_inserter(out), "<label for=\"within\">{}</label> <select id=\"within\" name=\"within\">",
                 words.within);
  std::vector<std::uint64_t> radii(std::begin(kRadii), std::end(kRadii));
  if (std::find(radii.begin(), radii.end(), wish.miles) == radii.end()) radii.push_back(wish.miles);
  for (const std::uint64_t miles : radii)
    fmt::format_to(std::back_inserter(out), "<option value=\"{}\"{}>{}</option>", miles,
                   miles == wish.miles ? " selected" : "", counted(miles, words.mile));
  out += "</select>\n";
}

void print_head(const Wish& wish, const PlainWords& words, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "<!doctype html>\n<html lang=\"{0}\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{1}</title>\n"
                 "<link rel=\"stylesheet\" href=\"/plain.css\">\n</head>\n<body>\n<main>\n<h1>{1}</h1>\n"
                 "<form action=\"/find\"><p><label for=\"zip\">{2}</label>\n<input id=\"zip\" name=\"zip\" "
                 "inputmode=\"numeric\" autocomplete=\"postal-code\" maxlength=\"12\" required value=\"{3}\">\n",
                 words.language, words.title, words.zip, escaped(wish.zip));
  print_radii(wish, words, out);
  fmt::format_to(std::back_inserter(out),
                 "<label><input type=\"checkbox\" name=\"available\" value=\"true\"{}> {}</label>\n"
                 "<input type=\"hidden\" name=\"lang\" value=\"{}\">\n",
                 wish.available ? " checked" : "", words.only_available, words.language);
  if (!wish.product.empty())
    fmt::format_to(std::back_inserter(out), "<input type=\"hidden\" name=\"product\" value=\"{}\">\n",
                   escaped(wish.product));
  fmt::format_to(std::back_inserter(out), "<button>{}</button></p></form>\n", words.find);
  if (const auto name = registry::product_name(wish.product); name && !wish.product.empty())
    fmt::format_to(std::back_inserter(out), "<p lang=\"en\">{}</p>\n", escaped(*name));
}

void print_foot(const Wish& wish, const PlainWords& words, std::string& out) {
  std::string search = fmt::format("zip={}&amp;within={}", escaped(wish.zip), wish.miles);
  if (!wish.product.empty()) search += "&amp;product=" + escaped(wish.product);
  if (wish.available) search += "&amp;available=true";
  const std::string_view other = words.language == "es" ? "en" : "es";
  fmt::format_to(std::back_inserter(out),
                 "<p><a href=\"/find?{0}&amp;lang={1}\" lang=\"{1}\">{2}</a> · "
                 "<a href=\"/#/find?{0}\">{3}</a></p>\n</main>\n</body>\n</html>\n",
                 search, other, words.other, words.whole_page);
}

http::Response page_of(const http::Request& request, std::string_view content) {
  const PlainWords& words = words_for(request);
  const Wish wish = wish_of(request);
  http::Response out;
  out.type = http::kHtmlType;
  print_head(wish, words, out.body);
  out.body += content;
  print_foot(wish, words, out.body);
  out.headers.emplace_back("Content-Security-Policy",
                           "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
                           "frame-ancestors 'none'");
  out.headers.emplace_back("Content-Language", std::string(words.language));
  return out;
}

// A sentence in the page, where its reader can put the request right.
http::Response told(const http::Request& request, std::string_view sentence) {
  std::string content;
  element("p", sentence, content);
  return page_of(request, content);
}

void print_list(const http::Exchange& exchange, const Result<Rows>& rows) {
  const PlainWords& words = words_for(exchange.request());
  const WallTime now = net::wall_now();
  std::string content = "<ol>\n";
  std::size_t sites = 0;
  const Result<bool> more = rows ? client::visit_near(rows->body,
                                                      [&](const registry::Site& site, double metres) {
                                                        print_site(site, metres, now, words, content);
                                                        return ++sites > 0;
                                                      })
                                 : Result<bool>(rows.error());
  if (!more) return exchange.respond(told(exchange.request(), words.no_answer));
  content += "</ol>\n";
  if (sites == 0) element("p", words.none, content);
  if (*more) element("p", words.not_all, content);
  exchange.respond(page_of(exchange.request(), content));
}

void find(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const PlainWords& words = words_for(request);
  const Wish wish = wish_of(request);
  if (wish.zip.empty()) return exchange.respond(page_of(request, {}));
  if (wish.zip.size() != kZipDigits || !all_digits(wish.zip))
    return exchange.respond(told(request, words.zip_wrong));
  if (!registry::zip_point(wish.zip)) return exchange.respond(told(request, words.zip_unknown));
  registry::Near query;
  query.zip = wish.zip;
  query.within_m = static_cast<double>(wish.miles) * registry::kMetresPerMile;
  query.limit = kSitesMax;
  query.filter.products.assign(wish.products.begin(), wish.products.end());
  query.filter.available_only = wish.available;
  query.filter.claimed_since = registry::not_expired_since(net::wall_now());
  context.reads.ask(query, [exchange](const Result<Rows>& rows) { print_list(exchange, rows); });
}

constexpr Route kPlainPageRoutes[] = {
    Route{http::Method::kGet, "/find", find, registry::Act::kRead, "find", "zip within product available lang"}
        .key_judged_first(),
};

}  // namespace

Routes plain_page_routes() { return kPlainPageRoutes; }

}  // namespace titer::api
