// SPDX-License-Identifier: Apache-2.0

// The words of the protocol as types: uid, frame, view, and the messages between replicas and direct clients.
//
// Plain values without behaviour. Requests are opaque bytes here; request_batch.h knows how they lie in a
// frame. docs/explanation/protocol.md has the words; its sections are quoted as "§n".
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace titer::smr {

// The total order of frames (Lamport 1978): by time, ties by transmitter.
struct Uid {
  LamportTime ts;
  TransmitterId transmitter;
  auto operator<=>(const Uid&) const = default;
};

// A set of replicas of one cluster, bit i for ReplicaId i (at most limits::kReplicasMax).
struct ReplicaSet {
  std::uint32_t bits = 0;

  [[nodiscard]] bool has(ReplicaId r) const { return (bits >> r.value & 1U) != 0; }
  void add(ReplicaId r) { bits |= 1U << r.value; }
  void remove(ReplicaId r) { bits &= ~(1U << r.value); }
  [[nodiscard]] bool empty() const { return bits == 0; }
  [[nodiscard]] int size() const { return std::popcount(bits); }
  bool operator==(const ReplicaSet&) const = default;
};

struct Member {
  ReplicaId id;
  Incarnation incarnation;
  std::string address;  // host:port of its wire listener; opaque to smr, for those who must dial it
  bool operator==(const Member&) const = default;
};

// What the view register holds (§4). Members are sorted by id, at most one per id.
struct ViewRecord {
  ViewNumber number;
  std::vector<Member> members;
  std::vector<Incarnation> known_dead;  // of those excluded: certainly dead, so no lease of theirs is waited for

  [[nodiscard]] const Member* find(ReplicaId id) const {
    for (const Member& m : members)
      if (m.id == id) return &m;
    return nullptr;
  }
  [[nodiscard]] bool has(ReplicaId id, Incarnation incarnation) const {
    const Member* m = find(id);
    return m != nullptr && m->incarnation == incarnation;
  }
  // May a message to `id` go to this incarnation? The view names another one if not; one that it does not name at all may
  // be a learner.
  [[nodiscard]] bool addresses(ReplicaId id, Incarnation incarnation) const {
    const Member* m = find(id);
    return m == nullptr || m->incarnation == incarnation;
  }
  [[nodiscard]] ReplicaSet set() const {
    ReplicaSet s;
    for (const Member& m : members) s.add(m.id);
    return s;
  }
  bool operator==(const ViewRecord&) const = default;
};

// For each transmitter, the highest seq held (in a frame's row: on disk, when durable). Sorted by transmitter.
// A frame's row names only what rose since its sender's frame before; receivers see them all, in order.
using AckRow = std::vector<std::pair<TransmitterId, Seq>>;

// What a direct client's frame contains: the first 128 bits of the SHA-256 of its encoding, which its decoder computes (wire).
// Cryptographic, because a client that lies chooses both contents, and pairs that collide under XXH3 are easy to make. A pair
// that collides here takes some 2^64 hashes.
struct Content {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Content&) const = default;
};

// One broadcast and the unit of order. count == 0 is Schneider's null request. Named by (view, transmitter,
// seq).
struct Frame {
  ViewNumber view;
  TransmitterId transmitter;
  Seq seq;
  LamportTime ts;
  WallTime stamp;     // transmitter's wall clock when it was sent: the only source of time for the state machine
  bool rest = false;  // a direct client's last frame before it is passive again (§3.4)
  std::uint32_t count = 0;  // requests in it
  AckRow acks;              // gateways only
  // Of each direct client in `acks`, in order: the running content of all its frames up to there (fold). What a member
  // acknowledges of a direct client counts only where this is the same.
  std::vector<Content> ack_contents;
  Content content;                        // direct clients' frames only
  std::shared_ptr<const Bytes> requests;  // request_batch.h; null when count == 0

  [[nodiscard]] Uid uid() const { return {ts, transmitter}; }
};
using FramePtr = std::shared_ptr<const Frame>;

// A view was installed here, when everything up to `last_executed` had been executed: a line in the journal, between
// the frames of the old view and those of the new one.
struct Installed {
  ViewRecord view;
  Uid last_executed;
};
// The members hold different frames of this direct client beyond `after`, so none of them counts (§4.4): a line in the journal,
// behind the frames.
struct Voided {
  ViewNumber view;
  TransmitterId client;
  Seq after;
};

// --- between replicas; channels are FIFO

// The newest frames of a direct client, up to the floor: as many as may not be settled yet.
struct Unsettled {
  struct Item {
    LamportTime ts;
    Content content;
    bool operator==(const Item&) const = default;
  };
  TransmitterId client;
  std::vector<Item> frames;
  bool operator==(const Unsettled&) const = default;
};
// §4 flush step 2.
struct Flush {
  ViewNumber view;       // the one being agreed
  bool full = false;     // false: a learner, it has no floors
  ViewNumber installed;  // sender's installed view, when full
  Position learned;      // learners: everything up to here has been received from a donor
  AckRow floors;         // highest seq held from every transmitter of `installed`
  AckRow bases;  // up to here every member acknowledged them; a member below has forgotten what it had on disk
  std::vector<Unsettled> unsettled{};  // of each direct client in `floors` that has some, in order
  Uid last_executed{};                 // by the sender, in any view
};
// §4 flush step 4: a frame of view `frame->view` that the receiver misses.
struct Relay {
  ViewNumber view;
  FramePtr frame;
};
// §4 flush step 5.
struct Done {
  ViewNumber view;
};
// §5. Every heartbeat carries the sender's own clock reading and gives the receiver's last one back.
struct Heartbeat {
  BootTime sent;  // sender's clock
  BootTime echo;  // the newest `sent` received from the peer this goes to; 0 if none or not granted
  ViewNumber installed;
  Position checkpoint;       // I10: at this position …
  std::uint64_t digest = 0;  // … the sender's state had this digest; 0/0 until the first checkpoint
  ReplicaSet hears;          // members of the sender's newest view that it hears (§4, suspicion)
  WallTime wall;             // sender's wall clock, as it shows it; 0: not known yet
  bool disputed = false;     // the sender knows of different digests at `checkpoint`; tell it yours (I10)
  bool urgent = false;       // answer with a heartbeat immediately: a read waits for its echo (§5)
};
using PeerMessage = std::variant<FramePtr, Flush, Relay, Done, Heartbeat>;

// --- between a direct client and a replica (§3)

struct Hello {
  ViewNumber view;
};
using FromClient = std::variant<Hello, FramePtr>;

struct Welcome {
  ViewNumber view;
  LamportTime clock;
  Seq next;
};
struct Solicit {
  ViewNumber view;
  LamportTime ts;
};
struct ViewIs {
  ViewRecord record;
};
using ToClient = std::variant<Welcome, Solicit, ViewIs>;

}  // namespace titer::smr
