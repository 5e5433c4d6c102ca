// SPDX-License-Identifier: Apache-2.0

#include "store/replay.h"

#include <algorithm>
#include <utility>

namespace titer::store {

namespace {

Result<smr::FramePtr> read_frame(ByteView body) {
  auto message = wire::next_message(body);
  if (!message) return message.error();
  if (!*message || !body.empty()) return Error{Code::kInternal, "a frame in the journal is cut short"};
  auto decoded = wire::decode_peer(**message);
  if (!decoded) return decoded.error();
  const auto* frame = std::get_if<smr::FramePtr>(&decoded.value());
  if (frame == nullptr) return Error{Code::kInternal, "a record of the journal is not a frame"};
  return *frame;
}

}  // namespace

Replay::Replay(const Tables::Loaded& loaded, machine::Machine& machine, machine::LogSink line, Watch watch)
    : machine_(machine),
      line_(std::move(line)),
      watch_(std::move(watch)),
      whole_(!loaded.empty && !loaded.head.standing.learning),
      recovery_(loaded.head.checkpoint) {}

Status Replay::record(RecordKind kind, ByteView body) {
  if (!whole_) return ok_status();
  if (kind == RecordKind::kFrame) {
    auto frame = read_frame(body);
    return frame ? recovery_.frame(std::move(frame).value()) : frame.error();
  }
  if (kind == RecordKind::kVoid) {
    const auto line = wire::decode_voided(body);
    return line ? recovery_.voided(*line) : line.error();
  }
  const auto installed = wire::decode_installed(body);
  if (!installed) return installed.error();
  const auto frames = recovery_.installed(*installed);
  if (!frames) return frames.error();
  for (const smr::FramePtr& frame : *frames) machine_.execute(*frame, watch_ ? watch_(frame) : nullptr, line_);
  return ok_status();
}

Result<Replay::Found> Replay::end(const Identity& identity) && {
  auto recovered = std::move(recovery_).end();
  if (!recovered) return recovered.error();
  Found found{std::move(recovered).value(), {}};
  const smr::ViewRecord& installed = found.recovered.checkpoint.installed;
  const smr::Member* member = installed.find(identity.me);
  wire::Inventory& inventory = found.inventory;
  inventory.whole = whole_ && member != nullptr;
  inventory.installed = installed.number;
  inventory.position = machine_.position();
  if (!inventory.whole) return found;
  // Lives before that membership can be in no record any more.
  const auto at = std::ranges::find(identity.lives, member->incarnation);
  inventory.lives.push_back(member->incarnation);
  inventory.lives.insert(inventory.lives.end(), at == identity.lives.end() ? identity.lives.begin() : at + 1,
                         identity.lives.end());
  return found;
}

}  // namespace titer::store
