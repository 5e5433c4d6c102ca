// SPDX-License-Identifier: Apache-2.0

// The wire format must not change by accident: one message of each type, with values chosen by hand, byte for byte.
// docs/reference/wire.md quotes some of these. When a change is intended, kVersion goes up and these lines are
// regenerated.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "smr/request_batch.h"
#include "wire/codec.h"

namespace titer::wire {
namespace {

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::byte b : bytes) out += fmt::format("{:02x}", static_cast<unsigned>(b));
  return out;
}
template <typename T>
std::string message(const T& value) {
  Bytes out;
  encode(out, value);
  return hex(out);
}
template <typename T>
std::string body(void (*encode_it)(Bytes&, const T&), const T& value) {
  Bytes out;
  encode_it(out, value);
  return hex(out);
}

registry::Request set_request() {
  registry::SetAvailability set;
  set.site.id = "elm";
  set.claim.product = "208";
  set.claim.availability = registry::Availability::of(300);
  registry::Request r;
  r.operation = set;
  r.actor = "ann";
  return r;
}

registry::Outcome set_outcome() {
  registry::Outcome o;
  o.position = Position(1000);
  o.changed = true;
  o.site_id = "elm";
  o.site_version = 1;
  o.has_stock = true;
  o.before = registry::Availability::yes();
  o.after = registry::Availability::of(300);
  o.stock_version = 2;
  return o;
}

smr::ViewRecord record() {
  return {ViewNumber(2),
          {{ReplicaId(0), Incarnation(0xA0), "h:1"}, {ReplicaId(2), Incarnation(0xA2), "h:3"}},
          {Incarnation(0xA1)}};
}

smr::FramePtr frame(TransmitterId transmitter, smr::AckRow acks) {
  Bytes batch, request;
  encode_request(request, set_request());
  smr::append_request(batch, {SessionId(5), RequestNumber(1), request});
  auto f = std::make_shared<smr::Frame>();
  f->view = ViewNumber(2);
  f->transmitter = transmitter;
  f->seq = Seq(3);
  f->ts = LamportTime(200);
  f->stamp = WallTime(1'722'470'400'000);
  f->acks = std::move(acks);
  if (!f->acks.empty()) f->ack_contents = {{0x0102030405060708, 9}};
  f->count = 1;
  f->requests = std::make_shared<const Bytes>(std::move(batch));
  return f;
}

const smr::AckRow kRow = {{TransmitterId(0), Seq(9)}, {TransmitterId(kDirectClientBit | 5), Seq(1)}};

TEST(Golden, handshake) {
  EXPECT_EQ(message(Hello{Role::kReplica, 1, 2, ReplicaId(1), Incarnation(3), TransmitterId(4), SessionId(5)}),
            "54540201330000009a547907db442b3a0101000000000000000200000000000000010003000000000000000400000000"
            "00000005000000000000000000000000000000");
  EXPECT_EQ(message(HelloReply{1, 2, ReplicaId(0), Incarnation(0xA0), record()}),
            "5454020248000000d457a23bd50b08ca010000000000000002000000000000000000a000000000000000020200a00000"
            "000000000003683a3102a20000000000000003683a3301a100000000000000000000000000000000");
  EXPECT_EQ(message(Goodbye{Code::kProtocol, "bye"}), "5454020305000000c043e28cc8fcb0e20f03627965");
}

// The secret is 32 times 07; the nonces count from 0 and from 32.
TEST(Golden, proofs_between_replicas) {
  PeerSecret::Key key{};
  key.fill(std::byte{7});
  const PeerSecret secret(key);
  LinkNames names{1, {ReplicaId(2), Incarnation(0xA2)}, {ReplicaId(0), Incarnation(0xA0)}};
  for (unsigned i = 0; i < 32; ++i) {
    names.dialler.nonce[i] = static_cast<std::byte>(i);
    names.acceptor.nonce[i] = static_cast<std::byte>(32 + i);
  }
  EXPECT_EQ(message(Challenge{names.dialler.nonce}),
            "5454020420000000c499b094915e6a40000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(message(Proof{secret.prove(LinkSide::kAcceptor, names)}),
            "54540205200000009b21d5d4acc057973b886f19a51c0e099b1dfa5b8eb5678ff6cf0c4d73994b11f0e0296be24f3369");
  EXPECT_EQ(message(Proof{secret.prove(LinkSide::kDialler, names)}),
            "545402052000000070e07bbcc27092324187c174f4bf8d65d072b31e2af2bb6b694ed41d2fb8cf5f20159b16648cb88d");
  EXPECT_EQ(message(Proof{secret.prove_death(1, ReplicaId(2), Incarnation(0xA2))}),
            "5454020520000000c47e04bda80ec847c1458821ea3bf4e7c2831e3ecc209b46f37e167c263b5cdb49cd75644d629f47");
}

TEST(Golden, between_replicas) {
  EXPECT_EQ(message(smr::PeerMessage(frame(TransmitterId(1), kRow))),
            "5454020a510000003229bc6f69fcbb0400020203c8018080e4b3a1640200090b01080706050403020109000000000000"
            "00012e05000000000000000000000000000000010000000000000012000000040103616e6e0103656c6dc203323038ac"
            "02");
  EXPECT_EQ(message(smr::PeerMessage(smr::Flush{
                ViewNumber(3),
                true,
                ViewNumber(2),
                Position(0),
                kRow,
                {{TransmitterId(0), Seq(7)}},
                {{TransmitterId(kDirectClientBit | 5), {{LamportTime(8), {1, 2}}, {LamportTime(9), {3, 4}}}}},
                {LamportTime(7), TransmitterId(0)}})),
            "5454020b3300000042bcdfa9d2cf126a030102000200090b01010007010b020801000000000000000200000000000000"
            "09030000000000000004000000000000000700");
  EXPECT_EQ(message(smr::PeerMessage(smr::Relay{ViewNumber(3), frame(TransmitterId(1), {})})),
            "5454020c3e0000008ca0d30f7a636d740300020203c8018080e4b3a16400012e05000000000000000000000000000000"
            "010000000000000012000000040103616e6e0103656c6dc203323038ac02");
  EXPECT_EQ(message(smr::PeerMessage(smr::Done{ViewNumber(3)})), "5454020d01000000631176083ee7d31203");
  EXPECT_EQ(message(smr::PeerMessage(smr::Heartbeat{
                BootTime(1), BootTime(2), ViewNumber(3), Position(4), 5, {6}, WallTime(7), true, false})),
            "5454020e350000005bce388a37d12a010100000000000000020000000000000003000000000000000400000000000000"
            "050000000000000006000000070000000000000001");
  EXPECT_EQ(message(TransferWant{Position(300), 4, Position(200), 5}),
            "5454021406000000d78f19e68f791090ac0204c80105");
  EXPECT_EQ(message(TransferLog{300, as_bytes("1.0.0: x")}),
            "545402160a0000006dcf628176db8144ac02312e302e303a2078");
  TransferPart part;
  part.kind = TransferKind::kHead;
  part.view = ViewNumber(3);
  part.next_slot = 1;
  part.slots = 2;
  part.complete = Position(300);
  part.clock = LamportTime(400);
  part.digest = 0x0102030405060708;
  part.body = as_bytes("...");
  EXPECT_EQ(message(part), "5454021514000000904d1c90f3f4020d0500030102ac02900308070605040302012e2e2e");
}

TEST(Golden, the_content_of_a_direct_clients_frame) {
  Bytes bytes;
  encode(bytes, smr::FromClient(frame(TransmitterId(kDirectClientBit | 5), {})));
  ByteView in = bytes;
  const auto decoded = decode_from_client(**next_message(in));
  ASSERT_TRUE(decoded.ok());
  const smr::Content content = std::get<smr::FramePtr>(*decoded)->content;
  EXPECT_EQ(content.high, 0x21e7a44d509ff02aU);
  EXPECT_EQ(content.low, 0x4217209cb594bc08U);
}

TEST(Golden, direct_clients) {
  EXPECT_EQ(message(smr::FromClient(smr::Hello{ViewNumber(2)})), "5454021e01000000c37907ec88b5146802");
  EXPECT_EQ(message(smr::FromClient(frame(TransmitterId(kDirectClientBit | 5), {}))),
            "5454020a3d000000e5f8c4edc4394c3400020b03c8018080e4b3a16400012e0500000000000000000000000000000001"
            "0000000000000012000000040103616e6e0103656c6dc203323038ac02");
  EXPECT_EQ(message(smr::ToClient(smr::Welcome{ViewNumber(2), LamportTime(300), Seq(1)})),
            "5454021f0400000086637ae504fcb72402ac0201");
  EXPECT_EQ(message(smr::ToClient(smr::Solicit{ViewNumber(2), LamportTime(300)})),
            "54540220030000000e43fb4d39a94c7902ac02");
  EXPECT_EQ(message(smr::ToClient(smr::ViewIs{record()})),
            "545402212500000028c770072e6dbd7f020200a00000000000000003683a3102a20000000000000003683a3301a10000"
            "0000000000");
}

TEST(Golden, clients) {
  Bytes request, outcome, query;
  encode_request(request, set_request());
  encode_outcome(outcome, set_outcome());
  encode_query(query, registry::GetSite{{"elm", {}}});
  EXPECT_EQ(message(Request{RequestNumber(1), request}),
            "545402281a00000005cade78e7cc01280100000000000000040103616e6e0103656c6dc203323038ac02");
  EXPECT_EQ(message(Answer{RequestNumber(1), outcome}),
            "545402291400000052cd79cee890b5a5010000000000000019e80703656c6d010eac0202");
  EXPECT_EQ(message(Query{7, query}), "5454022a0e000000d0281274ed59bca00700000000000000020103656c6d");
  EXPECT_EQ(message(QueryAnswer{7, Position(1000), Code::kNotFound, as_bytes("no")}),
            "5454022b0d0000004406a3a57344efb00700000000000000e807026e6f");
  EXPECT_EQ(message(Watch{Position(1000)}), "5454022c0200000044c00b0152eabc08e807");
  EXPECT_EQ(message(Events{Position(1000), Code::kTooOld, "old", 0, {}}),
            "5454022d0800000064b2945038532856e80712036f6c6400");
  EXPECT_EQ(message(Query{7, query, registry::KeyId(258)}),
            "545402371600000034012114ec5f79f207000000000000000201000000000000020103656c6d");
  EXPECT_EQ(message(Watch{Position(1000), registry::KeyId(258)}),
            "545402380a000000b889e2b4592481080201000000000000e807");
  EXPECT_EQ(message(Authenticate{registry::KeyId(258), "secret"}),
            "545402350f0000007e1b9cb96fe4611a020100000000000006736563726574");
  EXPECT_EQ(message(Authenticated{Code::kUnauthorized, "no"}), "545402360400000026e9e2e3119e409714026e6f");
  EXPECT_EQ(message(Operate{7, Operate::What::kStart, 2}),
            "545402330d00000019a0dee717b0421707000000000000000102000000");
  EXPECT_EQ(message(Operated{7, Code::kNotEnough, "no"}),
            "545402340c0000002ec532b69d872a63070000000000000006026e6f");
  Bytes ask, status, backup, stop;
  encode_status_ask(ask);
  encode_backup_ask(backup);
  encode_status(status, "{}");
  encode_stop(stop);
  EXPECT_EQ(hex(ask), "5454022e00000000cd77830c79684ced");
  EXPECT_EQ(hex(status), "5454022f02000000b1bbdc265b5519167b7d");
  EXPECT_EQ(hex(backup), "54540230000000008bb80a6de8631e88");
  EXPECT_EQ(hex(stop), "54540242000000005175c8c46d30c4a4");
}

TEST(Golden, replica_and_register) {
  EXPECT_EQ(message(record()),
            "5454023c25000000d48306916bf5e954020200a00000000000000003683a3102a20000000000000003683a3301a10000"
            "0000000000");
  EXPECT_EQ(message(CompareAndSet{ViewNumber(2), {5}, "dead", {Incarnation(9)}}),
            "5454023d13000000ab257b4da57f838a02050000000464656164010900000000000000");
  EXPECT_EQ(message(Ready{Position(300)}), "54540241020000005aa69b46e4521894ac02");
  EXPECT_EQ(message(Pong{7, ViewNumber(2), true, Position(300), Position(299)}),
            "545402400f00000002734a02cf3dca0507000000000000000102ac02ab0200");
  EXPECT_EQ(message(Inventory{"", true, ViewNumber(2), {Incarnation(9)}, Position(300)}),
            "545402430e000000f9bc366fd057500b000102010900000000000000ac02");
  Bytes ping;
  encode_ping(ping, 7);
  EXPECT_EQ(hex(ping), "5454023f08000000185845ce2b2edec00700000000000000");
}

// --- bodies

registry::Operation everything_of_a_site() {
  registry::AddSite add;
  add.id = "elm";
  add.fields.name = "Elm";
  add.fields.zip = "02138";
  add.fields.lat = 42.5;
  add.fields.lon = -71.5;
  add.fields.status = registry::SiteStatus::kHidden;
  add.fields.external_ids.emplace(1, registry::ExternalId{"npi_usa", "1"});
  add.stock = registry::StockClaim{"any", registry::Availability::no(), WallTime(-1), "me"};
  return add;
}

TEST(Golden, requests) {
  const auto request = [](registry::Operation operation) {
    registry::Request r;
    r.operation = std::move(operation);
    return body<registry::Request>(encode_request, r);
  };
  const registry::SiteRef by_id{"e", {}}, by_name{{}, "E"};
  EXPECT_EQ(body<registry::Request>(encode_request, set_request()), "040103616e6e0103656c6dc203323038ac02");
  EXPECT_EQ(request(everything_of_a_site()),
            "01006003656c6d83e00303456c6d05303231333800000000004045400000000000e051c00101076e70695f7573610131"
            "4c01026d65");
  registry::EditSite edit{by_name, {}, 3};
  edit.fields.hours = "";
  EXPECT_EQ(request(edit), "020010014580100003");
  EXPECT_EQ(request(registry::CloseSite{by_id, {}}), "0300010165");
  EXPECT_EQ(request(registry::Adjust{by_id, "any", -2, {}}), "050001016503");
  EXPECT_EQ(request(registry::Reserve{by_name, "208", 2}), "06000201450332303802");
  EXPECT_EQ(request(registry::Release{by_name, "208", 2}), "07000201450332303802");
  EXPECT_EQ(request(registry::Reserve{by_id, "any", 2, 7}),
            "0600110165"
            "0207");
  EXPECT_EQ(request(registry::Release{by_id, "any", 2, registry::Precondition::exists()}),
            "0700210165"
            "02"
            "010100");
  const std::uint32_t versions[] = {300, 7};
  EXPECT_EQ(request(registry::CloseSite{by_id, *registry::Precondition::one_of(versions)}),
            "0300210165"
            "000207ac02");
  EXPECT_EQ(request(registry::CloseSite{by_id, registry::Precondition::never()}),
            "0300210165"
            "0000");
  EXPECT_EQ(request(registry::Undo{Position(300)}), "0800ac02");
  EXPECT_EQ(request(registry::CreateKey{registry::KeyId(258), {}, "E", registry::Role::kAggregator, {"f"}, {}}),
            "0b000201000000000000" + std::string(64, '0') + "0145040101660000");
  EXPECT_EQ(request(registry::RevokeKey{registry::KeyId(258)}), "0c000201000000000000");
  EXPECT_EQ(request(registry::SetWriteStop{true}), "0d0001");
  EXPECT_EQ(request(registry::Bulk{{registry::Undo{Position(1)}, registry::Reserve{by_id, "any", 1}}}),
            "0a000208010601016501");
}

TEST(Golden, a_key_stands_behind_the_flags) {
  registry::Request r;
  r.operation = registry::Undo{Position(300)};
  r.key = registry::KeyId(258);
  EXPECT_EQ(body<registry::Request>(encode_request, r), "08100201000000000000ac02");
}

TEST(Golden, outcomes) {
  EXPECT_EQ(body<registry::Outcome>(encode_outcome, set_outcome()), "19e80703656c6d010eac0202");
  registry::Outcome refused;
  refused.code = Code::kNotEnough;
  refused.message = "no";
  refused.position = Position(1);
  refused.failed_part = 2;
  refused.site_name = "E";
  refused.site_zip = "02138";
  EXPECT_EQ(body<registry::Outcome>(encode_outcome, refused), "640106026e6f020145053032313338");
}

TEST(Golden, queries) {
  const auto query = [](const registry::Query& q) { return body<registry::Query>(encode_query, q); };
  registry::SiteFilter filter{"02138", "MA", "elm", {"208"}, true, false, WallTime(1), {}};
  EXPECT_EQ(query(registry::ListSites{filter, "a", "b", 100}),
            "0105053032313338024d410332303803656c6d020161016264");
  EXPECT_EQ(query(registry::ListSites{{}, {}, {}, 100, true}), "012000000000000064");
  EXPECT_EQ(query(registry::GetSite{{{}, "E"}}), "02020145");
  EXPECT_EQ(query(registry::Near{"02138", 0, 0, 1000, {}, 20}),
            "03053032313338000000000000000000000000000000000000000000408f40000000000014");
  EXPECT_EQ(query(registry::History{std::nullopt, Position(9), 10}), "0400090a00");
  EXPECT_EQ(query(registry::History{std::nullopt, Position(9), 10, registry::History::Of::kAccess}), "0400090a01");
  EXPECT_EQ(query(registry::Changes{Position(9), 10}), "05090a");
  EXPECT_EQ(query(registry::ChangedSites{Position(9)}), "0609");
  EXPECT_EQ(query(registry::Info{}), "07");
  EXPECT_EQ(query(registry::ListKeys{registry::KeyId(258), 10}), "0802010000000000000a");
  EXPECT_EQ(query(registry::CheckAct{registry::KeyId(258), registry::Act::kUndo}), "0a020100000000000006");
  EXPECT_EQ(query(registry::GetSwitch{}), "0b");
}

TEST(Golden, rows) {
  Bytes out;
  ByteWriter writer(out);
  registry::Site s;
  s.id = "e";
  s.name = "E";
  s.zip = "02138";
  s.version = 1;
  s.created_at = s.updated_at = WallTime(1);
  s.changed = Position(300);
  s.stock = {{"any", registry::Availability::of(3), WallTime(1), WallTime(2), WallTime(3), "me", "ann", 4}};
  encode_site(writer, s);
  EXPECT_EQ(hex(out),
            "01650145053032313338000000000000000000000000000000010202ac020103616e790303020406026d6503616e6e04");
  out.clear();
  registry::Event e;
  e.position = Position(300);
  e.time = WallTime(1);
  e.actor = "ann";
  e.site_id = "e";
  e.product = "any";
  e.after = registry::Availability::of(3);
  e.fields = {{"zip", "1", "2"}};
  encode_event(writer, e);
  EXPECT_EQ(hex(out), "ac0200020403616e6e016503616e790003030101037a697001310132000000");
  out.clear();
  encode_totals(writer, {1, 2, 3, 4, Position(5), 300});
  EXPECT_EQ(hex(out), "0102030405ac02");
  out.clear();
  encode_explanation(writer, {300, 1, bit(registry::Along::kPlaces)});
  EXPECT_EQ(hex(out), "ac020120");
}

}  // namespace
}  // namespace titer::wire
