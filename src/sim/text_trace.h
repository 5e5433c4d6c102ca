// SPDX-License-Identifier: Apache-2.0

// TextTrace: a run as lines of text, one per event, for people who look for a cause.
//
//   12.004031 replica 1 #101        gets   frame 3.1.7 ts 52 (2 requests) from replica 0 #100
//
// Times are seconds of virtual time; frames are named view.transmitter.seq. Heartbeats and pings are left out.
// Thread rule: the run's. The caller gets each line without its end.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observer.h"

namespace titer::sim {

class TextTrace final : public Observer {
 public:
  explicit TextTrace(std::function<void(std::string_view)> line) : line_(std::move(line)) {}
  void on_event(const Event& event) override;

 private:
  [[nodiscard]] std::string name(Node node) const;

  std::function<void(std::string_view)> line_;
  std::vector<std::string> names_;
};

}  // namespace titer::sim
