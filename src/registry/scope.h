// SPDX-License-Identifier: Apache-2.0

// Scope: which sites and stock lines the key of a request reaches. permissions.h says what its role may do at all.
//
// A provider reaches the sites of its list; a jurisdiction those in its states and ZIP codes, before and after a change;
// an aggregator the stock lines that its source wrote (and lines that nobody has yet), and the fields of sites that it
// added itself. A line that a clinic logged is the clinic's: no feed overwrites it.
// Checks refuse (kForbidden) and change nothing; without a key in the context they cost one comparison.
#pragma once

#include <cstdint>
#include <string_view>

#include "registry/registry_core.h"
#include "registry/request.h"

namespace titer::registry {

// Its role allows this class of operations. Parts of a bulk come here one by one.
[[nodiscard]] bool check_act(const RegistryCore& core, const RequestContext& context, Act act, Outcome& out);
// The fields of this site, as it is or as it would be.
[[nodiscard]] bool check_site(const RequestContext& context, const Site& site, Outcome& out);
[[nodiscard]] bool check_new_site(const RequestContext& context, const Site& site, std::string_view source,
                                  Outcome& out);
// A stock line (kNil: a new one), and the source that a claim names (empty: none).
[[nodiscard]] bool check_line(const RegistryCore& core, const RequestContext& context, std::uint32_t slot,
                              std::uint32_t line, std::string_view source, Outcome& out);
// What a claim's source is kept as: an aggregator's is its own, also when the claim names none.
[[nodiscard]] std::string_view kept_source(const RequestContext& context, std::string_view source);

// The scope is one that a key of this role can have.
[[nodiscard]] bool check_scope(const CreateKey& key, Outcome& out);

}  // namespace titer::registry
