// SPDX-License-Identifier: Apache-2.0

// Clients' requests and questions, watchers, status. Bodies travel as they are to the end of the payload.

#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

// number (u64), then the body: requests, answers and queries.
void put_numbered(Bytes& out, Type type, std::uint64_t number, ByteView body) {
  out.reserve(out.size() + kHeaderBytes + sizeof number + body.size());
  MessageWriter m(out, type);
  m.u64(number);
  m.raw(body);
  m.finish();
}

void put_json(Bytes& out, Type type, std::string_view json) {
  MessageWriter m(out, type);
  m.raw(as_bytes(json));
  m.finish();
}

}  // namespace

void encode(Bytes& out, const Request& request) {
  put_numbered(out, Type::kRequest, request.number.value, request.body);
}
void encode(Bytes& out, const Answer& answer) {
  put_numbered(out, Type::kAnswer, answer.number.value, answer.result);
}
void encode(Bytes& out, const Query& query) {
  if (query.as == registry::kMachine) return put_numbered(out, Type::kQuery, query.token, query.body);
  MessageWriter m(out, Type::kQueryAs);
  m.u64(query.token);
  m.u64(query.as.value);
  m.raw(query.body);
  m.finish();
}

Status request_fits(ByteView body) {
  if (body.size() > limits::kRequestBytesMax)
    return Error{Code::kTooLarge, "a request of more than 256 KiB; split it"};
  return ok_status();
}

Result<Request> decode_request_message(ByteView payload) {
  ByteReader in(payload);
  Request r;
  r.number = RequestNumber(in.u64());
  r.body = in.raw(in.left());
  if (const Status fits = request_fits(r.body); !fits) return fits.error();
  if (!in.done() || r.number == RequestNumber() || r.number.value > limits::kCounterMax)
    return malformed("request");
  return r;
}
Result<Answer> decode_answer(ByteView payload) {
  ByteReader in(payload);
  Answer a;
  a.number = RequestNumber(in.u64());
  a.result = in.raw(in.left());
  if (!in.done()) return malformed("answer");
  return a;
}
Result<Query> decode_query_message(ByteView payload) {
  ByteReader in(payload);
  Query q;
  q.token = in.u64();
  q.body = in.raw(in.left());
  if (!in.done()) return malformed("query");
  return q;
}

Result<Query> decode_query_as(ByteView payload) {
  ByteReader in(payload);
  Query q;
  q.token = in.u64();
  q.as = registry::KeyId(in.u64());
  q.body = in.raw(in.left());
  if (!in.done() || q.as == registry::kMachine) return malformed("query");
  return q;
}

void encode(Bytes& out, const Authenticate& who) {
  MessageWriter m(out, Type::kAuthenticate);
  m.u64(who.key.value);
  put_text(m, who.secret);
  m.finish();
}
Result<Authenticate> decode_authenticate(ByteView payload) {
  ByteReader in(payload);
  Authenticate who;
  who.key = registry::KeyId(in.u64());
  who.secret = get_text(in);
  if (!in.done() || who.secret.size() > limits::kNameBytesMax) return malformed("key");
  return who;
}

void encode(Bytes& out, const Authenticated& answer) {
  MessageWriter m(out, Type::kAuthenticated);
  m.u8(static_cast<std::uint8_t>(answer.code));
  put_text(m, answer.reason);
  m.finish();
}
Result<Authenticated> decode_authenticated(ByteView payload) {
  ByteReader in(payload);
  Authenticated answer;
  answer.code = get_code(in);
  answer.reason = std::string(get_text(in));
  if (!in.done()) return malformed("answer to a key");
  return answer;
}

void encode(Bytes& out, const QueryAnswer& answer) {
  MessageWriter m(out, Type::kQueryAnswer);
  m.u64(answer.token);
  put_varint(m, answer.position.value);
  m.u8(static_cast<std::uint8_t>(answer.code));
  m.raw(answer.body);
  m.finish();
}
Result<QueryAnswer> decode_query_answer(ByteView payload) {
  ByteReader in(payload);
  QueryAnswer a;
  a.token = in.u64();
  a.position = Position(get_varint(in));
  a.code = get_code(in);
  a.body = in.raw(in.left());
  if (!in.done()) return malformed("answer to a query");
  return a;
}

void encode(Bytes& out, const Watch& watch) {
  const bool plain = watch.as == registry::kMachine;
  MessageWriter m(out, plain ? Type::kWatch : Type::kWatchAs);
  if (!plain) m.u64(watch.as.value);
  put_varint(m, watch.since.value);
  m.finish();
}
Result<Watch> decode_watch(ByteView payload) {
  ByteReader in(payload);
  const Watch w{Position(get_varint(in))};
  if (!in.done()) return malformed("watch");
  return w;
}
Result<Watch> decode_watch_as(ByteView payload) {
  ByteReader in(payload);
  Watch w;
  w.as = registry::KeyId(in.u64());
  w.since = Position(get_varint(in));
  if (!in.done() || w.as == registry::kMachine) return malformed("watch");
  return w;
}

void encode(Bytes& out, const Events& events) {
  MessageWriter m(out, Type::kEvents);
  put_varint(m, events.upto.value);
  m.u8(static_cast<std::uint8_t>(events.code));
  put_text(m, events.reason);
  put_varint(m, events.count);
  m.raw(events.events);
  m.finish();
}
Result<Events> decode_events(ByteView payload) {
  ByteReader in(payload);
  Events e;
  e.upto = Position(get_varint(in));
  e.code = get_code(in);
  e.reason = std::string(get_text(in));
  e.count = static_cast<std::uint32_t>(get_count(in, payload.size()));
  e.events = in.raw(in.left());
  if (!in.done() || (e.count == 0) != e.events.empty()) return malformed("events");
  return e;
}

void encode_status_ask(Bytes& out) { MessageWriter(out, Type::kStatusAsk).finish(); }
void encode_trace_ask(Bytes& out) { MessageWriter(out, Type::kTraceAsk).finish(); }
void encode_backup_ask(Bytes& out) { MessageWriter(out, Type::kBackupAsk).finish(); }
void encode_stop(Bytes& out) { MessageWriter(out, Type::kStop).finish(); }
void encode_status(Bytes& out, std::string_view json) { put_json(out, Type::kStatus, json); }
void encode_trace(Bytes& out, std::string_view json) { put_json(out, Type::kTrace, json); }

void encode(Bytes& out, const Operate& ask) {
  MessageWriter m(out, Type::kOperate);
  m.u64(ask.token);
  m.u8(static_cast<std::uint8_t>(ask.what));
  m.u32(ask.replica);
  m.finish();
}
Result<Operate> decode_operate(ByteView payload) {
  ByteReader in(payload);
  Operate ask;
  ask.token = in.u64();
  const std::uint8_t what = in.u8();
  ask.replica = in.u32();
  if (!in.done() || what > static_cast<std::uint8_t>(Operate::What::kStart)) return malformed("order");
  ask.what = static_cast<Operate::What>(what);
  return ask;
}

void encode(Bytes& out, const Operated& answer) {
  MessageWriter m(out, Type::kOperated);
  m.u64(answer.token);
  m.u8(static_cast<std::uint8_t>(answer.code));
  put_text(m, answer.message);
  m.finish();
}
Result<Operated> decode_operated(ByteView payload) {
  ByteReader in(payload);
  Operated answer;
  answer.token = in.u64();
  answer.code = get_code(in);
  answer.message = std::string(get_text(in));
  if (!in.done()) return malformed("answer to an order");
  return answer;
}

}  // namespace titer::wire
