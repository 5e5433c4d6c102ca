// SPDX-License-Identifier: Apache-2.0

// Undo: puts back what the event at a position changed, in all its parts, if nothing touched it since.
//
// Read backwards the parts of one position undo each other's order; the check comes first for all of them, so a
// later change anywhere refuses the whole undo. An undo is an event like any other and can be undone itself.
// A site cannot be un-added (ids are never reused): undoing its addition closes it.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/rules.h"
#include "registry/apply.h"
#include "registry/fields.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

// The events of one position, oldest first, and the lane of all of them.
struct Parts {
  Lane lane = Lane::kShare;
  std::vector<std::uint64_t> at;
};

bool find_in(const EventRing& ring, Position position, std::vector<std::uint64_t>& parts) {
  if (position <= ring.dropped()) return false;  // what is left of it may not be all
  EventRing::Place place;
  for (std::uint64_t at = ring.above(Position(position.value - 1)); at < ring.end(); at = place.next) {
    place = ring.place(at);
    if (place.position != position) break;
    parts.push_back(at);
  }
  return !parts.empty();
}

bool find_parts(const RegistryCore& core, const RequestContext& context, Position position, Parts& parts,
                Outcome& out) {
  const EventLog& history = core.history;
  if (position.value == 0 || position >= context.position) {
    return refuse(out, Code::kNotFound, fmt::format("there is no event at position {} yet", position.value));
  }
  for (const Lane lane : kAllLanes) {
    if (!find_in(history[lane], position, parts.at)) continue;
    parts.lane = lane;
    if (lane != Lane::kAccess) return true;
    return refuse(
        out, Code::kInvalid,
        "changes of keys and of the write switch cannot be undone; make a new key, or set the switch again");
  }
  if (position <= history.complete_after()) {
    return refuse(out, Code::kTooOld,
                  fmt::format("position {} is no longer in the history, which begins at {}", position.value,
                              history.oldest_complete().value));
  }
  return refuse(
      out, Code::kNotFound,
      fmt::format("the request at position {} changed nothing, so there is nothing to undo", position.value));
}

// The changes after a position: of each site that is asked for, the newest change of each product. One walk over a site's
// events serves all parts of a bulk; what all undos of a request may look at is bounded.
class LaterChanges {
 public:
  LaterChanges(RegistryCore& core, Position since) : core_(core), since_(since) {}

  // Of what the event changed; undoing an addition concerns everything at the site. 0: nothing was changed again.
  Position touching(std::uint32_t slot, const Event& event) {
    const auto [site, fresh] = sites_.try_emplace(slot);
    if (fresh)
      for (const Lane lane : {Lane::kShare, Lane::kExcess}) walk(slot, lane, site->second);
    if (event.product.empty() && !event.existed) return site->second.newest;
    const auto found = site->second.products.find(event.product);
    return found == site->second.products.end() ? Position() : found->second;
  }
  [[nodiscard]] bool too_many() const { return core_.undo_looks > limits::kUndoLooksMax; }

 private:
  struct Site {
    Position newest;
    std::map<std::string, Position, std::less<>> products;  // "": its fields
  };
  void walk(std::uint32_t slot, Lane lane, Site& site) {
    const EventRing& ring = core_.history[lane];
    Record later;
    for (std::uint64_t at = core_.last_event(slot, lane); at != 0 && at - 1 >= ring.begin(); at = later.previous) {
      ring.read(at - 1, later);
      if (later.event.position <= since_ || (++core_.undo_looks, too_many())) return;
      site.newest = std::max(site.newest, later.event.position);
      Position& newest = site.products[std::string(later.event.product)];
      newest = std::max(newest, later.event.position);
    }
  }

  RegistryCore& core_;
  Position since_;
  std::map<std::uint32_t, Site> sites_;
};

bool check_untouched(const RegistryCore& core, LaterChanges& later, const Record& record, Outcome& out) {
  const Event& event = record.event;
  const Position touched = later.touching(record.slot, event);
  if (touched != Position() && rule_enabled(ProtocolRule::kUntouched)) {
    if (!event.product.empty()) {
      show_current(core.store, core.store.find_line(record.slot, event.product), out);
    }
    return refuse(out, Code::kStaleVersion,
                  fmt::format("it was changed again at position {}; undo that first", touched.value));
  }
  if (later.too_many())
    return refuse(out, Code::kTooOld,
                  fmt::format("{} has been changed too often since position {}; set it to what it should be",
                              core.store.name(record.slot), event.position.value));
  // Where later events may be missing, the site itself says whether there were any.
  if (event.position > core.history.complete_after() || core.store.hot(record.slot).changed == event.position.value)
    return true;
  return refuse(
      out, Code::kTooOld,
      fmt::format("{} has been changed since position {}, by events that are no longer kept; set it to what it "
                  "should be",
                  core.store.name(record.slot), event.position.value));
}

bool undo_line(RegistryCore& core, const RequestContext& context, const Record& record, Outcome& out) {
  const Event& event = record.event;
  if (!check_open(core.store, record.slot, out)) return false;
  const std::uint32_t line = core.store.find_line(record.slot, event.product);
  if (!check_line(core, context, record.slot, line, {}, out)) return false;
  if (!check_line_version_left(core.store, record.slot, line, out)) return false;
  if (!event.existed) {
    if (line == kNil) return refuse(out, Code::kStaleVersion, "the stock line is already gone");
    core.change_line(context, EventKind::kUndo, record.slot, line, nullptr, out, event.position);
    return true;
  }
  if (line == kNil && !check_room_for_line(core.store, record.slot, out)) return false;
  StockLine next;
  next.product = event.product;
  next.availability = event.before;
  next.valid_at = record.valid_before;
  next.source = record.source_before;
  if (record.source_kept && line != kNil) {
    next.source = core.store.words().text(core.store.line(line).source);
  }
  core.change_line(context, EventKind::kUndo, record.slot, line, &next, out, event.position);
  return true;
}

bool undo_site(RegistryCore& core, const RequestContext& context, const Record& record, Outcome& out) {
  const Event& event = record.event;
  Site before;
  core.store.show(record.slot, before);
  SiteImage image;
  core.store.show(record.slot, image);
  if (!event.existed) {
    image.site.status = SiteStatus::kClosed;
  } else {
    for (const FieldChange& change : event.fields) {
      if (!put_back(change, image.site))
        return refuse(out, Code::kInvalid,
                      fmt::format("the event changed the field \"{}\", which this version of titer does not know",
                                  change.field));
    }
    follow_zip(image.site);
  }
  if (!check_site(context, before, image, out)) return false;
  if (!check_site_version_left(core.store, record.slot, out)) return false;
  if (!check_name_free(core.store, image.site, record.slot, out)) return false;
  if (!check_externals_free(core.store, before, image.site, record.slot, out)) return false;
  if (before.name != image.site.name) image.asked_name = 0;
  FieldDiff diff;
  const auto& changes = diff.compare(before, image.site);
  core.change_site(context, EventKind::kUndo, record.slot, image, changes, event.position);
  out.changed = true;
  return true;
}

bool undo_parts(RegistryCore& core, const RequestContext& context, const Parts& parts, Outcome& out) {
  Record record;
  for (auto at = parts.at.rbegin(); at != parts.at.rend(); ++at) {
    core.history[parts.lane].read(*at, record);
    const bool line = !record.event.product.empty();
    const bool shown = std::exchange(out.has_stock, false);  // by a part that goes with this one if it is refused
    if (line ? !undo_line(core, context, record, out) : !undo_site(core, context, record, out)) return false;
    out.has_stock |= shown;
  }
  return true;
}

}  // namespace

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const Undo& op, Outcome& out) {
  Parts parts;
  if (!find_parts(core, context, op.event, parts, out)) return kNil;
  const EventRing& ring = core.history[parts.lane];
  Record record;
  LaterChanges later(core, op.event);
  for (const std::uint64_t at : parts.at) {
    ring.read(at, record);
    if (!check_untouched(core, later, record, out)) return record.slot;
  }
  ring.read(parts.at.front(), record);
  const std::uint32_t slot = record.slot;
  const bool own = !core.armed();  // inside a bulk the bulk takes everything back
  if (own) core.arm();
  const bool done = undo_parts(core, context, parts, out);
  if (!own) return slot;
  if (done) {
    core.commit();
  } else {
    core.roll_back();
    out.changed = false;
  }
  return slot;
}

}  // namespace titer::registry
