// SPDX-License-Identifier: Apache-2.0

// State transfer: what a learner asks for and the parts it gets.

#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {

void encode(Bytes& out, const TransferWant& want) {
  MessageWriter m(out, Type::kTransferWant);
  put_varint(m, want.since.value);
  put_varint(m, want.from_slot);
  put_varint(m, want.pass_began.value);
  put_varint(m, want.log_bytes);
  m.finish();
}
Result<TransferWant> decode_transfer_want(ByteView payload) {
  ByteReader in(payload);
  TransferWant w;
  w.since = Position(get_counter(in));
  w.from_slot = get_u32(in);
  w.pass_began = Position(get_counter(in));
  w.log_bytes = get_varint(in);
  if (!in.done()) return malformed("wish for a state transfer");
  return w;
}

void encode(Bytes& out, const TransferPart& part) {
  MessageWriter m(out, Type::kTransferPart);
  m.u8(static_cast<std::uint8_t>(part.kind));
  m.u8(part.more ? 1 : 0);
  put_varint(m, part.view.value);
  put_varint(m, part.next_slot);
  put_varint(m, part.slots);
  put_varint(m, part.complete.value);
  put_varint(m, part.clock.value);
  m.u64(part.digest);
  m.raw(part.body);
  m.finish();
}
Result<TransferPart> decode_transfer_part(ByteView payload) {
  ByteReader in(payload);
  TransferPart p;
  p.kind = get_enum(in, TransferKind::kSites, TransferKind::kIdempotency);
  p.more = get_bool(in);
  p.view = ViewNumber(get_counter(in));
  p.next_slot = get_u32(in);
  p.slots = get_u32(in);
  p.complete = Position(get_counter(in));
  p.clock = LamportTime(get_counter(in));
  p.digest = in.u64();
  p.body = in.raw(in.left());
  if (p.next_slot > p.slots) in.fail();
  if (!in.done()) return malformed("part of a state transfer");
  return p;
}

void encode(Bytes& out, const TransferLog& part) {
  MessageWriter m(out, Type::kTransferLog);
  put_varint(m, part.offset);
  m.raw(part.bytes);
  m.finish();
}
Result<TransferLog> decode_transfer_log(ByteView payload) {
  ByteReader in(payload);
  TransferLog p;
  p.offset = get_varint(in);
  p.bytes = in.raw(in.left());
  if (!in.done()) return malformed("piece of the execution log");
  return p;
}

}  // namespace titer::wire
