// SPDX-License-Identifier: Apache-2.0

// Head: what the tables on disk say about themselves, written last and in the same batch as what it describes.
//
// It is all that a restarted replica needs beside the rows: where the state machine stood and with which digest, and
// where the protocol stood (smr/checkpoint.h). Bytes of our own with the wire module's piece for a view; RocksDB sums
// them. Decoding is total: what is not a head is an error.
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
