// SPDX-License-Identifier: Apache-2.0

// history and changes. A page never ends inside the events of one position: a client that continues from a position
// must not miss the rest of a bulk.
#include <fmt/format.h>

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
  // A record was looked at. False: the step is over, and the next one begins at `next`.
  bool goes_on(std::uint64_t next) {
    progress_.spend(1);
    if (progress_.goes_on()) return true;
    progress_.begun = true;
    progress_.offset = next;
    return false;
  }

 private:
  const RegistryCore& core_;
  std::uint32_t limit_;
  const State::EventVisitor& visit_;
  Progress& progress_;
};

// `at` counts from 1; 0: there is none.
Result<bool> history_of_site(const RegistryCore& core, const History& query, Pager& pager,
                             const Progress& progress) {
  Outcome out;
  const std::uint32_t slot = resolve(core.store, *query.site, out);
  if (slot == kNil) return Error{out.code, out.message};
  Record record;
  std::uint64_t at = progress.begun ? progress.offset : core.store.hot(slot).last_event;
  for (; at != 0 && at - 1 >= core.history.begin(); at = record.previous) {
    core.history.read(at - 1, record);
    const bool asked = query.before.value == 0 || record.event.position < query.before;
    if (asked && !pager.show(record)) return true;
    if (!pager.goes_on(record.previous)) return false;
  }
  return false;
}

bool history_of_all(const RegistryCore& core, const History& query, Pager& pager, const Progress& progress) {
  std::vector<std::uint64_t> offsets;
  Record record;
  std::uint64_t end = core.history.end();
  if (query.before.value != 0) end = core.history.above(Position(query.before.value - 1));
  if (progress.begun) end = progress.offset;
  while (end > core.history.begin()) {
    core.history.offsets_before(end, offsets);
    for (auto at = offsets.rbegin(); at != offsets.rend(); ++at) {
      core.history.read(*at, record);
      const bool asked = query.audit || record.slot != kNil;
      if (asked && !pager.show(record)) return true;
      if (!pager.goes_on(*at)) return false;
    }
    end = offsets.front();
  }
  return false;
}

}  // namespace

Result<bool> show_history(const RegistryCore& core, const History& query, const State::EventVisitor& visit,
                          Progress& progress) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  Pager pager(core, query.limit, visit, progress);
  if (query.site) return history_of_site(core, query, pager, progress);
  return history_of_all(core, query, pager, progress);
}

Result<bool> show_changes(const RegistryCore& core, const Changes& query, const State::EventVisitor& visit,
                          Progress& progress) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  if (query.since < core.history.dropped() && !(progress.begun && progress.offset >= core.history.begin())) {
    return Error{Code::kTooOld,
                 fmt::format("events up to position {} are no longer kept: read all sites, then the changes since "
                             "the position they were read at; the oldest event is at position {}",
                             core.history.dropped().value, core.history.oldest().value)};
  }
  Pager pager(core, query.limit, visit, progress);
  Record record;
  std::uint64_t at = progress.begun ? progress.offset : core.history.above(query.since);
  for (; at < core.history.end(); at = record.next) {
    core.history.read(at, record);
    const bool asked = record.slot != kNil;  // else a change of no site
    if (asked && !pager.show(record)) return true;
    if (!pager.goes_on(record.next)) return false;
  }
  return false;
}

}  // namespace titer::registry
