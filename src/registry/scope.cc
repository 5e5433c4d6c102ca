// SPDX-License-Identifier: Apache-2.0

#include "registry/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/limits.h"
#include "registry/place.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

bool has(const std::vector<std::string>& scope, std::string_view what) {
  return std::binary_search(scope.begin(), scope.end(), what, std::less<>());
}

// The state, the ZIP code, or its first three or four digits. (A shorter ZIP code is none, and could name a state.)
bool in_jurisdiction(const std::vector<std::string>& scope, const Place& place) {
  if (const std::string_view state = state_of(place); !state.empty() && has(scope, state)) return true;
  for (std::size_t digits = 3; digits <= place.zip.size(); ++digits)
    if (has(scope, place.zip.substr(0, digits))) return true;
  return false;
}

bool out_of_reach(const KeyRow& key, std::string_view site, std::string_view why, Outcome& out) {
  return refuse(out, Code::kForbidden,
                fmt::format("the site {} is not within the scope of this key of {} ({}){}{}", site, key.owner,
                            name(key.role), why.empty() ? "" : ": ", why));
}

bool reaches(const KeyRow& key, std::string_view site, const Place& place, Outcome& out) {
  if (key.role == Role::kProvider) return has(key.scope, site) || out_of_reach(key, site, {}, out);
  if (key.role != Role::kJurisdiction) return true;
  if (!in_jurisdiction(key.scope, place)) return out_of_reach(key, site, {}, out);
  const auto wrong = contradiction(place);
  return !wrong || out_of_reach(key, site, *wrong, out);
}

// Sites that the key may still add.
bool check_site_count(const RegistryCore& core, const KeyRow& key, Outcome& out) {
  if (key.role != Role::kJurisdiction && key.role != Role::kAggregator) return true;
  const std::uint32_t most = key.sites_max != 0 ? key.sites_max : limits::kKeySitesDefault;
  if (core.store.added_by(key.id) < most) return true;
  return refuse(
      out, Code::kTooLarge,
      fmt::format("this key of {} has added {} sites, the most that it may; an operator can make one that "
                  "may add more (titer key create --sites-max)",
                  key.owner, most));
}

// A new line of an aggregator's.
bool check_source_lines(const Store& store, const KeyRow& key, std::uint32_t slot, Outcome& out) {
  const HotRow& row = store.hot(slot);
  std::size_t of_source = 0;
  for (std::uint32_t at = row.first_line; at != kNil; at = store.line(at).next)
    of_source += store.words().text(store.line(at).source) == key.scope.front() ? 1 : 0;
  if (of_source < limits::kSourceLinesMax && row.lines + limits::kLinesKeptFree < limits::kStockLinesMax)
    return true;
  return refuse(
      out, Code::kTooLarge,
      fmt::format("{} has {} stock lines, {} of them from the source '{}'; one source has at most {}, and "
                  "the last {} of a site are not for feeds",
                  store.name(slot), row.lines, of_source, key.scope.front(), limits::kSourceLinesMax,
                  limits::kLinesKeptFree));
}

bool check_source(const KeyRow& key, std::string_view source, Outcome& out) {
  if (source.empty() || has(key.scope, source)) return true;
  return refuse(out, Code::kForbidden, fmt::format("this key writes as the source '{}' only", key.scope.front()));
}

bool is_area(std::string_view text) {
  const auto all_in = [&](char low, char high) {
    return std::all_of(text.begin(), text.end(), [&](char c) { return c >= low && c <= high; });
  };
  return text.size() == 2 ? all_in('A', 'Z') : text.size() >= 3 && text.size() <= 5 && all_in('0', '9');
}

}  // namespace

bool check_act(const RegistryCore& core, const RequestContext& context, Act act, Outcome& out) {
  if (context.grantee == nullptr) return true;
  Access::Verdict verdict = core.access.judge(context.key, act, context.time);
  return verdict.code == Code::kOk || refuse(out, verdict.code, std::move(verdict.message));
}

bool check_site(const RequestContext& context, const Site& before, const SiteImage& after, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  if (!reaches(*key, before.id, stated_place(before), out)) return false;
  if (!reaches(*key, before.id, stated_place(after.site), out)) return false;
  if (key->role != Role::kAggregator || after.created_key == key->id) return true;
  return refuse(out, Code::kForbidden,
                fmt::format("the site {} was not added with this key of {}; only its stock can be logged with it",
                            before.id, key->owner));
}

bool check_new_site(const RegistryCore& core, const RequestContext& context, const Site& site,
                    std::string_view source, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  if (!reaches(*key, site.id, stated_place(site), out) || !check_site_count(core, *key, out)) return false;
  return key->role != Role::kAggregator || check_source(*key, source, out);
}

bool check_line(const RegistryCore& core, const RequestContext& context, std::uint32_t slot, std::uint32_t line,
                std::string_view source, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  const Store& store = core.store;
  const ColdRow& row = store.cold(slot);
  const Place place{store.state(slot), store.hot(slot).text.zip(), store.hot(slot).point == PointSource::kGiven,
                    from_e7(row.lat), from_e7(row.lon)};
  if (!reaches(*key, store.id(slot), place, out)) return false;
  if (key->role != Role::kAggregator) return true;
  if (!check_source(*key, source, out)) return false;
  if (line == kNil) return check_source_lines(store, *key, slot, out);
  if (store.words().text(store.line(line).source) == key->scope.front()) return true;
  return refuse(out, Code::kForbidden,
                fmt::format("this stock of {} was logged by somebody else; the source '{}' cannot replace it",
                            store.name(slot), key->scope.front()));
}

std::string_view kept_source(const RequestContext& context, std::string_view source) {
  const KeyRow* key = context.grantee;
  if (key == nullptr || key->role != Role::kAggregator) return source;
  return key->scope.front();
}

void mark_claims(const RequestContext& context, const std::optional<std::vector<ExternalId>>& asked,
                 const Site& before, Site& site) {
  if (!asked) return;
  const bool confirms = context.grantee == nullptr || context.grantee->role != Role::kProvider;
  const auto asks = [&](const ExternalId& pair) {
    return std::find(asked->begin(), asked->end(), pair) != asked->end();
  };
  site.unverified = 0;
  for (std::size_t i = 0; i < site.external_ids.size(); ++i) {
    const ExternalId& pair = site.external_ids[i];
    const std::size_t was = index_of(before, pair);
    if (was < before.external_ids.size() && !is_unverified(before, was)) continue;
    if (!confirms || !asks(pair)) site.unverified |= std::uint32_t{1} << i;
  }
}

std::uint32_t find_by_external(const Store& store, const RequestContext& context, const ExternalId& pair) {
  const std::uint32_t found = store.find_external(pair);
  const KeyRow* key = context.grantee;
  if (found != kNil || key == nullptr || key->role != Role::kProvider) return found;
  const std::uint32_t claimed = store.find_claim(pair);
  return claimed != kNil && has(key->scope, store.id(claimed)) ? claimed : kNil;
}

bool check_scope(const CreateKey& key, Outcome& out) {
  const auto& scope = key.scope;
  const bool counted = key.role == Role::kJurisdiction || key.role == Role::kAggregator;
  if (key.sites_max != 0 && (!counted || key.sites_max > limits::kKeySitesMax))
    return refuse(out, Code::kInvalid,
                  fmt::format("a number of sites is for the key of a jurisdiction or an aggregator, at most {}",
                              limits::kKeySitesMax));
  if (const Status few = check_counts(key); !few) return refuse(out, few.error());
  const auto each = [&](bool (*good)(std::string_view)) {
    return !scope.empty() && std::all_of(scope.begin(), scope.end(), good);
  };
  switch (key.role) {
    case Role::kProvider:
      if (each(is_site_id)) return true;
      return refuse(out, Code::kInvalid, "a provider's key names the ids of its sites, at least one");
    case Role::kJurisdiction:
      if (each(is_area)) return true;
      return refuse(out, Code::kInvalid,
                    "a jurisdiction's key names states (MA) and ZIP codes (02139, or their first digits, 021)");
    case Role::kAggregator:
      if (scope.size() == 1 && !scope.front().empty())
        return check_text(scope.front(), "source", limits::kNameBytesMax, out);
      return refuse(out, Code::kInvalid, "an aggregator's key names its source, one");
    default:
      if (scope.empty()) return true;
      return refuse(out, Code::kInvalid, fmt::format("a key of the role {} has no scope", name(key.role)));
  }
}

}  // namespace titer::registry
