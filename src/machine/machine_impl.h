// SPDX-License-Identifier: Apache-2.0

// What a Machine is made of. For machine.cc and transfer.cc only.
#pragma once

#include <array>

#include "machine/machine.h"
#include "smr/request_batch.h"

namespace titer::machine {

struct Machine::Impl {
  explicit Impl(const Limits& limits)
      : registry(limits.history),
        sessions(limits.sessions),
        idempotency(limits.idempotency),
        part_bytes(limits.part_bytes) {}

  registry::State registry;
  smr::SessionTable sessions;
  IdempotencyTable idempotency;
  std::size_t part_bytes;  // Limits::part_bytes
  Position position;  // of the last request in the order; the registry's own lags behind refused and repeated ones

  // Requests of a frame are decoded kAhead before their turn and their rows asked for kAhead / 2 before it, so that
  // execution does not wait for memory. A ring, used again by every frame: a steady state allocates nothing.
  static constexpr std::uint32_t kAhead = 16;
  struct Ahead {
    smr::RequestView asked;
    registry::Request request;
    bool decoded = false;
    std::uint64_t expected = 0;
  };
  std::array<Ahead, kAhead> ahead;
  registry::Outcome outcome;
  registry::Request judged;  // of refuses()
  Bytes result;
  std::string line;

  // Learner: the pass that is under way, and the beginning of a body that goes on in the next part. It is complete up
  // to `position`.
  Position pass_began;          // the pass's end makes it complete up to here …
  std::uint32_t next_slot = 0;  // … and sites below this slot have come; 0: no pass is under way
  wire::TransferKind pending_kind{};
  Bytes pending;
  ViewNumber final_view;  // newest view of which a final state began to arrive; 0: none yet

  void decode_ahead(const smr::RequestView& asked, Ahead& into) const;
  void execute_one(const smr::Frame& frame, std::uint32_t index, const Ahead& next, const Sink& sink,
                   const LogSink& log);
  // A request that the session table calls fresh: executes it, or finds the outcome of its idempotency key. The encoded
  // outcome; `remembered`: the session knows it from now on.
  ByteView run(const Ahead& next, WallTime stamp, bool& repeated);
  ByteView run_keyed(const Ahead& next, WallTime stamp, bool& repeated);
  ByteView refusal(Code code, std::string_view why);
  // Is the result in `outcome` remembered in this session?
  [[nodiscard]] bool kept(SessionId session) const;
  [[nodiscard]] std::uint64_t digest(bool learning = false) const;
  void note_progress(const wire::TransferPart& part);
  // Learner: a whole part.
  [[nodiscard]] Status take(const wire::TransferPart& part, ByteView body);
  [[nodiscard]] Status take_head(const wire::TransferPart& part, ByteView body);
};

}  // namespace titer::machine
