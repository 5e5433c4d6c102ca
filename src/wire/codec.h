// SPDX-License-Identifier: Apache-2.0

// Everything that travels, to bytes and back.
//
// encode() appends one whole message (message.h) to `out`. decode_…() takes the payload of a message of the
// right type; it gives an Error (kProtocol) for anything that is not exactly well-formed and within the
// limits, and never reads beyond the payload. Decoded views live as long as the payload.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "registry/query.h"
#include "registry/request.h"
#include "registry/types.h"
#include "smr/types.h"
#include "wire/message.h"
#include "wire/peer_secret.h"

namespace titer::wire {

// --- handshake
// kDeathNotice: the replica named has ended, for certain; all that follows is a Proof, where there is a secret.
enum class Role : std::uint8_t { kReplica = 1, kDirectClient = 2, kGatewayClient = 3, kDeathNotice = 4 };
// The reason of the goodbye that answers a death notice; another one says why it was not believed.
inline constexpr std::string_view kDeathNoted = "the death is noted";

struct Hello {
  Role role = Role::kGatewayClient;
  std::uint64_t cluster = 0;  // 0 from clients that do not care
  std::uint64_t tables = 0;   // replicas: registry::tables_digest(), must agree
  ReplicaId replica;          // kReplica: the sender; kDeathNotice: the dead one; else unused
  Incarnation incarnation;    // likewise
  TransmitterId transmitter;  // kDirectClient
  SessionId session;          // clients
  // Clients: the birth of the session, which is `next` of the first reply to a Hello that named the session; 0: this is
  // that Hello. A client that repeats a request names the birth of its session, or the request may be executed again.
  Position born{};

  // Or of its death watch.
  [[nodiscard]] bool of_replica() const { return role == Role::kReplica || role == Role::kDeathNotice; }
};
struct HelloReply {
  std::uint64_t cluster = 0;
  std::uint64_t tables = 0;
  ReplicaId replica;
  Incarnation incarnation;
  smr::ViewRecord view;      // the newest that this replica knows
  Position next{};           // of the next request that it executes; at least 1
  std::uint64_t stream = 0;  // what positions belong to (stream_of), for clients; 0: it does not say
};
// A cluster that was resumed from an older disk, with the loss of newer writes accepted, counts the same positions again for
// other events, as a restored one does, which is another cluster: so each accepted loss gives another number.
[[nodiscard]] std::uint64_t stream_of(std::uint64_t cluster, std::size_t accepted_losses);
struct Goodbye {
  Code code = Code::kOk;
  std::string reason;
};
// Between replicas, and in a death notice, where there is a secret (peer_secret.h).
struct Challenge {
  Nonce nonce{};
};
struct Proof {
  Mac mac{};
};
void encode(Bytes& out, const Hello& hello);
void encode(Bytes& out, const HelloReply& reply);
void encode(Bytes& out, const Goodbye& goodbye);
void encode(Bytes& out, const Challenge& challenge);
void encode(Bytes& out, const Proof& proof);
[[nodiscard]] Result<Hello> decode_hello(ByteView payload);
[[nodiscard]] Result<HelloReply> decode_hello_reply(ByteView payload);
[[nodiscard]] Result<Goodbye> decode_goodbye(ByteView payload);
[[nodiscard]] Result<Challenge> decode_challenge(ByteView payload);
[[nodiscard]] Result<Proof> decode_proof(ByteView payload);

// --- between replicas, and direct clients
void encode(Bytes& out, const smr::PeerMessage& message);
void encode(Bytes& out, const smr::FromClient& message);
void encode(Bytes& out, const smr::ToClient& message);
void encode(Bytes& out, const smr::Frame& frame);
// The frame's requests are copied once, out of the receive buffer; they are checked (check_batch). A direct client's frame gets
// its content.
[[nodiscard]] Result<smr::PeerMessage> decode_peer(const Message& message);
[[nodiscard]] Result<smr::FromClient> decode_from_client(const Message& message);
[[nodiscard]] Result<smr::ToClient> decode_to_client(const Message& message);

// --- state transfer
struct TransferWant {  // "send me everything beyond `since`"; Position 0: from the start
  Position since;
  std::uint32_t from_slot =
      0;                // a pass was cut off: what it would have sent of the sites below is there; 0: none was
  Position pass_began;  // the `complete` of that pass
  std::uint64_t log_bytes = 0;  // of the execution log, that are there already
};
// A piece of the execution log's file, when there is one.
struct TransferLog {
  std::uint64_t offset = 0;
  ByteView bytes;
};
enum class TransferKind : std::uint8_t {
  kSites = 1,
  kChanged = 2,
  kEvents = 3,
  kSessions = 4,
  kHead = 5,
  kIdempotency = 6
};
struct TransferPart {
  TransferKind kind = TransferKind::kSites;
  bool more = false;            // the body goes on in the next part of this kind; only the last one is complete
  ViewNumber view;              // of the final state given in a flush; 0 while learning
  std::uint32_t next_slot = 0;  // sites of a pass: where the next part goes on …
  std::uint32_t slots = 0;      // … and how many there are
  Position complete;         // kHead: everything up to here has now been sent; sites of a pass: … will have been,
                             // when it ends; 0 in other parts
  LamportTime clock;         // kHead of a final state: the donor's clock
  std::uint64_t digest = 0;  // kHead: the donor's state digest at `complete` (only meaningful for a final state)
  ByteView body;
};
void encode(Bytes& out, const TransferWant& want);
void encode(Bytes& out, const TransferPart& part);
void encode(Bytes& out, const TransferLog& part);
[[nodiscard]] Result<TransferWant> decode_transfer_want(ByteView payload);
[[nodiscard]] Result<TransferPart> decode_transfer_part(ByteView payload);
[[nodiscard]] Result<TransferLog> decode_transfer_log(ByteView payload);

// --- clients
struct Request {
  RequestNumber number;
  ByteView body;  // encode_request()
};
struct Answer {
  RequestNumber number;
  ByteView result;  // encode_outcome()
};
// `as`: the key on whose behalf. kMachine, the connection's own, is what everybody may say; any other only who came
// through the local socket, as gateways to other clients do.
struct Query {
  std::uint64_t token = 0;
  ByteView body;  // encode_query()
  registry::KeyId as = registry::kMachine;
};
struct QueryAnswer {
  std::uint64_t token = 0;
  Position position;  // the state that was read
  Code code = Code::kOk;
  ByteView body;  // rows when ok, else the error's text
};
void encode(Bytes& out, const Request& request);
void encode(Bytes& out, const Answer& answer);
void encode(Bytes& out, const Query& query);
void encode(Bytes& out, const QueryAnswer& answer);
// kTooLarge for a body above kRequestBytesMax. A replica cuts a client off that sends one: clients check before they send.
[[nodiscard]] Status request_fits(ByteView body);
[[nodiscard]] Result<Request> decode_request_message(ByteView payload);
[[nodiscard]] Result<Answer> decode_answer(ByteView payload);
[[nodiscard]] Result<Query> decode_query_message(ByteView payload);
[[nodiscard]] Result<Query> decode_query_as(ByteView payload);
[[nodiscard]] Result<QueryAnswer> decode_query_answer(ByteView payload);

// Binds a connection to a key: requests, queries and admin commands that come on it are that key's. Sent again, it
// changes.
struct Authenticate {
  registry::KeyId key;
  std::string_view secret;
};
struct Authenticated {
  Code code = Code::kOk;
  std::string reason;
};
void encode(Bytes& out, const Authenticate& who);
void encode(Bytes& out, const Authenticated& answer);
[[nodiscard]] Result<Authenticate> decode_authenticate(ByteView payload);
[[nodiscard]] Result<Authenticated> decode_authenticated(ByteView payload);

// kStatusAsk, kTraceAsk, kBackupAsk and kStop have no payload; kStatus and kTrace are JSON text and nothing else.
void encode_status_ask(Bytes& out);
void encode_trace_ask(Bytes& out);
void encode_backup_ask(Bytes& out);
void encode_status(Bytes& out, std::string_view json);
void encode_trace(Bytes& out, std::string_view json);
void encode_stop(Bytes& out);

// What the operator of a cluster on one machine may ask of its supervisor, by way of any replica.
struct Operate {
  enum class What : std::uint8_t { kKill, kStart };
  std::uint64_t token = 0;  // comes back in Operated
  What what = What::kKill;
  std::uint32_t replica = 0;
};
struct Operated {
  std::uint64_t token = 0;
  Code code = Code::kOk;
  std::string message;  // for people, also when it was done
};
void encode(Bytes& out, const Operate& ask);
void encode(Bytes& out, const Operated& answer);
[[nodiscard]] Result<Operate> decode_operate(ByteView payload);
[[nodiscard]] Result<Operated> decode_operated(ByteView payload);

// --- the registry's requests and answers, as bodies (no message header)
void encode_request(Bytes& out, const registry::Request& request);
[[nodiscard]] Result<registry::Request> decode_request(ByteView body);
// The same into a request that is used again and again; after an error its content is unspecified.
[[nodiscard]] Status decode_request(ByteView body, registry::Request& out);
// The key that an encoded request names, without decoding it; and putting one in that names none yet.
[[nodiscard]] registry::KeyId request_key(ByteView body);
// How many operations an encoded request has, without decoding them: what executing it costs. 1 if it is malformed.
[[nodiscard]] std::size_t request_operations(ByteView body);
void set_request_key(Bytes& body, registry::KeyId key);
[[nodiscard]] bool creates_key(ByteView body);
void encode_outcome(Bytes& out, const registry::Outcome& outcome);
[[nodiscard]] Status decode_outcome(ByteView result, registry::Outcome& out);
void encode_query(Bytes& out, const registry::Query& query);
[[nodiscard]] Result<registry::Query> decode_query(ByteView body);

// Rows of answers, one after another; which rows a query gives: ListSites, GetSite: Site; ChangedSites: Site, which may come
// again, and the later row counts; Near: f64 metres then Site; Changes: Event; History: u64, events up to this position may be
// missing, then Event; Info: totals; ListKeys: Key; GetSwitch: WriteSwitch. A u8 comes before the rows: kMoreRows, and kExplained
// when an Explanation stands between it and the rows.
inline constexpr std::uint8_t kMoreRows = 1, kExplained = 2;
void encode_site(ByteWriter& out, const registry::Site& site);
[[nodiscard]] registry::Site decode_site(ByteReader& in);  // look at in.ok() afterwards
void encode_event(ByteWriter& out, const registry::Event& event);
[[nodiscard]] registry::Event decode_event(ByteReader& in);
void encode_key(ByteWriter& out, const registry::Key& key);
[[nodiscard]] registry::Key decode_key(ByteReader& in);
void encode_switch(ByteWriter& out, const registry::WriteSwitch& writes);
[[nodiscard]] registry::WriteSwitch decode_switch(ByteReader& in);
void encode_totals(ByteWriter& out, const registry::Totals& totals);
[[nodiscard]] registry::Totals decode_totals(ByteReader& in);
void encode_explanation(ByteWriter& out, const registry::Explanation& explanation);
[[nodiscard]] registry::Explanation decode_explanation(ByteReader& in);

// --- replica and view register
struct CompareAndSet {  // from `expected` to its successor without these members; none: the same replicas
  ViewNumber expected;
  smr::ReplicaSet without;
  std::string reason;
  std::vector<Incarnation> dead = {};  // of those without, certainly; the supervisor of one machine knows by itself
};
struct Ready {  // a learner has everything up to here
  Position learned;
};
// What a replica's disk has: the first that its process says, when durability is `disk`.
struct Inventory {
  std::string refusal;             // why it cannot start; empty: it can
  bool whole = false;              // the state of a member of `installed`; else nothing, or a learner's
  ViewNumber installed;            // whole: the view that it installed last …
  std::vector<Incarnation> lives;  // … and its incarnations there and in restarts since
  Position position;               // of its tables
};
// A replica's answer to a ping: what the supervisor's `status` shows without asking.
struct Pong {
  std::uint64_t number = 0;
  ViewNumber installed;
  bool full = false;
  Position position;
  Position learned;
  std::uint8_t learned_percent = 0;
};
void encode_record(ByteWriter& out, const smr::ViewRecord& record);
[[nodiscard]] smr::ViewRecord decode_record(ByteReader& in);
void encode(Bytes& out, const smr::ViewRecord& record);  // kRegisterRecord
// Lines of the journal, as bodies: no message header.
void encode_installed(Bytes& out, const smr::Installed& line);
[[nodiscard]] Result<smr::Installed> decode_installed(ByteView body);
void encode_voided(Bytes& out, const smr::Voided& line);
[[nodiscard]] Result<smr::Voided> decode_voided(ByteView body);
void encode(Bytes& out, const Inventory& inventory);
void encode(Bytes& out, const CompareAndSet& ask);
void encode(Bytes& out, const Ready& ready);
void encode(Bytes& out, const Pong& pong);
void encode_ping(Bytes& out, std::uint64_t number);
[[nodiscard]] Result<smr::ViewRecord> decode_register_record(ByteView payload);
[[nodiscard]] Result<CompareAndSet> decode_compare_and_set(ByteView payload);
[[nodiscard]] Result<Ready> decode_ready(ByteView payload);
[[nodiscard]] Result<Inventory> decode_inventory(ByteView payload);
[[nodiscard]] Result<Pong> decode_pong(ByteView payload);
[[nodiscard]] Result<std::uint64_t> decode_ping(ByteView payload);

// --- watchers
struct Watch {
  Position since;
  registry::KeyId as = registry::kMachine;  // as in Query
};
struct Events {
  Position upto;          // the watcher has everything up to here after this batch
  Code code = Code::kOk;  // kTooOld: the history does not reach back to `since`; `reason` says where it begins
  std::string reason;
  std::uint32_t count = 0;
  ByteView events;  // count × encode_event
};
void encode(Bytes& out, const Watch& watch);
void encode(Bytes& out, const Events& events);
[[nodiscard]] Result<Watch> decode_watch(ByteView payload);
[[nodiscard]] Result<Watch> decode_watch_as(ByteView payload);
[[nodiscard]] Result<Events> decode_events(ByteView payload);

}  // namespace titer::wire
