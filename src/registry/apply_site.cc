// SPDX-License-Identifier: Apache-2.0

// Sites: add, edit, close.
#include <fmt/format.h>

#include "registry/apply.h"
#include "registry/fields.h"
#include "registry/naming.h"
#include "registry/place.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

bool check_site_version(const Store& store, std::uint32_t slot, const Precondition& condition, Outcome& out) {
  const std::uint32_t version = store.hot(slot).version;
  if (condition.allows(version)) return true;
  return refuse(
      out, Code::kStaleVersion,
      fmt::format("{} {}: read it again, then decide", store.name(slot), why_refused(condition, version)));
}

bool check_plus4(const Site& site, Outcome& out) {
  if (site.zip_plus4.empty() || !site.zip.empty()) return true;
  return refuse(out, Code::kInvalid, "a ZIP's +4 part needs the ZIP: give zip too");
}

// Ends an edit: rules that need the whole site, then the change.
void finish_edit(RegistryCore& core, const RequestContext& context, EventKind kind, std::uint32_t slot,
                 SiteImage& image, const Site& before, Outcome& out) {
  if (!check_site(context, before, image, out)) return;
  if (stated_place(before) != stated_place(image.site) && !check_place(image.site, out)) return;
  if (!check_plus4(image.site, out) || !check_name_free(core.store, image.site, slot, out)) return;
  if (!check_externals_free(core.store, before, image.site, slot, out)) return;
  FieldDiff diff;
  const auto& changes = diff.compare(before, image.site);
  if (changes.empty() || !check_site_version_left(core.store, slot, out)) return;
  if (before.name != image.site.name) image.asked_name = 0;
  core.change_site(context, kind, slot, image, changes);
  out.changed = true;
}

bool check_id_free(const Store& store, std::string_view id, Outcome& out) {
  if (!is_site_id(id)) {
    return refuse(out, Code::kInvalid, "a site's id has 1 to 64 letters, digits, points and dashes");
  }
  if (store.find_id(id) == kNil) return true;
  return refuse(out, Code::kDuplicate,
                fmt::format("the id '{}' is taken; choose another, or none to have one made", id));
}

}  // namespace

bool check_is_no_name(const Store& store, std::string_view id, Outcome& out) {
  const std::uint32_t named = store.find_name(id);
  if (named == kNil) return true;
  return refuse(out, Code::kDuplicate,
                fmt::format("'{}' is the name of the site {}; choose another id", id, store.id(named)));
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const AddSite& op, Outcome& out) {
  if (!op.fields.name) {
    refuse(out, Code::kInvalid, "a new site needs a name");
    return kNil;
  }
  if (!check_fields(op.fields, out) || (op.stock && !check_claim(*op.stock, out))) return kNil;
  if (op.stock && !check_valid_at(context, *op.stock, out)) return kNil;
  if (!op.id.empty() && !check_id_free(core.store, op.id, out)) return core.store.find_id(op.id);
  if (!op.id.empty() && !check_is_no_name(core.store, op.id, out)) return kNil;
  SiteImage image;
  overlay(op.fields, image.site);
  mark_claims(context, op.fields.external_ids, {}, image.site);
  if (!check_plus4(image.site, out)) return kNil;
  if (!check_name_free(core.store, image.site, kNil, out)) {
    return other_owner(core.store, image.site.name, kNil);
  }
  if (!check_externals_free(core.store, {}, image.site, kNil, out)) return kNil;
  if (op.stock && image.site.status == SiteStatus::kClosed) {
    refuse(out, Code::kClosed, "a site that is added as closed cannot have stock; leave one of the two away");
    return kNil;
  }
  const std::string made = op.id.empty() ? make_id(core.store, *op.fields.name) : std::string();
  image.site.id = op.id.empty() ? std::string_view(made) : op.id;
  const std::string_view source = op.stock ? op.stock->source : std::string_view();
  if (!check_new_site(core, context, image.site, source, out) || !check_place(image.site, out)) return kNil;
  const std::uint32_t slot = core.create_site(context, EventKind::kAddSite, image);
  if (op.stock) {
    StockLine line;
    line.product = op.stock->product;
    line.availability = op.stock->availability;
    line.valid_at = true_at(context, *op.stock);
    line.source = kept_source(context, source);
    core.change_line(context, EventKind::kSetAvailability, slot, kNil, &line, out);
  }
  out.changed = out.created = true;
  return slot;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const EditSite& op, Outcome& out) {
  if (!check_fields(op.fields, out)) return kNil;
  const std::uint32_t slot = resolve(core.store, op.site, out);
  if (slot == kNil || !check_site_version(core.store, slot, op.if_version, out)) return slot;
  Site before;
  core.store.show(slot, before);
  SiteImage image;
  core.store.show(slot, image);
  overlay(op.fields, image.site);
  mark_claims(context, op.fields.external_ids, before, image.site);
  finish_edit(core, context, EventKind::kEditSite, slot, image, before, out);
  return slot;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const CloseSite& op, Outcome& out) {
  const std::uint32_t slot = resolve(core.store, op.site, out);
  if (slot == kNil || !check_site_version(core.store, slot, op.if_version, out)) return slot;
  Site before;
  core.store.show(slot, before);
  SiteImage image;
  core.store.show(slot, image);
  image.site.status = SiteStatus::kClosed;
  finish_edit(core, context, EventKind::kCloseSite, slot, image, before, out);
  return slot;
}

}  // namespace titer::registry
