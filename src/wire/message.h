// SPDX-License-Identifier: Apache-2.0

// Messages on a link: how bytes are cut into messages, for every kind of connection.
//
// One message is a 16-byte header — magic (u16), version (u8), type (u8), payload length (u32), checksum
// (u64: XXH3 of the payload, seeded with the type) — and the payload. Every length is bounded before it is
// believed, every payload is checked before it is decoded. A link is one TCP or Unix stream; messages on it
// are in order.
//
// next_message() looks at what has been received and shows the payload in place; nothing is copied.
// Errors: kProtocol for bad magic, version, length or checksum: the stream cannot be trusted any more, say
// Goodbye and close. docs/reference/wire.md has a worked example.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

namespace titer::wire {

inline constexpr std::uint16_t kMagic = 0x5454;  // "TT"
inline constexpr std::uint8_t kVersion = 2;
inline constexpr std::size_t kHeaderBytes = 16;

// Numbers are part of the wire format: append only.
enum class Type : std::uint8_t {
  // every link
  kHello = 1,       // dialler's first message: wire::Hello
  kHelloReply = 2,  // wire::HelloReply
  kGoodbye = 3,     // last message before a close: code and reason
  kChallenge = 4,   // between replicas that have a secret: wire::Challenge …
  kProof = 5,       // … and wire::Proof
  // between replicas
  kFrame = 10,
  kFlush = 11,
  kRelay = 12,
  kDone = 13,
  kHeartbeat = 14,
  kTransferWant = 20,  // learner → donor: wire::TransferWant
  kTransferPart = 21,  // donor → learner: wire::TransferPart
  kTransferLog = 22,   // donor → learner: wire::TransferLog
  // direct clients
  kDirectHello = 30,
  kWelcome = 31,
  kSolicit = 32,
  kViewIs = 33,  // also to thin clients when the view changes
  // clients' requests and questions
  kRequest = 40,      // number (u64), body
  kAnswer = 41,       // number (u64), result
  kQuery = 42,        // token (u64), body
  kQueryAnswer = 43,  // token (u64), answer
  kWatch = 44,        // since (u64): from now on, events beyond that position
  kEvents = 45,       // a batch of events for a watcher
  kStatusAsk = 46,
  kStatus = 47,     // JSON text for people and monitors
  kBackupAsk = 48,  // the whole state, please: kTransferPart until one with the head of a final state
  kTraceAsk = 49,
  kTrace = 50,    // JSON text, as kStatus
  kOperate = 51,  // wire::Operate: a replica is to be killed or started; the replica passes it on to the supervisor
  kOperated = 52,       // wire::Operated, all the way back
  kAuthenticate = 53,   // wire::Authenticate: the key of this connection from now on
  kAuthenticated = 54,  // wire::Authenticated
  kQueryAs = 55,        // a question on behalf of a key: token (u64), key (u64), body
  kWatchAs = 56,        // likewise
  // replica and view register
  kRegisterRecord = 60,  // the newest record
  kRegisterCompareAndSet = 61,
  kPing = 63,
  kPong = 64,
  kReady = 65,  // a learner is close enough to become a member
  kStop = 66,
  kInventory = 67,  // what a replica's disk has, when its process starts
};

struct Message {
  Type type{};
  ByteView payload;  // into the receive buffer
};

// The first whole message of `in`, which is advanced past it. nullopt: more bytes are needed. A message that announces more
// than `bytes_max`, header included, is refused before the rest of it has come.
[[nodiscard]] Result<std::optional<Message>> next_message(ByteView& in,
                                                          std::size_t bytes_max = limits::kMessageBytesMax);
// How long the message that begins here says that it is, header included; 0: not known before the whole header has come.
[[nodiscard]] std::size_t announced_bytes(ByteView in);

// Appends one message: MessageWriter m(out, Type::kDone); m.u64(…); m.finish(). finish() fills in length and
// checksum.
class MessageWriter : public ByteWriter {
 public:
  MessageWriter(Bytes& out, Type type);
  void finish();

 private:
  Bytes& buffer_;
  std::size_t start_;
  Type type_;
};

}  // namespace titer::wire
