// SPDX-License-Identifier: Apache-2.0

#include "registry/state.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"
#include "registry/apply.h"
#include "registry/check_core.h"
#include "registry/query_run.h"
#include "registry/transfer.h"

namespace titer::registry {

struct State::Impl {
  explicit Impl(HistoryBounds b)
      : core({b.events, b.bytes, b.age_ms}, {b.access_events, b.access_bytes, b.age_ms}) {}
  RegistryCore core;
};

State::State(HistoryBounds bounds) : impl_(std::make_unique<Impl>(bounds)) {}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

void State::apply(const Request& request, Position position, WallTime stamp, Outcome& out) {
  registry::apply(impl_->core, request, position, stamp, out);
}

std::uint64_t State::expect(const Request& request) const {
  return impl_->core.store.expect_id(asked_id(request.operation));
}
void State::expect_more(std::uint64_t expected) const { impl_->core.store.expect_row(expected); }

Position State::position() const { return impl_->core.position; }
WallTime State::time() const { return impl_->core.time; }
std::uint64_t State::digest() const { return impl_->core.store.digest() + impl_->core.access.digest(); }
std::uint64_t State::history_digest() const {
  const std::array<std::uint64_t, 2> parts = {impl_->core.history.digest(),
                                              static_cast<std::uint64_t>(impl_->core.time.value)};
  return hash64(std::as_bytes(std::span(parts)));
}

Totals State::totals() const {
  const RegistryCore& core = impl_->core;
  Totals totals;
  totals.sites = core.store.slots();
  totals.active_sites = core.store.active_sites();
  totals.stock_lines = core.store.line_count();
  totals.events = core.history.events();
  totals.oldest_event = core.history.oldest_complete();
  for (const MemoryPart& part : memory()) totals.bytes += part.bytes;
  return totals;
}
std::vector<MemoryPart> State::memory() const {
  std::vector<MemoryPart> parts = impl_->core.store.memory();
  parts.push_back({"history", impl_->core.history.bytes()});
  return parts;
}

Result<bool> State::list(const ListSites& query, const SiteVisitor& visit, Progress& progress) const {
  return list_sites(impl_->core.store, query, visit, progress);
}
Result<Site> State::get(const SiteRef& ref) const { return get_site(impl_->core.store, ref); }
Result<bool> State::near(const Near& query, const NearVisitor& visit, Progress& progress) const {
  return near_sites(impl_->core.store, query, visit, progress);
}
Result<bool> State::history(const History& query, const EventVisitor& visit, Progress& progress) const {
  return show_history(impl_->core, query, visit, progress);
}
Position State::history_removed(const History& query) const {
  return registry::history_removed(impl_->core, query);
}
Result<bool> State::changes(const Changes& query, const EventVisitor& visit, Progress& progress) const {
  return show_changes(impl_->core, query, visit, progress);
}
Result<bool> State::changed_sites(Position since, const SiteVisitor& visit, Progress& progress) const {
  return registry::changed_sites(impl_->core.store, position(), since, visit, progress);
}

Status State::judge(const Request& request) const { return registry::judge(impl_->core, request); }
bool State::has_keys() const { return impl_->core.access.on(); }
Status State::judge(KeyId key, Act act, WallTime now) const {
  Access::Verdict verdict = impl_->core.access.judge(key, act, std::max(now, time()));
  if (verdict.code == Code::kOk) return ok_status();
  return Error{verdict.code, std::move(verdict.message)};
}
Status State::check_secret(const CheckKey& query, WallTime now) const {
  return impl_->core.access.check_secret(query.id, query.secret, std::max(now, time()));
}
bool State::keys(const ListKeys& query, const KeyVisitor& visit) const {
  const auto& keys = impl_->core.access.keys();
  std::uint32_t shown = 0;
  const auto limit = std::clamp<std::uint32_t>(query.limit, 1, limits::kPageMax);
  for (auto it = keys.upper_bound(query.after); it != keys.end(); ++it)
    if (shown++ >= limit || !visit(show(it->second))) return true;
  return false;
}
WriteSwitch State::writes() const { return impl_->core.access.writes(); }

std::uint32_t State::slots() const { return impl_->core.store.slots(); }
std::uint32_t State::write_sites(std::uint32_t from_slot, std::size_t bytes_max, Bytes& out, Position since) const {
  return registry::write_sites(impl_->core.store, from_slot, bytes_max, since, out);
}
bool State::write_site(std::uint32_t slot, Position upto, Bytes& out) const {
  const Store& store = impl_->core.store;
  if (slot >= store.slots() ||
      (store.hot(slot).changed > upto.value && store.hot(slot).changed <= position().value))
    return false;
  registry::write_site(store, slot, out);
  return true;
}

std::string_view State::site_id(std::uint32_t slot) const { return impl_->core.store.id(slot); }

Position State::write_events(Lane lane, Position since, std::size_t bytes_max, Bytes& out) const {
  return registry::write_events(impl_->core, lane, since, bytes_max, out);
}
void State::write_access(Position since, Bytes& out) const { registry::write_access(impl_->core, since, out); }
Position State::access_changed() const { return impl_->core.access.changed(); }
void State::write_head(Bytes& out) const { registry::write_head(impl_->core, out); }
Status State::read_transfer(ByteView in) { return registry::read_transfer(impl_->core, in); }
void State::begin_restore() { impl_->core.store.begin_bulk(); }
void State::finish_restore() { impl_->core.store.finish_bulk(); }

void State::track_changes(bool on) { impl_->core.store.track_changes(on); }
std::size_t State::changes() const { return impl_->core.store.changes(); }
bool State::take_changed(std::size_t sites_min, std::size_t bytes_max, const PartVisitor& visit) {
  return registry::take_changed(impl_->core.store, sites_min, bytes_max, visit);
}
Position State::dropped(Lane lane) const { return impl_->core.history.dropped(lane); }
Position State::complete_after() const { return impl_->core.history.complete_after(); }

Status State::check() const { return check_core(impl_->core); }

Freshness freshness(const StockLine& line, WallTime now, FreshnessBounds bounds) {
  if (line.availability.kind == Availability::Kind::kUnknown) return Freshness::kUnknown;
  const std::int64_t as_of = claimed_at(line).value;
  if (as_of == 0) return Freshness::kUnknown;
  const std::int64_t age = now.value - as_of;
  if (age >= bounds.expired_after_ms) return Freshness::kExpired;
  return age >= bounds.stale_after_ms ? Freshness::kStale : Freshness::kFresh;
}

}  // namespace titer::registry
