// SPDX-License-Identifier: Apache-2.0

#include "store/tables_head.h"

#include "base/limits.h"
#include "wire/codec.h"

namespace titer::store {
namespace {

void write_checkpoint(ByteWriter& w, const smr::Checkpoint& c) {
  wire::encode_record(w, c.installed);
  w.u64(c.last_executed.ts.value);
  w.u64(c.last_executed.transmitter.value);
  w.u64(c.clock.value);
  w.u32(static_cast<std::uint32_t>(c.bases.size()));
  for (const auto& [transmitter, seq] : c.bases) {
    w.u64(transmitter.value);
    w.u64(seq.value);
  }
}

smr::Checkpoint read_checkpoint(ByteReader& in) {
  smr::Checkpoint c;
  c.installed = wire::decode_record(in);
  c.last_executed.ts = LamportTime(in.u64());
  c.last_executed.transmitter = TransmitterId(in.u64());
  c.clock = LamportTime(in.u64());
  for (std::uint32_t n = in.u32(); n > 0 && in.ok(); --n) {
    const TransmitterId transmitter(in.u64());
    c.bases.emplace_back(transmitter, Seq(in.u64()));
  }
  return c;
}

}  // namespace

void encode_head(const Head& head, Bytes& out) {
  ByteWriter w(out);
  const machine::Machine::Standing& s = head.standing;
  w.u64(head.batch);
  w.u8(s.learning ? 1 : 0);
  w.u64(s.position.value);
  w.u64(s.digest);
  w.u64(s.pass_began.value);
  w.u32(s.next_slot);
  w.blob(s.registry);
  w.u64(s.horizon.value);
  w.blob(s.idempotency);
  write_checkpoint(w, head.checkpoint);
  for (const Position upto : head.events.each) w.u64(upto.value);
  w.u64(head.journal.salt);
  w.u64(head.journal.group);
  w.i64(head.written.value);
  w.u32(static_cast<std::uint32_t>(head.recoveries.size()));
  for (const std::string& text : head.recoveries) w.text(text);
}

Result<Head> decode_head(ByteView bytes) {
  ByteReader in(bytes);
  Head head;
  machine::Machine::Standing& s = head.standing;
  head.batch = in.u64();
  const std::uint8_t learning = in.u8();
  s.learning = learning != 0;
  s.position = Position(in.u64());
  s.digest = in.u64();
  s.pass_began = Position(in.u64());
  s.next_slot = in.u32();
  const ByteView registry = in.blob();
  s.registry.assign(registry.begin(), registry.end());
  s.horizon = Position(in.u64());
  const ByteView idempotency = in.blob();
  s.idempotency.assign(idempotency.begin(), idempotency.end());
  head.checkpoint = read_checkpoint(in);
  for (Position& upto : head.events.each) upto = Position(in.u64());
  head.journal.salt = in.u64();
  head.journal.group = in.u64();
  head.written = WallTime(in.i64());
  for (std::uint32_t n = in.u32(); n > 0 && in.ok(); --n) head.recoveries.emplace_back(in.text());
  const bool in_range = s.position.value <= limits::kCounterMax && s.horizon.value <= limits::kCounterMax &&
                        head.checkpoint.clock.value <= limits::kCounterMax;
  if (!in.done() || learning > 1 || !in_range) return Error{Code::kProtocol, "their head is malformed"};
  return head;
}

}  // namespace titer::store
