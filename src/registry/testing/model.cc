// SPDX-License-Identifier: Apache-2.0

#include "registry/testing/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace titer::registry::test {
namespace {

Act act_of(const AddSite&) { return Act::kAddSite; }
Act act_of(const EditSite&) { return Act::kEditSite; }
Act act_of(const CloseSite&) { return Act::kEditSite; }
Act act_of(const ImportRow&) { return Act::kImport; }
Act act_of(const Undo&) { return Act::kUndo; }
Act act_of(const CreateKey&) { return Act::kKeys; }
Act act_of(const RevokeKey&) { return Act::kKeys; }
Act act_of(const SetWriteStop&) { return Act::kSwitch; }
template <typename Op>  // stock, and a bulk
Act act_of(const Op&) {
  return Act::kStock;
}

// The table of docs: what each role may do, if only at some sites.
bool role_may(Role role, Act act) {
  switch (role) {
    case Role::kOperator: return true;
    case Role::kReader: return act == Act::kRead;
    case Role::kAuditor: return act == Act::kRead || act == Act::kAudit;
    case Role::kAggregator: return act == Act::kRead || (act >= Act::kStock && act <= Act::kImport);
    default: return act == Act::kRead || (act >= Act::kStock && act <= Act::kUndo);
  }
}

bool lasting_operator(const ModelKey& key) {
  return key.role == Role::kOperator && key.revoked == WallTime() && key.expires == WallTime();
}

}  // namespace

// --- the frame

Code Model::may(KeyId key, Act act, WallTime now) const {
  if (key == kMachine || (key == kNoKey && (keys_.empty() || act == Act::kRead))) return Code::kOk;
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.revoked != WallTime()) return Code::kUnauthorized;
  if (found->second.expires != WallTime() && now >= found->second.expires) return Code::kUnauthorized;
  return role_may(found->second.role, act) ? Code::kOk : Code::kForbidden;
}

void Model::admit(const Request& request) {
  check_text(request.actor, limits::kNameBytesMax);
  check_text(request.reason, limits::kTextBytesMax);
  check_text(request.idempotency_key, limits::kNameBytesMax);
  const Act act = std::visit([](const auto& op) { return act_of(op); }, request.operation);
  if (const Code code = may(request.key, act, time_); code != Code::kOk) throw Refused{code};
  now_.key = request.key;
  if (const auto found = keys_.find(request.key); found != keys_.end()) {
    now_.grantee = &found->second;
    now_.actor = found->second.owner;
  }
  require(!stopped_ || act == Act::kKeys || act == Act::kSwitch, Code::kWritesStopped);
}

Outcome Model::apply(const Request& request, Position position, WallTime stamp) {
  time_ = std::max(time_, stamp);
  out_ = {};
  out_.position = position;
  concerned_.reset();
  now_ = {
      position, std::string(request.actor), std::string(request.reason), std::string(request.idempotency_key), {},
      nullptr};
  bool admitted = false;
  try {
    admit(request);
    admitted = true;
    std::visit([this](const auto& op) { run(op); }, request.operation);
  } catch (const Refused& refused) {
    out_.code = refused.code;
    out_.changed = out_.created = false;
  }
  if (admitted) trim();
  if (!concerned_ || std::holds_alternative<Bulk>(request.operation)) return out_;
  const ModelSite& site = sites_[*concerned_];
  out_.site_id = site.id;
  out_.site_version = site.version;
  if (request.echo_site) {
    out_.site_name = site.name;
    out_.site_zip = site.zip;
  }
  return out_;
}

void Model::run(const Bulk& op) {
  require(op.operations.size() <= limits::kBulkOperationsMax, Code::kTooLarge);
  const Kept before = keep();
  bool changed = false, created = false;
  for (std::uint32_t part = 0; part < op.operations.size(); ++part) {
    out_ = {};
    out_.position = now_.position;
    try {
      const Act act = std::visit([](const auto& one) { return act_of(one); }, op.operations[part]);
      if (now_.grantee != nullptr) require(may(now_.key, act, time_) == Code::kOk, Code::kForbidden);
      std::visit([this](const auto& one) { run(one); }, op.operations[part]);
    } catch (const Refused&) {
      take_back(before);
      out_.failed_part = part;
      throw;
    }
    changed |= out_.changed;
    created |= out_.created;
  }
  out_ = {};
  out_.position = now_.position;
  out_.changed = changed;
  out_.created = created;
}

Model::Kept Model::keep() const { return {sites_, events_[Lane::kShare].size(), events_[Lane::kExcess].size()}; }

void Model::take_back(const Kept& before) {
  sites_ = before.sites;
  while (events_[Lane::kShare].size() > before.share) forget(Lane::kShare, false);
  while (events_[Lane::kExcess].size() > before.excess) forget(Lane::kExcess, false);
}

// --- keys and the switch

void Model::run(const CreateKey& op) {
  require(op.id != kNoKey && op.id != kMachine, Code::kInvalid);
  require(!keys_.contains(op.id), Code::kDuplicate);
  require(!op.owner.empty(), Code::kInvalid);
  check_text(op.owner, limits::kNameBytesMax);
  check_scope(op);
  require(op.expires == WallTime() || op.expires > time_, Code::kInvalid);
  const bool first = op.role == Role::kOperator && op.expires == WallTime() && now_.key == kMachine;
  require(!keys_.empty() || first, Code::kForbidden);
  ModelKey key{
      op.id, op.secret,  std::string(op.owner), op.role, {op.scope.begin(), op.scope.end()}, time_, op.expires,
      {},    now_.actor, op.sites_max};
  std::ranges::sort(key.scope);  // as a set
  key.scope.erase(std::unique(key.scope.begin(), key.scope.end()), key.scope.end());
  std::string scope = fmt::format("{}", fmt::join(op.scope, " "));
  if (scope.size() > limits::kTextBytesMax) scope = fmt::format("{} parts", op.scope.size());
  const auto number = [](auto n) { return n == 0 ? std::string() : std::to_string(n); };
  note(EventKind::kCreateKey, {}).fields = {
      {"key", "", fmt::format("{:016x}", op.id.value)}, {"owner", "", key.owner},
      {"role", "", std::string(name(op.role))},         {"scope", "", scope},
      {"expires", "", number(op.expires.value)},        {"sites_max", "", number(op.sites_max)}};
  keys_.emplace(op.id, std::move(key));
  out_.changed = true;
}

void Model::run(const RevokeKey& op) {
  const auto found = keys_.find(op.id);
  require(found != keys_.end(), Code::kNotFound);
  if (found->second.revoked != WallTime()) return;
  const auto others = std::ranges::count_if(
      keys_, [&](const auto& one) { return one.first != op.id && lasting_operator(one.second); });
  require(!lasting_operator(found->second) || others > 0, Code::kForbidden);
  note(EventKind::kRevokeKey, {}).fields = {{"key", "", fmt::format("{:016x}", op.id.value)},
                                            {"owner", "", found->second.owner}};
  found->second.revoked = time_;
  out_.changed = true;
}

void Model::run(const SetWriteStop& op) {
  if (stopped_ == op.stopped && stop_reason_ == now_.reason) return;
  const auto word = [](bool stopped) { return std::string(stopped ? "stopped" : "allowed"); };
  note(EventKind::kSetWriteStop, {}).fields = {{"writes", word(stopped_), word(op.stopped)}};
  stopped_ = op.stopped;
  stop_reason_ = now_.reason;
  stop_by_ = now_.actor;
  stop_since_ = time_;
  out_.changed = true;
}

// --- stock

void Model::run(const SetAvailability& op) {
  check_claim(op.claim, true);
  const std::size_t at = resolve(op.site);
  const ModelSite& site = sites_[at];
  require(site.status != SiteStatus::kClosed, Code::kClosed);
  check_line(site, op.claim.product, op.claim.source);
  const auto found = site.stock.find(op.claim.product);
  const ModelLine* line = found == site.stock.end() ? nullptr : &found->second;
  if (!op.if_version.allows(line == nullptr ? 0 : line->version)) {
    show(site, op.claim.product);
    throw Refused{Code::kStaleVersion};
  }
  check_room(site, op.claim.product);
  const WallTime valid_at = true_at(op.claim);
  if (line != nullptr) {
    try {
      check_age(*line, op.claim);
    } catch (const Refused&) {
      show(site, op.claim.product);
      throw;
    }
  }
  if (line != nullptr && line->value == op.claim.availability) {
    refresh(at, op.claim.product, valid_at, kept_source(op.claim.source));
    return show(site, op.claim.product);
  }
  const ModelLine next{op.claim.availability, valid_at, {}, {}, kept_source(op.claim.source), {}, 0};
  change_line(EventKind::kSetAvailability, at, op.claim.product, &next);
}

void Model::count(EventKind kind, const SiteRef& ref, std::string_view product, std::int64_t by,
                  const Precondition& if_version) {
  check_claim({product, {}, {}, {}}, false);
  const std::size_t at = resolve(ref);
  const ModelSite& site = sites_[at];
  require(site.status != SiteStatus::kClosed, Code::kClosed);
  check_line(site, product, {});
  require(site.stock.contains(product), Code::kNotFound);
  ModelLine next = site.stock.find(product)->second;
  const auto shown = [&](bool holds, Code otherwise) {
    if (!holds) show(site, product);
    require(holds, otherwise);
  };
  shown(next.value.kind == Availability::Kind::kCount, Code::kNotACount);
  shown(if_version.allows(next.version), Code::kStaleVersion);
  const std::uint64_t before = next.value.count;
  const auto amount = by < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(by) : static_cast<std::uint64_t>(by);
  shown(by >= 0 || amount <= before, Code::kNotEnough);
  shown(by < 0 || amount <= limits::kCountMax - before, Code::kTooLarge);
  if (by == 0) return show(site, product);
  next.value = Availability::of(by < 0 ? before - amount : before + amount);
  change_line(kind, at, product, &next);
}

void Model::run(const Adjust& op) { count(EventKind::kAdjust, op.site, op.product, op.by, op.if_version); }
void Model::run(const Reserve& op) {
  require(op.doses > 0 && op.doses <= limits::kCountMax, Code::kInvalid);
  count(EventKind::kReserve, op.site, op.product, -static_cast<std::int64_t>(op.doses), op.if_version);
}
void Model::run(const Release& op) {
  require(op.doses > 0 && op.doses <= limits::kCountMax, Code::kInvalid);
  count(EventKind::kRelease, op.site, op.product, static_cast<std::int64_t>(op.doses), op.if_version);
}

// --- looking

std::optional<std::size_t> Model::by_id(std::string_view id) const {
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (sites_[i].id == id) return i;
  return std::nullopt;
}
std::optional<std::size_t> Model::by_name(std::string_view name) const {
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (sites_[i].name == name && sites_[i].status != SiteStatus::kClosed) return i;
  return std::nullopt;
}
std::optional<std::size_t> Model::other_called(std::string_view text, std::optional<std::size_t> self) const {
  for (const auto found : {by_name(text), by_id(text)})
    if (found && found != self) return found;
  return std::nullopt;
}
std::optional<std::size_t> Model::by_external(const std::pair<std::string, std::string>& pair,
                                              bool verified) const {
  for (std::size_t i = 0; i < sites_.size(); ++i)
    if (const auto found = sites_[i].external_ids.find(pair);
        found != sites_[i].external_ids.end() && found->second == verified)
      return i;
  return std::nullopt;
}

std::size_t Model::resolve(const SiteRef& ref) {
  require(ref.id.empty() != ref.name.empty(), Code::kInvalid);
  concerned_ = ref.id.empty() ? by_name(ref.name) : by_id(ref.id);
  require(concerned_.has_value(), Code::kNotFound);
  return *concerned_;
}

void Model::show(const ModelSite& site, std::string_view product) {
  const auto line = site.stock.find(product);
  out_.has_stock = line != site.stock.end();
  if (!out_.has_stock) return;
  out_.before = out_.after = line->second.value;
  out_.stock_version = line->second.version;
}

// --- changes

Lane Model::lane_now() const {
  if (now_.key == kNoKey) return Lane::kShare;
  for (const Lane lane : {Lane::kShare, Lane::kExcess})
    if (!events_[lane].empty() && events_[lane].back().position == now_.position) return lane;
  const auto found = shares_.find(now_.key);
  const std::size_t used = found == shares_.end() ? 0 : found->second;
  return used == 0 || used < bounds_.events / limits::kHistoryShares ? Lane::kShare : Lane::kExcess;
}

ModelEvent& Model::note(EventKind kind, std::string_view site_id) {
  const Lane lane = concerns_site(kind) ? lane_now() : Lane::kAccess;
  auto& events = events_[lane];
  ModelEvent event;
  event.position = now_.position;
  if (!events.empty() && events.back().position == now_.position) event.part = events.back().part + 1;
  event.time = time_;
  event.kind = kind;
  event.actor = now_.actor;
  event.site_id = site_id;
  event.reason = now_.reason;
  event.idempotency_key = now_.idempotency_key;
  event.key = now_.key;
  events.push_back(std::move(event));
  if (lane == Lane::kShare) ++shares_[now_.key];
  return events.back();
}

std::size_t Model::create(EventKind kind, ModelSite site) {
  site.version = 1;
  site.created_at = site.updated_at = time_;
  site.created_by = site.updated_by = now_.actor;
  site.changed = now_.position;
  site.created_key = now_.grantee == nullptr ? kNoKey : now_.key;
  ModelEvent& event = note(kind, site.id);
  event.existed = false;
  event.fields.push_back({"name", "", site.name});
  if (!site.zip.empty()) event.fields.push_back({"zip", "", site.zip});
  sites_.push_back(std::move(site));
  concerned_ = sites_.size() - 1;
  out_.changed = out_.created = true;
  return *concerned_;
}

void Model::change_site(EventKind kind, std::size_t at, ModelSite after, Position reverts) {
  ModelEvent& event = note(kind, after.id);
  event.fields = changes_between(sites_[at], after);
  event.reverts = reverts;
  event.site_before = std::make_shared<const ModelSite>(sites_[at]);
  ++after.version;
  after.updated_at = time_;
  after.updated_by = now_.actor;
  after.changed = now_.position;
  sites_[at] = std::move(after);
  out_.changed = true;
}

// `next`: value, valid_at and source; null: the line is taken away.
void Model::change_line(EventKind kind, std::size_t at, std::string_view product, const ModelLine* next,
                        Position reverts) {
  ModelSite& site = sites_[at];
  ModelEvent& event = note(kind, site.id);
  const auto found = site.stock.find(product);
  event.product = product;
  event.reverts = reverts;
  event.existed = found != site.stock.end();
  event.removed = next == nullptr;
  std::uint32_t version = site.retired;
  if (event.existed) {
    event.line_before = found->second;
    event.before = found->second.value;
    event.source_changed = next == nullptr || next->source != found->second.source;
    version = found->second.version;
  }
  if (next != nullptr) event.after = next->value;
  out_.has_stock = out_.changed = true;
  out_.before = event.before;
  out_.after = event.after;
  site.changed = now_.position;
  if (next == nullptr) {
    site.retired = std::max(site.retired, version);
    site.stock.erase(found);
    out_.stock_version = 0;
    return;
  }
  ModelLine& line = site.stock[std::string(product)];
  WallTime changed = time_, checked = time_;
  if (kind != EventKind::kSetAvailability && kind != EventKind::kImport) {  // nobody has counted
    checked = event.existed ? line.checked_at : next->valid_at;
    if (changed <= checked) changed = WallTime(checked.value + 1);
  }
  line = {next->value, next->valid_at, changed, checked, next->source, now_.actor, version + 1};
  out_.stock_version = line.version;
}

void Model::refresh(std::size_t at, std::string_view product, WallTime valid_at, std::string_view source) {
  ModelSite& site = sites_[at];
  ModelLine& line = site.stock.find(product)->second;
  line.valid_at = valid_at;
  line.checked_at = time_;
  if (!source.empty()) line.source = source;
  site.changed = now_.position;
}

void Model::forget(Lane lane, bool oldest) {
  auto& events = events_[lane];
  if (lane == Lane::kShare) --shares_[(oldest ? events.front() : events.back()).key];
  oldest ? events.pop_front() : events.pop_back();
}

void Model::trim() {
  for (const Lane lane : kAllLanes) {
    const std::size_t most = lane == Lane::kAccess ? bounds_.access_events : bounds_.events;
    const auto& events = events_[lane];
    const auto too_old = [&](const ModelEvent& e) {
      return time_.value >= bounds_.age_ms && e.time.value < time_.value - bounds_.age_ms;
    };
    while (events.size() > most || (!events.empty() && too_old(events.front()))) {
      dropped_[lane] = events.front().position;
      forget(lane, true);
    }
  }
}

}  // namespace titer::registry::test
