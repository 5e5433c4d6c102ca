// SPDX-License-Identifier: Apache-2.0

// history and changes. A page never ends inside the events of one position: a client that continues from a position
// must not miss the rest of a bulk. The lanes of the history (event_log.h) are shown as one, in the order of positions.
#include <fmt/format.h>

#include <vector>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/query_run.h"

namespace titer::registry {
namespace {

// Shows records until the page is full and the position complete.
class Pager {
 public:
  Pager(const RegistryCore& core, std::uint32_t limit, const State::EventVisitor& visit)
      : core_(core), limit_(limit), visit_(visit) {}

  // False: the page is full, and this record is the first that is not shown.
  bool show(Record& record) {
    if (stopped_ || (shown_ >= limit_ && record.event.position != last_)) return false;
    record.event.site_id = record.slot == kNil ? std::string_view() : core_.store.id(record.slot);
    last_ = record.event.position;
    ++shown_;
    stopped_ = !visit_(record.event);
    return true;
  }
  [[nodiscard]] bool empty() const { return shown_ == 0; }

 private:
  const RegistryCore& core_;
  std::uint32_t limit_;
  const State::EventVisitor& visit_;
  std::uint32_t shown_ = 0;
  Position last_;
  bool stopped_ = false;
};

// One lane from its newest event backwards; with a site, along the chain of that site's events.
class Backwards {
 public:
  Backwards(const EventRing& ring, std::uint64_t end) : ring_(&ring), end_(end) { next(); }
  [[nodiscard]] static Backwards along(const EventRing& ring, std::uint64_t last_event) {
    Backwards lane(ring);
    lane.read(last_event);
    return lane;
  }

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] Record& record() { return record_; }
  void next() {
    if (chain_) return read(record_.previous);
    if (left_ == 0) {
      over_ = end_ <= ring_->begin();
      if (over_) return;
      ring_->offsets_before(end_, offsets_);
      left_ = offsets_.size();
      end_ = offsets_.front();
    }
    ring_->read(offsets_[--left_], record_);
  }

 private:
  explicit Backwards(const EventRing& ring) : ring_(&ring), chain_(true) {}
  void read(std::uint64_t place) {
    over_ = place == 0 || place - 1 < ring_->begin();
    if (!over_) ring_->read(place - 1, record_);
  }

  const EventRing* ring_;
  bool chain_ = false;
  bool over_ = false;
  Record record_;
  std::uint64_t end_ = 0;  // records before it, in earlier chunks than offsets_
  std::vector<std::uint64_t> offsets_;
  std::size_t left_ = 0;  // of offsets_
};

// The newest of all lanes first. True: the page ended before they did.
bool show_newest_first(std::vector<Backwards>& lanes, Position before, Pager& pager) {
  for (;;) {
    Backwards* newest = nullptr;
    for (Backwards& lane : lanes) {
      if (lane.over()) continue;
      if (newest == nullptr || lane.record().event.position > newest->record().event.position) newest = &lane;
    }
    if (newest == nullptr) return false;
    const bool asked = before == Position() || newest->record().event.position < before;
    if (asked && !pager.show(newest->record())) return true;
    newest->next();
  }
}

std::vector<Backwards> lanes_of_site(const RegistryCore& core, std::uint32_t slot) {
  std::vector<Backwards> lanes;
  for (const Lane lane : {Lane::kShare, Lane::kExcess})
    lanes.push_back(Backwards::along(core.history[lane], core.last_event(slot, lane)));
  return lanes;
}

bool shows(const History& query, Lane lane) {
  if (query.of == History::Of::kAccess) return lane == Lane::kAccess;
  return lane != Lane::kAccess || (query.audit && !query.site);
}

Error removed_error(Position upto) {
  return {Code::kTooOld,
          fmt::format(
              "older events were removed: none of what is asked for is kept, and events up to position {} may be "
              "missing",
              upto.value)};
}

}  // namespace

Position history_removed(const RegistryCore& core, const History& query) {
  Position upto;
  for (const Lane lane : kAllLanes)
    if (shows(query, lane)) upto = std::max(upto, core.history.dropped(lane));
  return upto;
}

Result<bool> show_history(const RegistryCore& core, const History& query, const State::EventVisitor& visit) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  Pager pager(core, query.limit, visit);
  std::vector<Backwards> lanes;
  if (query.site) {
    if (query.of == History::Of::kAccess)
      return Error{Code::kInvalid, "events of keys and of the write switch belong to no site: ask without one"};
    Outcome out;
    const std::uint32_t slot = resolve(core.store, *query.site, out);
    if (slot == kNil) return Error{out.code, out.message};
    lanes = lanes_of_site(core, slot);
  } else {
    for (const Lane lane : kAllLanes) {
      const EventRing& ring = core.history[lane];
      if (!shows(query, lane)) continue;
      lanes.emplace_back(ring,
                         query.before == Position() ? ring.end() : ring.above(Position(query.before.value - 1)));
    }
  }
  const bool more = show_newest_first(lanes, query.before, pager);
  const Position removed = history_removed(core, query);
  if (pager.empty() && removed != Position()) return removed_error(removed);
  return more;
}

Result<bool> show_changes(const RegistryCore& core, const Changes& query, const State::EventVisitor& visit) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  const EventLog& history = core.history;
  if (query.since < history.complete_after()) {
    return Error{Code::kTooOld,
                 fmt::format("events up to position {} are no longer kept: read all sites, then the changes since "
                             "the position they were read at; the oldest event is at position {}",
                             history.complete_after().value, history.oldest_complete().value)};
  }
  Pager pager(core, query.limit, visit);
  Record record;
  const EventRing &share = history[Lane::kShare], &excess = history[Lane::kExcess];
  std::uint64_t in_share = share.above(query.since), in_excess = excess.above(query.since);
  while (in_share < share.end() || in_excess < excess.end()) {
    const bool from_share =
        in_excess >= excess.end() ||
        (in_share < share.end() && share.place(in_share).position < excess.place(in_excess).position);
    std::uint64_t& at = from_share ? in_share : in_excess;
    (from_share ? share : excess).read(at, record);
    if (!pager.show(record)) return true;
    at = record.next;
  }
  return false;
}

}  // namespace titer::registry
