// SPDX-License-Identifier: Apache-2.0

#include "registry/naming.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/limits.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

// Numbers are tried one after another this far; then a hash decides, so that ten thousand sites of one name
// do not cost ten thousand tries each.
constexpr std::uint32_t kNumbered = 64;

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool keep = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (keep) {
      out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
    if (out.size() == limits::kSiteIdBytesMax) break;
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "site" : out;
}

// The longest front of at most `max` bytes that cuts no UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

std::string place_of(const Site& site) {
  std::string out(cut(site.city, 100));
  if (!site.state.empty()) out.append(out.empty() ? "" : ", ").append(site.state);
  if (!site.zip.empty()) out.append(out.empty() ? "" : " ").append(site.zip);
  return out.empty() ? out : " (" + out + ")";
}

}  // namespace

std::uint32_t other_owner(const Store& store, std::string_view text, std::uint32_t self) {
  const std::uint32_t named = store.find_name(text);
  if (named != kNil && named != self) return named;
  const std::uint32_t with_id = store.find_id(text);
  return with_id == self ? kNil : with_id;
}

std::string make_id(const Store& store, std::string_view name) {
  const std::string base = slug(name);
  std::string id = base;
  for (std::uint32_t n = 2; other_owner(store, id, kNil) != kNil || !is_site_id(id); ++n) {
    const std::string suffix =
        n <= kNumbered
            ? fmt::format("-{}", n)
            : fmt::format("-{:08x}", static_cast<std::uint32_t>(hash64(as_bytes(name), store.slots() + n)));
    id = base.substr(0, limits::kSiteIdBytesMax - suffix.size()) + suffix;
  }
  return id;
}

const std::string& NameChoice::next() {
  const std::uint32_t n = tried_++;
  if (n == 0) {
    candidate_ = asked_;
    return candidate_;
  }
  std::string suffix = place_of(site_);
  if (n == 1 && suffix.empty()) suffix = " #2";
  if (n > kNumbered) {
    const std::uint64_t seed = hash64(as_bytes(site_.street), n);
    suffix += fmt::format(" #{:08x}", static_cast<std::uint32_t>(hash64(as_bytes(site_.id), seed)));
  } else if (n > 1) {
    suffix += fmt::format(" #{}", suffix.empty() ? n + 1 : n);
  }
  const std::string_view front = cut(asked_, limits::kNameBytesMax - suffix.size());
  asked_size_ = static_cast<std::uint16_t>(front.size());
  candidate_ = front;
  candidate_ += suffix;
  return candidate_;
}

bool is_asked_name(std::string_view name, std::uint16_t asked_size, std::string_view asked) {
  if (asked_size == 0) return name == asked;
  const std::string_view kept = name.substr(0, asked_size);
  if (kept == asked) return true;
  // The name was cut to make room for what makes it unique.
  return asked.starts_with(kept) && name.size() + 4 > limits::kNameBytesMax;
}

}  // namespace titer::registry
