// SPDX-License-Identifier: Apache-2.0

#include "load/sites.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "base/number.h"
#include "registry/query.h"
#include "registry/request.h"
#include "wire/codec.h"

namespace titer::load {

namespace {

constexpr std::string_view kPrefix = "bench-";
constexpr std::size_t kValueBytes = 5;  // of a varint from 2^28 to 2^35 - 1
constexpr std::uint64_t kValueMin = std::uint64_t{1} << 28;

Bytes encoded(const registry::Operation& operation, registry::KeyId key) {
  Bytes out;
  wire::encode_request(
      out, {.operation = operation, .actor = "bench", .reason = {}, .idempotency_key = {}, .echo_site = false});
  wire::set_request_key(out, key);
  return out;
}

Bytes encoded_set(const LoadSite& site, std::uint64_t value, registry::KeyId key) {
  registry::SetAvailability set;
  set.site.id = site.id;
  set.claim.availability = registry::Availability::of(value);
  return encoded(set, key);
}

// Two encodings differ only in the value: in its first four bytes, when its low 28 bits are all 0 and all 1.
void encode_set(LoadSite& site, registry::KeyId key) {
  site.write = encoded_set(site, kValueMin, key);
  const Bytes other = encoded_set(site, 2 * kValueMin - 1, key);
  TITER_CHECK(site.write.size() == other.size(), "a set's length depends on its value");
  const auto first = std::mismatch(site.write.begin(), site.write.end(), other.begin()).first;
  site.value_at = static_cast<std::size_t>(first - site.write.begin());
  Bytes patched = site.write;
  patch_value(site, 2 * kValueMin - 1);
  TITER_CHECK(site.write == other, "a set's value is not where it was looked for");
  site.write = std::move(patched);
}

}  // namespace

std::string load_site_id(std::size_t index) {
  char out[32];
  std::snprintf(out, sizeof out, "bench-%07zu", index);
  return out;
}

std::size_t load_site_index(std::string_view id) {
  if (!id.starts_with(kPrefix)) return 0;
  id.remove_prefix(kPrefix.size());
  return parse_number<std::size_t>(id).value_or(0);
}

std::vector<LoadSite> make_load_sites(std::size_t count, Workload workload, registry::KeyId key) {
  std::vector<LoadSite> sites(count + 1);
  for (std::size_t i = 1; i <= count; ++i) {
    LoadSite& site = sites[i];
    site.id = load_site_id(i);
    const bool reserve = workload == Workload::kReserve || (workload == Workload::kMix && i % 2 == 0);
    site.use = workload == Workload::kAll ? SiteUse::kAll : reserve ? SiteUse::kReserve : SiteUse::kSet;
    registry::Reserve one_dose;
    one_dose.site.id = site.id;
    if (site.use == SiteUse::kReserve) site.write = encoded(one_dose, key);
    if (site.use == SiteUse::kSet) encode_set(site, key);
    registry::GetSite get;
    get.site.id = site.id;
    wire::encode_query(site.view, get);
  }
  return sites;
}

void patch_value(LoadSite& site, std::uint64_t value) {
  std::byte* at = site.write.data() + site.value_at;
  for (std::size_t i = 0; i + 1 < kValueBytes; ++i, value >>= 7) at[i] = static_cast<std::byte>(value | 0x80);
  at[kValueBytes - 1] = static_cast<std::byte>(value);
}

}  // namespace titer::load
