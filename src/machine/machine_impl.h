// What a Machine is made of. For machine.cc and transfer.cc only.
#pragma once

#include "machine/machine.h"
#include "smr/request_batch.h"

namespace titer::machine {

struct Machine::Impl {
  registry::State registry;
  smr::SessionTable sessions;
  Position position;  // of the last request in the order; the registry's own lags behind refused and repeated ones

  // Used again by every request, so that a steady state allocates nothing.
  registry::Request request;
  registry::Outcome outcome;
  Bytes result;
  std::string line;

  // Learner: what it is complete up to, and the beginning of a body that goes on in the next part.
  Position complete;
  wire::TransferKind pending_kind{};
  Bytes pending;

  void execute_one(const smr::Frame& frame, std::uint32_t index, const smr::RequestView& request, const Sink& sink,
                   const LogSink& log);
  // The encoded outcome of a request that is executed now for the first time.
  ByteView run(const smr::RequestView& request, WallTime stamp, bool& decoded);
  [[nodiscard]] std::uint64_t digest() const;
  // Learner: a whole part.
  [[nodiscard]] Status take(const wire::TransferPart& part, ByteView body);
  [[nodiscard]] Status take_head(const wire::TransferPart& part, ByteView body);
};

}  // namespace titer::machine
