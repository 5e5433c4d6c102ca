// SPDX-License-Identifier: Apache-2.0

// Reference: what the log means for the registry, by the model of registry/testing/model.h.
//
// The ledger gives it every request once, in the order of the log. What clients are told, and the whole states of replicas
// (rows, keys, lists, the nearest sites, the history and the change stream in pages from any position), are held against it.
// Why it suffices to look at one replica now and then: equal positions have equal digests (I10), of which the history is a part.
// Thread rule: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "registry/testing/model.h"
#include "smr/request_batch.h"
#include "smr/types.h"

namespace titer::sim {

class Reference {
 public:
  Reference(registry::State::HistoryBounds bounds, std::uint64_t seed) : model_(bounds), random_(seed) {}

  // The next request of the log. `fresh`: it reached the registry, because it is no repetition.
  void executed(Position position, const smr::Frame& frame, bool fresh);
  // What the client was told of the request at this position; empty: it is what the model says.
  [[nodiscard]] std::string difference(Position position, ByteView result) const;
  // A state that has executed the whole log. `whole`: with every event of the history, and not some.
  [[nodiscard]] std::string difference(const registry::State& state, bool whole);
  [[nodiscard]] const registry::test::Model& model() const { return model_; }
  // This key was made up to there, and has not been revoked.
  [[nodiscard]] bool valid_since(registry::KeyId key, Position position) const;

 private:
  registry::test::Model model_;
  Random random_;  // of its own: it changes nothing of a run
  std::map<Position, registry::Outcome> outcomes_;
  std::map<registry::KeyId, Position> keys_;  // where those that are valid were made
  smr::Uid frame_;                            // that is being executed
  std::shared_ptr<const Bytes> requests_;
  smr::RequestReader next_{ByteView()};
};

}  // namespace titer::sim
