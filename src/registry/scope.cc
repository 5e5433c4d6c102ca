// SPDX-License-Identifier: Apache-2.0

#include "registry/scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

// What of a site decides.
struct Place {
  std::string_view id, state, zip;
};

bool has(const std::vector<std::string>& scope, std::string_view what) {
  return std::find(scope.begin(), scope.end(), what) != scope.end();
}

bool in_jurisdiction(const std::vector<std::string>& scope, const Place& place) {
  return std::any_of(scope.begin(), scope.end(), [&](const std::string& part) {
    return part.size() == 2 ? part == place.state : place.zip.starts_with(part);
  });
}

bool reaches(const KeyRow& key, const Place& place) {
  if (key.role == Role::kProvider) return has(key.scope, place.id);
  if (key.role == Role::kJurisdiction) return in_jurisdiction(key.scope, place);
  return true;
}

bool out_of_reach(const KeyRow& key, std::string_view site, Outcome& out) {
  return refuse(
      out, Code::kForbidden,
      fmt::format("the site {} is not within the scope of this key of {} ({})", site, key.owner, name(key.role)));
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

bool check_site(const RequestContext& context, const Site& site, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  if (!reaches(*key, {site.id, site.state, site.zip})) return out_of_reach(*key, site.id, out);
  if (key->role != Role::kAggregator || site.created_by == key->owner) return true;
  return refuse(out, Code::kForbidden,
                fmt::format("the site {} was not added by {}; only its stock can be logged with this key", site.id,
                            key->owner));
}

bool check_new_site(const RequestContext& context, const Site& site, std::string_view source, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  if (!reaches(*key, {site.id, site.state, site.zip})) return out_of_reach(*key, site.id, out);
  return key->role != Role::kAggregator || check_source(*key, source, out);
}

bool check_line(const RegistryCore& core, const RequestContext& context, std::uint32_t slot, std::uint32_t line,
                std::string_view source, Outcome& out) {
  const KeyRow* key = context.grantee;
  if (key == nullptr) return true;
  const Store& store = core.store;
  const Place place{store.id(slot), store.state(slot), store.hot(slot).text.zip()};
  if (!reaches(*key, place)) return out_of_reach(*key, place.id, out);
  if (key->role != Role::kAggregator) return true;
  if (!check_source(*key, source, out)) return false;
  if (line == kNil || store.words().text(store.line(line).source) == key->scope.front()) return true;
  return refuse(out, Code::kForbidden,
                fmt::format("this stock of {} was logged by somebody else; the source '{}' cannot replace it",
                            store.name(slot), key->scope.front()));
}

std::string_view kept_source(const RequestContext& context, std::string_view source) {
  const KeyRow* key = context.grantee;
  if (key == nullptr || key->role != Role::kAggregator) return source;
  return key->scope.front();
}

bool check_scope(const CreateKey& key, Outcome& out) {
  const auto& scope = key.scope;
  if (scope.size() > limits::kKeyScopeMax)
    return refuse(out, Code::kTooLarge,
                  fmt::format("a key's scope has at most {} parts, not {}: make several keys", limits::kKeyScopeMax,
                              scope.size()));
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
