// SPDX-License-Identifier: Apache-2.0

// Every limit of the system, in one place, each with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace titer::limits {

// --- the cluster
inline constexpr std::size_t kReplicasMax = 16;  // every replica writes to every other: t² links
// The newest of the processes that are certainly dead, in a view record. The leases of those that died earlier have
// expired.
inline constexpr std::size_t kKnownDeadMax = 1024;

// --- frames and messages (protocol.md §2.9)
inline constexpr std::size_t kFrameRequestsMax = 4096;               // keeps one turn of execution near a few ms
inline constexpr std::size_t kFrameBytesMax = std::size_t{1} << 20;  // of requests in one frame
inline constexpr std::size_t kRequestBytesMax = std::size_t{256} << 10;  // one request; fits a frame with room
inline constexpr std::size_t kMessageBytesMax = std::size_t{8} << 20;    // one message on any link, header included
inline constexpr std::uint64_t kClockLeapMax = std::uint64_t{1}
                                               << 32;  // a replica's frame further ahead is refused
// A direct client's frame further ahead is refused. Its clock comes from its welcomes, so it is never far ahead; and to
// walk the clock to kCounterMax in such steps takes years.
inline constexpr std::uint64_t kDirectClockLeapMax = std::uint64_t{1} << 20;
// Wall clocks: a direct client's stamp further ahead is refused, a replica further off the others' median is not believed.
inline constexpr std::int64_t kWallLeapMaxMs = 10'000;
// One machine alone is believed when it is not further ahead of the state's time. A cluster may stand still for a holiday.
inline constexpr std::int64_t kWallJumpMaxMs = std::int64_t{7} * 24 * 3600 * 1000;

// Every number that only rises (clock, seq, position, view, request number) ends here: bytes from outside that claim
// more are refused where they are decoded. At a million a second it takes 146,000 years to get there, and arithmetic on
// what was accepted cannot overflow.
inline constexpr std::uint64_t kCounterMax = std::uint64_t{1} << 62;
inline constexpr std::int64_t kWallTimeMaxMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

// --- flow: beyond these a gateway answers `busy`
inline constexpr std::size_t kUnsafeFramesMax = 64;                    // own frames not yet safe, per transmitter
inline constexpr std::size_t kPendingBytesMax = std::size_t{8} << 20;  // requests waiting for a frame
inline constexpr std::size_t kDirectClientsMax = 1024;  // known to one replica in one view, in full; and
inline constexpr std::size_t kSettledClientsMax =
    8192;  // so many more of which only a summary is kept (smr/streams.h)
// Of one direct client, held and not yet executed and acknowledged by all. A flush names what each is: 4 MiB at most.
inline constexpr std::size_t kDirectFramesMax = std::size_t{4} * kUnsafeFramesMax;

// --- sessions: exactly once is remembered this far
inline constexpr std::size_t kSessionsMax = 16'384;
// Results kept per session; also how many requests may be in flight, and how far a number may lie above all before it.
inline constexpr std::size_t kSessionWindow = 256;
inline constexpr std::size_t kSessionBytesMax = std::size_t{16} << 20;  // all kept results together

// --- idempotency keys: the outcome of a request with one is remembered for a day. An API key may use as much of the memory as
// is still free, so one alone has room for about 600,000. Then the oldest go earlier, but none before an hour has passed:
// until then its further ones are refused as `too_many`.
inline constexpr std::int64_t kIdempotencyKeepMs = std::int64_t{24} * 3600 * 1000;
inline constexpr std::int64_t kIdempotencyKeepMinMs = std::int64_t{3600} * 1000;
inline constexpr std::size_t kIdempotencyBytesMax = std::size_t{256} << 20;

// --- times
inline constexpr std::int64_t kHeartbeatEveryUs = 50'000;
inline constexpr std::int64_t kSuspectAfterUs = 800'000;  // a peer silent that long is suspected, …
inline constexpr std::int64_t kSuspectEarlyUs = 300'000;  // … one whose heartbeats come on time after so long
inline constexpr std::int64_t kReadLeaseUs = 250'000;     // D of protocol.md §5
inline constexpr std::int64_t kSolicitPatienceUs = 1'000'000;  // a direct client that does not answer a solicit
inline constexpr std::int64_t kSolicitLateUs =
    100'000;  // what is longer counts; all of it in one view has the same patience
inline constexpr std::int64_t kDirectRestUs = 200'000;  // an idle direct client becomes passive

// --- connections
inline constexpr std::int64_t kHandshakeUs = 5'000'000;  // a connection that has not said hello by then is cut off
// A message that has begun is whole within so long: 256 KiB at 70 kbit/s.
inline constexpr std::int64_t kUnfinishedUs = 30'000'000;
// One message, header included, before anybody knows what it is: the hello has some 60 bytes, and room to grow.
inline constexpr std::size_t kHelloMessageBytesMax = 1024;
// … of a client without a key, where one is needed to write: questions, keys and small requests.
inline constexpr std::size_t kStrangerMessageBytesMax = std::size_t{64} << 10;
// … of a client that may write: a request (a bulk) as large as one may be.
inline constexpr std::size_t kClientMessageBytesMax = kRequestBytesMax + 1024;
// … of a direct client: a frame, of which the requests' heads may take as much again.
inline constexpr std::size_t kDirectMessageBytesMax = 2 * kFrameBytesMax;
// Of clients' messages above kStrangerMessageBytesMax that are on their way, all together: 256 bulks at a time. So a
// thousand clients that begin a large message and do not end it cost no more than that.
inline constexpr std::size_t kUnfinishedBytesMax = std::size_t{64} << 20;
// Clients of the wire at one replica, and those of one address. A process with few descriptors takes fewer
// (host/descriptors.h); [limits] of titer.toml sets others.
inline constexpr std::size_t kClientsMax = 4'096;  // some 20 KiB each when idle, some 50 KiB under TLS
inline constexpr std::size_t kNewcomersMax = 256;  // that have not said hello: 1 KiB and at most kHandshakeUs each
// Of them, how many may watch: each costs a send per change, and watching is never idle.
inline constexpr std::size_t kWatchersMax = kClientsMax / 4;
inline constexpr std::size_t kSendQueueBytesMax = std::size_t{64} << 20;   // a peer that stops reading
inline constexpr std::size_t kClientSendBytesMax = std::size_t{16} << 20;  // a client that stops reading

// --- the scrub of the state (store/scrub.h): 2,560 sites a second, so a million in seven minutes, for 0.2 % of a processor
inline constexpr std::int64_t kScrubEveryUs = 100'000;
inline constexpr std::uint32_t kScrubSites = 256;

// --- the registry
inline constexpr std::size_t kNameBytesMax = 256;
inline constexpr std::size_t kTextBytesMax = 2048;  // any other text field of a site
inline constexpr std::size_t kSiteIdBytesMax = 64;
inline constexpr std::size_t kExternalIdsMax = 32;  // per site
inline constexpr std::size_t kStockLinesMax = 256;  // products per site
// What an aggregator's key may use of these: its source so many, and none once only the rest of the site is free. No feed
// knows as many products, and a clinic can always log its own.
inline constexpr std::size_t kSourceLinesMax = 64;
inline constexpr std::size_t kLinesKeptFree = 64;
inline constexpr std::size_t kBulkOperationsMax = 1024;  // in one atomic bulk
inline constexpr std::size_t kUndoLooksMax =
    100'000;  // later events of a site, by all undos of a request: some 10 ms
inline constexpr std::size_t kEventsPerPositionMax =
    2 * kBulkOperationsMax;                                      // a site and its stock line, of each operation
inline constexpr std::uint64_t kCountMax = 1'000'000'000;        // doses at one site
inline constexpr std::uint32_t kVersionMax = ~std::uint32_t{0};  // changes of one site, and of one stock line
// A claim that is true later than so far from now is refused; one that is nearer counts as true now, or no other one could
// replace it before that time. Ten minutes: clocks that nobody sets are that far off. Sources that give dates only are no reason
// for more, because a date becomes a time where it is read (formats/file_time.h).
inline constexpr std::int64_t kValidAheadMaxMs = std::int64_t{10} * 60 * 1000;
// The history of sites has two such parts: one in which each key has its share, and one for what goes beyond shares
// (registry/event_log.h). A sixteenth: some 12,000 events, a year of a clinic that logs its stock 30 times a day; and a
// feed that is busier than that cannot push out more than a sixteenth of the others' history.
inline constexpr std::size_t kHistoryEventsMax = 200'000;
inline constexpr std::size_t kHistoryBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kHistoryShares = 16;
// Events of keys and the write switch: all of kKeysMax keys made and revoked twice a year, with their scopes.
inline constexpr std::size_t kAccessEventsMax = 20'000;
inline constexpr std::size_t kAccessHistoryBytesMax = std::size_t{8} << 20;
// A year and a month: personal data (who did what) is not kept longer than a yearly report needs, and no undo is.
inline constexpr std::int64_t kHistoryAgeMs = std::int64_t{400} * 24 * 3600 * 1000;
inline constexpr std::size_t kPageMax = 2'000;  // rows in one query answer
// Products that one query names: all vaccines of a group with all their packs. The largest group, flu, has some 530.
inline constexpr std::size_t kFilterProductsMax = 1'024;
// 500 miles, in metres: farther than anybody travels for a dose, and a circle that has not the whole country in it.
inline constexpr double kNearMetresMax = 500 * 1609.344;
// --- keys: every provider of a state, and each key's whole chain of sites; all of them travel and are written in one
// piece when one changes, so together they stay well below a message
inline constexpr std::size_t kKeysMax = 4'096;
inline constexpr std::size_t kKeyScopeMax = 1'000;  // sites, or states and ZIP codes, of one key
inline constexpr std::size_t kAccessBytesMax = std::size_t{4} << 20;
// Sites that the key of a jurisdiction or an aggregator may add, unless it was made with another number: each stays in the
// memory of every replica forever. The CDC's national file has fewer in the largest state.
inline constexpr std::uint32_t kKeySitesDefault = 5'000;
inline constexpr std::uint32_t kKeySitesMax = 1'000'000;

// --- places (registry/place.h): how far a point may lie from the centre of its ZIP code. 100 miles: of the 34,000 sites in the
// samples that have both, all but six are nearer. Four of these are in Alaska, whose ZIP codes are the largest; there, more.
inline constexpr double kPointFromZipMaxM = 160'934.4;
inline constexpr double kPointFromAlaskanZipMaxM = 250'000;
inline constexpr double kPointFromStateMaxDegrees =
    1;  // the box is around centres, and a ZIP code extends beyond its own

static_assert(kRequestBytesMax < kFrameBytesMax && kFrameBytesMax < kMessageBytesMax);

}  // namespace titer::limits
