// SPDX-License-Identifier: Apache-2.0

#include "node/backups.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace titer::node {

void Backups::begin(net::Connection& connection, std::uint64_t address) {
  if (!engine_.replica.full())
    return connection.fail(Code::kUnavailable, "this replica is still catching up; ask another one");
  forget(connection);  // asked twice: from the beginning
  const BootTime now = env_.boot_now();
  if (const Status room = make_room(address, now); !room)
    return connection.fail(room.error().code, room.error().message);
  connection.limit_sending(limits::kSendQueueBytesMax);
  backups_.push_back(
      {connection.shared_from_this(), address, now, engine_.machine.begin_transfer({}), 0, now, now});
  env_.wake_at(now);
}

Status Backups::make_room(std::uint64_t address, BootTime now) {
  const auto own = address == 0 ? 0 : std::ranges::count(backups_, address, &Backup::address);
  if (static_cast<std::size_t>(own) >= kOfOneMax)
    return Error{Code::kBusy, "two backups for this address are in progress; try again later"};
  if (backups_.size() < kBackupsMax) return ok_status();
  const Backup& oldest = *std::ranges::min_element(backups_, {}, &Backup::began);
  if (own > 0 || now.value < oldest.began.value + kLongestUs)
    return Error{Code::kBusy, "too many backups in progress; try again later"};
  const net::ConnectionPtr connection = oldest.connection;
  forget(*connection);
  connection->fail(Code::kBusy, "the backup took long, and gave way to another client's; try again later");
  return ok_status();
}

bool Backups::gives(const net::Connection& connection) const {
  return std::ranges::any_of(backups_, [&](const Backup& one) { return one.connection.get() == &connection; });
}

void Backups::forget(const net::Connection& connection) {
  std::erase_if(backups_, [&](const Backup& backup) { return backup.connection.get() == &connection; });
}

void Backups::on_turn(BootTime now) {
  std::erase_if(backups_, [&](Backup& backup) { return !go_on(backup, now); });
}

bool Backups::go_on(Backup& backup, BootTime now) {
  net::Connection& connection = *backup.connection;
  if (!connection.open()) return false;
  if (connection.waiting() > kWaitingMax) {
    if (now.value < backup.moved.value + kUnreadPatienceUs) return true;  // the kernel's "take more" begins a turn
    connection.fail(Code::kBusy, "it does not read the backup that it asked for");
    return false;
  }
  backup.moved = now;
  if (engine_.machine.write_part(backup.cursor, kPieceBytes, connection.outgoing())) {
    const bool brief = now.value < backup.pass_began.value + kShortPassUs;
    backup.pass_began = now;
    if (++backup.passes >= kPassesMax || (backup.passes >= kPassesMin && brief)) {
      finish(backup);
      return false;
    }
  }
  connection.flush();
  env_.wake_at(now);
  return true;
}

void Backups::finish(Backup& backup) {
  TITER_CHECK(engine_.replica.full(), "a backup is made of a complete state");
  const smr::Snapshot now = engine_.replica.snapshot();
  // The number only says that this is the end: in the first view it would be 0, which says the opposite.
  const ViewNumber view = std::max(now.installed, ViewNumber(1));
  engine_.machine.write_final(backup.cursor.complete, view, now.clock, backup.connection->outgoing());
  backup.connection->flush();
  spdlog::info("a backup was given, of position {}", engine_.machine.position().value);
}

}  // namespace titer::node
