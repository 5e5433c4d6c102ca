// SPDX-License-Identifier: Apache-2.0

// The operations. Each validates first and then changes the core, or refuses and changes nothing.
//
// They return the slot of the site concerned (kNil: none is known), from which the answer's site part is filled in.
// One file per group: apply_site.cc, apply_stock.cc, apply_import.cc, apply_undo.cc, apply_access.cc (keys, the switch),
// apply.cc (bulk and the frame). judge.cc says beforehand what would be refused. How far the key of a request reaches is in scope.h.
#pragma once

#include <cstdint>
#include <optional>

#include "registry/registry_core.h"
#include "registry/request.h"

namespace titer::registry {

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const AddSite& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const EditSite& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const CloseSite& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const SetAvailability& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Adjust& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Reserve& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Release& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Undo& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const ImportRow& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Bulk& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const CreateKey& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const RevokeKey& op, Outcome& out);
std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const SetWriteStop& op, Outcome& out);

// One whole request at a position: envelope, time, operation, answer, trimming of the history.
void apply(RegistryCore& core, const Request& request, Position position, WallTime stamp, Outcome& out);

// Judges the key of the request: fills in the rest of the context, or refuses.
[[nodiscard]] bool admit(const RegistryCore& core, const Request& request, RequestContext& context, Outcome& out);
// State::judge.
[[nodiscard]] Status judge(const RegistryCore& core, const Request& request);

// --- shared by the operations
// The site named; kNil after refusing.
[[nodiscard]] std::uint32_t resolve(const Store& store, const SiteRef& ref, Outcome& out);
// Refuses unless the site is open for changes of its stock.
[[nodiscard]] bool check_open(const Store& store, std::uint32_t slot, Outcome& out);
// An id is looked for before a name, so a new site's id that is another site's name would catch what is meant for that site.
[[nodiscard]] bool check_is_no_name(const Store& store, std::string_view id, Outcome& out);
// The name and the exclusive external ids must not belong to a site other than `self` (kNil: a new one). Verified ids may
// be claimed by another one: the claim then stays what it is.
[[nodiscard]] bool check_name_free(const Store& store, const Site& site, std::uint32_t self, Outcome& out);
// What the site had before (`before`, blank for a new one) stays.
[[nodiscard]] bool check_externals_free(const Store& store, const Site& before, const Site& site,
                                        std::uint32_t self, Outcome& out);
// What the site says of its place fits together (place.h).
[[nodiscard]] bool check_place(const Site& site, Outcome& out);
// The answer's stock part: the line as it is.
void show_current(const Store& store, std::uint32_t line, Outcome& out);
[[nodiscard]] bool check_room_for_line(const Store& store, std::uint32_t slot, Outcome& out);
// Versions are left for one more change: of the line (kNil: a new one at this site), of the site.
[[nodiscard]] bool check_line_version_left(const Store& store, std::uint32_t slot, std::uint32_t line,
                                           Outcome& out);
[[nodiscard]] bool check_site_version_left(const Store& store, std::uint32_t slot, Outcome& out);
// From 1970 to kValidAheadMaxMs from now.
[[nodiscard]] bool check_valid_at(const RequestContext& context, const StockClaim& claim, Outcome& out);
// When the claim was true: of a time to come nothing is known, and one that does not say is about now.
[[nodiscard]] WallTime true_at(const RequestContext& context, const StockClaim& claim);
// Claims of before this say nothing new of the line: it was claimed then, or doses were moved then. A claim from before doses were
// reserved would give them out again.
[[nodiscard]] WallTime known_as_of(const Line& line);
// The claim says as of when it was true, and the line is known to a later time.
[[nodiscard]] bool is_out_of_date(const RequestContext& context, const StockClaim& claim, const Line& line);

}  // namespace titer::registry
