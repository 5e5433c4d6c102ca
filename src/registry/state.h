// SPDX-License-Identifier: Apache-2.0

// State: the registry as a deterministic state machine. apply(request) is the only way to change it.
//
// Why this shape: the same sequence of apply() calls gives the same state, digest and answers at every replica —
// no clock, no randomness, no iteration of unordered containers where order reaches a result. Sites are compact
// (one packed block of text each, small integers for ids, products and people interned) because a nation's sites
// should fit in the memory of a small machine: 100,000 sites in under 64 MB with all indexes.
//
// Invariants: no count below 0; names unique among active sites, and none of them another site's id; ids never reused; every
// index agrees with the sites (check() proves it, tests call it); digest() is the sum of one hash per site, stock line and
// key, so equal states have equal digests however they were reached (by apply or by transfer); history_digest() is of the rest.
// Thread rule: one thread. Views it shows live until the next apply() or read_transfer().
// Limits: limits.h. Events are bounded in number, bytes and age, for each key as well as in all (event_log.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "registry/lane.h"
#include "registry/permissions.h"
#include "registry/progress.h"
#include "registry/query.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::registry {

struct FreshnessBounds {
  std::int64_t stale_after_ms = 24LL * 3600 * 1000;
  std::int64_t expired_after_ms = 29LL * 24 * 3600 * 1000;
};
[[nodiscard]] Freshness freshness(const StockLine& line, WallTime now, FreshnessBounds bounds = {});
// The first time as of which a claim has not expired: what SiteFilter::claimed_since is when expired claims are left out.
[[nodiscard]] inline WallTime not_expired_since(WallTime now, FreshnessBounds bounds = {}) {
  return WallTime(now.value - bounds.expired_after_ms + 1);
}

class State {
 public:
  struct HistoryBounds {
    std::size_t events = limits::kHistoryEventsMax;  // of each of the two lanes of changes of sites
    std::size_t bytes = limits::kHistoryBytesMax;    // likewise
    std::int64_t age_ms = limits::kHistoryAgeMs;     // by commit times: how much older than the newest request
    std::size_t access_events = limits::kAccessEventsMax;
    std::size_t access_bytes = limits::kAccessHistoryBytesMax;
  };
  State() : State(HistoryBounds()) {}
  explicit State(HistoryBounds bounds);
  ~State();
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;

  // Executes one request as the one at `position` (above all before). `stamp`: the frame's wall stamp; the commit
  // time is the maximum of all stamps so far. Writes the answer into `out` (cleared first; memory reused).
  void apply(const Request& request, Position position, WallTime stamp, Outcome& out);

  // Two hints that apply(request) comes soon, in this order and best some requests apart (Store says why). With more
  // sites than the cache holds they save a quarter of the time of an apply(). They change nothing.
  [[nodiscard]] std::uint64_t expect(const Request& request) const;  // for the second hint
  void expect_more(std::uint64_t expected) const;

  [[nodiscard]] Position position() const;  // of the last apply; 0 when new
  [[nodiscard]] WallTime time() const;      // last commit time
  [[nodiscard]] std::uint64_t digest() const;
  // Of the events that are kept, and of the time: both move with requests that change no row, and a state that is still
  // being transferred has them only in part.
  [[nodiscard]] std::uint64_t history_digest() const;
  [[nodiscard]] Totals totals() const;
  [[nodiscard]] std::vector<MemoryPart> memory() const;  // Totals::bytes is the sum

  // --- queries; each row goes to the visitor, which returns false to stop early
  using SiteVisitor = std::function<bool(const Site&)>;
  using EventVisitor = std::function<bool(const Event&)>;
  using NearVisitor = std::function<bool(const Site&, double metres)>;

  // true: there are more rows after the last one shown. With a Progress: one step of the query (progress.h); when it is
  // unfinished the result means nothing yet.
  [[nodiscard]] Result<bool> list(const ListSites& query, const SiteVisitor& visit) const {
    Progress whole;
    return list(query, visit, whole);
  }
  [[nodiscard]] Result<bool> near(const Near& query, const NearVisitor& visit) const {
    Progress whole;
    return near(query, visit, whole);
  }
  [[nodiscard]] Result<bool> history(const History& query, const EventVisitor& visit) const {
    Progress whole;
    return history(query, visit, whole);
  }
  [[nodiscard]] Result<bool> changes(const Changes& query, const EventVisitor& visit) const {
    Progress whole;
    return changes(query, visit, whole);
  }
  [[nodiscard]] Result<bool> changed_sites(Position since, const SiteVisitor& visit) const {
    Progress whole;
    return changed_sites(since, visit, whole);
  }
  [[nodiscard]] Result<bool> list(const ListSites& query, const SiteVisitor& visit, Progress& progress) const;
  [[nodiscard]] Result<Site> get(const SiteRef& ref) const;
  // kNotFound: unknown ZIP
  [[nodiscard]] Result<bool> near(const Near& query, const NearVisitor& visit, Progress& progress) const;
  // kTooOld: all is removed
  [[nodiscard]] Result<bool> history(const History& query, const EventVisitor& visit, Progress& progress) const;
  // Events of such a question up to here may be missing, because they were removed; above, all are there.
  [[nodiscard]] Position history_removed(const History& query) const;
  // kTooOld
  [[nodiscard]] Result<bool> changes(const Changes& query, const EventVisitor& visit, Progress& progress) const;
  // Of the position of the last step: a site that changes between two steps is shown again, later, as it is then. The last
  // step may look at more rows than it has.
  [[nodiscard]] Result<bool> changed_sites(Position since, const SiteVisitor& visit, Progress& progress) const;

  // --- keys (access.h): what `key` may ask for now. `now` is a wall clock's; commit times that are later count instead
  [[nodiscard]] bool has_keys() const;
  // Some requests are refused for who asks: there are keys, or writes are stopped.
  [[nodiscard]] bool guarded() const { return has_keys() || writes().stopped; }
  // Would apply(request) refuse it for its form, for who asks, or for the write switch, if it were next? Commit time alone
  // says what has expired, as in apply(). Ok when in doubt.
  [[nodiscard]] Status judge(const Request& request) const;
  [[nodiscard]] Status judge(KeyId key, Act act, WallTime now) const;
  [[nodiscard]] Status check_secret(const CheckKey& query, WallTime now) const;
  using KeyVisitor = std::function<bool(const Key&)>;
  [[nodiscard]] bool keys(const ListKeys& query, const KeyVisitor& visit) const;  // true: there are more
  [[nodiscard]] WriteSwitch writes() const;

  // --- transfer to a joiner (docs/explanation/protocol.md §6): sites in slot order, then events
  // Writes sites from slot `from_slot` on whose `changed` is above `since` (0: all of them), up to about `bytes_max`
  // bytes, and returns the next slot (from slots() on: none is left). It looks at no more rows than one turn has time
  // for, so it may write nothing and still not be at the end. Slots are dense and never reused, so this may be spread
  // over many turns.
  [[nodiscard]] std::uint32_t slots() const;
  std::uint32_t write_sites(std::uint32_t from_slot, std::size_t bytes_max, Bytes& out, Position since = {}) const;
  // Writes the events of a lane above `since`, about bytes_max bytes; returns the position up to which they are complete:
  // continue from there until it is position(). Each lane by itself, in any order.
  Position write_events(Lane lane, Position since, std::size_t bytes_max, Bytes& out) const;
  // All keys and the switch, if they changed after `since`. Any time before the head.
  void write_access(Position since, Bytes& out) const;
  [[nodiscard]] Position access_changed() const;
  // Position, time and counts: what makes the received parts a State. Written and read last, at one position
  // with the end of write_sites and of write_events.
  void write_head(Bytes& out) const;
  // Takes over what one of the write_… functions wrote; sites may come again, the later one wins; slots come
  // without gaps, and a site comes before its events. Only into a State that has executed nothing.
  // A head older than what is here (another writer was ahead of this one): kTooOld, and nothing is changed; a later
  // head from the same writer closes what came. Malformed, or something is missing at the head: kProtocol, and this
  // State must be thrown away.
  [[nodiscard]] Status read_transfer(ByteView in);

  // Between these two, read_transfer() takes the sites of a whole registry faster: in the order of their slots, each
  // once, before anything else. The indexes by which rows are listed are then made in one go, so nothing may be
  // asked in between.
  void begin_restore();
  void finish_restore();

  // --- for the tables on disk: which sites changed since they were last taken
  // Begins to note changes, or ends it and forgets them. Off at first: without a disk nobody would take them.
  void track_changes(bool on);
  [[nodiscard]] std::size_t changes() const;  // sites that wait to be taken
  // Shows changed sites in the order of slots, going round, each as what read_transfer() takes: at least `sites_min` of
  // them, and more up to about `bytes_max` bytes. True: none is left. A site that changes afterwards comes again; one
  // whose change was taken back may come, too. It never shows a slot that is not there.
  using PartVisitor = std::function<void(std::uint32_t slot, ByteView part)>;
  bool take_changed(std::size_t sites_min, std::size_t bytes_max, const PartVisitor& visit);
  // Writes that site as take_changed shows it, unless it is not there or has changed after `upto`. Whether it wrote it.
  bool write_site(std::uint32_t slot, Position upto, Bytes& out) const;
  [[nodiscard]] std::string_view site_id(std::uint32_t slot) const;  // of a slot below slots()
  [[nodiscard]] Position dropped(Lane lane) const;  // events up to here may be missing there; above, all are kept
  [[nodiscard]] Position complete_after() const;    // likewise of all changes of sites

  // Recomputes everything that is kept up to date incrementally and compares. Slow; tests and `verify`.
  [[nodiscard]] Status check() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::registry
