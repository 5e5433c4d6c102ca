// SPDX-License-Identifier: Apache-2.0

#include "api/keyring.h"

#include "api/limits.h"

namespace titer::api {

std::optional<registry::KeyId> Keyring::find(const wire::Token& token) const {
  const auto it = keys_.find(wire::hash_secret(token.secret));
  if (it == keys_.end() || it->second != token.key) return std::nullopt;
  return it->second;
}

void Keyring::remember(const wire::Token& token) {
  if (keys_.size() >= limits::kKeyringMax) keys_.clear();
  keys_.insert_or_assign(wire::hash_secret(token.secret), token.key);
}

}  // namespace titer::api
