// SPDX-License-Identifier: Apache-2.0

// Streams: the streams of one installed view — a gateway per member and every direct client seen in it.
//
// Iteration is always in the order of transmitter ids, so nothing that is sent depends on a hash or an
// address. `live` direct streams are those that are active or have frames in memory: only they matter to
// order, acks and trimming, so a thousand passive clients cost nothing per frame.
//
// When there are kDirectClientsMax direct streams, those that are settled become summaries, of which a long view may have
// kSettledClientsMax. A summary becomes a stream again when its client comes back, and all of them do for a flush, because a
// flush names what is held of every stream: for the other members nothing is different.
//
// Thread rule: none; belongs to its replica. Limits: kDirectClientsMax streams and kSettledClientsMax summaries of
// direct clients.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "smr/stream.h"

namespace titer::smr {

class Streams {
 public:
  Streams(ReplicaId me, std::size_t direct_max, std::size_t settled_max)
      : me_(me), direct_max_(direct_max), settled_max_(settled_max) {}

  // A new view: empty gateway streams for its members, no direct clients.
  void reset(const ViewRecord& view);

  [[nodiscard]] Stream* find(TransmitterId id);
  [[nodiscard]] const Stream* find(TransmitterId id) const;
  // As find, but a direct client's stream is made if there is none; null beyond the limits or for a gateway
  // that is no member.
  [[nodiscard]] Stream* find_or_add(TransmitterId id);
  // Beyond the limits too: of a transmitter that the disk names (smr/recovery.h), or that a member relays in a flush.
  [[nodiscard]] Stream& add_named(TransmitterId id);
  // Null: it is no summary.
  [[nodiscard]] const SettledStream* settled(TransmitterId id) const;
  // For a flush: every stream is one again.
  void recall_settled();
  [[nodiscard]] Stream& own() { return *find(gateway_of(me_)); }
  [[nodiscard]] const Stream& own() const { return *find(gateway_of(me_)); }

  [[nodiscard]] const std::vector<Stream*>& gateways() const { return gateways_; }
  [[nodiscard]] const std::vector<Stream*>& live_direct() const { return live_; }
  [[nodiscard]] std::size_t direct_count() const { return streams_.size() - gateways_.size(); }
  // To be called when a direct stream becomes active or gets a frame.
  void enliven(Stream& stream);
  // Drops from memory what everybody has, and from `live` what no longer matters.
  void trim(ReplicaSet members);

  template <typename F>
  void for_each_live(F&& f) const {
    for (Stream* s : gateways_) f(*s);
    for (Stream* s : live_) f(*s);
  }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& [id, s] : streams_) f(*s);
  }
  template <typename F>
  void for_each_settled(F&& f) const {
    for (const auto& [id, summary] : settled_) f(id, summary);
  }

 private:
  void settle();
  Stream& add(TransmitterId id);

  ReplicaId me_;
  std::size_t direct_max_, settled_max_;
  ReplicaSet members_;
  std::map<TransmitterId, SettledStream> settled_;
  std::map<TransmitterId, std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> gateways_;  // by id
  std::vector<Stream*> live_;      // by id
};

}  // namespace titer::smr
