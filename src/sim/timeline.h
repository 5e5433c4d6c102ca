// SPDX-License-Identifier: Apache-2.0

// Timeline: virtual time, and what is to happen when.
//
// Events are ordered by (time, the order in which they were asked for), so a run is a function of its seed. An event is
// a plain value that names its handler: a run has millions of them and allocates for none. Nothing is ever taken back:
// a handler that no longer wants an event ignores it.
//
// Time is in microseconds from the beginning of the run. Thread rule: one thread, as everything in this module.
#pragma once

#include <cstdint>
#include <vector>

namespace titer::sim {

using Time = std::int64_t;  // µs of virtual time
inline constexpr Time kNever = INT64_MAX;

class Handler {
 public:
  virtual void on_event(std::uint32_t what, std::uint64_t argument) = 0;

 protected:
  ~Handler() = default;
};

class Timeline {
 public:
  [[nodiscard]] Time now() const { return now_; }
  // `when` is not before now. The handler outlives the run.
  void at(Time when, Handler& handler, std::uint32_t what, std::uint64_t argument = 0);
  // Lets the next event happen; false: none is left before `until`, and now it is `until`.
  bool step(Time until);
  [[nodiscard]] std::uint64_t events() const { return happened_; }

 private:
  struct Event {
    Time when;
    std::uint64_t order;
    Handler* handler;
    std::uint64_t argument;
    std::uint32_t what;
  };
  static bool later(const Event& a, const Event& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  Time now_ = 0;
  std::uint64_t order_ = 0, happened_ = 0;
  std::vector<Event> heap_;  // the earliest in front
};

}  // namespace titer::sim
