// SPDX-License-Identifier: Apache-2.0

// The answers to queries; contracts in state.h. Nothing here changes anything.
#pragma once

#include <string_view>

#include "registry/progress.h"
#include "registry/registry_core.h"
#include "registry/state.h"

namespace titer::registry {

// How many `what` (rows, events) a query may ask for at once.
[[nodiscard]] Status check_limit(std::uint32_t limit, std::string_view what);

[[nodiscard]] Result<bool> list_sites(const Store& store, const ListSites& query, const State::SiteVisitor& visit,
                                      Progress& progress);
[[nodiscard]] Result<Site> get_site(const Store& store, const SiteRef& ref);
[[nodiscard]] Result<bool> near_sites(const Store& store, const Near& query, const State::NearVisitor& visit,
                                      Progress& progress);
[[nodiscard]] Result<bool> changed_sites(const Store& store, Position now, Position since,
                                         const State::SiteVisitor& visit, Progress& progress);
[[nodiscard]] Result<bool> show_history(const RegistryCore& core, const History& query,
                                        const State::EventVisitor& visit, Progress& progress);
[[nodiscard]] Position history_removed(const RegistryCore& core, const History& query);
[[nodiscard]] Result<bool> show_changes(const RegistryCore& core, const Changes& query,
                                        const State::EventVisitor& visit, Progress& progress);

}  // namespace titer::registry
