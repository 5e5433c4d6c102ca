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

// Shows records until the page is full and the position complete, or until the rows of this step are used up.
class Pager {
 public:
  Pager(const RegistryCore& core, std::uint32_t limit, const State::EventVisitor& visit, Progress& progress)
      : core_(core), limit_(limit), visit_(visit), progress_(progress) {}

  // False: the page is full, and this record is the first that is not shown.
  bool show(Record& record) {
    if (progress_.full || (progress_.shown >= limit_ && record.event.position != progress_.position)) return false;
    record.event.site_id = record.slot == kNil ? std::string_view() : core_.store.id(record.slot);
    progress_.position = record.event.position;
    ++progress_.shown;
    progress_.full = !visit_(record.event);
    return true;
  }
  // A record was looked at. False: the step is over.
  bool goes_on() {
    progress_.spend(1);
    return progress_.goes_on();
  }

 private:
  const RegistryCore& core_;
  std::uint32_t limit_;
  const State::EventVisitor& visit_;
  Progress& progress_;
};

// One lane from its newest event backwards; with a site, along the chain of that site's events.
class Backwards {
 public:
  // From the newest event before `end`.
  Backwards(const EventRing& ring, std::uint64_t end) : ring_(&ring), end_(end) { next(); }
  // `last_event` counts from 1; 0: there is none.
  [[nodiscard]] static Backwards along(const EventRing& ring, std::uint64_t last_event) {
    Backwards lane(ring);
    lane.read(last_event);
    return lane;
  }

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] Record& record() { return record_; }
  // With what the same lane begins at this record.
  [[nodiscard]] std::uint64_t here() const {
    if (over_) return 0;
    return chain_ ? place_ : record_.next;
  }
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
    place_ = place;
    over_ = place == 0 || place - 1 < ring_->begin();
    if (!over_) ring_->read(place - 1, record_);
  }

  const EventRing* ring_;
  bool chain_ = false;
  bool over_ = false;
  Record record_;
  std::uint64_t place_ = 0;  // of the record, in a chain
  std::uint64_t end_ = 0;    // records before it, in earlier chunks than offsets_
  std::vector<std::uint64_t> offsets_;
  std::size_t left_ = 0;  // of offsets_
};

// The newest of all lanes first. True: the page ended before they did.
bool show_newest_first(std::vector<Backwards>& lanes, Position before, Pager& pager, Progress& progress) {
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
    if (pager.goes_on()) continue;
    progress.begun = true;
    for (std::size_t i = 0; i < lanes.size(); ++i) progress.offsets[i] = lanes[i].here();
    return false;
  }
}

std::vector<Backwards> lanes_of_site(const RegistryCore& core, std::uint32_t slot, const Progress& progress) {
  std::vector<Backwards> lanes;
  for (const Lane lane : {Lane::kShare, Lane::kExcess})
    lanes.push_back(Backwards::along(
        core.history[lane], progress.begun ? progress.offsets[lanes.size()] : core.last_event(slot, lane)));
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

Result<bool> show_history(const RegistryCore& core, const History& query, const State::EventVisitor& visit,
                          Progress& progress) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  Pager pager(core, query.limit, visit, progress);
  std::vector<Backwards> lanes;
  if (query.site) {
    if (query.of == History::Of::kAccess)
      return Error{Code::kInvalid, "events of keys and of the write switch belong to no site: ask without one"};
    Outcome out;
    const std::uint32_t slot = resolve(core.store, *query.site, out);
    if (slot == kNil) return Error{out.code, out.message};
    lanes = lanes_of_site(core, slot, progress);
  } else {
    for (const Lane lane : kAllLanes) {
      const EventRing& ring = core.history[lane];
      if (!shows(query, lane)) continue;
      std::uint64_t end = query.before == Position() ? ring.end() : ring.above(Position(query.before.value - 1));
      if (progress.begun) end = progress.offsets[lanes.size()];
      lanes.emplace_back(ring, end);
    }
  }
  const bool more = show_newest_first(lanes, query.before, pager, progress);
  const Position removed = history_removed(core, query);
  if (!progress.unfinished && progress.shown == 0 && removed != Position()) return removed_error(removed);
  return more;
}

Result<bool> show_changes(const RegistryCore& core, const Changes& query, const State::EventVisitor& visit,
                          Progress& progress) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  const EventLog& history = core.history;
  const EventRing &share = history[Lane::kShare], &excess = history[Lane::kExcess];
  auto& [in_share, in_excess, unused] = progress.offsets;
  const bool follows = progress.begun && in_share >= share.begin() && in_excess >= excess.begin();
  if (!follows && query.since < history.complete_after()) {
    return Error{Code::kTooOld,
                 fmt::format("events up to position {} are no longer kept: read all sites, then the changes since "
                             "the position they were read at; the oldest event is at position {}",
                             history.complete_after().value, history.oldest_complete().value)};
  }
  if (!progress.begun) {
    in_share = share.above(query.since);
    in_excess = excess.above(query.since);
    progress.begun = true;
  }
  Pager pager(core, query.limit, visit, progress);
  Record record;
  while (in_share < share.end() || in_excess < excess.end()) {
    const bool from_share =
        in_excess >= excess.end() ||
        (in_share < share.end() && share.place(in_share).position < excess.place(in_excess).position);
    std::uint64_t& at = from_share ? in_share : in_excess;
    (from_share ? share : excess).read(at, record);
    if (!pager.show(record)) return true;
    at = record.next;
    if (!pager.goes_on()) return false;
  }
  return false;
}

}  // namespace titer::registry
