// SPDX-License-Identifier: Apache-2.0

// Keyring: the keys that clients have shown here before, so that only the first request with a key costs a question to the
// replica.
//
// An entry never becomes wrong: a key's secret never changes. Whether the key was revoked or has expired is checked
// for every request where it is authorized: in apply(), or by the replica that answers a query. Texts are compared
// by their SHA-256, so neither the texts lie about in memory nor does the time of a comparison tell anything.
// Limits: kKeyringMax; then all are forgotten. Thread rule: the worker's thread.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "wire/token.h"

namespace titer::api {

class Keyring {
 public:
  [[nodiscard]] std::optional<registry::KeyId> find(const wire::Token& token) const;
  void remember(const wire::Token& token);

 private:
  std::map<registry::SecretHash, registry::KeyId> keys_;
};

}  // namespace titer::api
