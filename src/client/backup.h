// SPDX-License-Identifier: Apache-2.0

// Backup: one replica's whole state, at one position, into a file — while the cluster goes on.
//
// The file is the stream of messages as the replica sent it: its greeting (which says of which cluster), parts of the
// state, and last a head with position and digest. So every byte of it is under a checksum, and a file that does
// not end with that head is incomplete (store/backup_reader.h reads it). Before it asks, the client reads once from
// the same replica, linearizably: whatever was acknowledged before is in the backup.
//
// It is written beside its name and renamed when it is on disk: under its name there is a whole backup or none (or the one
// before). If the replica dies half-way, the backup starts from scratch at another one.
// Limits: a message in memory. Errors: no replica gives a backup (kUnreachable), or the file cannot be written
// (kInternal).
// Thread rule: runs the loop inside the call.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/addresses.h"
#include "net/loop.h"
#include "wire/token.h"

namespace titer::client {

struct BackupOptions {
  Addresses at;                                 // at least one
  std::string target;                           // a file, or a directory for a file with a name of its own
  std::int64_t patience_us = 10'000'000;        // for the next message of anybody
  std::function<void(const std::string&)> say;  // what goes otherwise than hoped
  std::function<bool()> interrupted;
  std::optional<wire::Token> token = std::nullopt;  // an operator's, once there are keys
};

struct BackupTaken {
  std::string file;
  net::Address from;
  std::uint64_t cluster = 0;
  Position position;
  std::uint64_t digest = 0;
  std::uint64_t bytes = 0;
  std::uint32_t sites = 0;  // that the last pass counted
};

[[nodiscard]] Result<BackupTaken> take_backup(net::Loop& loop, const BackupOptions& options);

}  // namespace titer::client
