// SPDX-License-Identifier: Apache-2.0

// Backup reader: a file that `titer backup` wrote, back into a state machine.
//
// The file is a stream of wire messages: the source's HelloReply, parts of a state transfer, and last the head of a final
// state (client/backup.h has how it comes about). Read like a learner reads it, so the same digest is its proof.
// Limits: a message in memory, beside the state. Errors: sentences that name the file and say what to do. kNotFound: no
// such file; kInvalid: it is no backup, incomplete, or damaged. The machine must be thrown away then.
// Thread rule: none; it waits for the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "machine/machine.h"
#include "wire/codec.h"

namespace titer::store {

struct BackupContents {
  wire::HelloReply source;
  Position position;
  std::uint64_t digest = 0;
  LamportTime clock;
  std::uint64_t bytes = 0;
};

// Into a machine that has executed nothing. The result has been checked against the digest, and for consistency.
[[nodiscard]] Result<BackupContents> read_backup(const std::string& path, machine::Machine& machine);

}  // namespace titer::store
