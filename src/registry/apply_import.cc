// SPDX-License-Identifier: Apache-2.0

// One row of an import: finds the site or adds it, then the stock line. Values that are already there are left alone. A stock
// line that is claimed again is marked as checked, without an event: one that says as of when, if it is a later time, and
// one that does not say, as of now. So importing a file again grows no history, and changes nothing where its claims are dated.
#include <fmt/format.h>

#include <algorithm>

#include "registry/apply.h"
#include "registry/fields.h"
#include "registry/naming.h"
#include "registry/place.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

bool same_place(const Store& store, std::uint32_t slot, const Site& row) {
  Site site;
  store.show(slot, site);
  return site.zip == row.zip && site.street == row.street;
}

bool has_exclusive(const Site& row) {
  return std::any_of(row.external_ids.begin(), row.external_ids.end(),
                     [](const ExternalId& pair) { return exclusive_system(pair.first); });
}

// The site the row means, in `slot`; kNil: a new one. False: refused.
bool find_site(const Store& store, const RequestContext& context, const ImportRow& op, const Site& row,
               std::uint32_t& slot, Outcome& out) {
  slot = kNil;
  if (!op.id.empty()) {
    if (!is_site_id(op.id)) {
      return refuse(out, Code::kInvalid, "a site's id has 1 to 64 letters, digits, points and dashes");
    }
    slot = store.find_id(op.id);
    return true;
  }
  for (const ExternalId& pair : row.external_ids) {
    if (!exclusive_system(pair.first)) continue;
    const std::uint32_t found = find_by_external(store, context, pair);
    if (slot != kNil && found != kNil && found != slot) {
      return refuse(out, Code::kDuplicate,
                    fmt::format("the row's external ids belong to two sites, {} and {}; correct the row",
                                store.id(slot), store.id(found)));
    }
    if (found != kNil) slot = found;
  }
  if (has_exclusive(row) || !op.fields.name) return true;
  // Nothing but a name: a site of that name, ZIP and street is the same site.
  NameChoice choice(*op.fields.name, row);
  for (;;) {
    const std::string& name = choice.next();
    const std::uint32_t found = store.find_name(name);
    if (found == kNil && store.find_id(name) == kNil) return true;
    if (found == kNil) continue;  // another site's id, so no site's name
    if (is_asked_name(name, store.seldom(found).asked_name, *op.fields.name) && same_place(store, found, row)) {
      slot = found;
      return true;
    }
  }
}

// Gives the site the name it asks for, or the next one that is free. `buffer` holds a name that was made.
void choose_name(const Store& store, std::uint32_t self, std::string_view asked, SiteImage& image,
                 std::string& buffer, Outcome& out) {
  image.asked_name = 0;
  image.site.name = asked;
  if (image.site.status == SiteStatus::kClosed) return;
  NameChoice choice(asked, image.site);
  std::uint32_t same_zip = kNil;
  for (;;) {
    buffer = choice.next();
    const std::uint32_t other = other_owner(store, buffer, self);
    if (other == kNil) break;
    const bool by_name = store.id(other) != buffer;
    if (by_name && same_zip == kNil && !image.site.zip.empty() && store.hot(other).text.zip() == image.site.zip)
      same_zip = other;
  }
  if (buffer == asked) return;
  image.asked_name = choice.asked_size();
  image.site.name = buffer;
  out.message = same_zip == kNil
                    ? fmt::format("the name '{}' is taken by another site: stored as '{}'", asked, buffer)
                    : fmt::format("{} {}, which has this name and ZIP code and another street: stored as '{}'",
                                  kPerhapsTheSame, store.id(same_zip), buffer);
}

// Files contradict themselves, and refusing such a row would hide a clinic: it is kept, and the answer says so. It is in
// nobody's jurisdiction (scope.h) until somebody corrects it.
void warn_of_place(const Site& site, Outcome& out) {
  const auto wrong = contradiction(stated_place(site));
  if (!wrong) return;
  if (!out.message.empty()) out.message += "; ";
  out.message += *wrong + ": kept as it is; correct one of the two";
}

std::uint32_t add(RegistryCore& core, const RequestContext& context, const ImportRow& op, SiteImage& image,
                  Outcome& out) {
  if (!op.fields.name) {
    const bool external = op.id.empty() && !image.site.external_ids.empty();
    refuse(out, Code::kInvalid,
           external ? fmt::format("no site has the external id {}:{}, and a new site needs a name",
                                  image.site.external_ids.front().first, image.site.external_ids.front().second)
                    : "no site has this id, and a new site needs a name");
    return kNil;
  }
  if (!op.id.empty() && !check_is_no_name(core.store, op.id, out)) return kNil;
  std::string name;
  const std::string made = op.id.empty() ? make_id(core.store, *op.fields.name) : std::string();
  image.site.id = op.id.empty() ? std::string_view(made) : op.id;
  const std::string_view source = op.stock ? op.stock->source : std::string_view();
  if (!check_new_site(core, context, image.site, source, out)) return kNil;
  choose_name(core.store, kNil, *op.fields.name, image, name, out);
  warn_of_place(image.site, out);
  out.changed = out.created = true;
  return core.create_site(context, EventKind::kImport, image);
}

// What an aggregator has added under an id of an operator's file is the operator's from then on.
bool takes_over(const RegistryCore& core, const RequestContext& context, KeyId created) {
  const bool by_operator = context.grantee == nullptr || context.grantee->role == Role::kOperator;
  const KeyRow* owner = by_operator ? core.access.find(created) : nullptr;
  return owner != nullptr && owner->role == Role::kAggregator;
}

// False: refused.
bool update(RegistryCore& core, const RequestContext& context, const ImportRow& op, std::uint32_t slot,
            Outcome& out) {
  Site before;
  core.store.show(slot, before);
  if (before.status == SiteStatus::kClosed && !op.fields.status) return check_open(core.store, slot, out);
  SiteImage image;
  core.store.show(slot, image);
  SiteFields fields = op.fields;
  if (fields.external_ids) {  // of several feeds: added to what other feeds know
    fields.external_ids->insert(fields.external_ids->end(), before.external_ids.begin(), before.external_ids.end());
    Outcome check;
    normalize(*fields.external_ids);
    if (!check_fields(fields, check)) return refuse(out, check.code, check.message);
  }
  fields.name.reset();
  overlay(fields, image.site);
  mark_claims(context, op.fields.external_ids, before, image.site);
  if (image.site.zip.empty()) image.site.zip_plus4 = {};
  if (!check_externals_free(core.store, before, image.site, slot, out)) return false;
  std::string name;
  const bool reopened = before.status == SiteStatus::kClosed && image.site.status != SiteStatus::kClosed;
  if (op.fields.name && !is_asked_name(before.name, image.asked_name, *op.fields.name)) {
    choose_name(core.store, slot, *op.fields.name, image, name, out);
  } else if (reopened && other_owner(core.store, before.name, slot) != kNil) {
    choose_name(core.store, slot, before.name, image, name, out);
  }
  FieldDiff diff;
  const auto& changes = diff.compare(before, image.site);
  const bool taken_over = takes_over(core, context, image.created_key);
  if (taken_over) image.created_key = context.grantee == nullptr ? kNoKey : context.key;
  if (changes.empty() && !taken_over) return true;
  if (!check_site(context, before, image, out)) return false;
  if (!check_site_version_left(core.store, slot, out)) return false;
  if (stated_place(before) != stated_place(image.site)) warn_of_place(image.site, out);
  core.change_site(context, EventKind::kImport, slot, image, changes);
  out.changed = true;
  return true;
}

void import_claim(RegistryCore& core, const RequestContext& context, const StockClaim& claim, std::uint32_t slot,
                  Outcome& out) {
  const std::uint32_t line = core.store.find_line(slot, claim.product);
  const WallTime valid_at = true_at(context, claim);
  // A row that says "closed" may bring stock lines that the site does not have (a full export has such rows, one for
  // each line), but changes none.
  if (core.store.hot(slot).status == SiteStatus::kClosed && !out.created && line != kNil) return;
  if (line != kNil) {
    const Line& stored = core.store.line(line);
    show_current(core.store, line, out);
    // What an export says of a line from which doses were taken since its claim.
    if (out.after == claim.availability && claim.valid_at && claim.valid_at->value == stored.valid_at) return;
    if (is_out_of_date(context, claim, stored)) {
      out.code = Code::kOutOfDate;
      out.message =
          "the stock that is stored was claimed, or doses were moved, later than this row says; the row's stock "
          "was "
          "left out";
      return;
    }
    if (out.after == claim.availability) {
      if (valid_at.value > stored.valid_at)
        core.refresh_line(context, line, valid_at, kept_source(context, claim.source));
      return;
    }
  }
  StockLine next;
  next.product = claim.product;
  next.availability = claim.availability;
  next.valid_at = valid_at;
  next.source = kept_source(context, claim.source);
  core.change_line(context, EventKind::kImport, slot, line, &next, out);
}

// Of a site that is there: what the row says of its stock could be kept.
bool check_stock(const RegistryCore& core, const RequestContext& context, const ImportRow& op, std::uint32_t slot,
                 Outcome& out) {
  if (!op.stock) return true;
  const std::uint32_t line = core.store.find_line(slot, op.stock->product);
  if (!check_line(core, context, slot, line, op.stock->source, out)) return false;
  if (!check_line_version_left(core.store, slot, line, out)) return false;
  return line != kNil || check_room_for_line(core.store, slot, out);
}

}  // namespace

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const ImportRow& op, Outcome& out) {
  if (!check_fields(op.fields, out) || (op.stock && !check_claim(*op.stock, out))) return kNil;
  if (op.stock && !check_valid_at(context, *op.stock, out)) return kNil;
  SiteImage row;  // the row as a site of its own
  overlay(op.fields, row.site);
  mark_claims(context, op.fields.external_ids, {}, row.site);
  if (row.site.zip.empty()) row.site.zip_plus4 = {};
  std::uint32_t slot = kNil;
  if (!find_site(core.store, context, op, row.site, slot, out)) return kNil;
  if (slot != kNil && !check_stock(core, context, op, slot, out)) return slot;
  if (slot == kNil) {
    if (!check_externals_free(core.store, {}, row.site, kNil, out)) return kNil;
    slot = add(core, context, op, row, out);
    if (slot == kNil) return kNil;
  } else if (!update(core, context, op, slot, out)) {
    return slot;
  }
  if (op.stock) import_claim(core, context, *op.stock, slot, out);
  return slot;
}

}  // namespace titer::registry
