// SPDX-License-Identifier: Apache-2.0

#include "wire/token.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/hex.h"

namespace titer::wire {
namespace {

constexpr std::string_view kPrefix = "titer_";
constexpr std::size_t kIdDigits = kHex64Digits, kSecretDigits = 4 * kHex64Digits;

}  // namespace

std::string to_text(const Token& token) {
  return fmt::format("{}{}_{}", kPrefix, registry::to_text(token.key), token.secret);
}

Result<Token> parse_token(std::string_view text) {
  const Error none{Code::kInvalid,
                   "a key looks like titer_<16 digits>_<64 digits>, as it was shown when it was made"};
  if (text.size() != kPrefix.size() + kIdDigits + 1 + kSecretDigits || !text.starts_with(kPrefix)) return none;
  text.remove_prefix(kPrefix.size());
  const auto id = registry::parse_key_id(text.substr(0, kIdDigits));
  const std::string_view secret = text.substr(kIdDigits + 1);
  if (!id || text[kIdDigits] != '_' || !is_hex(secret)) return none;
  return Token{*id, std::string(secret)};
}

registry::SecretHash hash_secret(std::string_view secret) {
  registry::SecretHash hash{};
  static_assert(sizeof hash == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

}  // namespace titer::wire
