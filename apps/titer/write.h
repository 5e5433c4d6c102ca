// SPDX-License-Identifier: Apache-2.0

// What the commands share that change something: actor and reason, execution, the report.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/request.h"
#include "titer/remote.h"

namespace titer::app {

class Flags;

struct WriteOptions {
  At at;
  std::string actor;  // default: the user's login name
  std::string reason;
  bool json = false;

  void declare(Flags& flags);
};

[[nodiscard]] registry::Request request_of(const WriteOptions& options, const registry::Operation& operation);
// Ok, or kExitUsage after complaining: it has more of something than a message carries.
[[nodiscard]] int check_counts(const WriteOptions& options, const registry::Operation& operation);
// Executes one operation and reports it: one line (or JSON) on standard output, a refusal on standard error.
[[nodiscard]] int write(const WriteOptions& options, const registry::Operation& operation);
// The same for a site given by id or name.
using MakeOperation = std::function<registry::Operation(const registry::SiteRef&)>;
[[nodiscard]] int write_to_site(const WriteOptions& options, std::string_view site, const MakeOperation& make);

// --product as CVX, NDC, trade name or "any": the code to store. nullopt after complaining.
void declare_product(Flags& flags, std::string& product);
[[nodiscard]] std::optional<std::string> product_code(const std::string& text);
// --product of a question, groups too: the codes of the lines that it is about; none for an empty text. nullopt after complaining.
[[nodiscard]] std::optional<std::vector<std::string>> products_asked(const std::string& text);
inline constexpr const char* kProductAsked =
    "only sites that have this: CVX, NDC, trade name, group (flu, covid, …) or any";
inline constexpr const char* kExplainAsked = "say what the replica looked at, on standard error";
inline constexpr const char* kExpiredAsked = "with --available: also by claims that are older than 29 days";

// "12", "true", "yes", "false", "no", "unknown". nullopt after complaining.
[[nodiscard]] std::optional<registry::Availability> availability_of(const std::string& text);
// nullopt inside: `text` is empty; outer nullopt: complained.
[[nodiscard]] std::optional<std::optional<WallTime>> time_of(const std::string& text, const char* option);

// Options for every field of a site, shared by add and edit.
struct FieldOptions {
  std::optional<std::string> zip, zip_plus4, street, city, state, county, phone, info_url, booking_url, provider,
      hours;
  std::optional<double> lat, lon;

  void declare(Flags& flags);
  // Views into this object.
  [[nodiscard]] registry::SiteFields fields() const;
};

}  // namespace titer::app
