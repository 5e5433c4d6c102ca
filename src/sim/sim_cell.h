// SPDX-License-Identifier: Apache-2.0

// SimCell: a revisioned cell (view/revisioned_cell.h) under simulation — the etcd of a run with several machines — and
// CellAgent, through which one process uses it: the driver of view::CellRegister, as view/etcd_register.cc is in production.
//
// Faults: a question or its answer is late or lost, so a replacement may have happened or not; the watch misses changes, or
// ends; older revisions are compacted away; the cell is away for a while; and it goes back to what it was some changes ago, as
// the same etcd or as another one, because somebody restored a backup.
//
// The observer hears of each change, also when the answer is lost, or the process that asked has died.
// Thread rule: one thread. The agents outlive the run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/timeline.h"
#include "view/cell_register.h"
#include "view/revisioned_cell.h"

namespace titer::sim {

class CellAgent;

struct CellFaults {
  Time delay_us = 1'000;         // of one way, at most
  double loses = 0;              // share of questions that do not arrive, and of answers
  double gaps = 0;               // share of changes that a watch misses
  double breaks = 0;             // share of changes at which a watch ends
  Time gives_up_us = 1'000'000;  // without an answer
};

class SimCell {
 public:
  SimCell(std::uint64_t etcd, std::string first);

  [[nodiscard]] view::CellState read() const;
  // False: it was changed at another revision.
  bool replace(std::int64_t expected, std::string text);
  // --- faults
  void compact() { compacted_ = revision_; }
  void away(bool is) { away_ = is; }
  // To what it was so many changes ago. `same`: with the same cluster id.
  void go_back(std::size_t changes, bool same);
  // The contents of before it went back are there again.
  void bring_back();
  [[nodiscard]] bool gone_back() const { return before_.has_value(); }
  [[nodiscard]] std::size_t changes() const { return history_.size() - 1; }

  CellFaults faults;
  std::function<void(const std::string& before, const std::string& after)> on_replaced;

 private:
  friend class CellAgent;
  struct Version {
    std::int64_t revision;
    std::string text;
  };
  struct Whole {
    std::uint64_t etcd;
    std::int64_t revision;
    std::vector<Version> history;
  };
  void tell_watchers();

  std::uint64_t etcd_;
  std::int64_t revision_ = 10, compacted_ = 0;
  std::vector<Version> history_;  // never empty
  std::optional<Whole> before_;
  std::vector<CellAgent*> agents_;
  bool away_ = false;
};

class CellAgent final : public Handler {
 public:
  CellAgent(Timeline& time, Random& random, SimCell& cell, const view::Authority& seen,
            view::CellRegister::Events events);
  CellAgent(const CellAgent&) = delete;
  CellAgent& operator=(const CellAgent&) = delete;

  void propose(view::CellRegister::Kind kind, view::Proposal proposal, Time valid_us);
  // Its process has ended. What it has asked still arrives.
  void end();
  [[nodiscard]] const view::CellRegister& reg() const { return register_; }

 private:
  friend class SimCell;
  enum What : std::uint32_t { kWake, kArrives, kAnswered, kChanged };
  struct Answer {
    Result<view::CellState> state;
    Result<bool> done;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void go_on();
  void arrives();
  void answered();
  void changed();
  void cell_changed();
  void begin_watch(std::int64_t from);
  void deliver(std::optional<view::CellState> change);  // nullopt: the watch's end
  [[nodiscard]] BootTime now() const { return BootTime(time_.now()); }
  [[nodiscard]] Time delay() { return random_.between(1, cell_.faults.delay_us); }

  Timeline& time_;
  Random& random_;
  SimCell& cell_;
  view::CellRegister register_;
  std::optional<view::CellAction> question_;
  std::optional<Answer> answer_;
  std::deque<std::optional<view::CellState>> changes_;  // on their way; nullopt: the watch's end
  Time changes_at_ = 0, wakes_at_ = kNever;
  bool watches_ = false, lives_ = true;
};

}  // namespace titer::sim
