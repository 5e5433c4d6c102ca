// SPDX-License-Identifier: Apache-2.0

// Frames and the messages of the view change, between replicas; hello, welcome, solicit of direct clients.

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "smr/request_batch.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {

// Of an ack row or floors: every gateway and every direct client that one replica may know.
constexpr std::size_t kRowMax = limits::kReplicasMax + limits::kDirectClientsMax + limits::kSettledClientsMax;
constexpr std::uint8_t kRest = 1;      // of a frame
constexpr std::uint8_t kDisputed = 1;  // of a heartbeat
constexpr std::uint8_t kUrgent = 2;

TransmitterId get_transmitter(ByteReader& in) {
  const TransmitterId x(std::rotr(get_varint(in), 1));
  if (!is_direct_client(x) && x.value >= limits::kReplicasMax) in.fail();
  return x;
}

namespace {

void put_row(ByteWriter& out, const smr::AckRow& row) {
  put_varint(out, row.size());
  for (const auto& [transmitter, seq] : row) {
    put_transmitter(out, transmitter);
    put_varint(out, seq.value);
  }
}

smr::AckRow get_row(ByteReader& in) {
  const std::size_t n = get_count(in, kRowMax);
  smr::AckRow row;
  row.reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    const TransmitterId x = get_transmitter(in);
    if (!row.empty() && x <= row.back().first) in.fail();  // sorted, no one twice
    row.emplace_back(x, Seq(get_counter(in)));
  }
  return row;
}

void put_content(ByteWriter& out, const smr::Content& content) {
  out.u64(content.high);
  out.u64(content.low);
}

smr::Content get_content(ByteReader& in) {
  smr::Content content;
  content.high = in.u64();
  content.low = in.u64();
  return content;
}

std::size_t direct_clients_in(const smr::AckRow& row) {
  return static_cast<std::size_t>(
      std::ranges::count_if(row, [](const auto& entry) { return is_direct_client(entry.first); }));
}

smr::Content content_of(ByteView frame) {
  std::array<std::byte, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(frame.data()), frame.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  ByteReader in(hash);
  return get_content(in);
}

void put_frame(ByteWriter& out, const smr::Frame& f) {
  out.u8(f.rest ? kRest : 0);
  put_varint(out, f.view.value);
  put_transmitter(out, f.transmitter);
  put_varint(out, f.seq.value);
  put_varint(out, f.ts.value);
  put_time(out, f.stamp);
  put_row(out, f.acks);
  for (const smr::Content& content : f.ack_contents) put_content(out, content);
  put_varint(out, f.count);
  if (f.count == 0) return;
  put_varint(out, f.requests->size());
  out.raw(*f.requests);
}

// All but its content.
std::shared_ptr<smr::Frame> get_frame_fields(ByteReader& in) {
  auto f = std::make_shared<smr::Frame>();
  f->rest = get_flags(in, kRest) != 0;
  f->view = ViewNumber(get_counter(in));
  f->transmitter = get_transmitter(in);
  f->seq = Seq(get_counter(in));
  f->ts = LamportTime(get_counter(in));
  f->stamp = get_time(in);
  if (f->stamp.value < 0 || f->stamp.value > limits::kWallTimeMaxMs) in.fail();
  f->acks = get_row(in);
  for (std::size_t n = direct_clients_in(f->acks); n > 0 && in.ok(); --n)
    f->ack_contents.push_back(get_content(in));
  f->count = static_cast<std::uint32_t>(get_bounded(in, limits::kFrameRequestsMax));
  if (f->seq == Seq()) in.fail();
  if (f->count == 0 || !in.ok()) return f;
  const ByteView batch = in.raw(get_bounded(in, limits::kFrameBytesMax));
  if (in.ok() && smr::check_batch(batch, f->count).ok()) {
    f->requests = std::make_shared<const Bytes>(batch.begin(), batch.end());
  } else {
    in.fail();
  }
  return f;
}

smr::FramePtr get_frame(ByteReader& in) {
  ByteReader bytes = in;
  std::shared_ptr<smr::Frame> f = get_frame_fields(in);
  // Every frame has one encoding, so its bytes stand for what it says.
  if (in.ok() && is_direct_client(f->transmitter)) f->content = content_of(bytes.raw(bytes.left() - in.left()));
  return f;
}

void put_unsettled(ByteWriter& out, const std::vector<smr::Unsettled>& unsettled) {
  put_varint(out, unsettled.size());
  for (const smr::Unsettled& one : unsettled) {
    put_transmitter(out, one.client);
    put_varint(out, one.frames.size());
    for (const auto& [ts, content] : one.frames) {
      put_varint(out, ts.value);
      put_content(out, content);
    }
  }
}

std::vector<smr::Unsettled> get_unsettled(ByteReader& in) {
  std::vector<smr::Unsettled> unsettled;
  for (std::size_t n = get_count(in, limits::kDirectClientsMax); n > 0 && in.ok(); --n) {
    smr::Unsettled one;
    one.client = get_transmitter(in);
    if (!is_direct_client(one.client) || (!unsettled.empty() && one.client <= unsettled.back().client)) in.fail();
    const std::size_t frames = get_count(in, limits::kDirectFramesMax);
    if (frames == 0) in.fail();  // it would not be named
    for (std::size_t i = 0; i < frames && in.ok(); ++i) {
      const LamportTime ts(get_counter(in));
      one.frames.push_back({ts, get_content(in)});
    }
    unsettled.push_back(std::move(one));
  }
  return unsettled;
}

void put(Bytes& out, const smr::FramePtr& frame) { encode(out, *frame); }
void put(Bytes& out, const smr::Flush& flush) {
  MessageWriter m(out, Type::kFlush);
  put_varint(m, flush.view.value);
  m.u8(flush.full ? 1 : 0);
  put_varint(m, flush.installed.value);
  put_varint(m, flush.learned.value);
  put_row(m, flush.floors);
  put_row(m, flush.bases);
  put_unsettled(m, flush.unsettled);
  put_varint(m, flush.last_executed.ts.value);
  put_transmitter(m, flush.last_executed.transmitter);
  m.finish();
}
void put(Bytes& out, const smr::Relay& relay) {
  MessageWriter m(out, Type::kRelay);
  put_varint(m, relay.view.value);
  put_frame(m, *relay.frame);
  m.finish();
}
void put(Bytes& out, const smr::Done& done) {
  MessageWriter m(out, Type::kDone);
  put_varint(m, done.view.value);
  m.finish();
}
void put(Bytes& out, const smr::Heartbeat& beat) {
  MessageWriter m(out, Type::kHeartbeat);
  m.i64(beat.sent.value);
  m.i64(beat.echo.value);
  m.u64(beat.installed.value);
  m.u64(beat.checkpoint.value);
  m.u64(beat.digest);
  m.u32(beat.hears.bits);
  m.i64(beat.wall.value);
  m.u8(static_cast<std::uint8_t>((beat.disputed ? kDisputed : 0) | (beat.urgent ? kUrgent : 0)));
  m.finish();
}

smr::Flush get_flush(ByteReader& in) {
  smr::Flush f;
  f.view = ViewNumber(get_counter(in));
  f.full = get_bool(in);
  f.installed = ViewNumber(get_counter(in));
  f.learned = Position(get_counter(in));
  f.floors = get_row(in);
  f.bases = get_row(in);
  f.unsettled = get_unsettled(in);
  f.last_executed.ts = LamportTime(get_counter(in));
  f.last_executed.transmitter = get_transmitter(in);
  return f;
}
smr::Relay get_relay(ByteReader& in) {
  smr::Relay r;
  r.view = ViewNumber(get_counter(in));
  r.frame = get_frame(in);
  return r;
}
smr::Heartbeat get_heartbeat(ByteReader& in) {
  smr::Heartbeat h;
  h.sent = BootTime(in.i64());
  h.echo = BootTime(in.i64());
  h.installed = ViewNumber(get_fixed_counter(in));
  h.checkpoint = Position(get_fixed_counter(in));
  h.digest = in.u64();
  h.hears.bits = in.u32();
  h.wall = WallTime(in.i64());
  const std::uint8_t flags = get_flags(in, kDisputed | kUrgent);
  h.disputed = (flags & kDisputed) != 0;
  h.urgent = (flags & kUrgent) != 0;
  return h;
}

void put(Bytes& out, const smr::Hello& hello) {
  MessageWriter m(out, Type::kDirectHello);
  put_varint(m, hello.view.value);
  m.finish();
}
void put(Bytes& out, const smr::Welcome& welcome) {
  MessageWriter m(out, Type::kWelcome);
  put_varint(m, welcome.view.value);
  put_varint(m, welcome.clock.value);
  put_varint(m, welcome.next.value);
  m.finish();
}
void put(Bytes& out, const smr::Solicit& solicit) {
  MessageWriter m(out, Type::kSolicit);
  put_varint(m, solicit.view.value);
  put_varint(m, solicit.ts.value);
  m.finish();
}
void put(Bytes& out, const smr::ViewIs& view) {
  MessageWriter m(out, Type::kViewIs);
  encode_record(m, view.record);
  m.finish();
}

smr::Welcome get_welcome(ByteReader& in) {
  smr::Welcome w;
  w.view = ViewNumber(get_counter(in));
  w.clock = LamportTime(get_counter(in));
  w.next = Seq(get_counter(in));
  return w;
}
smr::Solicit get_solicit(ByteReader& in) {
  smr::Solicit s;
  s.view = ViewNumber(get_counter(in));
  s.ts = LamportTime(get_counter(in));
  return s;
}

// The value, if it was all of the payload.
template <typename V, typename T>
Result<V> whole(const ByteReader& in, T value) {
  if (!in.done()) return malformed("message of the replication protocol");
  return V(std::move(value));
}

}  // namespace

void encode(Bytes& out, const smr::Frame& frame) {
  MessageWriter m(out, Type::kFrame);
  put_frame(m, frame);
  m.finish();
}
void encode(Bytes& out, const smr::PeerMessage& message) {
  std::visit([&out](const auto& m) { put(out, m); }, message);
}
void encode(Bytes& out, const smr::FromClient& message) {
  std::visit([&out](const auto& m) { put(out, m); }, message);
}
void encode(Bytes& out, const smr::ToClient& message) {
  std::visit([&out](const auto& m) { put(out, m); }, message);
}

Result<smr::PeerMessage> decode_peer(const Message& message) {
  ByteReader in(message.payload);
  switch (message.type) {
    case Type::kFrame: return whole<smr::PeerMessage>(in, get_frame(in));
    case Type::kFlush: return whole<smr::PeerMessage>(in, get_flush(in));
    case Type::kRelay: return whole<smr::PeerMessage>(in, get_relay(in));
    case Type::kDone: return whole<smr::PeerMessage>(in, smr::Done{ViewNumber(get_counter(in))});
    case Type::kHeartbeat: return whole<smr::PeerMessage>(in, get_heartbeat(in));
    default: return Error{Code::kProtocol, "a message that does not belong on a link between replicas"};
  }
}

Result<smr::FromClient> decode_from_client(const Message& message) {
  ByteReader in(message.payload);
  if (message.type == Type::kDirectHello)
    return whole<smr::FromClient>(in, smr::Hello{ViewNumber(get_counter(in))});
  if (message.type != Type::kFrame) return Error{Code::kProtocol, "a message that a direct client does not send"};
  smr::FramePtr frame = get_frame(in);
  // A client acknowledges nothing and never speaks for a gateway.
  if (!is_direct_client(frame->transmitter) || !frame->acks.empty()) in.fail();
  return whole<smr::FromClient>(in, std::move(frame));
}

Result<smr::ToClient> decode_to_client(const Message& message) {
  ByteReader in(message.payload);
  switch (message.type) {
    case Type::kWelcome: return whole<smr::ToClient>(in, get_welcome(in));
    case Type::kSolicit: return whole<smr::ToClient>(in, get_solicit(in));
    case Type::kViewIs: return whole<smr::ToClient>(in, smr::ViewIs{decode_record(in)});
    default: return Error{Code::kProtocol, "a message that a direct client does not take"};
  }
}

}  // namespace titer::wire
