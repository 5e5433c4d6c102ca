// SPDX-License-Identifier: Apache-2.0

// Requests as they lie in a frame, and tables of sessions as they travel.
#include "base/check.h"
#include "fuzz/input.h"
#include "smr/request_batch.h"
#include "smr/session_table.h"

namespace titer::fuzz {
namespace {

void batch(Input in) {
  const std::uint32_t count = in.byte();
  const ByteView bytes = in.all();
  if (!smr::check_batch(bytes, count)) return;
  smr::RequestReader reader(bytes);
  for (std::uint32_t i = 0; i < count; ++i) (void)reader.next();
  TITER_CHECK(reader.ok() && !reader.more(), "an accepted batch has exactly its requests");
}

void table(Input in) {
  smr::SessionTable::Limits limits{4, 8, 512};
  smr::SessionTable one(limits), two(limits);
  if (!one.read(in.all())) return;
  Bytes out;
  one.write_since(Position(0), out);
  TITER_CHECK(two.read(out).ok(), "what is written can be read");
  two.forget_before(Position(0), one.horizon());  // the horizon is written apart from the sessions
  TITER_CHECK(two.digest() == one.digest(), "what is written is read as the same");
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  titer::fuzz::Input in(data, size);
  in.below(2) == 0 ? titer::fuzz::batch(in) : titer::fuzz::table(in);
  return 0;
}
