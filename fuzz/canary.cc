// SPDX-License-Identifier: Apache-2.0

// Fails for inputs that begin with "TT!": a harness that does not find this would find nothing.
#include "base/check.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  titer::fuzz::Input in(data, size);
  const bool sings = in.byte() == 'T' && in.byte() == 'T' && in.byte() == '!';
  TITER_CHECK(!sings, "the canary");
  return 0;
}
