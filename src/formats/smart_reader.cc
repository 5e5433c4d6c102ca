// SPDX-License-Identifier: Apache-2.0

#include "formats/smart_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "formats/smart_names.h"
#include "registry/state.h"

namespace titer::formats {
namespace {

using registry::Availability;
using smart::extension_of;
using smart::text_at;

// Which of two claims about one product wins: what a resident can use first.
int strength(Availability a) { return a.available() ? 2 : a.kind == Availability::Kind::kUnknown ? 1 : 0; }

// In a Schedule or Slot: the id its reference names, the first of this type.
std::string_view reference(const smart::Object& object, std::string_view member, std::string_view type) {
  std::string_view id;
  smart::each_at(object, member, [&](const smart::Object& to) {
    if (id.empty()) id = smart::id_in(text_at(to, "reference"), type);
  });
  return id;
}

// A Schedule that does not say what it is for is taken, too.
bool is_immunization(const smart::Object& schedule) {
  bool any = false, immunization = false;
  smart::each_at(schedule, "serviceType", [&](const smart::Object& type) {
    smart::each_at(type, "coding", [&](const smart::Object& coding) {
      const std::string_view code = text_at(coding, "code");
      any = true;
      immunization = immunization || code == "57" || lower(code).find("immuni") != std::string::npos ||
                     lower(text_at(coding, "display")).find("immuni") != std::string::npos;
    });
  });
  return immunization || !any;
}

// Whether somebody can book it: nobody says that there is no room.
bool has_room(const smart::Object& slot) {
  const smart::Object* capacity = extension_of(slot, smart::kCapacity);
  const boost::json::value* value = capacity != nullptr ? capacity->if_contains("valueInteger") : nullptr;
  return value == nullptr || !value->is_number() || value->to_number<double>() > 0;
}

}  // namespace

// Of one Schedule with its place in the index, and of what is made of it at the end; when they have just grown.
const std::size_t SmartReader::kScheduleBytes =
    2 * sizeof(Schedule) + sizeof(Stock) + 4 * sizeof(std::pair<std::string, std::size_t>);

SmartReader::SmartReader(LayoutContext& context)
    : context_(context),
      lines_(context.report, [this](std::uint64_t line, const smart::Object& object) { take(line, object); }) {}

void SmartReader::feed(std::string_view text) {
  if (printed_) return feed_printed(text);
  lines_.feed(text);
}

// Line ends become blanks until the manifest's last one.
void SmartReader::feed_printed(std::string_view text) {
  std::string joined(text);
  for (std::size_t i = 0; i < joined.size(); ++i) {
    closing_ = closing_ || (at_line_start_ && joined[i] == '}');
    at_line_start_ = joined[i] == '\n';
    if (!at_line_start_) continue;
    if (closing_) {
      printed_ = false;
      break;
    }
    joined[i] = ' ';
  }
  lines_.feed(joined);
}

void SmartReader::take(std::uint64_t line, const smart::Object& object) {
  context_.builder.begin(line);
  const std::string_view type = text_at(object, "resourceType");
  if (type.empty() && object.contains("output")) return take_manifest(line, object);
  if (type == "Location") {
    take_location(object);
  } else if (type == "Schedule") {
    take_schedule(object);
  } else if (type == "Slot") {
    take_slot(object);
  } else {
    return context_.builder.refuse("resourceType", "Location, Schedule or Slot is expected here", type);
  }
  ++resources_;
}

void SmartReader::take_manifest(std::uint64_t line, const smart::Object& object) {
  const Result<SmartManifest> manifest = smart::manifest_of(object);
  if (!manifest) return context_.report.refuse(line, "", manifest.error().message);
  ++manifests_;
  manifest_time_ = manifest->time;
  for (const SmartOutput& output : manifest->outputs)
    names_slots_ = names_slots_ || output.type == SmartType::kSlot;
}

bool SmartReader::is_id(std::string_view column, std::string_view id) {
  if (id.size() <= kFhirIdBytesMax) return true;
  context_.builder.refuse(column, "an id has at most 64 characters", id);
  return false;
}

SmartReader::Schedule* SmartReader::held(std::string_view id) {
  const auto [at, added] = by_id_.try_emplace(std::string(id), schedules_.size());
  if (!added) return &schedules_[at->second];
  if (!context_.held.hold(kScheduleBytes + 4 * id.size())) {
    by_id_.erase(at);
    context_.builder.refuse("", kHoldsTooMuch);
    return nullptr;
  }
  Schedule fresh;
  fresh.id = id;
  return &schedules_.emplace_back(std::move(fresh));
}

void SmartReader::take_schedule(const smart::Object& object) {
  RowBuilder& row = context_.builder;
  const std::string_view id = trim(text_at(object, "id"));
  if (id.empty()) return row.refuse("id", "a Schedule without an id cannot have Slots");
  const std::string_view location = reference(object, "actor", "Location");
  if (location.empty()) return row.refuse("actor", "a Schedule names its Location: Location/…");
  if (!is_id("id", id) || !is_id("actor", location)) return;
  Schedule* to = held(id);
  if (to == nullptr) return;
  if (to->line != 0) return row.refuse("id", "a Schedule with this id was in an earlier line: that one counts", id);
  to->line = row.line();
  to->location = location;
  if (object.contains("active") && object.at("active") == false)
    row.refuse("active", "a Schedule that is not active: left out");
  if (!is_immunization(object))
    row.refuse("serviceType", "a Schedule of another service than immunization: left out");
  if (!row.refused()) take_products(object, *to);
  if (!row.refused()) take_claim(object, *to);
  to->left_out = row.refused();
}

void SmartReader::take_products(const smart::Object& object, Schedule& to) {
  RowBuilder& row = context_.builder;
  smart::each_at(object, "extension", [&](const smart::Object& extension) {
    if (text_at(extension, "url") != smart::kProduct || row.refused()) return;
    const smart::Object* coding = smart::object_at(extension, "valueCoding");
    const boost::json::value* code = coding != nullptr ? coding->if_contains("code") : nullptr;
    std::string& text = row.pool().fresh().assign(smart::text_of(code));
    if (code != nullptr && code->is_number()) text = fmt::format("{}", code->to_number<double>());
    if (text.empty()) return row.note("vaccine-product", "no product code: kept as any vaccine");
    row.product("vaccine-product", text);
    if (!row.refused()) to.products.emplace_back(row.product_code());
  });
  if (to.products.empty()) to.products.emplace_back(registry::kAnyProduct);
}

void SmartReader::take_claim(const smart::Object& object, Schedule& to) {
  RowBuilder& row = context_.builder;
  if (const smart::Object* own = extension_of(object, smart::kOwnClaim)) {
    to.claimed = registry::parse_availability(text_at(*own, "valueString"));
    if (!to.claimed) row.note("availability", "not an availability: left out", text_at(*own, "valueString"));
  } else if (const smart::Object* has = extension_of(object, smart::kHasAvailability)) {
    const std::string_view code = text_at(*has, "valueCode");
    if (code == "some") to.claimed = Availability::yes();
    if (code == "none") to.claimed = Availability::no();
    if (code == "unknown") to.claimed = Availability::unknown();
    if (!to.claimed) row.note("has-availability", "some, none or unknown is expected: left out", code);
  }
  const smart::Object* meta = smart::object_at(object, "meta");
  const smart::Object* sync = meta != nullptr ? extension_of(*meta, smart::kLastSourceSync) : nullptr;
  if (sync == nullptr) return;
  to.valid_at = parse_time(text_at(*sync, "valueDateTime"));
  if (!to.valid_at) row.note("lastSourceSync", "not a time: left out", text_at(*sync, "valueDateTime"));
}

void SmartReader::take_slot(const smart::Object& slot) {
  RowBuilder& row = context_.builder;
  const std::string_view schedule = reference(slot, "schedule", "Schedule");
  if (schedule.empty()) return row.refuse("schedule", "a Slot names its Schedule: Schedule/…");
  if (!is_id("schedule", schedule)) return;
  const std::string_view status = text_at(slot, "status");
  if (status == "entered-in-error") return row.refuse("status", "a Slot that was entered in error: left out");
  const bool free = status == "free";
  if (!free && !status.starts_with("busy")) return row.refuse("status", "a Slot is free or busy", status);
  const std::string_view start = text_at(slot, "start"), end = text_at(slot, "end");
  const std::optional<WallTime> begins = parse_time(start), ends = parse_time(end);
  if (!begins) return row.refuse("start", "not a time: write 2021-03-10T15:00:00-05:00", start);
  if (slots_seen_.first({schedule, start, end, status}, row.line()) != 0)
    return row.refuse("", "the same Schedule, time and status as an earlier line: that one counts");
  const std::string_view id = trim(text_at(slot, "id"));
  if (id.empty() || slot_ids_seen_.first({id}, row.line()) != 0)
    row.note("id", "a Slot's id is not its own: it was told apart by its Schedule and time", id);
  Schedule* to = held(schedule);
  if (to == nullptr) return;
  ++slots_;
  ++to->slots;
  if (free && has_room(slot)) to->free_until = std::max(to->free_until, ends.value_or(*begins));
  if (to->first_slot_line == 0) to->first_slot_line = row.line();
}

bool SmartReader::check(const Schedule& s) {
  const auto site = sites_.find(s.location);
  if (s.line == 0) {
    context_.report.refuse(s.first_slot_line, "schedule", "no Schedule has this id: its Slots were left out", s.id);
  } else if (site == sites_.end()) {
    context_.report.refuse(s.line, "actor", "no Location has this id: the Schedule was left out", s.location);
  } else if (site->second.empty()) {
    context_.report.refuse(s.line, "actor", "a Schedule of a Location that is not active: left out", s.location);
  } else {
    return true;
  }
  return false;
}

WallTime SmartReader::reference_time() const {
  const WallTime feed = manifest_time_.value_or(context_.now);
  return feed < registry::not_expired_since(context_.now) ? feed : context_.now;
}

std::optional<registry::Availability> SmartReader::claim_of(const Schedule& s) const {
  if (s.claimed) return s.claimed;
  const bool slots_are_told = (slots_ > 0 || names_slots_) && !context_.incomplete;
  if (s.slots == 0 && !slots_are_told) return std::nullopt;
  return s.free_until > reference_time() ? Availability::yes() : Availability::no();
}

std::vector<SmartReader::Stock> SmartReader::stock() {
  std::vector<Stock> all;
  boost::unordered_flat_map<std::string, std::size_t> by_key;
  for (const Schedule& s : schedules_) {
    if (s.left_out || !check(s)) continue;
    const auto claim = claim_of(s);
    for (std::size_t i = 0; claim && i < s.products.size(); ++i) {
      Stock next{sites_.find(s.location)->second, s.products[i], *claim, s.valid_at ? s.valid_at : manifest_time_,
                 s.line};
      const auto [at, added] = by_key.try_emplace(next.site + '\n' + next.product, all.size());
      if (added) {
        all.push_back(std::move(next));
      } else if (Stock& known = all[at->second]; strength(next.availability) > strength(known.availability)) {
        known = std::move(next);
      }
    }
  }
  return all;
}

Status SmartReader::finish() {
  lines_.finish();
  if (manifests_ > 0 && resources_ == 0)
    return Error{Code::kInvalid,
                 "this is a manifest, which only names the feed's files: give their lines too (`titer import` "
                 "looks for them beside it), or import them alone"};
  for (const Stock& s : stock()) {
    RowBuilder& row = context_.builder;
    row.begin(s.line);
    row.id("actor", s.site);
    row.product("vaccine-product", s.product);
    row.availability(s.availability);
    if (s.valid_at) row.valid_at("lastSourceSync", row.pool().keep(time_text(*s.valid_at)));
    row.source("", "smart");
    context_.emit();
  }
  return ok_status();
}

}  // namespace titer::formats
