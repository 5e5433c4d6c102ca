// SPDX-License-Identifier: Apache-2.0

#include "registry/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"

namespace titer::registry {
namespace {

Access::Verdict refused(Code code, std::string message) { return {code, std::move(message), nullptr}; }

std::size_t size_of(const KeyRow& row) {
  std::size_t size = sizeof(KeyRow) + row.owner.size() + row.created_by.size();
  for (const std::string& part : row.scope) size += sizeof(std::string) + part.size();
  return size;
}

void write_key(const KeyRow& row, ByteWriter& out) {
  out.u64(row.id.value);
  out.raw(row.secret);
  out.text(row.owner);
  out.u8(static_cast<std::uint8_t>(row.role));
  out.u32(static_cast<std::uint32_t>(row.scope.size()));
  for (const std::string& part : row.scope) out.text(part);
  out.i64(row.created.value);
  out.i64(row.expires.value);
  out.i64(row.revoked.value);
  out.text(row.created_by);
  out.u32(row.sites_max);
}

bool read_key(ByteReader& in, KeyRow& row) {
  row.id = KeyId(in.u64());
  const ByteView secret = in.raw(row.secret.size());
  if (!in.ok()) return false;
  std::copy(secret.begin(), secret.end(), row.secret.begin());
  row.owner = in.text();
  const std::uint8_t role = in.u8();
  row.role = static_cast<Role>(role);
  const std::uint32_t parts = in.u32();
  if (role < 1 || role > kRoles || parts > limits::kKeyScopeMax) return false;
  for (std::uint32_t i = 0; i < parts && in.ok(); ++i) row.scope.emplace_back(in.text());
  if (std::ranges::adjacent_find(row.scope, std::ranges::greater_equal()) != row.scope.end()) return false;
  row.created = WallTime(in.i64());
  row.expires = WallTime(in.i64());
  row.revoked = WallTime(in.i64());
  row.created_by = in.text();
  row.sites_max = in.u32();
  return in.ok() && row.id != kNoKey && row.id != kMachine;
}

void write_switch(const WriteSwitch& writes, ByteWriter& out) {
  out.u8(writes.stopped ? 1 : 0);
  out.text(writes.reason);
  out.text(writes.by);
  out.i64(writes.since.value);
}

std::uint64_t digest_of(const KeyRow& row) {
  Bytes bytes;
  ByteWriter out(bytes);
  write_key(row, out);
  return hash64(bytes);
}

std::uint64_t digest_of(const WriteSwitch& writes) {
  if (writes.since == WallTime()) return 0;
  Bytes bytes;
  ByteWriter out(bytes);
  write_switch(writes, out);
  return hash64(bytes);
}

}  // namespace

Key show(const KeyRow& row) {
  Key key{row.id, row.owner, row.role, {}, row.created, row.expires, row.revoked, row.created_by, row.sites_max};
  key.scope.assign(row.scope.begin(), row.scope.end());
  return key;
}

const KeyRow* Access::find(KeyId id) const {
  const auto it = keys_.find(id);
  return it == keys_.end() ? nullptr : &it->second;
}

Access::Verdict Access::judge(KeyId key, Act act, WallTime now) const {
  if (key == kMachine || (key == kNoKey && (!on() || is_public(act)))) return {};
  if (key == kNoKey)
    return refused(Code::kUnauthorized, "this needs a key, and none was given; an operator makes one for you");
  const KeyRow* row = find(key);
  if (row == nullptr) return refused(Code::kUnauthorized, "there is no such key; ask an operator for one");
  if (row->revoked.value != 0)
    return refused(Code::kUnauthorized, "this key was revoked; ask an operator for another one");
  if (row->expired(now))
    return refused(Code::kUnauthorized, "this key has expired; ask an operator for another one");
  if (grant(row->role, act) == Grant::kNo)
    return refused(Code::kForbidden,
                   fmt::format("a key with the role {} may not do this ({})", name(row->role), name(act)));
  return {Code::kOk, {}, row};
}

Status Access::check_secret(KeyId key, const SecretHash& secret, WallTime now) const {
  const KeyRow* row = find(key);
  constexpr SecretHash kNone{};
  const SecretHash& expected = row == nullptr ? kNone : row->secret;
  unsigned differ = row == nullptr ? 1 : 0;
  for (std::size_t i = 0; i < secret.size(); ++i) differ |= std::to_integer<unsigned>(secret[i] ^ expected[i]);
  if (differ != 0) return Error{Code::kUnauthorized, "this key is not known here; look for a typing error"};
  const Verdict verdict = judge(key, Act::kRead, now);
  return verdict.code == Code::kOk ? ok_status() : Status(Error{verdict.code, verdict.message});
}

bool Access::make_room(const KeyRow& row, WallTime now) {
  const auto end_of = [](const KeyRow& key) { return key.revoked.value != 0 ? key.revoked : key.expires; };
  std::size_t bytes = size_of(row);
  std::vector<std::pair<WallTime, KeyId>> ended;
  for (const auto& [id, other] : keys_) {
    bytes += size_of(other);
    if (other.ended(now)) ended.emplace_back(end_of(other), id);
  }
  std::sort(ended.begin(), ended.end());
  // First find out whether it is enough: one that is refused leaves everything as it was.
  std::size_t gone = 0;
  const auto full = [&] { return keys_.size() - gone >= limits::kKeysMax || bytes > limits::kAccessBytesMax; };
  for (; full() && gone < ended.size(); ++gone) bytes -= size_of(keys_.at(ended[gone].second));
  if (full()) return false;
  for (std::size_t i = 0; i < gone; ++i) {
    const auto it = keys_.find(ended[i].second);
    digest_ -= digest_of(it->second);
    keys_.erase(it);
  }
  return true;
}

bool Access::add(KeyRow row, WallTime now, Position changed) {
  if (!make_room(row, now)) return false;
  const KeyId id = row.id;
  digest_ += digest_of(row);
  keys_.emplace(id, std::move(row));
  changed_ = changed;
  return true;
}

void Access::revoke(KeyId id, WallTime now, Position changed) {
  const auto it = keys_.find(id);
  TITER_CHECK(it != keys_.end(), "a key that is revoked is there");
  digest_ -= digest_of(it->second);
  it->second.revoked = now;
  digest_ += digest_of(it->second);
  changed_ = changed;
}

void Access::set(const WriteSwitch& writes, Position changed) {
  digest_ -= digest_of(this->writes());
  stopped_ = writes.stopped;
  stop_reason_ = writes.reason;
  stop_by_ = writes.by;
  stop_since_ = writes.since;
  digest_ += digest_of(this->writes());
  changed_ = changed;
}

std::uint64_t Access::compute_digest() const {
  std::uint64_t sum = digest_of(writes());
  for (const auto& [id, row] : keys_) sum += digest_of(row);
  return sum;
}

void Access::write(Bytes& bytes) const {
  ByteWriter out(bytes);
  out.u64(changed_.value);
  write_switch(writes(), out);
  out.u32(static_cast<std::uint32_t>(keys_.size()));
  for (const auto& [id, row] : keys_) write_key(row, out);
}

bool Access::read(ByteView bytes) {
  ByteReader in(bytes);
  Access other;
  const Position changed(in.u64());
  other.stopped_ = in.u8() == 1;
  other.stop_reason_ = in.text();
  other.stop_by_ = in.text();
  other.stop_since_ = WallTime(in.i64());
  const std::uint32_t keys = in.u32();
  if (!in.ok() || keys > limits::kKeysMax) return false;
  for (std::uint32_t i = 0; i < keys; ++i) {
    KeyRow row;
    if (!read_key(in, row)) return false;
    const KeyId id = row.id;
    other.keys_.emplace(id, std::move(row));
  }
  if (!in.done() || other.keys_.size() != keys) return false;
  if (changed <= changed_) return true;
  other.changed_ = changed;
  other.digest_ = other.compute_digest();
  *this = std::move(other);
  return true;
}

}  // namespace titer::registry
