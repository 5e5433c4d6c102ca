// SPDX-License-Identifier: Apache-2.0

// The view register's record, and what supervisor and replicas say to one another.

#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

constexpr std::size_t kAddressBytesMax = 256;
constexpr std::size_t kRefusalBytesMax = 4096;
constexpr std::uint32_t kReplicaBits = (1U << limits::kReplicasMax) - 1;

}  // namespace

void encode_record(ByteWriter& out, const smr::ViewRecord& record) {
  put_varint(out, record.number.value);
  put_varint(out, record.members.size());
  for (const smr::Member& m : record.members) {
    out.u8(static_cast<std::uint8_t>(m.id.value));
    out.u64(m.incarnation.value);
    put_text(out, m.address);
  }
  put_varint(out, record.known_dead.size());
  for (const Incarnation dead : record.known_dead) out.u64(dead.value);
}

smr::ViewRecord decode_record(ByteReader& in) {
  smr::ViewRecord r;
  r.number = ViewNumber(get_counter(in));
  const std::size_t members = get_count(in, limits::kReplicasMax);
  r.members.reserve(members);
  for (std::size_t i = 0; i < members && in.ok(); ++i) {
    smr::Member m;
    m.id = ReplicaId(in.u8());
    m.incarnation = Incarnation(in.u64());
    m.address = std::string(as_text(in.raw(get_bounded(in, kAddressBytesMax))));
    if (m.id.value >= limits::kReplicasMax || (i > 0 && m.id <= r.members.back().id)) in.fail();
    r.members.push_back(std::move(m));
  }
  const std::size_t dead = get_count(in, limits::kKnownDeadMax);
  r.known_dead.reserve(dead);
  for (std::size_t i = 0; i < dead && in.ok(); ++i) r.known_dead.emplace_back(in.u64());
  return r;
}

void encode(Bytes& out, const smr::ViewRecord& record) {
  MessageWriter m(out, Type::kRegisterRecord);
  encode_record(m, record);
  m.finish();
}
Result<smr::ViewRecord> decode_register_record(ByteView payload) {
  ByteReader in(payload);
  smr::ViewRecord r = decode_record(in);
  if (!in.done()) return malformed("view record");
  return r;
}

void encode_installed(Bytes& out, const smr::Installed& line) {
  ByteWriter w(out);
  w.u64(line.last_executed.ts.value);
  w.u64(line.last_executed.transmitter.value);
  encode_record(w, line.view);
}
Result<smr::Installed> decode_installed(ByteView body) {
  ByteReader in(body);
  smr::Installed line;
  line.last_executed.ts = LamportTime(get_fixed_counter(in));
  line.last_executed.transmitter = TransmitterId(in.u64());
  line.view = decode_record(in);
  if (!in.done()) return malformed("line of an installed view");
  return line;
}

void encode_voided(Bytes& out, const smr::Voided& line) {
  ByteWriter w(out);
  w.u64(line.view.value);
  w.u64(line.client.value);
  w.u64(line.after.value);
}
Result<smr::Voided> decode_voided(ByteView body) {
  ByteReader in(body);
  smr::Voided line;
  line.view = ViewNumber(get_fixed_counter(in));
  line.client = TransmitterId(in.u64());
  line.after = Seq(get_fixed_counter(in));
  if (!is_direct_client(line.client)) in.fail();
  if (!in.done()) return malformed("line about frames that count nowhere");
  return line;
}

void encode(Bytes& out, const CompareAndSet& ask) {
  MessageWriter m(out, Type::kRegisterCompareAndSet);
  put_varint(m, ask.expected.value);
  m.u32(ask.without.bits);
  put_text(m, ask.reason);
  put_varint(m, ask.dead.size());
  for (const Incarnation dead : ask.dead) m.u64(dead.value);
  m.finish();
}
Result<CompareAndSet> decode_compare_and_set(ByteView payload) {
  ByteReader in(payload);
  CompareAndSet c;
  c.expected = ViewNumber(get_counter(in));
  c.without.bits = in.u32();
  c.reason = std::string(get_text(in));
  const std::size_t dead = get_count(in, limits::kReplicasMax);
  for (std::size_t i = 0; i < dead && in.ok(); ++i) c.dead.emplace_back(in.u64());
  if ((c.without.bits & ~kReplicaBits) != 0) in.fail();
  if (!in.done()) return malformed("compare-and-set");
  return c;
}

void encode(Bytes& out, const Ready& ready) {
  MessageWriter m(out, Type::kReady);
  put_varint(m, ready.learned.value);
  m.finish();
}
Result<Ready> decode_ready(ByteView payload) {
  ByteReader in(payload);
  const Ready r{Position(get_counter(in))};
  if (!in.done()) return malformed("ready");
  return r;
}

void encode(Bytes& out, const Inventory& inventory) {
  MessageWriter m(out, Type::kInventory);
  put_text(m, std::string_view(inventory.refusal).substr(0, kRefusalBytesMax));
  m.u8(inventory.whole ? 1 : 0);
  put_varint(m, inventory.installed.value);
  put_varint(m, inventory.lives.size());
  for (const Incarnation life : inventory.lives) m.u64(life.value);
  put_varint(m, inventory.position.value);
  m.finish();
}
Result<Inventory> decode_inventory(ByteView payload) {
  ByteReader in(payload);
  Inventory i;
  i.refusal = std::string(as_text(in.raw(get_bounded(in, kRefusalBytesMax))));
  i.whole = get_bool(in);
  i.installed = ViewNumber(get_counter(in));
  const std::size_t lives = get_count(in, limits::kKnownDeadMax);
  for (std::size_t n = 0; n < lives && in.ok(); ++n) i.lives.emplace_back(in.u64());
  i.position = Position(get_counter(in));
  if (!in.done()) return malformed("inventory");
  return i;
}

void encode(Bytes& out, const Pong& pong) {
  MessageWriter m(out, Type::kPong);
  m.u64(pong.number);
  m.u8(pong.full ? 1 : 0);
  put_varint(m, pong.installed.value);
  put_varint(m, pong.position.value);
  put_varint(m, pong.learned.value);
  m.u8(pong.learned_percent);
  m.finish();
}
Result<Pong> decode_pong(ByteView payload) {
  ByteReader in(payload);
  Pong p;
  p.number = in.u64();
  p.full = get_bool(in);
  p.installed = ViewNumber(get_counter(in));
  p.position = Position(get_counter(in));
  p.learned = Position(get_counter(in));
  p.learned_percent = in.u8();
  if (!in.done()) return malformed("pong");
  return p;
}

void encode_ping(Bytes& out, std::uint64_t number) {
  MessageWriter m(out, Type::kPing);
  m.u64(number);
  m.finish();
}
Result<std::uint64_t> decode_ping(ByteView payload) {
  ByteReader in(payload);
  const std::uint64_t number = in.u64();
  if (!in.done()) return malformed("ping");
  return number;
}

}  // namespace titer::wire
