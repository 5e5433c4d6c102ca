// SPDX-License-Identifier: Apache-2.0

#include "wire/test_values.h"

#include <gtest/gtest.h>

namespace titer::wire {
namespace {

template <typename T>
void add(std::vector<Bytes>& all, const T& value) {
  encode(all.emplace_back(), value);
}

Bytes bytes_of(void (*encode_it)(Bytes&)) {
  Bytes out;
  encode_it(out);
  return out;
}

void add_links(std::vector<Bytes>& all, Maker& make) {
  const auto role = static_cast<Role>(1 + make.below(3));
  add(all, Hello{role, make.any(), make.any(), ReplicaId(static_cast<std::uint16_t>(make.below(16))),
                 Incarnation(make.any()), TransmitterId(make.any() | kDirectClientBit), SessionId(make.any())});
  add(all, HelloReply{make.any(), make.any(), ReplicaId(static_cast<std::uint16_t>(make.below(16))),
                      Incarnation(make.any()), make.record(), Position(make.below(1000)), make.any()});
  add(all, Goodbye{static_cast<Code>(make.below(19)), make.string()});
  Challenge challenge;
  for (std::byte& b : challenge.nonce) b = static_cast<std::byte>(make.below(256));
  add(all, challenge);
  add(all, Proof{challenge.nonce});
}

void add_peers(std::vector<Bytes>& all, Maker& make) {
  add(all, make.frame());
  add(all, smr::PeerMessage(smr::Flush{make.view(),
                                       make.coin(),
                                       make.view(),
                                       make.position(),
                                       make.row(),
                                       make.row(),
                                       make.unsettled(),
                                       {LamportTime(make.counter()), TransmitterId(make.below(16))}}));
  add(all, smr::PeerMessage(smr::Relay{make.view(), make.frame_ptr()}));
  add(all, smr::PeerMessage(smr::Done{make.view()}));
  add(all, smr::PeerMessage(smr::Heartbeat{BootTime(make.any_signed()),
                                           BootTime(make.any_signed()),
                                           make.view(),
                                           make.position(),
                                           make.any(),
                                           {make.u32()},
                                           WallTime(make.any_signed()),
                                           make.coin(),
                                           make.coin()}));
  add(all, TransferWant{make.position(), make.u32(), make.position(), make.any()});
  add(all, TransferLog{make.any(), as_bytes(make.text())});
  const std::uint32_t slots = make.u32();
  TransferPart part;
  part.kind = TransferKind::kHead, part.more = make.coin(), part.view = make.view();
  part.next_slot = slots / 2, part.slots = slots;
  part.complete = make.position(), part.clock = LamportTime(make.counter()), part.digest = make.any();
  part.body = as_bytes(make.text());
  add(all, part);
}

void add_clients(std::vector<Bytes>& all, Maker& make) {
  add(all, smr::FromClient(smr::Hello{make.view()}));
  add(all, smr::FromClient(make.frame_ptr(true)));
  add(all, smr::ToClient(smr::Welcome{make.view(), LamportTime(make.counter()), Seq(make.counter())}));
  add(all, smr::ToClient(smr::Solicit{make.view(), LamportTime(make.counter())}));
  add(all, smr::ToClient(smr::ViewIs{make.record()}));
  Bytes body;
  encode_request(body, make.request());
  add(all, Request{RequestNumber(make.counter() | 1), body});
  body.clear();
  encode_outcome(body, make.outcome());
  add(all, Answer{RequestNumber(make.counter()), body});
  body.clear();
  encode_query(body, make.query());
  add(all, Query{make.any(), body});
  add(all, Query{make.any(), body, make.key()});
  add(all, Watch{make.position(), make.key()});
  const std::string secret = make.string();
  add(all, Authenticate{make.key(), std::string_view(secret).substr(0, limits::kNameBytesMax)});
  add(all, Authenticated{Code::kUnauthorized, make.string()});
  body.clear();
  ByteWriter rows(body);
  encode_site(rows, make.site());
  add(all, QueryAnswer{make.any(), make.position(), Code::kOk, body});
  add(all, Watch{make.position()});
  body.clear();
  encode_event(rows, make.event());
  add(all, Events{make.position(), Code::kOk, make.string(), 1, body});
  all.push_back(bytes_of(encode_status_ask));
  all.push_back(bytes_of(encode_backup_ask));
  encode_status(all.emplace_back(), make.text());
  all.push_back(bytes_of(encode_trace_ask));
  encode_trace(all.emplace_back(), make.text());
  encode(all.emplace_back(),
         Operate{make.any(), make.coin() ? Operate::What::kKill : Operate::What::kStart, make.u32()});
  encode(all.emplace_back(), Operated{make.any(), Code::kNotEnough, std::string(make.text())});
}

void add_register(std::vector<Bytes>& all, Maker& make) {
  add(all, make.record());
  add(all, CompareAndSet{make.view(),
                         {static_cast<std::uint32_t>(make.below(1 << 16))},
                         make.string(),
                         {Incarnation(make.any())}});
  encode_ping(all.emplace_back(), make.any());
  add(all, Pong{make.any(), make.view(), make.coin(), make.position(), make.position()});
  add(all, Ready{make.position()});
  all.push_back(bytes_of(encode_stop));
}

}  // namespace

std::vector<Bytes> one_of_each(Maker& make) {
  std::vector<Bytes> all;
  add_links(all, make);
  add_peers(all, make);
  add_clients(all, make);
  add_register(all, make);
  return all;
}

namespace {

bool request_decodes(ByteView payload) {
  const auto r = decode_request_message(payload);
  return r.ok() && decode_request(r->body).ok();
}
bool answer_decodes(ByteView payload) {
  registry::Outcome outcome;
  const auto a = decode_answer(payload);
  return a.ok() && decode_outcome(a->result, outcome).ok();
}
bool query_decodes(ByteView payload, Result<Query> (*decode)(ByteView payload)) {
  const auto q = decode(payload);
  return q.ok() && decode_query(q->body).ok();
}
bool query_answer_decodes(ByteView payload) {
  const auto a = decode_query_answer(payload);
  if (!a.ok()) return false;
  ByteReader in(a->body);
  (void)decode_site(in);
  return in.done();
}
bool events_decode(ByteView payload) {
  const auto e = decode_events(payload);
  if (!e.ok()) return false;
  ByteReader in(e->events);
  for (std::uint32_t i = 0; i < e->count && in.ok(); ++i) (void)decode_event(in);
  return in.done();
}

}  // namespace

bool decodes(const Message& m) {
  switch (m.type) {
    case Type::kHello: return decode_hello(m.payload).ok();
    case Type::kHelloReply: return decode_hello_reply(m.payload).ok();
    case Type::kGoodbye: return decode_goodbye(m.payload).ok();
    case Type::kChallenge: return decode_challenge(m.payload).ok();
    case Type::kProof: return decode_proof(m.payload).ok();
    case Type::kFrame: return decode_peer(m).ok() || decode_from_client(m).ok();
    case Type::kFlush:
    case Type::kRelay:
    case Type::kDone:
    case Type::kHeartbeat: return decode_peer(m).ok();
    case Type::kTransferWant: return decode_transfer_want(m.payload).ok();
    case Type::kTransferLog: return decode_transfer_log(m.payload).ok();
    case Type::kTransferPart: return decode_transfer_part(m.payload).ok();
    case Type::kDirectHello: return decode_from_client(m).ok();
    case Type::kWelcome:
    case Type::kSolicit:
    case Type::kViewIs: return decode_to_client(m).ok();
    case Type::kRequest: return request_decodes(m.payload);
    case Type::kAnswer: return answer_decodes(m.payload);
    case Type::kQuery: return query_decodes(m.payload, decode_query_message);
    case Type::kQueryAnswer: return query_answer_decodes(m.payload);
    case Type::kWatch: return decode_watch(m.payload).ok();
    case Type::kEvents: return events_decode(m.payload);
    case Type::kRegisterRecord: return decode_register_record(m.payload).ok();
    case Type::kRegisterCompareAndSet: return decode_compare_and_set(m.payload).ok();
    case Type::kPing: return decode_ping(m.payload).ok();
    case Type::kPong: return decode_pong(m.payload).ok();
    case Type::kReady: return decode_ready(m.payload).ok();
    case Type::kInventory: return decode_inventory(m.payload).ok();
    case Type::kStatusAsk:
    case Type::kTraceAsk:
    case Type::kBackupAsk:
    case Type::kStop: return m.payload.empty();
    case Type::kAuthenticate: return decode_authenticate(m.payload).ok();
    case Type::kAuthenticated: return decode_authenticated(m.payload).ok();
    case Type::kQueryAs: return query_decodes(m.payload, decode_query_as);
    case Type::kWatchAs: return decode_watch_as(m.payload).ok();
    case Type::kOperate: return decode_operate(m.payload).ok();
    case Type::kOperated: return decode_operated(m.payload).ok();
    case Type::kStatus:
    case Type::kTrace: return true;
  }
  return false;
}

}  // namespace titer::wire
