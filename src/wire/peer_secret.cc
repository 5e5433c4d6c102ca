// SPDX-License-Identifier: Apache-2.0

#include "wire/peer_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "base/hex.h"

namespace titer::wire {
namespace {

constexpr std::size_t kSecretTextDigits = 4 * kHex64Digits;
constexpr std::string_view kLinkLabel = "titer link", kDeathLabel = "titer death";

void put_end(ByteWriter& out, const LinkEnd& end) {
  out.u16(end.replica.value);
  out.u64(end.incarnation.value);
  out.raw(end.nonce);
}

Mac hmac(const PeerSecret::Key& key, ByteView text) {
  Mac mac{};
  unsigned size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                          reinterpret_cast<unsigned char*>(mac.data()), &size);
  TITER_CHECK(made != nullptr && size == mac.size(), "OpenSSL has HMAC-SHA256");
  return mac;
}

std::string digits_of(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4U];
    text += kDigits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

}  // namespace

Result<PeerSecret> PeerSecret::parse(std::string_view text) {
  if (text.size() != kSecretTextDigits || !is_hex(text))
    return Error{Code::kInvalid, "a cluster's secret is 64 hexadecimal digits, in small letters"};
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::byte>(*hex_digit(text[2 * i]) << 4U | *hex_digit(text[2 * i + 1]));
  return PeerSecret(key);
}

std::string PeerSecret::to_text() const { return digits_of(key_); }

std::string PeerSecret::derive(std::string_view purpose) const {
  Bytes text;
  ByteWriter(text).text(purpose);
  return digits_of(hmac(key_, text));
}

Mac PeerSecret::prove(LinkSide side, const LinkNames& names) const {
  Bytes text;
  ByteWriter out(text);
  out.text(kLinkLabel);
  out.u8(static_cast<std::uint8_t>(side));
  out.u64(names.cluster);
  put_end(out, names.dialler);
  put_end(out, names.acceptor);
  return hmac(key_, text);
}

Mac PeerSecret::prove_death(std::uint64_t cluster, ReplicaId replica, Incarnation incarnation) const {
  Bytes text;
  ByteWriter out(text);
  out.text(kDeathLabel);
  out.u64(cluster);
  out.u16(replica.value);
  out.u64(incarnation.value);
  return hmac(key_, text);
}

bool same(const Mac& a, const Mac& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace titer::wire
