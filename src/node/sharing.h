// SPDX-License-Identifier: Apache-2.0

// Sharing: what a node owes to readers on other threads (docs/decisions/0043). It says when the state changes, and
// publishes what readers must know to answer (smr/read_terms.h). Null where there are none, as in the simulator.
//
// Thread rule: called on the environment's thread. An implementation keeps readers away from the state between begin_change
// and end_change, and delays neither call by much more than the row that a reader looks at.
#pragma once

#include <string>

#include "smr/read_terms.h"

namespace titer::node {

class Sharing {
 public:
  // Requests are executed between these two; everything else only reads the state, or happens before there are terms that
  // serve. Not nested.
  virtual void begin_change() = 0;
  virtual void end_change() = 0;
  // Before anything is sent that follows from these terms, and after executions. `refusal`: why reads are refused, when
  // the terms do not serve.
  virtual void publish(const smr::ReadTerms& terms, const std::string& refusal) = 0;
  // What readers have answered so far.
  [[nodiscard]] virtual std::uint64_t reads_answered() const = 0;

 protected:
  ~Sharing() = default;
};

// Between begin_change and end_change, as long as it lives; nothing without a Sharing.
class Changing {
 public:
  explicit Changing(Sharing* sharing) : sharing_(sharing) {
    if (sharing_ != nullptr) sharing_->begin_change();
  }
  ~Changing() {
    if (sharing_ != nullptr) sharing_->end_change();
  }
  Changing(const Changing&) = delete;
  Changing& operator=(const Changing&) = delete;

 private:
  Sharing* sharing_;
};

}  // namespace titer::node
