// SPDX-License-Identifier: Apache-2.0

#include "client/new_token.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>

#include "base/check.h"
#include "base/hex.h"

namespace titer::client {

wire::Token new_token() {
  std::array<std::uint64_t, 5> words{};
  // The kernel gives up to 256 bytes whole.
  TITER_CHECK(::getrandom(words.data(), sizeof words, 0) == sizeof words, "the kernel has random numbers");
  wire::Token token;
  token.key = registry::KeyId(words[0] >> 1 | 1U);  // neither nobody nor the machine
  for (std::size_t i = 1; i < words.size(); ++i) token.secret += hex64(words[i]);
  return token;
}

}  // namespace titer::client
