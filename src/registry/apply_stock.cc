// SPDX-License-Identifier: Apache-2.0

// Availability: set, adjust, reserve, release.
#include <fmt/format.h>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

bool check_line_version(const Store& store, std::uint32_t line, const Precondition& condition, Outcome& out) {
  const std::uint32_t version = line == kNil ? 0 : store.line(line).version;
  if (condition.allows(version)) return true;
  show_current(store, line, out);
  return refuse(out, Code::kStaleVersion,
                fmt::format("the stock line {}: read it again, then decide", why_refused(condition, version)));
}

Availability value_of(const Line& line) { return {static_cast<Availability::Kind>(line.kind), line.count}; }

// What adjust, reserve and release share: the line must exist and hold a count.
struct Counted {
  std::uint32_t slot = kNil;
  std::uint32_t line = kNil;
  std::uint64_t count = 0;
};
bool find_count(const RegistryCore& core, const RequestContext& context, const SiteRef& site,
                std::string_view product, Counted& found, Outcome& out) {
  const Store& store = core.store;
  if (!check_claim({product, {}, {}, {}}, out)) return false;
  found.slot = resolve(store, site, out);
  if (found.slot == kNil || !check_open(store, found.slot, out)) return false;
  found.line = store.find_line(found.slot, product);
  if (!check_line(core, context, found.slot, found.line, {}, out)) return false;
  if (!check_line_version_left(store, found.slot, found.line, out)) return false;
  if (found.line == kNil) {
    return refuse(out, Code::kNotFound,
                  fmt::format("{} has no stock of product '{}'; set its availability first", store.name(found.slot),
                              product));
  }
  const Availability now = value_of(store.line(found.line));
  if (now.kind != Availability::Kind::kCount) {
    show_current(store, found.line, out);
    return refuse(out, Code::kNotACount,
                  fmt::format("{} says {} for product '{}', not a count of doses; set a count first",
                              store.name(found.slot), to_text(now), product));
  }
  found.count = now.count;
  return true;
}

// A count that follows from the old one is as old as that: nobody has counted again.
void store_count(RegistryCore& core, const RequestContext& context, EventKind kind, const Counted& at,
                 std::uint64_t count, Outcome& out) {
  StockLine next;
  next.availability = Availability::of(count);
  next.valid_at = WallTime(core.store.line(at.line).valid_at);
  next.source = core.store.words().text(core.store.line(at.line).source);
  core.change_line(context, kind, at.slot, at.line, &next, out);
}

bool not_enough(const RegistryCore& core, const Counted& at, std::uint64_t asked, Outcome& out) {
  show_current(core.store, at.line, out);
  return refuse(out, Code::kNotEnough,
                fmt::format("{} has {} {}; {} were asked for", core.store.name(at.slot), at.count,
                            at.count == 1 ? "dose" : "doses", asked));
}

bool too_many(const RegistryCore& core, const Counted& at, Outcome& out) {
  show_current(core.store, at.line, out);
  return refuse(out, Code::kTooLarge,
                fmt::format("{} has {} doses; more than {} at one site cannot be kept", core.store.name(at.slot),
                            at.count, limits::kCountMax));
}

bool check_doses(std::uint64_t doses, Outcome& out) {
  if (doses > 0 && doses <= limits::kCountMax) return true;
  return refuse(out, Code::kInvalid,
                fmt::format("the number of doses is from 1 to {}, not {}", limits::kCountMax, doses));
}

}  // namespace

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const SetAvailability& op, Outcome& out) {
  if (!check_claim(op.claim, out) || !check_valid_at(context, op.claim, out)) return kNil;
  const std::uint32_t slot = resolve(core.store, op.site, out);
  if (slot == kNil || !check_open(core.store, slot, out)) return slot;
  const std::uint32_t line = core.store.find_line(slot, op.claim.product);
  if (!check_line(core, context, slot, line, op.claim.source, out)) return slot;
  if (!check_line_version(core.store, line, op.if_version, out)) return slot;
  if (!check_line_version_left(core.store, slot, line, out)) return slot;
  if (line == kNil && !check_room_for_line(core.store, slot, out)) return slot;
  const WallTime valid_at = true_at(context, op.claim);
  if (line != kNil) {
    const Line& row = core.store.line(line);
    if (is_out_of_date(context, op.claim, row)) {
      show_current(core.store, line, out);
      refuse(out, Code::kOutOfDate,
             fmt::format("what is stored was claimed, or doses were moved, {} s after this claim was true; only a "
                         "newer one replaces it",
                         (known_as_of(row).value - valid_at.value + 999) / 1000));
      return slot;
    }
    if (value_of(row) == op.claim.availability) {
      core.refresh_line(context, line, valid_at, kept_source(context, op.claim.source));
      show_current(core.store, line, out);
      return slot;
    }
  }
  StockLine next;
  next.product = op.claim.product;
  next.availability = op.claim.availability;
  next.valid_at = valid_at;
  next.source = kept_source(context, op.claim.source);
  core.change_line(context, EventKind::kSetAvailability, slot, line, &next, out);
  return slot;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Adjust& op, Outcome& out) {
  Counted at;
  if (!find_count(core, context, op.site, op.product, at, out)) return at.slot;
  if (!check_line_version(core.store, at.line, op.if_version, out)) return at.slot;
  if (op.by < 0) {
    const std::uint64_t less = std::uint64_t{0} - static_cast<std::uint64_t>(op.by);
    if (less > at.count) {
      not_enough(core, at, less, out);
      return at.slot;
    }
  } else if (static_cast<std::uint64_t>(op.by) > limits::kCountMax - at.count) {
    too_many(core, at, out);
    return at.slot;
  }
  if (op.by == 0) {
    show_current(core.store, at.line, out);
    return at.slot;
  }
  store_count(core, context, EventKind::kAdjust, at, at.count + static_cast<std::uint64_t>(op.by), out);
  return at.slot;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Reserve& op, Outcome& out) {
  Counted at;
  if (!check_doses(op.doses, out)) return kNil;
  if (!find_count(core, context, op.site, op.product, at, out)) return at.slot;
  if (!check_line_version(core.store, at.line, op.if_version, out)) return at.slot;
  if (op.doses > at.count) {
    not_enough(core, at, op.doses, out);
    return at.slot;
  }
  store_count(core, context, EventKind::kReserve, at, at.count - op.doses, out);
  return at.slot;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Release& op, Outcome& out) {
  Counted at;
  if (!check_doses(op.doses, out)) return kNil;
  if (!find_count(core, context, op.site, op.product, at, out)) return at.slot;
  if (!check_line_version(core.store, at.line, op.if_version, out)) return at.slot;
  if (op.doses > limits::kCountMax - at.count) {
    too_many(core, at, out);
    return at.slot;
  }
  store_count(core, context, EventKind::kRelease, at, at.count + op.doses, out);
  return at.slot;
}

}  // namespace titer::registry
