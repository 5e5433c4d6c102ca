// SPDX-License-Identifier: Apache-2.0

// Token: a key as its owner carries it — titer_<id>_<secret>, 16 and 64 hexadecimal digits.
//
// The first part makes a token that lies about in a file or a log easy to find; the id is no secret and says which key it
// is; the secret is 256 random bits, and only its SHA-256 ever leaves whoever makes it (registry/keys.h). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/keys.h"

namespace titer::wire {

struct Token {
  registry::KeyId key;
  std::string secret;
};

// kInvalid: not a token. Says nothing of what it was given.
[[nodiscard]] Result<Token> parse_token(std::string_view text);
[[nodiscard]] std::string to_text(const Token& token);

// What somebody on another machine is told who shows none, where that is asked for even while there are none.
inline constexpr std::string_view kRemoteNeedsKey =
    "from another machine this needs a key; the first one is made at a replica's local socket";

[[nodiscard]] registry::SecretHash hash_secret(std::string_view secret);

}  // namespace titer::wire
