// SPDX-License-Identifier: Apache-2.0

#include "registry/apply.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/rules.h"
#include "registry/place.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {

std::uint32_t resolve(const Store& store, const SiteRef& ref, Outcome& out) {
  if (ref.id.empty() == ref.name.empty()) {
    refuse(out, Code::kInvalid, "name the site by its id or by its name: one of the two");
    return kNil;
  }
  const std::uint32_t slot = ref.id.empty() ? store.find_name(ref.name) : store.find_id(ref.id);
  if (slot != kNil) return slot;
  Outcome text;  // what cannot be shown safely is not shown
  const std::string_view key = ref.id.empty() ? ref.name : ref.id;
  const bool shown = check_text(key, "key", limits::kNameBytesMax, text);
  refuse(out, Code::kNotFound,
         fmt::format("there is no site with the {} '{}'; list the sites or add it first",
                     ref.id.empty() ? "name" : "id", shown ? key : "?"));
  return kNil;
}

bool check_open(const Store& store, std::uint32_t slot, Outcome& out) {
  if (store.hot(slot).status != SiteStatus::kClosed) return true;
  return refuse(
      out, Code::kClosed,
      fmt::format("{} is closed; set its status to active before logging availability", store.name(slot)));
}

bool check_name_free(const Store& store, const Site& site, std::uint32_t self, Outcome& out) {
  if (site.status == SiteStatus::kClosed) return true;
  const std::uint32_t other = store.find_name(site.name);
  if (other == kNil || other == self) return true;
  return refuse(out, Code::kDuplicate,
                fmt::format("the name '{}' belongs to the site {}; choose another name or edit that site",
                            site.name, store.id(other)));
}

bool check_externals_free(const Store& store, const Site& before, const Site& site, std::uint32_t self,
                          Outcome& out) {
  for (std::size_t i = 0; i < site.external_ids.size(); ++i) {
    const ExternalId& pair = site.external_ids[i];
    const bool unverified = is_unverified(site, i);
    const std::size_t was = index_of(before, pair);
    const bool stays = was < before.external_ids.size() && is_unverified(before, was) == unverified;
    if (stays || !exclusive_system(pair.first)) continue;
    std::uint32_t other = store.find_external(pair);
    if (other == kNil && unverified) other = store.find_claim(pair);
    if (other == kNil || other == self) continue;
    return refuse(out, Code::kDuplicate,
                  fmt::format("the external id {}:{} belongs to the site {}; remove it there first", pair.first,
                              pair.second, store.id(other)));
  }
  return true;
}

bool check_place(const Site& site, Outcome& out) {
  const auto wrong = contradiction(stated_place(site));
  return !wrong || refuse(out, Code::kInvalid, *wrong + ": correct one of the two");
}

void show_current(const Store& store, std::uint32_t line, Outcome& out) {
  out.has_stock = line != kNil;
  if (line == kNil) return;
  const Line& row = store.line(line);
  out.before = out.after = {static_cast<Availability::Kind>(row.kind), row.count};
  out.stock_version = row.version;
}

bool check_room_for_line(const Store& store, std::uint32_t slot, Outcome& out) {
  if (store.hot(slot).lines < limits::kStockLinesMax) return true;
  return refuse(out, Code::kTooLarge,
                fmt::format("{} already has {} products, the most a site can have", store.name(slot),
                            limits::kStockLinesMax));
}

bool check_line_version_left(const Store& store, std::uint32_t slot, std::uint32_t line, Outcome& out) {
  const std::uint32_t version = line == kNil ? store.cold(slot).retired_version : store.line(line).version;
  if (version < limits::kVersionMax) return true;
  show_current(store, line, out);
  return refuse(
      out, Code::kTooLarge,
      fmt::format("this stock line of {} has been changed {} times, the most that can be counted; add the "
                  "site again under another id",
                  store.name(slot), limits::kVersionMax));
}

bool check_site_version_left(const Store& store, std::uint32_t slot, Outcome& out) {
  if (store.hot(slot).version < limits::kVersionMax) return true;
  return refuse(
      out, Code::kTooLarge,
      fmt::format("{} has been changed {} times, the most that can be counted; add it again under another "
                  "id",
                  store.name(slot), limits::kVersionMax));
}

bool check_valid_at(const RequestContext& context, const StockClaim& claim, Outcome& out) {
  if (!claim.valid_at) return true;
  const std::int64_t at = claim.valid_at->value;
  if (at < 0) return refuse(out, Code::kInvalid, "valid_at is before 1970");
  if (at <= context.time.value + limits::kValidAheadMaxMs) return true;
  return refuse(
      out, Code::kInvalid,
      fmt::format("valid_at is {} minutes ahead of the cluster's clock; a claim is about now or the past: correct "
                  "the time and its zone, or leave it out to claim as of now",
                  (at - context.time.value) / 60'000));
}

WallTime true_at(const RequestContext& context, const StockClaim& claim) {
  return std::min(claim.valid_at.value_or(context.time), context.time);
}

WallTime known_as_of(const Line& line) {
  const bool moved = line.changed_at > line.checked_at;
  return WallTime(moved ? std::max(line.valid_at, line.changed_at) : line.valid_at);
}

bool is_out_of_date(const RequestContext& context, const StockClaim& claim, const Line& line) {
  return claim.valid_at && true_at(context, claim) < std::min(known_as_of(line), context.time);
}

bool admit(const RegistryCore& core, const Request& request, RequestContext& context, Outcome& out) {
  const Act act = act_of(request.operation);
  Access::Verdict verdict = core.access.judge(request.key, act, context.time);
  if (verdict.code != Code::kOk) return refuse(out, verdict.code, std::move(verdict.message));
  context.key = request.key;
  context.grantee = verdict.key;
  if (verdict.key != nullptr) context.actor = verdict.key->owner;
  if (act == Act::kKeys || act == Act::kSwitch) return true;
  const WriteSwitch writes = core.access.writes();
  if (!writes.stopped) return true;
  return refuse(out, Code::kWritesStopped,
                fmt::format("an operator has stopped writes{}{}; reads go on", writes.reason.empty() ? "" : ": ",
                            writes.reason));
}

namespace {

// An import's old claim leaves the stock line alone and refuses nothing else.
bool refused(const Simple& operation, const Outcome& out) {
  return !out.ok() && !(out.code == Code::kOutOfDate && std::holds_alternative<ImportRow>(operation));
}

}  // namespace

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Bulk& op, Outcome& out) {
  if (op.operations.size() > limits::kBulkOperationsMax) {
    refuse(out, Code::kTooLarge,
           fmt::format("a bulk has at most {} operations, not {}: split it", limits::kBulkOperationsMax,
                       op.operations.size()));
    return kNil;
  }
  core.arm();
  bool changed = false;
  bool created = false;
  for (std::uint32_t part = 0; part < op.operations.size(); ++part) {
    out.clear();
    out.position = context.position;
    const Simple& operation = op.operations[part];
    std::uint32_t slot = kNil;
    if (check_act(core, context, act_of(operation), out))
      slot = std::visit([&](const auto& one) { return apply_op(core, context, one, out); }, operation);
    if (refused(operation, out)) {
      if (rule_enabled(ProtocolRule::kWholeBulk))
        core.roll_back();
      else
        core.commit();
      out.failed_part = part;
      out.changed = out.created = false;
      return slot != kNil && slot < core.store.slots() ? slot : kNil;
    }
    changed |= out.changed;
    created |= out.created;
  }
  core.commit();
  out.clear();
  out.position = context.position;
  out.changed = changed;
  out.created = created;
  return kNil;
}

void apply(RegistryCore& core, const Request& request, Position position, WallTime stamp, Outcome& out) {
  TITER_CHECK(position > core.position, "a request was executed twice or out of order");
  core.position = position;
  core.time = std::max(core.time, stamp);
  core.undo_looks = 0;
  out.clear();
  out.position = position;
  if (!check_envelope(request, out)) return;
  RequestContext context{position, core.time, request.actor, request.reason, request.idempotency_key,
                         kNoKey,   nullptr};
  if (!admit(core, request, context, out)) return;
  const std::uint32_t slot =
      std::visit([&](const auto& op) { return apply_op(core, context, op, out); }, request.operation);
  core.history.trim(core.time);
  if (slot == kNil || std::holds_alternative<Bulk>(request.operation)) return;
  out.site_id = core.store.id(slot);
  out.site_version = core.store.hot(slot).version;
  if (!request.echo_site) return;
  out.site_name = core.store.name(slot);
  out.site_zip = core.store.hot(slot).text.zip();
}

}  // namespace titer::registry
