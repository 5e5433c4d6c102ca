// SPDX-License-Identifier: Apache-2.0

// Every type of message: the first byte is its type, the rest its payload (a checksum would keep the fuzzer out).
#include "fuzz/input.h"
#include "wire/test_values.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  titer::fuzz::Input in(data, size);
  const auto type = static_cast<titer::wire::Type>(in.byte());
  (void)titer::wire::decodes({type, in.all()});
  return 0;
}
