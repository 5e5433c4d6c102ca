// SPDX-License-Identifier: Apache-2.0

// history and changes. A page never ends inside the events of one position: a client that continues from a position
// must not miss the rest of a bulk.
#include <fmt/format.h>

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

 private:
  const RegistryCore& core_;
  std::uint32_t limit_;
  const State::EventVisitor& visit_;
  std::uint32_t shown_ = 0;
  Position last_;
  bool stopped_ = false;
};

Result<bool> history_of_site(const RegistryCore& core, const History& query, Pager& pager) {
  Outcome out;
  const std::uint32_t slot = resolve(core.store, *query.site, out);
  if (slot == kNil) return Error{out.code, out.message};
  Record record;
  for (std::uint64_t at = core.store.hot(slot).last_event; at != 0 && at - 1 >= core.history.begin();
       at = record.previous) {
    core.history.read(at - 1, record);
    if (query.before.value != 0 && record.event.position >= query.before) continue;
    if (!pager.show(record)) return true;
  }
  return false;
}

bool history_of_all(const RegistryCore& core, const History& query, Pager& pager) {
  std::vector<std::uint64_t> offsets;
  Record record;
  std::uint64_t end = core.history.end();
  if (query.before.value != 0) end = core.history.above(Position(query.before.value - 1));
  while (end > core.history.begin()) {
    core.history.offsets_before(end, offsets);
    for (auto at = offsets.rbegin(); at != offsets.rend(); ++at) {
      core.history.read(*at, record);
      if (!query.audit && record.slot == kNil) continue;
      if (!pager.show(record)) return true;
    }
    end = offsets.front();
  }
  return false;
}

}  // namespace

Result<bool> show_history(const RegistryCore& core, const History& query, const State::EventVisitor& visit) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  Pager pager(core, query.limit, visit);
  if (query.site) return history_of_site(core, query, pager);
  return history_of_all(core, query, pager);
}

Result<bool> show_changes(const RegistryCore& core, const Changes& query, const State::EventVisitor& visit) {
  if (const Status limit = check_limit(query.limit, "events"); !limit) return limit.error();
  if (query.since < core.history.dropped()) {
    return Error{Code::kTooOld,
                 fmt::format("events up to position {} are no longer kept: read all sites, then the changes since "
                             "the position they were read at; the oldest event is at position {}",
                             core.history.dropped().value, core.history.oldest().value)};
  }
  Pager pager(core, query.limit, visit);
  Record record;
  for (std::uint64_t at = core.history.above(query.since); at < core.history.end(); at = record.next) {
    core.history.read(at, record);
    if (record.slot == kNil) continue;  // a change of no site
    if (!pager.show(record)) return true;
  }
  return false;
}

}  // namespace titer::registry
