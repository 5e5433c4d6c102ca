// SPDX-License-Identifier: Apache-2.0

// LocalState: the state of the replica in whose process a reader lives, as LocalReads sees it (local_reads.h).
//
// An interface, so that a test or the simulator can hold the state still between any two calls, with one thread.
// Readers are numbered from 0. Thread rule: any thread; each reader is on one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "registry/keys.h"
#include "registry/progress.h"
#include "smr/read_terms.h"
#include "wire/codec.h"

namespace titer::client {

class LocalState {
 public:
  [[nodiscard]] virtual smr::ReadTerms terms() const = 0;
  [[nodiscard]] virtual std::string refusal() const = 0;  // why, when the terms do not serve
  // One step of machine::Machine::query, with the same contract, while nothing changes the state. Only after terms that
  // serve.
  virtual void query(std::size_t reader, ByteView body, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId as,
                     registry::Progress& progress) = 0;
  // What wait() arms; null: it will not wait any more.
  virtual void on_change(std::size_t reader, std::function<void()> wake) = 0;
  // False: terms with another answer than `seen` are there already (ReadTerms::same_answer). True: when there are, this
  // reader is woken once, on any thread; perhaps too early.
  [[nodiscard]] virtual bool wait(std::size_t reader, const smr::ReadTerms& seen) = 0;
  // Makes the replica ask the others to confirm a reading of its clock that is later than this call. For leases that are
  // confirmed up to some time only.
  virtual void confirm() = 0;
  virtual void answered(std::size_t reader) = 0;  // one more, for the statistics

 protected:
  ~LocalState() = default;
};

}  // namespace titer::client
