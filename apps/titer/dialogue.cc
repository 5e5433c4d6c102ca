// SPDX-License-Identifier: Apache-2.0

#include "titer/dialogue.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"

namespace titer::app {

namespace {

using registry::Availability;

constexpr std::string_view kMenu =
    "What would you like to do?\n"
    "[l] list all sites with their availability;\n"
    "[v] view the availability at one site;\n"
    "[e] edit the availability at one site;\n"
    "[n] add a new site;\n"
    "[q] quit.\n";
constexpr std::string_view kAbsent = "Site does not exist. Choose [l] to view all sites.";

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

// Digits, True, False.
std::optional<Availability> availability_in(std::string_view text) {
  if (text == "True" || text == "true") return Availability::yes();
  if (text == "False" || text == "false") return Availability::no();
  const auto count = parse_number<std::uint64_t>(text);
  return count && *count <= limits::kCountMax ? std::optional(Availability::of(*count)) : std::nullopt;
}

// Up to 5 digits, or 9 with the four behind the ZIP code. Missing digits are leading zeros that got lost.
bool zip_fits(std::string_view text) { return all_digits(text) && (text.size() <= 5 || text.size() == 9); }

std::string place(std::string_view name, std::string_view zip) {
  return printable(name) + " (ZIP code " + printable(zip) + ")";
}

std::string failure(const Error& error) {
  if (error.code != Code::kOutcomeUnknown && error.code != Code::kSessionEvicted)
    return "Not done: " + printable(error.message) + ".";
  std::string text = printable(error.message) + ".";
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

std::string seed_text(Availability availability) {
  switch (availability.kind) {
    case Availability::Kind::kCount: return std::to_string(availability.count);
    case Availability::Kind::kYes: return "True";
    case Availability::Kind::kNo: return "False";
    case Availability::Kind::kUnknown: break;
  }
  return "Unknown";
}

Availability seed_availability(const registry::Site& site) {
  std::uint64_t sum = 0;
  bool all_counts = !site.stock.empty(), all_unknown = true, any = false;
  for (const registry::StockLine& line : site.stock) {
    if (line.product == registry::kAnyProduct) return line.availability;
    all_counts = all_counts && line.availability.kind == Availability::Kind::kCount;
    all_unknown = all_unknown && line.availability.kind == Availability::Kind::kUnknown;
    any = any || line.availability.available();
    sum += line.availability.count;
  }
  if (all_counts) return Availability::of(sum);
  if (all_unknown) return Availability::unknown();
  return any ? Availability::yes() : Availability::no();
}

void Dialogue::run() {
  for (;;) {
    const std::optional<std::string> choice = choose();
    if (!choice || *choice == "q") break;
    std::optional<std::string> result;
    if (*choice == "l") result = list();
    if (*choice == "v") result = view();
    if (*choice == "e") result = edit();
    if (*choice == "n") result = add();
    if (!result) break;
    io_.write("\n" + *result + "\n\n");
  }
  io_.write("Exiting client...\n");
}

std::optional<std::string> Dialogue::ask(std::string_view prompt, std::string_view again,
                                         const std::function<bool(std::string_view)>& fits) {
  io_.write(prompt);
  for (;;) {
    const std::optional<std::string> line = io_.read();
    if (!line) return std::nullopt;
    std::string text = trimmed(*line);
    if (fits(text)) return text;
    io_.write(again);
  }
}

std::optional<std::string> Dialogue::choose() {
  return ask(kMenu, kMenu, [](std::string_view t) {
    return t.size() == 1 && std::string_view("lvenq").find(t[0]) != std::string_view::npos;
  });
}

std::optional<std::string> Dialogue::ask_name() {
  return ask("Please enter the vaccine site name: ", "The name is 1 to 256 characters: ", [](std::string_view t) {
    return !t.empty() && t.size() <= limits::kNameBytesMax;
  });
}

std::optional<std::string> Dialogue::list() {
  const Result<client::Snapshot> all = client::snapshot(*io_.asker, false);
  if (!all) return failure(all.error());
  std::string out = "Availability,ZIP Code,Site Name";
  for (const registry::Site& site : all->sites)
    out += "\n" + seed_text(seed_availability(site)) + "," + printable(site.zip) + "," + printable(site.name);
  return out;
}

std::optional<std::string> Dialogue::view() {
  const std::optional<std::string> name = ask_name();
  if (!name) return std::nullopt;
  std::string out(kAbsent);
  const Status got = client::get_site(*io_.asker, {.id = {}, .name = *name}, [&](const registry::Site& site) {
    out = "Availability at " + place(site.name, site.zip) + ": " + seed_text(seed_availability(site));
    return true;
  });
  if (!got && got.error().code != Code::kNotFound) return failure(got.error());
  return out;
}

Result<registry::Outcome> Dialogue::execute(const registry::Operation& operation) {
  return io_.execute(
      {.operation = operation, .actor = io_.actor, .reason = {}, .idempotency_key = {}, .echo_site = true});
}

std::optional<std::string> Dialogue::edit() {
  const std::optional<std::string> name = ask_name();
  if (!name) return std::nullopt;
  const std::optional<std::string> value =
      ask("Please enter the number of available vaccines at this site (or [True/False] for binary availability): ",
          "Availability must be a nonnegative integer or [True/False]: ", [](std::string_view t) {
            return availability_in(t).has_value();
          });
  if (!value) return std::nullopt;
  const Availability availability = *availability_in(*value);
  registry::SetAvailability set;
  set.site.name = *name;
  set.claim.availability = availability;
  const Result<registry::Outcome> outcome = execute(set);
  if (!outcome) return failure(outcome.error());
  if (outcome->code == Code::kNotFound) return std::string(kAbsent);
  if (!outcome->ok()) return failure({outcome->code, outcome->message});
  return "Vaccine availability at " + place(*name, outcome->site_zip) + " updated to " + seed_text(availability) +
         ".";
}

std::optional<std::string> Dialogue::add() {
  const std::optional<std::string> name = ask_name();
  if (!name) return std::nullopt;
  const std::optional<std::string> typed =
      ask("Please enter the ZIP code of the site: ", "ZIP code must be 5 digits: ", zip_fits);
  if (!typed) return std::nullopt;
  std::string zip = typed->substr(0, 5);
  zip.insert(0, 5 - zip.size(), '0');
  const std::string plus4 = typed->size() == 9 ? typed->substr(5) : std::string();
  registry::AddSite site;
  site.fields.name = *name;
  site.fields.zip = zip;
  if (!plus4.empty()) site.fields.zip_plus4 = plus4;
  site.stock.emplace().availability = Availability::of(0);
  const Result<registry::Outcome> outcome = execute(site);
  if (!outcome) return failure(outcome.error());
  if (outcome->code == Code::kDuplicate) return printable(*name) + " already in database.";
  if (!outcome->ok()) return failure({outcome->code, outcome->message});
  return place(*name, zip) + " added with vaccine availability 0.";
}

}  // namespace titer::app
