// SPDX-License-Identifier: Apache-2.0

#include "smr/streams.h"

#include <algorithm>

#include "smr/rules.h"

namespace titer::smr {

void Streams::reset(const ViewRecord& view) {
  live_.clear();
  gateways_.clear();
  streams_.clear();
  settled_.clear();
  members_ = view.set();
  for (const Member& m : view.members) {
    auto& slot = streams_[gateway_of(m.id)];
    slot = std::make_unique<Stream>(gateway_of(m.id), me_);
    gateways_.push_back(slot.get());
  }
}

Stream* Streams::find(TransmitterId id) {
  if (!is_direct_client(id)) {
    for (Stream* s : gateways_)
      if (s->id() == id) return s;
    return nullptr;
  }
  const auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : it->second.get();
}

const Stream* Streams::find(TransmitterId id) const { return const_cast<Streams*>(this)->find(id); }

Stream& Streams::add(TransmitterId id) {
  auto& slot = streams_[id];
  slot = std::make_unique<Stream>(id, me_);
  if (const auto it = settled_.find(id); it != settled_.end()) {
    slot->resume(it->second, members_);
    settled_.erase(it);
  }
  return *slot;
}

Stream* Streams::find_or_add(TransmitterId id) {
  if (Stream* s = find(id)) return s;
  if (!is_direct_client(id)) return nullptr;
  if (direct_count() >= direct_max_) settle();
  return direct_count() < direct_max_ ? &add(id) : nullptr;
}

Stream& Streams::add_named(TransmitterId id) {
  if (Stream* s = find(id)) return *s;
  SMR_CHECK(is_direct_client(id), "the gateways of a view are its members'");
  return add(id);
}

const SettledStream* Streams::settled(TransmitterId id) const {
  const auto it = settled_.find(id);
  return it == settled_.end() ? nullptr : &it->second;
}

void Streams::settle() {
  for (auto it = streams_.begin(); it != streams_.end();) {
    const Stream& s = *it->second;
    const bool room = settled_.size() < settled_max_;
    if (!room || !is_direct_client(s.id()) || !s.settled()) {
      ++it;
      continue;
    }
    std::erase(live_, &s);
    settled_.emplace(s.id(), s.summary());
    it = streams_.erase(it);
  }
}

void Streams::recall_settled() {
  while (!settled_.empty()) (void)add(settled_.begin()->first);
}

void Streams::enliven(Stream& stream) {
  if (!is_direct_client(stream.id())) return;
  const auto at = std::lower_bound(live_.begin(), live_.end(), stream.id(),
                                   [](const Stream* s, TransmitterId id) { return s->id() < id; });
  if (at == live_.end() || *at != &stream) live_.insert(at, &stream);
}

void Streams::trim(ReplicaSet members) {
  for_each_live([&](Stream& s) {
    if (s.in_memory() > 0) s.trim(members);
  });
  std::erase_if(live_, [](const Stream* s) { return !s->active && s->in_memory() == 0; });
}

}  // namespace titer::smr
