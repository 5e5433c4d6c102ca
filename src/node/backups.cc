// SPDX-License-Identifier: Apache-2.0

#include "node/backups.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace titer::node {

void Backups::begin(net::Connection& connection) {
  if (!engine_.replica.full())
    return connection.fail(Code::kUnavailable, "this replica is still catching up; ask another one");
  if (backups_.size() >= kBackupsMax)
    return connection.fail(Code::kBusy, "too many backups in progress; try again later");
  forget(connection);  // asked twice: from the beginning
  connection.limit_sending(limits::kSendQueueBytesMax);
  const BootTime now = env_.boot_now();
  backups_.push_back({connection.shared_from_this(), engine_.machine.begin_transfer({}), 0, now, now});
  env_.wake_at(now);
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
