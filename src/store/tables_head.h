// SPDX-License-Identifier: Apache-2.0

// Head: the description of the tables on disk, written last and in the same batch as the rows that it describes.
//
// It has everything that a restarted replica needs beside the rows: the position and the digest of the state machine, and
// the state of the protocol (smr/checkpoint.h). It is encoded by this module, a view in it by the wire module; RocksDB
// has the checksum. Decoding is total: bytes that are not a head are an error. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "machine/machine.h"
#include "smr/checkpoint.h"
#include "store/journal_format.h"

namespace titer::store {

struct Head {
  std::uint64_t batch = 0;  // which one, counted since the tables were made or wiped: each builds on the one before
  machine::Machine::Standing standing;
  smr::Checkpoint checkpoint;
  registry::PerLane<Position> events;   // the blocks of history reach up to here
  JournalMark journal;                  // what was synced of the journal before this was written
  WallTime written;                     // by this machine's clock, for people
  std::vector<std::string> recoveries;  // losses that an operator accepted, a sentence each; kept permanently
};

void encode_head(const Head& head, Bytes& out);
[[nodiscard]] Result<Head> decode_head(ByteView in);

}  // namespace titer::store
