// SPDX-License-Identifier: Apache-2.0

#include "registry/types.h"

#include <charconv>
#include <iterator>

namespace titer::registry {

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

namespace {

bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != word[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Availability> parse_availability(std::string_view text) {
  if (is_word(text, "true") || is_word(text, "yes")) return Availability::yes();
  if (is_word(text, "false") || is_word(text, "no")) return Availability::no();
  if (is_word(text, "unknown")) return Availability::unknown();
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Availability::of(n);
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
