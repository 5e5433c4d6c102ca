// SPDX-License-Identifier: Apache-2.0

// Sites: add, edit, close, import, undo.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "registry/testing/model.h"

namespace titer::registry::test {
namespace {

constexpr std::uint32_t kNumbered = 64;  // ids and names of one kind; beyond, a hash decides, which is not modelled

bool is_exclusive(std::string_view system) { return system != "vtrcks" && system != "npi_usa"; }
bool is_token(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
}
bool is_id(std::string_view text) {
  return text != "near" && text != "." && text != ".." && !text.empty() && text.size() <= limits::kSiteIdBytesMax &&
         std::ranges::all_of(text, is_token);
}
// Its first bytes, without half a character.
std::string front(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while ((static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return std::string(text.substr(0, most));
}

// The names that an import tries for a site one after another: what it asks for, then with the place, then numbered.
struct TriedName {
  std::string name;
  std::optional<std::string> kept;  // of what was asked, when it is not the name
};
TriedName tried_name(std::string_view asked, const ModelSite& site, std::uint32_t attempt) {
  TITER_CHECK(attempt <= kNumbered, "the model knows no more sites of one name");
  if (attempt == 0) return {std::string(asked), std::nullopt};
  std::string place = front(site.city, 100);
  if (!site.state.empty()) place += (place.empty() ? "" : ", ") + site.state;
  if (!site.zip.empty()) place += (place.empty() ? "" : " ") + site.zip;
  std::string more;
  if (place.empty()) {
    more = fmt::format(" #{}", attempt + 1);
  } else {
    more = attempt == 1 ? fmt::format(" ({})", place) : fmt::format(" ({}) #{}", place, attempt);
  }
  const std::string kept = front(asked, limits::kNameBytesMax - more.size());
  return {kept + more, kept};
}

// The site is the one that an import would call so.
bool asks_for(std::string_view asked, const ModelSite& site) {
  if (!site.asked) return site.name == asked;
  const bool cut = site.name.size() + 4 > limits::kNameBytesMax;
  return *site.asked == asked || (cut && asked.starts_with(*site.asked));
}

}  // namespace

std::string Model::free_id(std::string_view wanted) const {
  std::string base;
  for (const char c : wanted) {
    if (base.size() == limits::kSiteIdBytesMax) break;
    if (is_token(c) && c != '.' && c != '-') {
      base += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (!base.empty() && base.back() != '-') {
      base += '-';
    }
  }
  while (base.ends_with('-')) base.pop_back();
  if (base.empty()) base = "site";
  std::string id = base;
  for (std::uint32_t n = 2; other_called(id, std::nullopt) || !is_id(id); ++n) {
    TITER_CHECK(n <= kNumbered, "the model knows no more sites of one name");
    const std::string number = fmt::format("-{}", n);
    id = base.substr(0, limits::kSiteIdBytesMax - number.size()) + number;
  }
  return id;
}

// --- add, edit, close

void Model::run(const AddSite& op) {
  require(op.fields.name.has_value(), Code::kInvalid);
  check_fields(op.fields);
  if (op.stock) check_claim(*op.stock, true);
  if (!op.id.empty()) {
    require(is_id(op.id), Code::kInvalid);
    concerned_ = by_id(op.id);
    require(!concerned_, Code::kDuplicate);
    require(!by_name(op.id), Code::kDuplicate);
  }
  ModelSite site;
  lay_over(op.fields, site);
  mark_claims(op.fields, {}, site);
  require(site.zip_plus4.empty() || !site.zip.empty(), Code::kInvalid);
  concerned_ = site.status == SiteStatus::kClosed ? std::nullopt : other_called(site.name, std::nullopt);
  require(!concerned_, Code::kDuplicate);
  check_externals({}, site, std::nullopt);
  require(!op.stock || site.status != SiteStatus::kClosed, Code::kClosed);
  site.id = op.id.empty() ? free_id(site.name) : std::string(op.id);
  check_new(site, op.stock ? op.stock->source : std::string_view());
  require(!contradicts(place_of(site)), Code::kInvalid);
  const std::size_t at = create(EventKind::kAddSite, std::move(site));
  if (!op.stock) return;
  const ModelLine line{op.stock->availability, true_at(*op.stock), {}, {}, kept_source(op.stock->source), {}, 0};
  change_line(EventKind::kSetAvailability, at, op.stock->product, &line);
}

void Model::finish_edit(EventKind kind, std::size_t at, const ModelSite& after) {
  const ModelSite before = sites_[at];
  check_change(before, after);
  require(place_of(before) == place_of(after) || !contradicts(place_of(after)), Code::kInvalid);
  require(after.zip_plus4.empty() || !after.zip.empty(), Code::kInvalid);
  check_names(after, at);
  check_externals(before, after, at);
  if (changes_between(before, after).empty()) return;
  ModelSite next = after;
  if (before.name != after.name) next.asked.reset();
  change_site(kind, at, std::move(next));
}

void Model::run(const EditSite& op) {
  check_fields(op.fields);
  const std::size_t at = resolve(op.site);
  require(op.if_version.allows(sites_[at].version), Code::kStaleVersion);
  ModelSite after = sites_[at];
  lay_over(op.fields, after);
  mark_claims(op.fields, sites_[at], after);
  finish_edit(EventKind::kEditSite, at, after);
}

void Model::run(const CloseSite& op) {
  const std::size_t at = resolve(op.site);
  require(op.if_version.allows(sites_[at].version), Code::kStaleVersion);
  ModelSite after = sites_[at];
  after.status = SiteStatus::kClosed;
  finish_edit(EventKind::kCloseSite, at, after);
}

// --- import

void Model::run(const ImportRow& op) {
  check_fields(op.fields);
  if (op.stock) check_claim(*op.stock, true);
  ModelSite row;
  lay_over(op.fields, row);
  mark_claims(op.fields, {}, row);
  if (row.zip.empty()) row.zip_plus4.clear();
  const auto found = site_of_row(op, row);
  if (!found) {
    import_new(op, std::move(row));
  } else {
    concerned_ = found;
    if (op.stock) {
      check_line(sites_[*found], op.stock->product, op.stock->source);
      check_room(sites_[*found], op.stock->product);
    }
    import_over(op, *found);
  }
  if (op.stock) import_claim(*op.stock, *concerned_);
}

std::optional<std::size_t> Model::site_of_row(const ImportRow& op, const ModelSite& row) {
  if (!op.id.empty()) {
    require(is_id(op.id), Code::kInvalid);
    return by_id(op.id);
  }
  std::optional<std::size_t> found;
  bool exclusive = false;
  for (const auto& [pair, verified] : row.external_ids) {
    if (!is_exclusive(pair.first)) continue;
    exclusive = true;
    auto one = by_external(pair, true);
    if (!one && now_.is(Role::kProvider)) {
      one = by_external(pair, false);
      if (one && std::ranges::count(now_.grantee->scope, sites_[*one].id) == 0) one.reset();
    }
    require(!found || !one || *found == *one, Code::kDuplicate);
    if (one) found = one;
  }
  if (exclusive || !op.fields.name) return found;
  for (std::uint32_t attempt = 0;; ++attempt) {
    const std::string name = tried_name(*op.fields.name, row, attempt).name;
    const auto named = by_name(name);
    if (!named && by_id(name)) continue;
    if (!named) return std::nullopt;
    const ModelSite& site = sites_[*named];
    if (asks_for(*op.fields.name, site) && site.zip == row.zip && site.street == row.street) return named;
  }
}

void Model::choose_name(std::optional<std::size_t> self, std::string_view asked, ModelSite& site) const {
  for (std::uint32_t attempt = 0;; ++attempt) {
    TriedName tried = tried_name(asked, site, attempt);
    if (site.status != SiteStatus::kClosed && other_called(tried.name, self)) continue;
    site.name = std::move(tried.name);
    site.asked = std::move(tried.kept);
    return;
  }
}

void Model::import_new(const ImportRow& op, ModelSite row) {
  check_externals({}, row, std::nullopt);
  require(op.fields.name.has_value(), Code::kInvalid);
  require(op.id.empty() || !by_name(op.id), Code::kDuplicate);
  row.id = op.id.empty() ? free_id(*op.fields.name) : std::string(op.id);
  check_new(row, op.stock ? op.stock->source : std::string_view());
  choose_name(std::nullopt, *op.fields.name, row);
  create(EventKind::kImport, std::move(row));
}

void Model::import_over(const ImportRow& op, std::size_t at) {
  const ModelSite before = sites_[at];
  require(before.status != SiteStatus::kClosed || op.fields.status, Code::kClosed);
  ModelSite after = before;
  SiteFields fields = op.fields;
  fields.name.reset();
  if (fields.external_ids) {
    for (const auto& [pair, verified] : before.external_ids)
      if (std::ranges::count(*op.fields.external_ids, ExternalId(pair)) == 0)
        fields.external_ids->emplace_back(pair);
    std::ranges::sort(*fields.external_ids);
    fields.external_ids->erase(std::unique(fields.external_ids->begin(), fields.external_ids->end()),
                               fields.external_ids->end());
    check_fields(fields);
  }
  lay_over(fields, after);
  mark_claims(op.fields, before, after);
  if (after.zip.empty()) after.zip_plus4.clear();
  check_externals(before, after, at);
  const bool reopened = before.status == SiteStatus::kClosed && after.status != SiteStatus::kClosed;
  if (op.fields.name && !asks_for(*op.fields.name, before)) {
    choose_name(at, *op.fields.name, after);
  } else if (reopened && other_called(before.name, at)) {
    choose_name(at, before.name, after);
  }
  const auto creator = keys_.find(before.created_key);
  const bool taken_over = (now_.grantee == nullptr || now_.is(Role::kOperator)) && creator != keys_.end() &&
                          creator->second.role == Role::kAggregator;
  if (taken_over) after.created_key = now_.grantee == nullptr ? kNoKey : now_.key;
  if (changes_between(before, after).empty() && !taken_over) return;
  check_change(before, after);
  change_site(EventKind::kImport, at, std::move(after));
}

void Model::import_claim(const StockClaim& claim, std::size_t at) {
  const ModelSite& site = sites_[at];
  const auto line = site.stock.find(claim.product);
  const bool known = line != site.stock.end();
  const WallTime valid_at = true_at(claim);
  if (known && site.status == SiteStatus::kClosed && !out_.created) return;
  if (known) {
    show(site, claim.product);
    if (line->second.value == claim.availability && claim.valid_at == line->second.valid_at) return;
    try {
      check_age(line->second, claim);
    } catch (const Refused& old) {
      out_.code = old.code;
      return;
    }
    if (line->second.value == claim.availability) {
      if (valid_at > line->second.valid_at) refresh(at, claim.product, valid_at, kept_source(claim.source));
      return;
    }
  }
  const ModelLine next{claim.availability, valid_at, {}, {}, kept_source(claim.source), {}, 0};
  change_line(EventKind::kImport, at, claim.product, &next);
}

// --- undo

void Model::run(const Undo& op) {
  require(op.event != Position() && op.event < now_.position, Code::kNotFound);
  std::vector<ModelEvent> parts;
  for (const Lane lane : kAllLanes) {
    for (const ModelEvent& event : events_[lane])
      if (event.position == op.event && op.event > dropped(lane)) parts.push_back(event);
    require(lane != Lane::kAccess || parts.empty() || !parts.front().site_id.empty(), Code::kInvalid);
  }
  require(!parts.empty() || op.event > complete_after(), Code::kTooOld);
  require(!parts.empty(), Code::kNotFound);
  const auto touched = [this](const ModelEvent& event) {
    const bool whole_site = event.product.empty() && !event.existed;
    for (const Lane lane : {Lane::kShare, Lane::kExcess})
      for (const ModelEvent& later : events_[lane])
        if (later.site_id == event.site_id && later.position > event.position &&
            (whole_site || later.product == event.product))
          return true;
    return false;
  };
  for (const ModelEvent& event : parts) {
    concerned_ = by_id(event.site_id);
    const ModelSite& site = sites_[*concerned_];
    if (touched(event)) {
      if (!event.product.empty()) show(site, event.product);
      throw Refused{Code::kStaleVersion};
    }
    require(event.position > complete_after() || site.changed == event.position, Code::kTooOld);
  }
  concerned_ = by_id(parts.front().site_id);
  const Kept before = keep();
  try {
    for (auto event = parts.rbegin(); event != parts.rend(); ++event) {
      const std::size_t at = *by_id(event->site_id);
      event->product.empty() ? put_back_site(*event, at) : put_back_line(*event, at);
    }
  } catch (const Refused&) {
    take_back(before);
    out_.has_stock = false;
    throw;
  }
}

void Model::put_back_line(const ModelEvent& event, std::size_t at) {
  const ModelSite& site = sites_[at];
  require(site.status != SiteStatus::kClosed, Code::kClosed);
  check_line(site, event.product, {});
  const auto line = site.stock.find(event.product);
  if (!event.existed) {
    require(line != site.stock.end(), Code::kStaleVersion);
    return change_line(EventKind::kUndo, at, event.product, nullptr, event.position);
  }
  check_room(site, event.product);
  ModelLine next = event.line_before;
  // The source goes back if the event changed it; otherwise it stays what it has become.
  if (!event.source_changed && line != site.stock.end()) next.source = line->second.source;
  change_line(EventKind::kUndo, at, event.product, &next, event.position);
}

void Model::put_back_site(const ModelEvent& event, std::size_t at) {
  const ModelSite before = sites_[at];
  ModelSite after = before;
  if (!event.existed) after.status = SiteStatus::kClosed;
  for (const ModelChange& change : event.fields) {
    if (!event.existed) break;
    const ModelSite& old = *event.site_before;
    for (const ModelText& text : model_texts())
      if (text.field == change.field) after.*text.of_site = old.*text.of_site;
    if (change.field == "lat" || change.field == "lon") after.point = old.point;
    if (change.field == "status") after.status = old.status;
    if (change.field == "external_ids") after.external_ids = old.external_ids;
  }
  check_change(before, after);
  check_names(after, at);
  check_externals(before, after, at);
  if (before.name != after.name) after.asked.reset();
  change_site(EventKind::kUndo, at, std::move(after), event.position);
}

}  // namespace titer::registry::test
