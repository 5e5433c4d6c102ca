// SPDX-License-Identifier: Apache-2.0

// Sites out as SMART Scheduling Links: Location, Schedule and Slot lines, and the manifest that names the files.
//
// Which sites and lines are published:
// - A site is a Location if it has what the specification requires of one: street, city, state, ZIP, and a phone (of
//   10 digits) or a web address. Nothing is made up for the others: they are left out (why_left_out) and counted in the manifest.
// - A stock line of a COVID-19 vaccine, or of `any`, is a Schedule; the specification's service type says COVID-19, so
//   other products have none. has-availability is some for yes and counts, none for no and 0, and unknown for unknown
//   and for what is not fresh any more at `now`. The claim itself, and how old it is, stand beside it. A claim that has
//   expired is no Schedule, unless it is asked for.
// - A fresh count is a Slot: free with this capacity for the 24 hours after `now`'s hour, or, when it is 0, busy for
//   that hour. Yes and no have none: how many was never said. Stock is not an appointment; each Location says so.
//
// So the texts depend on the sites and the hour of `now` alone: every replica prints the same. Pure; text goes to the
// end of `out`, one line each, every line with its end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "registry/types.h"

namespace titer::formats {

enum class SmartType : std::uint8_t { kLocation = 0, kSchedule = 1, kSlot = 2 };
inline constexpr std::array<SmartType, 3> kSmartTypes = {SmartType::kLocation, SmartType::kSchedule,
                                                         SmartType::kSlot};
[[nodiscard]] std::string_view name(SmartType type);  // "Location", "Schedule", "Slot"

// Empty: the site is published.
[[nodiscard]] std::string_view why_left_out(const registry::Site& site);
// The site's lines of this type. Only for sites that are published.
void print_smart(SmartType type, const registry::Site& site, WallTime now, std::string& out,
                 bool with_expired = false);

struct SmartOutput {
  SmartType type = SmartType::kLocation;
  std::string url;
  std::string state;  // empty: not said
};
struct SmartManifest {
  WallTime time;
  std::string request;  // the manifest's own address
  std::vector<SmartOutput> outputs;
  std::uint64_t left_out = 0;  // sites that lack what a Location must have
};
void print_manifest(const SmartManifest& manifest, std::string& out);
// kInvalid: this is no manifest. Outputs of unknown types are left out.
[[nodiscard]] Result<SmartManifest> parse_manifest(std::string_view text);

}  // namespace titer::formats
