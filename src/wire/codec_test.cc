// SPDX-License-Identifier: Apache-2.0

// Decoding gives back what was encoded: for every type of value that travels, over random values.

#include "wire/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <tuple>

#include "base/limits.h"
#include "registry/validate.h"
#include "wire/test_values.h"

namespace titer::wire {
namespace {

using registry::SiteFields;

// The types have no operator==; these are their members, all of them.
auto members(const registry::Availability& a) { return std::make_tuple(a.kind, a.count); }
auto members(const registry::SiteRef& s) { return std::make_tuple(s.id, s.name); }
auto members(const registry::StockClaim& c) {
  return std::make_tuple(c.product, members(c.availability), c.valid_at, c.source);
}
auto members(const SiteFields& f) {
  return std::make_tuple(f.name, f.zip, f.zip_plus4, f.street, f.city, f.state, f.county, f.phone, f.info_url,
                         f.booking_url, f.provider, f.hours, f.lat, f.lon, f.status, f.external_ids);
}
bool same(const std::optional<registry::StockClaim>& a, const std::optional<registry::StockClaim>& b) {
  return a.has_value() == b.has_value() && (!a || members(*a) == members(*b));
}
template <typename T>
bool same_site(const T& a, const T& b) {
  return a.id == b.id && members(a.fields) == members(b.fields) && same(a.stock, b.stock);
}
bool same(const registry::AddSite& a, const registry::AddSite& b) { return same_site(a, b); }
bool same(const registry::ImportRow& a, const registry::ImportRow& b) { return same_site(a, b); }
auto members(const registry::EditSite& e) {
  return std::make_tuple(members(e.site), members(e.fields), e.if_version);
}
auto members(const registry::CloseSite& c) { return std::make_tuple(members(c.site), c.if_version); }
auto members(const registry::SetAvailability& s) {
  return std::make_tuple(members(s.site), members(s.claim), s.if_version);
}
auto members(const registry::Adjust& a) { return std::make_tuple(members(a.site), a.product, a.by, a.if_version); }
auto members(const registry::Reserve& r) {
  return std::make_tuple(members(r.site), r.product, r.doses, r.if_version);
}
auto members(const registry::Release& r) {
  return std::make_tuple(members(r.site), r.product, r.doses, r.if_version);
}
auto members(const registry::Undo& u) { return std::make_tuple(u.event); }
auto members(const registry::Outcome& o) {
  return std::make_tuple(o.code, o.message, o.position, o.changed, o.created, o.site_id, o.site_version,
                         o.has_stock, members(o.before), members(o.after), o.stock_version, o.failed_part,
                         o.site_name, o.site_zip);
}
auto members(const registry::SiteFilter& f) {
  return std::make_tuple(f.zip, f.state, f.products, f.text, f.available_only, f.with_closed, f.updated_since,
                         f.claimed_since);
}
auto members(const registry::ListSites& q) {
  return std::make_tuple(members(q.filter), q.after_name, q.after_id, q.limit, q.explain);
}
auto members(const registry::GetSite& q) { return members(q.site); }
auto members(const registry::Near& q) {
  return std::make_tuple(q.zip, q.lat, q.lon, q.within_m, members(q.filter), q.limit, q.explain);
}
auto members(const registry::History& q) {
  return std::make_tuple(q.site.has_value(), members(q.site.value_or(registry::SiteRef{})), q.before, q.limit,
                         q.of);
}
auto members(const registry::Changes& q) { return std::make_tuple(q.since, q.limit); }
auto members(const registry::ChangedSites& q) { return std::make_tuple(q.since); }
auto members(const registry::Info&) { return std::make_tuple(); }
auto members(const registry::CreateKey& k) {
  return std::make_tuple(k.id, k.secret, k.owner, k.role, k.scope, k.expires);
}
auto members(const registry::RevokeKey& k) { return std::make_tuple(k.id); }
auto members(const registry::SetWriteStop& s) { return std::make_tuple(s.stopped); }
auto members(const registry::ListKeys& q) { return std::make_tuple(q.after, q.limit); }
auto members(const registry::CheckKey& q) { return std::make_tuple(q.id, q.secret); }
auto members(const registry::CheckAct& q) { return std::make_tuple(q.id, q.act); }
auto members(const registry::GetSwitch&) { return std::make_tuple(); }
auto members(const registry::Key& k) {
  return std::make_tuple(k.id, k.owner, k.role, k.scope, k.created, k.expires, k.revoked, k.created_by);
}
auto members(const registry::WriteSwitch& w) { return std::make_tuple(w.stopped, w.reason, w.by, w.since); }

template <typename T>
bool same(const T& a, const T& b) {
  return members(a) == members(b);
}
template <typename V>
bool same_operation(const V& a, const V& b);
bool same(const registry::Bulk& a, const registry::Bulk& b) {
  if (a.operations.size() != b.operations.size()) return false;
  for (std::size_t i = 0; i < a.operations.size(); ++i)
    if (!same_operation(a.operations[i], b.operations[i])) return false;
  return true;
}
template <typename V>
bool same_operation(const V& a, const V& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&b](const auto& x) { return same(x, std::get<std::decay_t<decltype(x)>>(b)); }, a);
}

auto members(const registry::StockLine& s) {
  return std::make_tuple(s.product, members(s.availability), s.valid_at, s.changed_at, s.checked_at, s.source,
                         s.updated_by, s.version);
}
bool same_rows(const registry::Site& a, const registry::Site& b) {
  const auto texts = [](const registry::Site& s) {
    return std::make_tuple(s.id, s.name, s.zip, s.zip_plus4, s.street, s.city, s.state, s.county, s.phone,
                           s.info_url, s.booking_url, s.provider, s.hours, s.created_by, s.updated_by);
  };
  const auto rest = [](const registry::Site& s) {
    return std::make_tuple(s.external_ids, s.point, s.lat, s.lon, s.status, s.version, s.created_at, s.updated_at,
                           s.changed, s.stock.size());
  };
  if (texts(a) != texts(b) || rest(a) != rest(b)) return false;
  for (std::size_t i = 0; i < a.stock.size(); ++i)
    if (members(a.stock[i]) != members(b.stock[i])) return false;
  return true;
}
auto members(const registry::FieldChange& f) { return std::make_tuple(f.field, f.before, f.after); }
bool same_rows(const registry::Event& a, const registry::Event& b) {
  const auto all = [](const registry::Event& e) {
    return std::make_tuple(e.position, e.part, e.time, e.kind, e.actor, e.site_id, e.product, members(e.before),
                           members(e.after), e.existed, e.removed, e.fields.size(), e.reason, e.idempotency_key,
                           e.reverts);
  };
  if (all(a) != all(b)) return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i)
    if (members(a.fields[i]) != members(b.fields[i])) return false;
  return true;
}

RC_GTEST_PROP(Codec, a_request_comes_back, (std::uint64_t seed)) {
  Maker make(seed);
  const registry::Request r = make.request();
  Bytes body;
  encode_request(body, r);
  const auto back = decode_request(body);
  RC_ASSERT(back.ok());
  RC_ASSERT(same_operation(r.operation, back->operation));
  RC_ASSERT(std::tie(r.actor, r.reason, r.idempotency_key, r.echo_site, r.key) ==
            std::tie(back->actor, back->reason, back->idempotency_key, back->echo_site, back->key));
  RC_ASSERT(request_key(body) == r.key);
}

RC_GTEST_PROP(Codec, a_key_put_into_an_encoded_request_is_the_request_with_that_key, (std::uint64_t seed)) {
  Maker make(seed);
  registry::Request r = make.request();
  r.key = registry::kNoKey;
  Bytes body, with;
  encode_request(body, r);
  r.key = make.key();
  encode_request(with, r);
  set_request_key(body, r.key);
  RC_ASSERT(body == with);
  set_request_key(body, registry::KeyId(1));  // one that is there stays
  RC_ASSERT(body == with);
}

RC_GTEST_PROP(Codec, keys_and_the_switch_come_back, (std::uint64_t seed)) {
  Maker make(seed);
  const registry::Key key = make.key_row();
  const registry::WriteSwitch writes = make.write_switch();
  Bytes bytes;
  ByteWriter out(bytes);
  encode_key(out, key);
  encode_switch(out, writes);
  ByteReader in(bytes);
  RC_ASSERT(same(decode_key(in), key));
  RC_ASSERT(same(decode_switch(in), writes));
  RC_ASSERT(in.done());
}

RC_GTEST_PROP(Codec, a_request_decoded_into_a_used_one_comes_back, (std::uint64_t seed)) {
  Maker make(seed);
  registry::Request used = make.request();
  const registry::Request r = make.request();
  Bytes body;
  encode_request(body, r);
  RC_ASSERT(decode_request(body, used).ok());
  RC_ASSERT(same_operation(r.operation, used.operation));
  RC_ASSERT(std::tie(r.actor, r.reason, r.idempotency_key, r.echo_site) ==
            std::tie(used.actor, used.reason, used.idempotency_key, used.echo_site));
}

RC_GTEST_PROP(Codec, an_outcome_comes_back, (std::uint64_t seed)) {
  Maker make(seed);
  registry::Outcome used = make.outcome();
  const registry::Outcome o = make.outcome();
  Bytes body;
  encode_outcome(body, o);
  RC_ASSERT(decode_outcome(body, used).ok());
  RC_ASSERT(members(o) == members(used));
}

RC_GTEST_PROP(Codec, a_query_comes_back, (std::uint64_t seed)) {
  Maker make(seed);
  const registry::Query q = make.query();
  Bytes body;
  encode_query(body, q);
  const auto back = decode_query(body);
  RC_ASSERT(back.ok());
  RC_ASSERT(same_operation(q, *back));
}

RC_GTEST_PROP(Codec, rows_come_back, (std::uint64_t seed)) {
  Maker make(seed);
  const registry::Site site = make.site();
  const registry::Event event = make.event();
  const registry::Totals totals{make.any(), make.any(), make.any(), make.any(), make.position(), make.any()};
  Bytes body;
  ByteWriter out(body);
  encode_site(out, site);
  encode_event(out, event);
  encode_totals(out, totals);
  const registry::Explanation explanation{make.any(), make.u32(), static_cast<std::uint8_t>(make.below(64))};
  encode_explanation(out, explanation);
  ByteReader in(body);
  RC_ASSERT(same_rows(site, decode_site(in)));
  RC_ASSERT(same_rows(event, decode_event(in)));
  const registry::Totals back = decode_totals(in);
  const registry::Explanation explained = decode_explanation(in);
  RC_ASSERT(in.done());
  RC_ASSERT(std::tie(explained.rows, explained.steps, explained.indexes) ==
            std::tie(explanation.rows, explanation.steps, explanation.indexes));
  RC_ASSERT(std::tie(back.sites, back.active_sites, back.stock_lines, back.events, back.oldest_event, back.bytes) ==
            std::tie(totals.sites, totals.active_sites, totals.stock_lines, totals.events, totals.oldest_event,
                     totals.bytes));
}

void check_same(const smr::Frame& a, const smr::Frame& b) {
  RC_ASSERT(std::tie(a.view, a.transmitter, a.seq, a.ts, a.stamp, a.rest, a.count, a.acks, a.ack_contents) ==
            std::tie(b.view, b.transmitter, b.seq, b.ts, b.stamp, b.rest, b.count, b.acks, b.ack_contents));
  RC_ASSERT((a.requests != nullptr) == (b.requests != nullptr));
  if (a.requests) RC_ASSERT(*a.requests == *b.requests);
}

Message only_message(const Bytes& bytes) {
  ByteView in = bytes;
  const auto m = next_message(in);
  RC_ASSERT(m.ok());
  RC_ASSERT(m->has_value());
  RC_ASSERT(in.empty());
  return **m;
}

RC_GTEST_PROP(Codec, frames_come_back_also_relayed, (std::uint64_t seed)) {
  Maker make(seed);
  const smr::FramePtr f = make.frame_ptr();
  Bytes one, two;
  encode(one, *f);
  encode(two, smr::PeerMessage(smr::Relay{ViewNumber(9), f}));
  const auto frame = decode_peer(only_message(one));
  const auto relay = decode_peer(only_message(two));
  RC_ASSERT(frame.ok());
  RC_ASSERT(relay.ok());
  check_same(*f, *std::get<smr::FramePtr>(*frame));
  RC_ASSERT(std::get<smr::Relay>(*relay).view == ViewNumber(9));
  check_same(*f, *std::get<smr::Relay>(*relay).frame);
}

// For everything that was not compared member by member above: a decoded value is encoded to the very same bytes.
template <typename T, typename Decode>
void again(const Bytes& bytes, Decode decode) {
  const Result<T> value = decode(only_message(bytes));
  RC_ASSERT(value.ok());
  Bytes twice;
  encode(twice, *value);
  RC_ASSERT(twice == bytes);
}
template <typename T>
auto payload_of(Result<T> (*decode)(ByteView)) {
  return [decode](const Message& m) { return decode(m.payload); };
}

RC_GTEST_PROP(Codec, every_message_is_encoded_again_to_the_same_bytes, (std::uint64_t seed)) {
  Maker make(seed);
  for (const Bytes& b : one_of_each(make)) {
    const Message m = only_message(b);
    RC_ASSERT(decodes(m));
    switch (m.type) {
      case Type::kHello: again<Hello>(b, payload_of(decode_hello)); break;
      case Type::kHelloReply: again<HelloReply>(b, payload_of(decode_hello_reply)); break;
      case Type::kGoodbye: again<Goodbye>(b, payload_of(decode_goodbye)); break;
      case Type::kChallenge: again<Challenge>(b, payload_of(decode_challenge)); break;
      case Type::kProof: again<Proof>(b, payload_of(decode_proof)); break;
      case Type::kFrame:
      case Type::kFlush:
      case Type::kRelay:
      case Type::kDone:
      case Type::kHeartbeat: again<smr::PeerMessage>(b, decode_peer); break;
      case Type::kTransferWant: again<TransferWant>(b, payload_of(decode_transfer_want)); break;
      case Type::kTransferLog: again<TransferLog>(b, payload_of(decode_transfer_log)); break;
      case Type::kTransferPart: again<TransferPart>(b, payload_of(decode_transfer_part)); break;
      case Type::kDirectHello: again<smr::FromClient>(b, decode_from_client); break;
      case Type::kWelcome:
      case Type::kSolicit:
      case Type::kViewIs: again<smr::ToClient>(b, decode_to_client); break;
      case Type::kRequest: again<Request>(b, payload_of(decode_request_message)); break;
      case Type::kAnswer: again<Answer>(b, payload_of(decode_answer)); break;
      case Type::kQuery: again<Query>(b, payload_of(decode_query_message)); break;
      case Type::kQueryAnswer: again<QueryAnswer>(b, payload_of(decode_query_answer)); break;
      case Type::kWatch: again<Watch>(b, payload_of(decode_watch)); break;
      case Type::kEvents: again<Events>(b, payload_of(decode_events)); break;
      case Type::kRegisterRecord: again<smr::ViewRecord>(b, payload_of(decode_register_record)); break;
      case Type::kRegisterCompareAndSet: again<CompareAndSet>(b, payload_of(decode_compare_and_set)); break;
      case Type::kPong: again<Pong>(b, payload_of(decode_pong)); break;
      case Type::kReady: again<Ready>(b, payload_of(decode_ready)); break;
      case Type::kInventory: again<Inventory>(b, payload_of(decode_inventory)); break;
      case Type::kAuthenticate: again<Authenticate>(b, payload_of(decode_authenticate)); break;
      case Type::kAuthenticated: again<Authenticated>(b, payload_of(decode_authenticated)); break;
      case Type::kQueryAs: again<Query>(b, payload_of(decode_query_as)); break;
      case Type::kWatchAs: again<Watch>(b, payload_of(decode_watch_as)); break;
      case Type::kOperate: again<Operate>(b, payload_of(decode_operate)); break;
      case Type::kOperated: again<Operated>(b, payload_of(decode_operated)); break;
      case Type::kPing: RC_ASSERT(decode_ping(m.payload).ok()); break;
      case Type::kStatusAsk:
      case Type::kTraceAsk:
      case Type::kBackupAsk:
      case Type::kStop:
      case Type::kTrace:
      case Type::kStatus: break;
    }
  }
}

TEST(Codec, the_outcome_of_a_plain_set_is_small) {
  registry::Outcome o;
  o.position = Position(500'000'000);
  o.changed = true;
  o.site_id = "97e01c5f-be05-45e7-b182-b837dd179ff5";
  o.site_version = 12;
  o.has_stock = true;
  o.before = registry::Availability::of(1000);
  o.after = registry::Availability::of(999);
  o.stock_version = 30'000;
  Bytes body;
  encode_outcome(body, o);
  EXPECT_LE(body.size(), 45 + o.site_id.size());
  EXPECT_EQ(body.size(), 16 + o.site_id.size());
}

// A replica takes one element too many for a damaged message and ends the connection, so clients refuse it before, in a sentence.
TEST(Codec, lists_of_requests_and_questions_travel_up_to_the_limit_that_clients_check) {
  const auto travels = [](const auto& what) {
    Bytes body;
    registry::Request decoded;
    if constexpr (std::is_same_v<std::decay_t<decltype(what)>, registry::Query>) {
      encode_query(body, what);
      return decode_query(body).ok();
    } else {
      encode_request(body, what);
      return decode_request(body, decoded).ok();
    }
  };
  const auto expect = [&](const auto& most, const auto& more) {
    EXPECT_TRUE(registry::check_counts(most).ok());
    EXPECT_TRUE(travels(most));
    const Status counted = registry::check_counts(more);
    ASSERT_FALSE(counted.ok());
    EXPECT_EQ(counted.error().code, Code::kTooLarge);
    EXPECT_NE(counted.error().message.find("at most"), std::string::npos) << counted.error().message;
    EXPECT_FALSE(travels(more));
  };
  const auto request = [](const registry::Operation& operation) {
    registry::Request out;
    out.operation = operation;
    return out;
  };
  const auto key = [&](std::size_t n) {
    registry::CreateKey one;
    one.role = registry::Role::kProvider;
    one.scope.assign(n, "a");
    return request(one);
  };
  expect(key(limits::kKeyScopeMax), key(limits::kKeyScopeMax + 1));
  const auto ids = [](std::size_t n) {
    registry::EditSite one;
    one.site.id = "a";
    one.fields.external_ids.emplace(n, registry::ExternalId("s", "v"));
    return one;
  };
  expect(request(ids(limits::kExternalIdsMax)), request(ids(limits::kExternalIdsMax + 1)));
  const auto bulk = [](std::size_t n, const registry::Simple& part) {
    registry::Bulk one;
    one.operations.assign(n, part);
    return one;
  };
  expect(request(bulk(limits::kBulkOperationsMax, registry::Undo{})),
         request(bulk(limits::kBulkOperationsMax + 1, registry::Undo{})));
  expect(request(bulk(2, ids(limits::kExternalIdsMax))), request(bulk(2, ids(limits::kExternalIdsMax + 1))));
  const auto list = [](std::size_t n) {
    registry::ListSites one;
    one.filter.products.assign(n, "208");
    one.limit = 1;
    return registry::Query(one);
  };
  expect(list(limits::kFilterProductsMax), list(limits::kFilterProductsMax + 1));
}

TEST(Codec, a_client_speaks_only_for_itself) {
  Maker make(1);
  smr::Frame f = make.frame(true);
  const auto decoded = [&f] {
    Bytes out;
    encode(out, f);
    ByteView in = out;
    return decode_from_client(**next_message(in)).ok();
  };
  EXPECT_TRUE(decoded());
  f.acks.emplace_back(TransmitterId(0), Seq(1));
  EXPECT_FALSE(decoded()) << "a client acknowledged a frame";
  f.acks.clear();
  f.transmitter = gateway_of(ReplicaId(1));
  EXPECT_FALSE(decoded()) << "a client sent a gateway's frame";
}

}  // namespace
}  // namespace titer::wire
