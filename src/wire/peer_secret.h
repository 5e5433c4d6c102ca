// SPDX-License-Identifier: Apache-2.0

// PeerSecret: what the replicas of one cluster know and nobody else does, and the proofs that they make with it.
//
// Without TLS everything that a Hello says can be said by anybody who reaches the port: cluster, incarnations and view are in
// every HelloReply. So two replicas prove to one another that they know the secret before either believes the other: each
// side answers a nonce of the other with an HMAC-SHA256 (RFC 2104) over both nonces, its own side of the link, and who the
// two are (ISO/IEC 9798-4, three passes). The side is in it so that no proof can be sent back to its maker, the two replicas
// so that it is good for this pair only, and the nonces so that it is good for this link only. A death notice is true whenever
// it arrives, so its proof needs no nonce; it is made while the replica lives and kept by its death watch.
//
// The secret proves who is at the ends. It does not encrypt, and somebody who can change what is on its way can add
// to a link that was proved: on a network that is not trusted, use TLS (then the secret is not needed).
//
// 256 random bits: a recorded proof helps nobody to guess it. It is in no message, log, status or command line.
// Pure. Errors: kInvalid, without a word of what was given. Thread rule: any; const.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace titer::wire {

using Nonce = std::array<std::byte, 32>;
using Mac = std::array<std::byte, 32>;

// One end of a link.
struct LinkEnd {
  ReplicaId replica;
  Incarnation incarnation;
  Nonce nonce{};  // its challenge to the other end
};
// What both ends of a link agree on before it carries anything.
struct LinkNames {
  std::uint64_t cluster = 0;
  LinkEnd dialler, acceptor;
};
enum class LinkSide : std::uint8_t { kDialler = 1, kAcceptor = 2 };

class PeerSecret {
 public:
  using Key = std::array<std::byte, 32>;
  explicit PeerSecret(const Key& key) : key_(key) {}

  // 64 hexadecimal digits, and to_text() back.
  [[nodiscard]] static Result<PeerSecret> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  // A secret for something else, in hexadecimal digits; this one does not follow from it.
  [[nodiscard]] std::string derive(std::string_view purpose) const;
  // That the process on this side of the link knows the secret.
  [[nodiscard]] Mac prove(LinkSide side, const LinkNames& names) const;
  // That this process of this replica has ended.
  [[nodiscard]] Mac prove_death(std::uint64_t cluster, ReplicaId replica, Incarnation incarnation) const;

 private:
  Key key_;
};

// In constant time.
[[nodiscard]] bool same(const Mac& a, const Mac& b);

}  // namespace titer::wire
