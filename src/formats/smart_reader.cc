// SPDX-License-Identifier: Apache-2.0

#include "formats/smart_reader.h"

#include <fmt/format.h>

#include "base/time.h"
#include "formats/smart_names.h"

namespace titer::formats {
namespace {

using registry::Availability;
using smart::extension_of;
using smart::text_at;

// Which of two claims about one product wins: what a resident can use first.
int strength(Availability a) { return a.available() ? 2 : a.kind == Availability::Kind::kUnknown ? 1 : 0; }

// In text of a Schedule or Slot: the id its reference names.
std::string_view reference(const smart::Object& object, std::string_view member, std::string_view type) {
  const smart::Object* to = smart::first_at(object, member);
  return to != nullptr ? smart::id_in(text_at(*to, "reference"), type) : std::string_view();
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
  take_product(object, *to);
  if (row.refused()) return;
  to->line = row.line();
  to->location = location;
  take_claim(object, *to);
}

void SmartReader::take_product(const smart::Object& object, Schedule& to) {
  RowBuilder& row = context_.builder;
  to.product = registry::kAnyProduct;
  const smart::Object* extension = extension_of(object, smart::kProduct);
  if (extension == nullptr) return;
  const smart::Object* coding = smart::object_at(*extension, "valueCoding");
  const boost::json::value* code = coding != nullptr ? coding->if_contains("code") : nullptr;
  std::string& text = row.pool().fresh().assign(smart::text_of(code));
  if (code != nullptr && code->is_number()) text = fmt::format("{}", code->to_number<double>());
  if (text.empty()) return row.note("vaccine-product", "no product code: kept as any vaccine");
  row.product("vaccine-product", text);
  to.product = row.product_code();
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
  if (status != "free" && status != "busy") return row.refuse("status", "a Slot is free or busy", status);
  const std::string_view start = text_at(slot, "start"), end = text_at(slot, "end");
  if (!parse_time(start)) return row.refuse("start", "not a time: write 2021-03-10T15:00:00-05:00", start);
  if (slots_seen_.first({schedule, start, end, status}, row.line()) != 0)
    return row.refuse("", "the same Schedule, time and status as an earlier line: that one counts");
  const std::string_view id = trim(text_at(slot, "id"));
  if (id.empty() || slot_ids_seen_.first({id}, row.line()) != 0)
    row.note("id", "a Slot's id is not its own: it was told apart by its Schedule and time", id);
  Schedule* to = held(schedule);
  if (to == nullptr) return;
  ++(status == "free" ? to->free : to->busy);
  if (to->first_slot_line == 0) to->first_slot_line = row.line();
}

// Schedules that lead nowhere.
void SmartReader::check(const Schedule& s) {
  if (s.line == 0) {
    context_.report.refuse(s.first_slot_line, "schedule", "no Schedule has this id: its Slots were left out", s.id);
  } else if (!sites_.contains(s.location)) {
    context_.report.refuse(s.line, "actor", "no Location has this id: the Schedule was left out", s.location);
  }
}

std::vector<SmartReader::Stock> SmartReader::stock() {
  std::vector<Stock> all;
  boost::unordered_flat_map<std::string, std::size_t> by_key;
  for (const Schedule& s : schedules_) {
    check(s);
    const auto site = sites_.find(s.location);
    if (s.line == 0 || site == sites_.end() || (!s.claimed && s.free + s.busy == 0)) continue;
    const Availability by_slots = s.free > 0 ? Availability::yes() : Availability::no();
    Stock next{site->second, s.product, s.claimed.value_or(by_slots), s.valid_at ? s.valid_at : manifest_time_,
               s.line};
    const auto [at, added] = by_key.try_emplace(next.site + '\n' + next.product, all.size());
    if (added) {
      all.push_back(std::move(next));
    } else if (Stock& known = all[at->second]; strength(next.availability) > strength(known.availability)) {
      known = std::move(next);
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
