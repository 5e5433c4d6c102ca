// SPDX-License-Identifier: Apache-2.0

#include "titer/write.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "client/gateway_client.h"
#include "registry/product_text.h"
#include "registry/validate.h"
#include "titer/command.h"
#include "titer/text.h"

namespace titer::app {

namespace {

int report(const WriteOptions& options, const registry::Request& request, const registry::Outcome& outcome) {
  if (options.json) print_line(to_json(outcome));
  if (!outcome.ok()) {
    if (!options.json) return fail({outcome.code, outcome.message});
    return exit_code(outcome.code);
  }
  if (!options.json) std::printf("%s\n", printable(registry::describe(request, outcome)).c_str());
  return kExitOk;
}

}  // namespace

registry::Request request_of(const WriteOptions& options, const registry::Operation& operation) {
  return {.operation = operation,
          .actor = options.actor,
          .reason = options.reason,
          .idempotency_key = {},
          .echo_site = true};
}

void WriteOptions::declare(Flags& flags) {
  at.declare(flags);
  const char* user = std::getenv("USER");
  actor = user != nullptr && *user != '\0' ? user : "cli";
  flags.option("--actor", actor, "person or program, for the history").show_default();
  flags.option("--reason", reason, "reason, for the history");
  flags.flag("--json", json, "print the outcome as JSON");
}

int check_counts(const WriteOptions& options, const registry::Operation& operation) {
  const Status counted = registry::check_counts(request_of(options, operation));
  if (counted) return kExitOk;
  complain(counted.error().message);
  return kExitUsage;
}

int write(const WriteOptions& options, const registry::Operation& operation) {
  if (const int code = check_counts(options, operation); code != kExitOk) return code;
  return with_client(options.at, [&](client::GatewayClient& client) {
    const registry::Request request = request_of(options, operation);
    const Result<registry::Outcome> outcome = client.execute(request);
    return outcome ? report(options, request, *outcome) : fail(outcome.error());
  });
}

int write_to_site(const WriteOptions& options, std::string_view site, const MakeOperation& make) {
  return with_client(options.at, [&](client::GatewayClient& client) {
    int code = kExitOk;
    (void)by_id_or_name(site, [&](const registry::SiteRef& ref) {
      const registry::Request request = request_of(options, make(ref));
      const Result<registry::Outcome> outcome = client.execute(request);
      if (!outcome) {
        code = fail(outcome.error());
        return ok_status();
      }
      // As an id it was not found, and it is still to be tried as a name: not yet worth a report.
      if (outcome->code == Code::kNotFound && !ref.id.empty())
        return Status(Error{Code::kNotFound, outcome->message});
      code = report(options, request, *outcome);
      return ok_status();
    });
    return code;
  });
}

void declare_product(Flags& flags, std::string& product) {
  flags.option("--product", product, "product: CVX code, NDC code, trade name, or any").show_default();
}

std::optional<std::string> product_code(const std::string& text) {
  auto code = registry::product_code(text);
  if (code) return std::move(code).value();
  complain(code.error().message);
  return std::nullopt;
}

std::optional<std::vector<std::string>> products_asked(const std::string& text) {
  if (text.empty()) return std::vector<std::string>();
  auto codes = registry::products_meant(text);
  if (codes) return std::move(codes).value();
  complain(codes.error().message);
  return std::nullopt;
}

std::optional<registry::Availability> availability_of(const std::string& text) {
  if (text == "yes") return registry::Availability::yes();
  if (text == "no") return registry::Availability::no();
  if (const auto value = registry::parse_availability(text)) return value;
  complain("'" + text + "' is not an availability: give a whole number of doses, true, false or unknown");
  return std::nullopt;
}

std::optional<std::optional<WallTime>> time_of(const std::string& text, const char* option) {
  if (text.empty()) return std::optional<WallTime>();
  if (text == "now") return std::optional(net::wall_now());
  if (const auto time = parse_time(text)) return time;
  complain("'" + text + "' for " + option + " is not a time: write 2026-03-01 or 2026-03-01T08:15:00Z");
  return std::nullopt;
}

void FieldOptions::declare(Flags& flags) {
  flags.option("--zip", zip, "ZIP code of 5 digits").may_be_empty().heading("Fields");
  flags.option("--zip-plus4", zip_plus4, "the 4 digits after the ZIP code").may_be_empty().heading("Fields");
  flags.option("--street", street, "street and number").may_be_empty().heading("Fields");
  flags.option("--city", city, "city").may_be_empty().heading("Fields");
  flags.option("--state", state, "two letters").may_be_empty().heading("Fields");
  flags.option("--county", county, "county").may_be_empty().heading("Fields");
  flags.option("--phone", phone, "phone number").may_be_empty().heading("Fields");
  flags.option("--info-url", info_url, "web page of the site").may_be_empty().heading("Fields");
  flags.option("--booking-url", booking_url, "web page for appointments").may_be_empty().heading("Fields");
  flags.option("--provider", provider, "organization that runs the site").may_be_empty().heading("Fields");
  flags.option("--hours", hours, "opening hours, as free text").may_be_empty().heading("Fields");
  Option north = flags.option("--lat", lat, "degrees north; without it the ZIP code's centre").heading("Fields");
  Option east = flags.option("--lon", lon, "degrees east").heading("Fields");
  north.between(-90.0, 90.0).needs(east);
  east.between(-180.0, 180.0).needs(north);
}

registry::SiteFields FieldOptions::fields() const {
  const auto view = [](const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
  };
  registry::SiteFields out;
  out.zip = view(zip);
  out.zip_plus4 = view(zip_plus4);
  out.street = view(street);
  out.city = view(city);
  out.state = view(state);
  out.county = view(county);
  out.phone = view(phone);
  out.info_url = view(info_url);
  out.booking_url = view(booking_url);
  out.provider = view(provider);
  out.hours = view(hours);
  out.lat = lat;
  out.lon = lon;
  return out;
}

}  // namespace titer::app
