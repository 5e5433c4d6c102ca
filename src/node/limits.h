// SPDX-License-Identifier: Apache-2.0

// Limits of a replica process, each with its unit and its reason. Together with net/loop.h they bound a turn: 1 ms to take
// in, 2 ms to execute, and the reads of some 16,000 rows, which take about as long. A heartbeat goes out every 50 ms.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.h"

namespace titer::node::limits {

// Those of the system, under the same name.
using namespace titer::limits;  // NOLINT(google-build-using-namespace)

// --- executions (executor.h)
inline constexpr std::int64_t kExecuteUs = 2'000;  // of a turn; then it goes on in the next one
inline constexpr std::size_t kExecuteAtOnce =
    64;  // operations between two looks at the clock; a bulk is not divided

// --- requests of one client without an answer; beyond, it is not read until answers have gone out
inline constexpr std::size_t kRequestsOpenMax = 256;  // as many as its session may have open
// … and when all clients together have so many operations open, each may have its share of them, or one request: these are
// executed in some 10 ms, and what others ask has to wait for that
inline constexpr std::size_t kOperationsOpenMax = 8'192;

// --- reads (reads.h)
inline constexpr std::size_t kReadsOpenMax = 256;   // of one client; beyond, it is not read
inline constexpr std::uint32_t kTurnRows = 16'384;  // that the reads of a turn may look at together; …
inline constexpr std::uint32_t kReadRows = 16;      // … what a read costs besides
inline constexpr std::uint32_t kFirstRows = 4'096;  // of a read that just came; enough for a full page
inline constexpr std::uint32_t kStepRows = 8'192;   // of each later step
inline constexpr std::size_t kTurnAnswerBytes = std::size_t{1} << 20;  // in answers to reads, about
inline constexpr std::size_t kQueryBytesMax = std::size_t{16}
                                              << 10;  // a query with every text at its limit has less
inline constexpr std::size_t kUnreadBytesMax = std::size_t{1}
                                               << 20;          // answers that wait for the client to read them
inline constexpr std::int64_t kReadPatienceUs = 2'000'000;     // without a lease
inline constexpr std::int64_t kUnreadPatienceUs = 10'000'000;  // then a client that does not read is cut off

// --- answers with the status, or a trace, in one turn: some 10 KiB each
inline constexpr std::size_t kTextsPerTurn = 64;

// --- connections with something to write that are written to in one turn; the others follow in the next one
inline constexpr std::size_t kWritesPerTurn = 128;

}  // namespace titer::node::limits
