// SPDX-License-Identifier: Apache-2.0

#include "sim/reference.h"

#include "registry/testing/compare.h"
#include "wire/codec.h"

namespace titer::sim {

void Reference::executed(Position position, const smr::Frame& frame, bool fresh) {
  if (frame.requests == nullptr) return;  // a test of the ledger alone
  if (requests_ == nullptr || frame.uid() != frame_) {
    frame_ = frame.uid();
    requests_ = frame.requests;
    next_ = smr::RequestReader(*requests_);
  }
  const smr::RequestView asked = next_.next();
  const auto request = wire::decode_request(asked.body);
  if (!fresh || !request.ok()) return;
  const registry::Outcome& outcome = outcomes_[position] = model_.apply(*request, position, frame.stamp);
  if (!outcome.changed) return;
  if (const auto* made = std::get_if<registry::CreateKey>(&request->operation)) keys_.emplace(made->id, position);
  if (const auto* revoked = std::get_if<registry::RevokeKey>(&request->operation)) keys_.erase(revoked->id);
}

bool Reference::valid_since(registry::KeyId key, Position position) const {
  const auto made = keys_.find(key);
  return made != keys_.end() && made->second <= position;
}

std::string Reference::difference(Position position, ByteView result) const {
  const auto expected = outcomes_.find(position);
  registry::Outcome told;
  if (expected == outcomes_.end() || !wire::decode_outcome(result, told)) return {};
  return registry::test::difference(told, expected->second);
}

std::string Reference::difference(const registry::State& state, bool whole) {
  return whole ? registry::test::difference(state, model_, random_)
               : registry::test::difference_of_sample(state, model_, random_);
}

}  // namespace titer::sim
