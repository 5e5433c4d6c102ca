// SPDX-License-Identifier: Apache-2.0

#include "wire/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"

namespace titer::wire {
namespace {

struct Header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t type;
  std::uint32_t length;
  std::uint64_t checksum;
};
static_assert(sizeof(Header) == kHeaderBytes);

bool known(std::uint8_t type) {
  switch (static_cast<Type>(type)) {
    case Type::kHello:
    case Type::kHelloReply:
    case Type::kGoodbye:
    case Type::kChallenge:
    case Type::kProof:
    case Type::kFrame:
    case Type::kFlush:
    case Type::kRelay:
    case Type::kDone:
    case Type::kHeartbeat:
    case Type::kTransferWant:
    case Type::kTransferPart:
    case Type::kTransferLog:
    case Type::kDirectHello:
    case Type::kWelcome:
    case Type::kSolicit:
    case Type::kViewIs:
    case Type::kRequest:
    case Type::kAnswer:
    case Type::kQuery:
    case Type::kQueryAnswer:
    case Type::kWatch:
    case Type::kEvents:
    case Type::kStatusAsk:
    case Type::kStatus:
    case Type::kBackupAsk:
    case Type::kTraceAsk:
    case Type::kTrace:
    case Type::kOperate:
    case Type::kAuthenticate:
    case Type::kAuthenticated:
    case Type::kQueryAs:
    case Type::kWatchAs:
    case Type::kOperated:
    case Type::kRegisterRecord:
    case Type::kRegisterCompareAndSet:
    case Type::kPing:
    case Type::kPong:
    case Type::kReady:
    case Type::kInventory:
    case Type::kStop: return true;
  }
  return false;
}

std::uint64_t checksum(std::uint8_t type, ByteView payload) { return hash64(payload, type); }

Error bad(std::string message) { return {Code::kProtocol, std::move(message)}; }

// The first bytes of a header, as far as they are here: garbage is noticed before 16 bytes of it have
// arrived.
Status check_start(ByteView in, std::size_t bytes_max) {
  if (in.empty()) return ok_status();
  Header h{};
  std::memcpy(&h, in.data(), std::min(in.size(), kHeaderBytes));
  if (in.size() >= 2 && h.magic != kMagic) return bad("this is not the titer protocol (wrong magic bytes)");
  if (in.size() >= 3 && h.version != kVersion)
    return bad(
        fmt::format("the other side speaks version {} of the wire format, this one {}", h.version, kVersion));
  if (in.size() >= 4 && !known(h.type)) return bad(fmt::format("unknown message type {}", h.type));
  if (in.size() >= 8 && h.length > bytes_max - kHeaderBytes)
    return bad(fmt::format("a message of {} bytes is above the limit of {}", h.length, bytes_max));
  return ok_status();
}

}  // namespace

std::size_t announced_bytes(ByteView in) {
  if (in.size() < kHeaderBytes) return 0;
  Header h{};
  std::memcpy(&h, in.data(), sizeof h);
  return kHeaderBytes + h.length;
}

Result<std::optional<Message>> next_message(ByteView& in, std::size_t bytes_max) {
  if (Status s = check_start(in, bytes_max); !s.ok()) return s.error();
  if (in.size() < kHeaderBytes) return std::optional<Message>();
  Header h{};
  std::memcpy(&h, in.data(), sizeof h);
  if (in.size() - kHeaderBytes < h.length) return std::optional<Message>();
  const ByteView payload = in.subspan(kHeaderBytes, h.length);
  if (checksum(h.type, payload) != h.checksum)
    return bad(fmt::format("wrong checksum of a message of type {}, {} bytes", h.type, h.length));
  in = in.subspan(kHeaderBytes + h.length);
  return std::optional<Message>(Message{static_cast<Type>(h.type), payload});
}

MessageWriter::MessageWriter(Bytes& out, Type type)
    : ByteWriter(out), buffer_(out), start_(out.size()), type_(type) {
  out.resize(start_ + kHeaderBytes);
}

void MessageWriter::finish() {
  const ByteView payload = ByteView(buffer_).subspan(start_ + kHeaderBytes);
  TITER_CHECK(payload.size() <= limits::kMessageBytesMax - kHeaderBytes, "a message above the limit was built");
  const auto type = static_cast<std::uint8_t>(type_);
  const Header h{kMagic, kVersion, type, static_cast<std::uint32_t>(payload.size()), checksum(type, payload)};
  std::memcpy(buffer_.data() + start_, &h, sizeof h);
}

}  // namespace titer::wire
