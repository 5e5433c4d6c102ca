// SPDX-License-Identifier: Apache-2.0

// Limits of the HTTP interface, each with its unit and its reason. A client that goes beyond one is told which.
#pragma once

#include <cstddef>
#include <cstdint>

namespace titer::api::limits {

// --- one request
inline constexpr std::size_t kKeyBytesMax = 256;    // Idempotency-Key
inline constexpr std::uint64_t kPageDefault = 100;  // rows in an answer to a request that names no limit

// --- one server: each worker has its part of it
// Of the change stream's ring: some 50,000 events, seconds of the heaviest load; and of each auditor's.
inline constexpr std::size_t kRingBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kAuditRingBytesMax = std::size_t{4} << 20;
// --- one worker
inline constexpr std::size_t kAuditFeedsMax = 16;  // keys that follow who did what and why; 64 MiB with their rings
inline constexpr std::size_t kKeyringMax =
    20'000;  // keys shown here, some 100 bytes each; five times the maximum number of keys
inline constexpr std::size_t kConnectionsMax = 10'000;  // thousands of listeners, with what they cost: 40 KiB each
inline constexpr std::size_t kTurningAwayMax = 64;      // connections that are told that there is no room
inline constexpr std::size_t kWaitingMax = 20'000;      // requests that wait for room at the replica; then 503
inline constexpr std::int64_t kAnswerUs = 10'000'000;   // then the client hears that the outcome is not known
inline constexpr std::int64_t kMinPositionUs = 2'000'000;  // Titer-Min-Position: how long a read waits for it
inline constexpr std::int64_t kDrainUs = 3'000'000;        // a stop waits that long for answers in progress

}  // namespace titer::api::limits
