// SPDX-License-Identifier: Apache-2.0

// Pieces of a state transfer to a learner, in any order. A donor is a replica and fails only by stopping, but a learner
// must not be the one that a broken donor takes down with it.
#include "fuzz/input.h"
#include "machine/machine.h"
#include "wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  machine::Machine learner;
  for (int i = 0; in.more() && i < 32; ++i) {
    const auto part = wire::decode_transfer_part(in.piece());
    if (!part) continue;
    if (!learner.read_part(*part)) return 0;  // it must be thrown away now
  }
  (void)learner.digest();
  return 0;
}
