// SPDX-License-Identifier: Apache-2.0

// What clients may ask of the state machine: requests and questions in any order, well-formed or not.
#include "base/check.h"
#include "fuzz/input.h"
#include "machine/machine.h"
#include "smr/request_batch.h"

namespace titer::fuzz {
namespace {

void execute(machine::Machine& machine, std::uint64_t step, const smr::RequestView& request) {
  auto bytes = std::make_shared<Bytes>();
  smr::append_request(*bytes, request);
  smr::Frame frame;
  frame.ts = LamportTime(step);
  frame.stamp = WallTime(static_cast<std::int64_t>(1'700'000'000'000 + step));
  frame.count = 1;
  frame.requests = std::move(bytes);
  machine.execute(frame, nullptr);
}

void run(Input in, machine::Machine& machine) {
  Bytes buffer;
  for (std::uint64_t step = 1; in.more() && step < 64; ++step) {
    const std::uint32_t kind = in.below(4);
    const ByteView body = in.piece();
    if (kind == 0) {
      wire::QueryAnswer answer;
      machine.query(body, buffer, answer);
    } else {
      execute(machine, step, {SessionId(kind), RequestNumber(step), body});
    }
  }
  Bytes events;
  (void)machine.events(Position(0), 100, events, false);
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  machine::Machine one, two;
  fuzz::run({data, size}, one);
  fuzz::run({data, size}, two);
  TITER_CHECK(one.registry().check().ok(), "rows, indexes and digest agree");
  TITER_CHECK(one.digest() == two.digest(), "the same requests give the same state");
  return 0;
}
