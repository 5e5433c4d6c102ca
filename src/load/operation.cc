// SPDX-License-Identifier: Apache-2.0

#include "load/operation.h"

#include <array>

#include "base/hash.h"
#include "client/read.h"
#include "wire/codec.h"

namespace titer::load {

namespace {

using check::OpKind;
using registry::Availability;

// Small counts, so that refusals are as common as successes; now and then a claim that is no count.
Availability small_value(std::uint64_t dice) {
  switch (dice % 40) {
    case 0: return Availability::yes();
    case 1: return Availability::no();
    case 2: return Availability::unknown();
    default: return Availability::of(dice / 40 % 20);
  }
}

LoadOperation any_operation(std::uint64_t dice) {
  const std::uint64_t roll = dice % 100;
  const bool conditional = (dice >> 8) % 4 == 0;
  const auto doses = static_cast<std::int64_t>(1 + (dice >> 16) % 3);
  if (roll < 40) return {.kind = OpKind::kReserve, .value = {}, .amount = doses, .conditional = false};
  if (roll < 60) return {.kind = OpKind::kRelease, .value = {}, .amount = doses, .conditional = false};
  if (roll < 75) {
    const auto by = static_cast<std::int64_t>((dice >> 24) % 7) - 3;
    return {.kind = OpKind::kAdjust, .value = {}, .amount = by, .conditional = conditional};
  }
  return {.kind = OpKind::kSet, .value = small_value(dice >> 24), .amount = 0, .conditional = conditional};
}

registry::Operation request_of(const LoadOperation& op, const registry::SiteRef& site,
                               std::optional<std::uint32_t> if_version) {
  const auto doses = static_cast<std::uint64_t>(op.amount);
  if (op.kind == OpKind::kReserve) return registry::Reserve{site, registry::kAnyProduct, doses};
  if (op.kind == OpKind::kRelease) return registry::Release{site, registry::kAnyProduct, doses};
  if (op.kind == OpKind::kAdjust) return registry::Adjust{site, registry::kAnyProduct, op.amount, if_version};
  registry::SetAvailability set{site, {}, if_version};
  set.claim.availability = op.value;
  return set;
}

}  // namespace

LoadOperation load_operation(SiteUse use, std::size_t session, std::uint64_t salt, std::uint64_t number) {
  if (use == SiteUse::kReserve) return {};
  if (use == SiteUse::kSet)
    return {.kind = OpKind::kSet,
            .value = Availability::of(load_value(session, number)),
            .amount = 0,
            .conditional = false};
  const std::array<std::uint64_t, 2> name{salt, number};
  return any_operation(hash64(std::as_bytes(std::span(name))));
}

void encode_operation(const LoadOperation& op, const LoadSite& site, std::optional<std::uint32_t> if_version,
                      registry::KeyId key, Bytes& body) {
  body.clear();
  wire::encode_request(body, {.operation = request_of(op, {site.id, {}}, if_version),
                              .actor = "bench",
                              .reason = {},
                              .idempotency_key = {},
                              .echo_site = false});
  wire::set_request_key(body, key);
}

std::optional<check::Shown> shown_by(const registry::Outcome& outcome) {
  if (!outcome.has_stock) return std::nullopt;
  return check::Shown{outcome.before, outcome.after, outcome.stock_version};
}

std::optional<check::Shown> shown_by(ByteView site_rows) {
  std::optional<check::Shown> out;
  const Result<bool> read = client::visit_sites(site_rows, [&](const registry::Site& site) {
    for (const registry::StockLine& line : site.stock)
      if (line.product == registry::kAnyProduct)
        out = check::Shown{line.availability, line.availability, line.version};
    return false;
  });
  return read ? out : std::nullopt;
}

}  // namespace titer::load
