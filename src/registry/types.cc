// SPDX-License-Identifier: Apache-2.0

#include "registry/types.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/number.h"
#include "base/text.h"

namespace titer::registry {

std::size_t index_of(const Site& site, const ExternalId& pair) {
  const auto& ids = site.external_ids;
  return static_cast<std::size_t>(std::find(ids.begin(), ids.end(), pair) - ids.begin());
}

std::vector<ExternalId> unverified_ids(const Site& site) {
  std::vector<ExternalId> out;
  for (std::size_t i = 0; i < site.external_ids.size(); ++i)
    if (is_unverified(site, i)) out.push_back(site.external_ids[i]);
  return out;
}

std::string_view name(EventKind kind) {
  switch (kind) {
    case EventKind::kAddSite: return "add_site";
    case EventKind::kEditSite: return "edit_site";
    case EventKind::kCloseSite: return "close_site";
    case EventKind::kSetAvailability: return "set";
    case EventKind::kAdjust: return "adjust";
    case EventKind::kReserve: return "reserve";
    case EventKind::kRelease: return "release";
    case EventKind::kUndo: return "undo";
    case EventKind::kImport: return "import";
    case EventKind::kCreateKey: return "create_key";
    case EventKind::kRevokeKey: return "revoke_key";
    case EventKind::kSetWriteStop: return "set_write_stop";
  }
  return "unknown";
}

std::string_view name(SiteStatus status) {
  switch (status) {
    case SiteStatus::kActive: return "active";
    case SiteStatus::kHidden: return "hidden";
    case SiteStatus::kClosed: return "closed";
  }
  return "unknown";
}

std::string_view name(Freshness freshness) {
  switch (freshness) {
    case Freshness::kUnknown: return "unknown";
    case Freshness::kFresh: return "fresh";
    case Freshness::kStale: return "stale";
    case Freshness::kExpired: return "expired";
  }
  return "unknown";
}

std::optional<Availability> parse_availability(std::string_view text) {
  if (same_ignoring_case(text, "true") || same_ignoring_case(text, "yes")) return Availability::yes();
  if (same_ignoring_case(text, "false") || same_ignoring_case(text, "no")) return Availability::no();
  if (same_ignoring_case(text, "unknown")) return Availability::unknown();
  const auto count = parse_number<std::uint64_t>(text);
  return count ? std::optional(Availability::of(*count)) : std::nullopt;
}

void print(Availability availability, std::string& out) {
  switch (availability.kind) {
    case Availability::Kind::kUnknown: out += "unknown"; return;
    case Availability::Kind::kNo: out += "false"; return;
    case Availability::Kind::kYes: out += "true"; return;
    case Availability::Kind::kCount: break;
  }
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), availability.count).ptr;
  out.append(digits, end);
}

std::string to_text(Availability availability) {
  std::string out;
  print(availability, out);
  return out;
}

}  // namespace titer::registry
