// SPDX-License-Identifier: Apache-2.0

// Scope: which sites and stock lines the key of a request reaches. permissions.h says what its role may do at all.
//
// A provider reaches the sites of its list; a jurisdiction those in its states and ZIP codes, before and after a change,
// and none of which state, ZIP code and point contradict each other (place.h); an aggregator the stock lines that its
// source wrote (and lines that nobody has yet), and the fields of sites that this very key has added. A line that a clinic
// logged is the clinic's: no feed overwrites it, or takes all the room for lines.
//
// External ids: an import finds a site by them, so a provider that gave its site an id of its neighbour's would receive
// the neighbour's rows. What a provider gives is therefore kept as unverified until a key of another role (or anybody
// without keys) gives the same; imports go by verified ones, and by a provider's own claims in its own imports.
//
// Checks refuse (kForbidden; kTooLarge: a bound) and change nothing; without a key in the context they cost one comparison.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "registry/registry_core.h"
#include "registry/request.h"

namespace titer::registry {

// Its role allows this class of operations. Parts of a bulk come here one by one.
[[nodiscard]] bool check_act(const RegistryCore& core, const RequestContext& context, Act act, Outcome& out);
// A change of a site's fields.
[[nodiscard]] bool check_site(const RequestContext& context, const Site& before, const SiteImage& after,
                              Outcome& out);
[[nodiscard]] bool check_new_site(const RegistryCore& core, const RequestContext& context, const Site& site,
                                  std::string_view source, Outcome& out);
// A stock line (kNil: a new one), and the source that a claim names (empty: none).
[[nodiscard]] bool check_line(const RegistryCore& core, const RequestContext& context, std::uint32_t slot,
                              std::uint32_t line, std::string_view source, Outcome& out);
// What a claim's source is kept as: an aggregator's is its own, also when the claim names none.
[[nodiscard]] std::string_view kept_source(const RequestContext& context, std::string_view source);

// Marks the external ids that nobody has confirmed, of a site as the request would leave it. `asked`: those that the
// request gives. `before`: the site as it is; blank for a new one.
void mark_claims(const RequestContext& context, const std::optional<std::vector<ExternalId>>& asked,
                 const Site& before, Site& site);
// The site that imports of this key find by an external id; kNil: none.
[[nodiscard]] std::uint32_t find_by_external(const Store& store, const RequestContext& context,
                                             const ExternalId& pair);

// The scope and the number of sites are those that a key of this role can have.
[[nodiscard]] bool check_scope(const CreateKey& key, Outcome& out);

}  // namespace titer::registry
