// SPDX-License-Identifier: Apache-2.0

// Find without script: GET /find, a list in plain HTML, in English or Spanish. What it looks like is web/public/plain.css.
//
// Everything that a site says of itself is put into the page through html(), and only web addresses and phone numbers
// become links, so that nobody's record can bring anything else into a visitor's page.
#include <fmt/format.h>

#include <utility>

#include "api/handler_context.h"
#include "api/routes.h"
#include "client/read.h"
#include "http/parameters.h"
#include "registry/products.h"
#include "registry/query.h"
#include "registry/state.h"

namespace titer::api {

namespace {

constexpr std::uint32_t kSitesMax = 50;  // on one page that nobody can narrow while looking
constexpr double kWithinMiles = 25;

struct Words {
  std::string_view language, title, zip, only_available, find, whole_page, none, nothing_logged, doses, yes, no,
      unknown, stale, expired, any_product, book, other;
};
constexpr Words kEnglish = {
    .language = "en",
    .title = "Find a vaccine near you",
    .zip = "ZIP code",
    .only_available = "Only where there is some",
    .find = "Find",
    .whole_page = "The whole page, with a map (needs JavaScript)",
    .none = "No site fits within 25 miles.",
    .nothing_logged = "Nothing logged yet",
    .doses = "doses",
    .yes = "Available",
    .no = "None",
    .unknown = "Not known",
    .stale = "may be out of date",
    .expired = "too old to rely on; call first",
    .any_product = "vaccine, kind not said",
    .book = "Book",
    .other = "Español",
};
constexpr Words kSpanish = {
    .language = "es",
    .title = "Encuentre una vacuna cerca de usted",
    .zip = "Código postal",
    .only_available = "Solo donde haya",
    .find = "Buscar",
    .whole_page = "La página completa, con mapa (requiere JavaScript)",
    .none = "No se encontró ningún lugar en 25 millas.",
    .nothing_logged = "Todavía sin registro",
    .doses = "dosis",
    .yes = "Hay",
    .no = "No hay",
    .unknown = "No se sabe",
    .stale = "puede haber cambiado",
    .expired = "dato demasiado antiguo; llame antes de ir",
    .any_product = "vacuna (no se indicó cuál)",
    .book = "Reservar cita",
    .other = "English",
};

const Words& words_for(const http::Request& request) {
  std::string_view wanted = http::text_of(request, "lang");
  if (wanted.empty()) wanted = request.header("accept-language");
  return wanted.starts_with("es") ? kSpanish : kEnglish;
}

bool only_available(const http::Request& request) {
  const Result<bool> flag = http::flag_of(request, "available");
  return flag && *flag;
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

void element(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), "<{}>", name);
  html(text, out);
  fmt::format_to(std::back_inserter(out), "</{}>\n", name);
}

void link(std::string_view address, std::string_view text, std::string& out) {
  if (!address.starts_with("https://") && !address.starts_with("http://") && !address.starts_with("tel:")) return;
  out += "<a href=\"";
  html(address, out);
  out += "\" rel=\"noreferrer\">";
  html(text, out);
  out += "</a>\n";
}

std::string amount(const registry::Availability& a, const Words& words) {
  switch (a.kind) {
    case registry::Availability::Kind::kCount: return fmt::format("{} {}", a.count, words.doses);
    case registry::Availability::Kind::kYes: return std::string(words.yes);
    case registry::Availability::Kind::kNo: return std::string(words.no);
    case registry::Availability::Kind::kUnknown: break;
  }
  return std::string(words.unknown);
}

void print_line(const registry::StockLine& line, WallTime now, const Words& words, std::string& out) {
  const auto name = registry::product_name(line.product);
  out += "<li>";
  element("b", amount(line.availability, words), out);
  html(name ? *name : line.product == registry::kAnyProduct ? words.any_product : line.product, out);
  const registry::Freshness freshness = registry::freshness(line, now);
  if (freshness == registry::Freshness::kStale) element("small", words.stale, out);
  if (freshness == registry::Freshness::kExpired) element("small", words.expired, out);
  out += "</li>\n";
}

void print_site(const registry::Site& site, double metres, WallTime now, const Words& words, std::string& out) {
  out += "<li>\n";
  element("h2", site.name, out);
  element("p",
          fmt::format("{:.1f} mi · {} {} {} {}", metres / registry::kMetresPerMile, site.street, site.city,
                      site.state, site.zip),
          out);
  out += "<ul>\n";
  for (const registry::StockLine& line : site.stock) print_line(line, now, words, out);
  if (site.stock.empty()) element("li", words.nothing_logged, out);
  out += "</ul>\n<p>";
  link(site.booking_url, words.book, out);
  if (!site.phone.empty()) link("tel:" + std::string(site.phone), site.phone, out);
  out += "</p>\n</li>\n";
}

void print_head(const http::Request& request, const Words& words, std::string& out) {
  const std::string_view zip = http::text_of(request, "zip");
  fmt::format_to(std::back_inserter(out),
                 "<!doctype html>\n<html lang=\"{0}\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{1}</title>\n"
                 "<link rel=\"stylesheet\" href=\"/plain.css\">\n</head>\n<body>\n<main>\n<h1>{1}</h1>\n"
                 "<form action=\"/find\"><p><label for=\"zip\">{2}</label>\n<input id=\"zip\" name=\"zip\" "
                 "inputmode=\"numeric\" maxlength=\"5\" required value=\"",
                 words.language, words.title, words.zip);
  html(zip, out);
  fmt::format_to(std::back_inserter(out),
                 "\">\n<label><input type=\"checkbox\" name=\"available\" value=\"true\"{}> {}</label>\n"
                 "<input type=\"hidden\" name=\"lang\" value=\"{}\"><button>{}</button></p></form>\n",
                 only_available(request) ? " checked" : "", words.only_available, words.language, words.find);
}

void print_foot(const http::Request& request, const Words& words, std::string& out) {
  std::string zip;
  html(http::text_of(request, "zip"), zip);
  const std::string_view other = words.language == "es" ? "en" : "es";
  fmt::format_to(std::back_inserter(out),
                 "<p><a href=\"/find?zip={0}&amp;lang={1}\" lang=\"{1}\">{2}</a> · "
                 "<a href=\"/#/find?zip={0}\">{3}</a></p>\n</main>\n</body>\n</html>\n",
                 zip, other, words.other, words.whole_page);
}

http::Response page_of(const http::Request& request, std::string_view content) {
  const Words& words = words_for(request);
  http::Response out;
  out.type = http::kHtmlType;
  print_head(request, words, out.body);
  out.body += content;
  print_foot(request, words, out.body);
  out.headers.emplace_back("Content-Security-Policy",
                           "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
                           "frame-ancestors 'none'");
  return out;
}

void find(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  registry::Near query;
  query.zip = http::text_of(request, "zip");
  if (query.zip.empty()) return exchange.respond(page_of(request, {}));
  query.within_m = kWithinMiles * registry::kMetresPerMile;
  query.limit = kSitesMax;
  query.filter.available_only = only_available(request);
  query.filter.claimed_since = registry::not_expired_since(net::wall_now());
  context.backend.ask(query, [exchange](const Result<Rows>& rows) {
    const Words& words = words_for(exchange.request());
    const WallTime now = net::wall_now();
    std::string content = "<ol>\n";
    std::size_t sites = 0;
    const Result<bool> seen = rows ? client::visit_near(rows->body,
                                                        [&](const registry::Site& site, double metres) {
                                                          print_site(site, metres, now, words, content);
                                                          return ++sites > 0;
                                                        })
                                   : Result<bool>(rows.error());
    content += "</ol>\n";
    if (seen && sites == 0) element("p", words.none, content);
    // A ZIP code that is none is told in the page, where its reader can put it right.
    if (!seen) element("p", seen.error().message, content);
    exchange.respond(page_of(exchange.request(), content));
  });
}

constexpr Route kPlainPageRoutes[] = {
    Route{http::Method::kGet, "/find", find, registry::Act::kRead, "find", "zip available lang"}.key_judged_first(),
};

}  // namespace

Routes plain_page_routes() { return kPlainPageRoutes; }

}  // namespace titer::api
