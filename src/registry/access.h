// SPDX-License-Identifier: Apache-2.0

// Access: the keys and the write switch of one State, and the judgement that follows from them.
//
// Small and rarely changed, so it is plain: an ordered map, and one text of bytes for all of it where it travels (a
// joiner, the tables on disk) — no index, no increments. `changed` says when that is worth while, and which of two
// copies is the newer.
//
// Invariants: the digest is the sum over the keys and the switch, and 0 while both are as in a new registry, so states
// without keys have the digests they always had. Once there is a key there is one of an operator that neither ends nor
// was revoked.
// Limits: kKeysMax and kAccessBytesMax; keys that ended make room for new ones, the first that ended first.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "registry/keys.h"
#include "registry/permissions.h"

namespace titer::registry {

struct KeyRow {
  KeyId id;
  SecretHash secret{};
  std::string owner;
  Role role = Role::kReader;
  std::vector<std::string> scope;  // sorted, each part once: a bulk looks here for each of its operations
  WallTime created, expires, revoked;
  std::string created_by;
  std::uint32_t sites_max = 0;

  [[nodiscard]] bool expired(WallTime now) const { return expires.value != 0 && now >= expires; }
  [[nodiscard]] bool ended(WallTime now) const { return revoked.value != 0 || expired(now); }
  // One that keeps everybody from being locked out.
  [[nodiscard]] bool lasting_operator() const {
    return role == Role::kOperator && revoked.value == 0 && expires.value == 0;
  }
};

class Access {
 public:
  // May this key do that now? `key` is its row then; null: nobody has to be asked, or it is the machine's operator.
  struct Verdict {
    Code code = Code::kOk;  // kUnauthorized: no key, or none that counts; kForbidden: its role does not
    std::string message;
    const KeyRow* key = nullptr;
  };
  [[nodiscard]] Verdict judge(KeyId key, Act act, WallTime now) const;
  // Is this the secret of that key, and does it count now? In the same time whether it is or not.
  [[nodiscard]] Status check_secret(KeyId key, const SecretHash& secret, WallTime now) const;

  [[nodiscard]] bool on() const { return !keys_.empty(); }
  [[nodiscard]] const std::map<KeyId, KeyRow>& keys() const { return keys_; }
  [[nodiscard]] const KeyRow* find(KeyId id) const;
  [[nodiscard]] WriteSwitch writes() const { return {stopped_, stop_reason_, stop_by_, stop_since_}; }
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] Position changed() const { return changed_; }

  // False: there is no room, even without the keys that have ended.
  [[nodiscard]] bool add(KeyRow row, WallTime now, Position changed);
  void revoke(KeyId id, WallTime now, Position changed);
  void set(const WriteSwitch& writes, Position changed);

  void write(Bytes& out) const;
  // Takes over what write() wrote if that is newer. False: malformed, nothing is changed.
  [[nodiscard]] bool read(ByteView in);
  // The digest, computed from scratch.
  [[nodiscard]] std::uint64_t compute_digest() const;

 private:
  [[nodiscard]] bool make_room(const KeyRow& row, WallTime now);

  std::map<KeyId, KeyRow> keys_;
  bool stopped_ = false;
  std::string stop_reason_, stop_by_;
  WallTime stop_since_;
  Position changed_;
  std::uint64_t digest_ = 0;
};

// A key's row as it is shown. Views into the row.
[[nodiscard]] Key show(const KeyRow& row);

}  // namespace titer::registry
