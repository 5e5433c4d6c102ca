// SPDX-License-Identifier: Apache-2.0

// Hello, HelloReply, Challenge, Proof, Goodbye: the first and last messages of every link.

#include <algorithm>

#include "base/hash.h"
#include "base/hex.h"
#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

// The payload is these bytes and nothing else.
template <std::size_t size>
bool take(ByteView payload, std::array<std::byte, size>& into) {
  if (payload.size() != size) return false;
  std::ranges::copy(payload, into.begin());
  return true;
}

}  // namespace

void encode(Bytes& out, const Hello& hello) {
  MessageWriter m(out, Type::kHello);
  m.u8(static_cast<std::uint8_t>(hello.role));
  m.u64(hello.cluster);
  m.u64(hello.tables);
  m.u16(hello.replica.value);
  m.u64(hello.incarnation.value);
  m.u64(hello.transmitter.value);
  m.u64(hello.session.value);
  m.u64(hello.born.value);
  m.finish();
}

Result<Hello> decode_hello(ByteView payload) {
  ByteReader in(payload);
  Hello h;
  h.role = get_enum(in, Role::kReplica, Role::kDeathNotice);
  h.cluster = in.u64();
  h.tables = in.u64();
  h.replica = ReplicaId(in.u16());
  h.incarnation = Incarnation(in.u64());
  h.transmitter = TransmitterId(in.u64());
  h.session = SessionId(in.u64());
  h.born = Position(get_fixed_counter(in));
  if (h.of_replica() && h.replica.value >= limits::kReplicasMax) in.fail();
  if (h.role == Role::kDirectClient && !is_direct_client(h.transmitter)) in.fail();
  if (!in.done()) return malformed("hello");
  return h;
}

std::uint64_t stream_of(std::uint64_t cluster, std::size_t accepted_losses) {
  return accepted_losses == 0 ? cluster : hash64(as_bytes(hex64(cluster)), accepted_losses);
}

void encode(Bytes& out, const HelloReply& reply) {
  MessageWriter m(out, Type::kHelloReply);
  m.u64(reply.cluster);
  m.u64(reply.tables);
  m.u16(reply.replica.value);
  m.u64(reply.incarnation.value);
  encode_record(m, reply.view);
  put_varint(m, reply.next.value);
  m.u64(reply.stream);
  m.finish();
}

Result<HelloReply> decode_hello_reply(ByteView payload) {
  ByteReader in(payload);
  HelloReply r;
  r.cluster = in.u64();
  r.tables = in.u64();
  r.replica = ReplicaId(in.u16());
  r.incarnation = Incarnation(in.u64());
  r.view = decode_record(in);
  r.next = Position(get_counter(in));
  r.stream = in.u64();
  if (r.replica.value >= limits::kReplicasMax) in.fail();
  if (!in.done()) return malformed("answer to a hello");
  return r;
}

void encode(Bytes& out, const Goodbye& goodbye) {
  MessageWriter m(out, Type::kGoodbye);
  m.u8(static_cast<std::uint8_t>(goodbye.code));
  put_text(m, goodbye.reason);
  m.finish();
}

Result<Goodbye> decode_goodbye(ByteView payload) {
  ByteReader in(payload);
  Goodbye g;
  g.code = get_code(in);
  g.reason = std::string(get_text(in));
  if (!in.done()) return malformed("goodbye");
  return g;
}

void encode(Bytes& out, const Challenge& challenge) {
  MessageWriter m(out, Type::kChallenge);
  m.raw(challenge.nonce);
  m.finish();
}

Result<Challenge> decode_challenge(ByteView payload) {
  Challenge c;
  if (!take(payload, c.nonce)) return malformed("challenge");
  return c;
}

void encode(Bytes& out, const Proof& proof) {
  MessageWriter m(out, Type::kProof);
  m.raw(proof.mac);
  m.finish();
}

Result<Proof> decode_proof(ByteView payload) {
  Proof p;
  if (!take(payload, p.mac)) return malformed("proof");
  return p;
}

}  // namespace titer::wire
