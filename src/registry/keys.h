// SPDX-License-Identifier: Apache-2.0

// Keys: permissions as replicated state. The types are here; the table of what each role may do is in
// permissions.h.
//
// A key is a name (64 random bits) and a secret, of which only the SHA-256 is known here: the program that makes a
// key makes the secret, shows it once and sends the hash. So no request, history, backup or disk contains anything
// that could be used as a key. Why a plain hash is enough: a secret is 256 random bits and no password, nobody
// guesses it.
//
// As long as there is no key, everybody may do everything, as in a cluster for trials. From the first key on, which
// must be an operator's without an end, every write needs one. That operator's kind of key is never the last to go.
//
// Views: see types.h for lifetimes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace titer::registry {

using KeyId = Id<struct KeyTag, std::uint64_t>;
// A request without a key.
inline constexpr KeyId kNoKey{};
// The operator at the machine itself, who came through a replica's local socket: needs no key, makes the first one, and
// gets in when all secrets are lost. Replicas let nobody else say it.
inline constexpr KeyId kMachine{~std::uint64_t{0}};
// As people see it: 16 hexadecimal digits. nullopt: not the id of a key.
[[nodiscard]] std::string to_text(KeyId key);
[[nodiscard]] std::optional<KeyId> parse_key_id(std::string_view text);

using SecretHash = std::array<std::byte, 32>;  // SHA-256

enum class Role : std::uint8_t {
  kReader = 1,
  kProvider = 2,      // scope: ids of its sites
  kJurisdiction = 3,  // scope: states (two capitals) and ZIP codes (or their first 3 or 4 digits)
  kAggregator = 4,    // scope: the name of its source, one; the sites that the key itself has added
  kAuditor = 5,
  kOperator = 6,
};
inline constexpr std::size_t kRoles = 6;
[[nodiscard]] std::string_view name(Role role);  // "reader", …

// Classes of operations: every request, query and admin command of a client is one of them.
enum class Act : std::uint8_t {
  kRead = 0,      // sites, stock, search, export, changes, status
  kAudit = 1,     // who did what and why, and which keys there are
  kStock = 2,     // set, adjust, reserve, release
  kAddSite = 3,   // …
  kEditSite = 4,  // edit, close
  kImport = 5,    // rows of a file or feed
  kUndo = 6,      // …
  kKeys = 7,      // create and revoke keys
  kSwitch = 8,    // stop writes, allow them again
  kOperate = 9,   // backup, trace, kill and start replicas
  kDirect = 10,   // to be a direct client, on which the protocol relies as on a replica
};
inline constexpr std::size_t kActs = 11;

// A key as it is shown: without the hash of its secret.
struct Key {
  KeyId id;
  std::string_view owner;  // the actor of its requests
  Role role = Role::kReader;
  std::vector<std::string_view> scope;
  WallTime created, expires, revoked;  // expires, revoked: 0, never
  std::string_view created_by;
  std::uint32_t sites_max = 0;  // sites that it may add; 0: kKeySitesDefault, or no bound (scope.h)
};

// The switch that stops writes while reads go on.
struct WriteSwitch {
  bool stopped = false;
  std::string_view reason, by;  // of the last change
  WallTime since;
};

}  // namespace titer::registry
