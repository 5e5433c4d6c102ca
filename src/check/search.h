// SPDX-License-Identifier: Apache-2.0

// Search: the search for a linearization of one stock line. linearizability.h is the interface; this is the search behind it.
//
// Lowe's list of calls and returns holds the operations with an answer. Those before the first return are the candidates:
// what is called after that return must come later. Additions for this object, each sound and each needed:
//
//   Observations first. An operation that fits here and changes nothing is placed immediately and never
//   reconsidered: any order that has it later may have it here. So reads cost nothing.
//   Versions. They only grow and grow by one with each change. So an answer that shows a version behind the state's can
//   never be placed: dead end. And where an answered operation shows that it made the step from v to v+1, no operation
//   without an answer can have made it.
//   Operations without an answer stay forever, so they would precede every candidate: they are a list of their own,
//   tried last. Of several that ask for the same, the one called first is tried: whatever another could do at this
//   place it can do too.
//
// Configurations are remembered by a 128-bit fingerprint of what is placed, exclusive-or of a random word per operation
// (Zobrist), and the state. Lowe has the set itself as bits: exact, but n bits for each of n configurations, which is
// gigabytes for what one torture run records. Among 10^9 configurations two collide with a chance below 10^-19.
//
// Pure. One thread. Used once.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <vector>

#include "check/linearizability.h"
#include "check/stock_model.h"

namespace titer::check {

class Search {
 public:
  // The operations must live as long as the search; those that need not be placed are left out by the caller.
  Search(std::vector<const Op*> answered, std::vector<const Op*> open, const Options& options);

  // Fills answer, placed, steps and explanation.
  void run(LineVerdict& verdict);

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // Of the list: the call of operation i is entry 2i, its return 2i+1; the head is the last.
  struct Entry {
    std::uint32_t before = kNone, after = kNone;
  };
  struct Fingerprint {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Fingerprint&) const = default;
  };
  struct Configuration {
    Fingerprint placed;
    StockState state;
    bool operator==(const Configuration&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Configuration& c) const;
  };
  // A choice among what may be next: answered operations in the order of the list, then open ones. kNone: from the
  // beginning of either.
  struct Choice {
    bool open = false;
    std::uint32_t index = kNone;
  };
  struct Step {
    Choice choice;
    bool forced = false;  // an observation
    StockState before;
  };

  void link_entries();
  void find_steps_made();
  void find_twins();
  enum class Scan : std::uint8_t { kChoose, kDead };
  [[nodiscard]] Scan place_observations();
  [[nodiscard]] bool choose(Choice from);
  [[nodiscard]] bool choose_answered(std::uint32_t from);
  [[nodiscard]] bool choose_open(std::uint32_t from);
  [[nodiscard]] bool try_change(const Op& op, Choice choice);
  void place(Choice choice, bool forced, const StockState& next);
  void mark(Choice choice, bool placed);
  // Back to the last real choice; false: there is none.
  [[nodiscard]] bool take_back(Choice& last);
  [[nodiscard]] bool exhausted();
  void note_dead_end();
  void explain(LineVerdict& verdict) const;

  [[nodiscard]] bool is_call(std::uint32_t entry) const { return entry % 2 == 0; }
  [[nodiscard]] std::uint32_t head() const { return static_cast<std::uint32_t>(2 * answered_.size()); }
  [[nodiscard]] std::uint32_t first_return() const;
  void lift(std::uint32_t op);
  void put_back(std::uint32_t op);
  [[nodiscard]] Fingerprint word(Choice choice) const;

  std::vector<const Op*> answered_, open_;  // each by call
  const Options& options_;
  std::vector<Entry> list_;
  std::vector<std::uint32_t> steps_made_;  // sorted versions v: an answered operation made the step from v
  std::vector<std::uint32_t> twin_;  // of an open operation: the one before it that asks for the same, or kNone
  std::vector<bool> open_placed_;
  StockState state_;
  Fingerprint placed_;
  std::vector<Step> stack_;
  std::size_t answered_placed_ = 0;
  std::uint64_t steps_ = 0, ask_at_ = 0;
  boost::unordered_flat_set<Configuration, Hash> tried_;

  // The longest order, as it was where it ended.
  struct DeadEnd {
    bool any = false;
    std::size_t placed = 0;
    StockState state;
    std::vector<const Op*> last, stuck;  // placed last; candidates none of which fits
  };
  DeadEnd longest_;
};

}  // namespace titer::check
