// SPDX-License-Identifier: Apache-2.0

// Requests that would be refused for who asks: judged before they are put into the order, by the rules of apply().
//
// Only what no other request can change into an acceptance before this one's turn without an operator's doing, or a change
// of the site: its form, the key, the role, the switch, and the scope over sites that are there. All else, also what is
// doubtful, is left to apply(), which judges everything again.
#include "registry/apply.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

std::uint32_t find(const Store& store, const SiteRef& ref) {
  if (ref.id.empty() == ref.name.empty()) return kNil;
  return ref.id.empty() ? store.find_name(ref.name) : store.find_id(ref.id);
}

bool within_scope(const RegistryCore& core, const RequestContext& context, const SiteRef& ref,
                  std::string_view product, std::string_view source, Outcome& out) {
  const std::uint32_t slot = find(core.store, ref);
  return slot == kNil || check_line(core, context, slot, core.store.find_line(slot, product), source, out);
}
bool site_within_scope(const RegistryCore& core, const RequestContext& context, const SiteRef& ref, Outcome& out) {
  const std::uint32_t slot = find(core.store, ref);
  if (slot == kNil) return true;
  SiteImage now;
  core.store.show(slot, now);
  return check_site(context, now.site, now, out);
}

struct InScope {
  const RegistryCore& core;
  const RequestContext& context;
  Outcome& out;

  bool operator()(const SetAvailability& op) const {
    return within_scope(core, context, op.site, op.claim.product, op.claim.source, out);
  }
  bool operator()(const Adjust& op) const { return within_scope(core, context, op.site, op.product, {}, out); }
  bool operator()(const Reserve& op) const { return within_scope(core, context, op.site, op.product, {}, out); }
  bool operator()(const Release& op) const { return within_scope(core, context, op.site, op.product, {}, out); }
  bool operator()(const EditSite& op) const { return site_within_scope(core, context, op.site, out); }
  bool operator()(const CloseSite& op) const { return site_within_scope(core, context, op.site, out); }
  bool operator()(const Bulk& op) const {
    for (const Simple& part : op.operations) {
      if (!check_act(core, context, act_of(part), out)) return false;
      if (!std::visit(*this, part)) return false;
    }
    return true;
  }
  // The site is not there yet, or what is touched is known only by executing it.
  bool operator()(const AddSite&) const { return true; }
  bool operator()(const ImportRow&) const { return true; }
  bool operator()(const Undo&) const { return true; }
  bool operator()(const CreateKey&) const { return true; }
  bool operator()(const RevokeKey&) const { return true; }
  bool operator()(const SetWriteStop&) const { return true; }
};

}  // namespace

Status judge(const RegistryCore& core, const Request& request) {
  Outcome out;
  RequestContext context{core.position,           core.time, request.actor, request.reason,
                         request.idempotency_key, kNoKey,    nullptr};
  if (check_envelope(request, out) && admit(core, request, context, out)) {
    if (context.grantee == nullptr) return ok_status();
    if (std::visit(InScope{core, context, out}, request.operation)) return ok_status();
  }
  return Error{out.code, std::move(out.message)};
}

}  // namespace titer::registry
