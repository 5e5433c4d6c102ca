// SPDX-License-Identifier: Apache-2.0

#include "registry/testing/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace titer::registry::test {
namespace {

// --- rows of the model as those of the state

constexpr std::pair<std::string_view Site::*, std::string ModelSite::*> kTexts[] = {
    {&Site::name, &ModelSite::name},
    {&Site::zip, &ModelSite::zip},
    {&Site::zip_plus4, &ModelSite::zip_plus4},
    {&Site::street, &ModelSite::street},
    {&Site::city, &ModelSite::city},
    {&Site::state, &ModelSite::state},
    {&Site::county, &ModelSite::county},
    {&Site::phone, &ModelSite::phone},
    {&Site::info_url, &ModelSite::info_url},
    {&Site::booking_url, &ModelSite::booking_url},
    {&Site::provider, &ModelSite::provider},
    {&Site::hours, &ModelSite::hours},
    {&Site::created_by, &ModelSite::created_by},
    {&Site::updated_by, &ModelSite::updated_by},
};

Site seen(const ModelSite& m) {
  Site s;
  s.id = m.id;
  for (const auto& [field, of_site] : kTexts) s.*field = m.*of_site;
  for (const auto& [pair, verified] : m.external_ids) {
    if (!verified) s.unverified |= 1U << s.external_ids.size();
    s.external_ids.emplace_back(pair);
  }
  const auto point = shown_point(m);
  s.point = m.point ? PointSource::kGiven : point ? PointSource::kZipCentroid : PointSource::kNone;
  if (point) std::tie(s.lat, s.lon) = *point;
  s.status = m.status;
  s.version = m.version;
  s.created_at = m.created_at;
  s.updated_at = m.updated_at;
  s.changed = m.changed;
  for (const auto& [product, line] : m.stock)
    s.stock.push_back({product, line.value, line.valid_at, line.changed_at, line.checked_at, line.source,
                       line.updated_by, line.version});
  return s;
}

Event seen(const ModelEvent& m) {
  Event e;
  e.position = m.position;
  e.part = m.part;
  e.time = m.time;
  e.kind = m.kind;
  e.actor = m.actor;
  e.site_id = m.site_id;
  e.product = m.product;
  e.before = m.before;
  e.after = m.after;
  e.existed = m.existed;
  e.removed = m.removed;
  for (const ModelChange& change : m.fields) e.fields.push_back({change.field, change.before, change.after});
  e.reason = m.reason;
  e.idempotency_key = m.idempotency_key;
  e.reverts = m.reverts;
  return e;
}

// --- rows as texts

std::string text(const StockLine& l) {
  return fmt::format("{}={} valid {} changed {} checked {} by {} of '{}' v{}", l.product, to_text(l.availability),
                     l.valid_at.value, l.changed_at.value, l.checked_at.value, l.updated_by, l.source, l.version);
}
std::string text(const Site& s) {
  std::vector<std::string> ids, lines;
  for (std::size_t i = 0; i < s.external_ids.size(); ++i)
    ids.push_back(
        fmt::format("{}:{}{}", s.external_ids[i].first, s.external_ids[i].second, is_unverified(s, i) ? "?" : ""));
  for (const StockLine& line : s.stock) lines.push_back(text(line));
  return fmt::format(
      "site {} '{}' {}-{} '{}', {}, {} {} '{}' {} {} {} {} ids [{}] point {} {} {} {} v{} at {} by {}, at {} by "
      "{}, "
      "changed {} [{}]",
      s.id, s.name, s.zip, s.zip_plus4, s.street, s.city, s.state, s.county, s.phone, s.info_url, s.booking_url,
      s.provider, s.hours, fmt::join(ids, " "), static_cast<int>(s.point), s.lat, s.lon, name(s.status), s.version,
      s.created_at.value, s.created_by, s.updated_at.value, s.updated_by, s.changed.value, fmt::join(lines, "; "));
}
std::string text(const Event& e) {
  std::string fields;
  for (const FieldChange& change : e.fields)
    fields += fmt::format(" {} '{}'>'{}'", change.field, change.before, change.after);
  return fmt::format("event {}.{} at {} {} of {} by {} {} {}>{}{}{} '{}' '{}' reverts {}{}", e.position.value,
                     e.part, e.time.value, name(e.kind), e.site_id, e.actor, e.product, to_text(e.before),
                     to_text(e.after), e.existed ? "" : " new", e.removed ? " removed" : "", e.reason,
                     e.idempotency_key, e.reverts.value, fields);
}
std::string text(const Key& k) {
  return fmt::format("key {} of {} {} [{}] created {} by {} expires {} revoked {} sites {}", to_text(k.id), k.owner,
                     name(k.role), fmt::join(k.scope, " "), k.created.value, k.created_by, k.expires.value,
                     k.revoked.value, k.sites_max);
}
std::string text(const WriteSwitch& s) {
  return fmt::format("writes {} '{}' by {} since {}", s.stopped ? "stopped" : "allowed", s.reason, s.by,
                     s.since.value);
}

// --- an answer as lines: its code, its rows, whether there are more

using Lines = std::vector<std::string>;

void end(Lines& lines, Code code, bool more) {
  if (code != Code::kOk) lines.clear();
  lines.push_back(code == Code::kOk ? (more ? "more" : "end") : std::string(name(code)));
}
void end(Lines& lines, const Result<bool>& more) {
  end(lines, more.ok() ? Code::kOk : more.error().code, more.ok() && *more);
}

Lines lines_of(const State& state, const ListSites& query) {
  Lines out;
  end(out, state.list(query, [&](const Site& site) {
    out.push_back(text(site));
    return true;
  }));
  return out;
}
Lines lines_of(const Model& model, const ListSites& query) {
  Lines out;
  const auto page = model.list(query);
  for (const ModelSite* site : page.rows) out.push_back(text(seen(*site)));
  end(out, page.code, page.more);
  return out;
}
Lines lines_of(const State& state, const Near& query) {
  Lines out;
  end(out, state.near(query, [&](const Site& site, double metres) {
    out.push_back(fmt::format("{:.3f} m: {}", metres, site.id));
    return true;
  }));
  return out;
}
Lines lines_of(const Model& model, const Near& query) {
  Lines out;
  const auto page = model.near(query);
  for (const auto& [site, metres] : page.rows) out.push_back(fmt::format("{:.3f} m: {}", metres, site->id));
  end(out, page.code, page.more);
  return out;
}
template <typename Ask>
Lines lines_of_events(const Ask& ask) {
  Lines out;
  end(out, ask([&](const Event& event) {
        out.push_back(text(event));
        return true;
      }));
  return out;
}
Lines lines_of(const State& state, const History& query) {
  Lines out = lines_of_events([&](const auto& visit) { return state.history(query, visit); });
  out.push_back(fmt::format("removed up to {}", state.history_removed(query).value));
  return out;
}
Lines lines_of(const State& state, const Changes& query) {
  return lines_of_events([&](const auto& visit) { return state.changes(query, visit); });
}
Lines lines_of(const Model::Page<const ModelEvent*>& page) {
  Lines out;
  for (const ModelEvent* event : page.rows) out.push_back(text(seen(*event)));
  end(out, page.code, page.more);
  return out;
}
Lines lines_of(const Model& model, const History& query) {
  Lines out = lines_of(model.history(query));
  out.push_back(fmt::format("removed up to {}", model.removed(query).value));
  return out;
}
Lines lines_of(const Model& model, const Changes& query) { return lines_of(model.changes(query)); }

std::string difference(std::string_view what, const Lines& is, const Lines& expected) {
  if (is == expected) return {};
  std::size_t at = 0;
  while (at < is.size() && at < expected.size() && is[at] == expected[at]) ++at;
  const auto line = [at](const Lines& lines) { return at < lines.size() ? lines[at] : std::string("nothing"); };
  return fmt::format("{}, row {}:\n  state: {}\n  model: {}", what, at, line(is), line(expected));
}
template <typename Query>
std::string difference(std::string_view what, const State& state, const Model& model, const Query& query) {
  return difference(what, lines_of(state, query), lines_of(model, query));
}

}  // namespace

std::string difference(const Outcome& is, const Outcome& expected) {
  const auto show = [](const Outcome& o) {
    const std::string stock =
        o.has_stock ? fmt::format(" {}>{} v{}", to_text(o.before), to_text(o.after), o.stock_version) : "";
    return fmt::format("{} at {}{}{} site '{}' v{}{} part {} echo '{}' {}", name(o.code), o.position.value,
                       o.changed ? " changed" : "", o.created ? " created" : "", o.site_id, o.site_version, stock,
                       o.failed_part, o.site_name, o.site_zip);
  };
  if (show(is) == show(expected)) return {};
  return fmt::format("outcome:\n  state: {} ({})\n  model: {}", show(is), is.message, show(expected));
}

std::string difference_of_page(const std::vector<Event>& page, bool more, Position since, Position upto,
                               const Model& model) {
  Lines is, expected;
  for (const Event& event : page) is.push_back(text(event));
  auto all = model.changes({since, limits::kPageMax});
  if (all.code == Code::kTooOld) return {};  // the events were removed meanwhile
  std::erase_if(all.rows, [&](const ModelEvent* event) { return event->position > upto; });
  const Position last = page.empty() ? since : page.back().position;
  for (const ModelEvent* event : all.rows)
    if (event->position <= last || !more) expected.push_back(text(seen(*event)));
  if (more && (page.empty() || all.rows.size() == page.size())) return "a page says that there are more events";
  return difference(fmt::format("changes after {} up to {}", since.value, upto.value), is, expected);
}

std::string difference_of_rows(const State& state, const Model& model) {
  Lines is, expected;
  (void)state.changed_sites({}, [&](const Site& site) {
    is.push_back(text(site));
    return true;
  });
  for (const ModelSite& site : model.sites()) expected.push_back(text(seen(site)));
  (void)state.keys({{}, 2'000}, [&](const Key& key) {
    is.push_back(text(key));
    return true;
  });
  for (const auto& [id, k] : model.keys())
    expected.push_back(text(Key{k.id,
                                k.owner,
                                k.role,
                                {k.scope.begin(), k.scope.end()},
                                k.created,
                                k.expires,
                                k.revoked,
                                k.created_by,
                                k.sites_max}));
  is.push_back(text(state.writes()));
  expected.push_back(text(WriteSwitch{model.stopped(), model.stop_reason(), model.stop_by(), model.stop_since()}));
  const Totals totals = state.totals();
  std::size_t active = 0, lines = 0;
  for (const ModelSite& site : model.sites()) {
    active += site.status == SiteStatus::kActive ? 1 : 0;
    lines += site.stock.size();
  }
  const auto first = model.changes({model.complete_after(), 1});
  const std::uint64_t oldest = first.rows.empty() ? 0 : first.rows.front()->position.value;
  constexpr auto kTotals = "{} sites, {} active, {} lines, oldest event {}, time {}";
  is.push_back(fmt::format(kTotals, totals.sites, totals.active_sites, totals.stock_lines,
                           totals.oldest_event.value, state.time().value));
  expected.push_back(fmt::format(kTotals, model.sites().size(), active, lines, oldest, model.time().value));
  return difference("rows", is, expected);
}

namespace {

// The kinds of questions about the history: everything, keys alone, no keys, one site.
std::vector<History> histories(const Model& model, Random& random) {
  std::vector<History> asked(3);
  asked[1].of = History::Of::kAccess;
  asked[2].audit = false;
  if (model.sites().empty()) return asked;
  History of_site;
  const ModelSite& site = model.sites()[random.below(model.sites().size())];
  of_site.site = random.chance(.5) ? SiteRef{site.id, {}} : SiteRef{{}, site.name};
  asked.push_back(of_site);
  return asked;
}

std::uint32_t some_limit(Random& random) { return static_cast<std::uint32_t>(1 + random.below(20)); }

std::string difference_of_some_events(const State& state, const Model& model, Random& random) {
  const auto anywhere = [&] { return Position(random.below(state.position().value + 2)); };
  std::string found = difference("changes", state, model, Changes{anywhere(), some_limit(random)});
  for (History query : histories(model, random)) {
    query.limit = some_limit(random);
    if (random.chance(.5)) query.before = anywhere();
    if (found.empty()) found = difference("history", state, model, query);
  }
  return found;
}

}  // namespace

std::string difference_of_events(const State& state, const Model& model, Random& random) {
  // Long histories in long pages: each page is a walk over the whole history of the model.
  const auto all = static_cast<std::uint32_t>(state.totals().events);
  const std::uint32_t limit = std::min<std::uint32_t>(some_limit(random) + all / 16, limits::kPageMax);
  for (Position since = model.complete_after();;) {
    const Changes query{since, limit};
    if (auto found = difference("changes", state, model, query); !found.empty()) return found;
    const auto page = model.changes(query);
    if (!page.more) break;
    since = page.rows.back()->position;
  }
  for (History query : histories(model, random)) {
    query.limit = limit;
    while (true) {
      if (auto found = difference("history", state, model, query); !found.empty()) return found;
      const auto page = model.history(query);
      if (!page.more) break;
      query.before = page.rows.back()->position;
    }
  }
  return difference_of_some_events(state, model, random);
}

std::string difference_of_questions(const State& state, const Model& model, Random& random) {
  static constexpr std::string_view kZips[] = {"", "", "02138", "90210", "99999"};
  static constexpr std::string_view kStates[] = {"", "", "MA", "CA"};
  static constexpr std::string_view kProducts[] = {"any", "208", "309", "none"};
  static constexpr std::string_view kParts[] = {"", "", "a", "EL", "#", "elm", "a-B", "nowhere"};
  const auto pick = [&](const auto& from) { return from[random.below(std::size(from))]; };
  for (int i = 0; i < 3; ++i) {
    SiteFilter filter{pick(kZips), pick(kStates), pick(kParts), {}, random.chance(.3), random.chance(.5), {}, {}};
    for (std::size_t products = random.below(4); products > 0; --products)
      filter.products.push_back(pick(kProducts));
    if (random.chance(.5))
      filter.claimed_since = WallTime(model.time().value - static_cast<std::int64_t>(random.below(20'000)));
    if (!model.sites().empty() && random.chance(.3)) {  // exactly then, or one moment later
      const ModelSite& site = model.sites()[random.below(model.sites().size())];
      filter.updated_since = WallTime(site.updated_at.value + static_cast<std::int64_t>(random.below(2)));
    }
    const auto limit = static_cast<std::uint32_t>(random.below(8));
    ListSites list{filter, {}, {}, limit};
    while (true) {
      if (auto found = difference("list", state, model, list); !found.empty()) return found;
      const auto page = model.list(list);
      if (!page.more) break;
      list.after_name = page.rows.back()->name;
      list.after_id = page.rows.back()->id;
    }
    Near near{pick(kZips),
              -90 + static_cast<double>(random.below(19)) * 10,
              -180 + static_cast<double>(random.below(37)) * 10,
              static_cast<double>(random.below(900'000)),
              filter,
              limit};
    if (auto found = difference("near", state, model, near); !found.empty()) return found;
    const KeyId key = random.chance(.1) ? kMachine : KeyId(random.below(8));
    const Act act = static_cast<Act>(random.below(kActs));
    const WallTime now(model.time().value + static_cast<std::int64_t>(random.below(20'000)));
    const Status may = state.judge(key, act, now);
    if ((may.ok() ? Code::kOk : may.error().code) != model.may(key, act, now))
      return fmt::format("key {} may {}: {}", to_text(key), name(act), may.ok() ? "yes" : may.error().message);
  }
  return {};
}

std::string difference(const State& state, const Model& model, Random& random) {
  std::string found = difference_of_rows(state, model);
  if (found.empty()) found = difference_of_events(state, model, random);
  if (found.empty()) found = difference_of_questions(state, model, random);
  return found;
}

std::string difference_of_sample(const State& state, const Model& model, Random& random) {
  std::string found = difference_of_rows(state, model);
  if (found.empty()) found = difference_of_some_events(state, model, random);
  if (found.empty()) found = difference_of_questions(state, model, random);
  return found;
}

}  // namespace titer::registry::test
