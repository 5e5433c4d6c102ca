// SPDX-License-Identifier: Apache-2.0

// CellRegister: the view register of a cluster on several machines, as one process uses it: a state machine over a revisioned
// cell (revisioned_cell.h), without I/O.
//
// A change of the record is requested as a *proposal*: a function from the newest record to its successor
// (cluster_record.h). The register reads, asks the proposal, replaces, and reads again, until the proposal has nothing
// to change any more or its time is over. So a lost race is decided again on the newer record, and a lost answer is
// settled by reading; the result of a replacement is not even used. A proposal that is too old is dropped: a suspicion from
// before the cell went away for a minute is no reason to exclude a replica now.
//
// Every kTryWriteEveryUs it asks for a write that changes nothing, so that a register that can be read but not written (etcd
// has no space left, a right was taken away) is seen before a view must change.
//
// A watch brings new records; a read every kPollEveryUs finds out whether the cell is there, and which records the
// watch has missed.
//
// Authority (authority.h): the newest record seen is remembered before anybody hears of it, and any older one is
// refused. Then nothing is changed or reported until the register is believable again. Service continues meanwhile.
//
// The driver performs the actions of next(), gives the answers back, and calls wake() at wake_at(). There is at most one
// question (get, replace, try write) at a time, and beside it at most one watch.
//
// Thread rule: its owner's. Events are called from within the inputs; they may propose, or close it, and not destroy it.
// Invariants: records are told in the order of their revisions, never one below what remember() has kept; a replacement is
// always of the record that was told last. Errors: status() and the log say what is wrong.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "view/authority.h"
#include "view/cluster_record.h"
#include "view/revisioned_cell.h"

namespace titer::view {

using Proposal = std::function<NextRecord(const ClusterRecord& newest)>;

class CellRegister {
 public:
  static constexpr std::int64_t kPollEveryUs = 1'000'000;
  static constexpr std::int64_t kAgainUs = 200'000;  // after a failure
  static constexpr std::int64_t kTryWriteEveryUs = 5'000'000;
  static constexpr std::int64_t kNoWriteUs = 12'000'000;  // writes unanswered for so long: it is not writable
  static constexpr std::int64_t kAwayUs = 2'500'000;      // without an answer for so long, it is away

  struct Events {
    std::function<Status(const Authority&)> remember;  // on disk when it returns
    std::function<void(const ClusterRecord&)> record;  // the newest, first and every change
    std::function<void(const std::string&)> refused;   // it is not believed, or not there
  };
  // One of a kind at a time: the newest.
  enum class Kind : std::uint8_t { kStartup, kExclude, kLeave, kJoin, kMark };

  // `seen`: by earlier lives.
  CellRegister(BootTime now, const Authority& seen, Events events);

  // --- inputs
  void propose(BootTime now, Kind kind, Proposal proposal, std::int64_t valid_us);
  void wake(BootTime now);
  // The answer to a GetCell. `elsewhere`: an error, and the next question goes to another endpoint.
  void got(BootTime now, const Result<CellState>& state, bool elsewhere);
  void replaced(BootTime now, const Result<bool>& done);
  void tried_write(BootTime now, const Status& done);
  // From the watch.
  void changed(const CellState& state);
  void watch_ended(BootTime now);
  // No more events and actions; no input may follow.
  void close();

  // --- outputs
  [[nodiscard]] std::optional<CellAction> next();
  [[nodiscard]] BootTime wake_at() const;

  [[nodiscard]] bool reachable(BootTime now) const { return record_ && now.value - answered_.value < kAwayUs; }
  // Why it is not believed; empty: it is.
  [[nodiscard]] const std::string& refused() const { return refused_; }
  // Why it takes no changes; empty: it does, as far as is known.
  [[nodiscard]] const std::string& write_error() const { return write_error_; }
  [[nodiscard]] std::int64_t revision() const { return seen_.revision; }
  [[nodiscard]] const Authority& seen() const { return seen_; }

 private:
  struct Wanted {
    Proposal proposal;
    BootTime until;
  };

  void ask(CellAction action);
  void answered_at(BootTime now, bool again);
  void on_write(BootTime now, const Status& done);
  [[nodiscard]] NextRecord next_record(BootTime now);
  void on_state(const CellState& state, const Authority& at_least);
  void refuse(const std::string& why);
  void on_away(BootTime now, const Error& why);

  Events events_;
  Authority seen_;
  Authority asked_with_;                 // what had been seen at the last GetCell
  std::optional<ClusterRecord> record_;  // of seen_.revision
  std::string refused_;
  std::string write_error_;
  std::map<Kind, Wanted> proposals_;
  std::deque<CellAction> actions_;
  std::int64_t looked_at_ = 0;  // the cell's revision at the last look: watching from there on misses nothing
  BootTime answered_;           // when the cell was last there
  BootTime wrote_;              // … and took a write, or would have
  BootTime try_write_at_;
  BootTime poll_at_, watch_at_;
  bool asking_ = false;    // a question is open
  bool watching_ = false;  // a watch is
  bool woken_ = false;     // something was proposed meanwhile
  bool is_away_ = false;   // and the log has said so
  bool closed_ = false;
};

}  // namespace titer::view
