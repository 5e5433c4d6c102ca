// SPDX-License-Identifier: Apache-2.0

// Limits of the HTTP server, each with its unit and its reason. A client that goes beyond one is told which.
#pragma once

#include <cstddef>
#include <cstdint>

namespace titer::http::limits {

// --- one request
inline constexpr std::size_t kHeaderBytesMax = std::size_t{16} << 10;  // browsers send some 2 KiB
inline constexpr std::size_t kTargetBytesMax = std::size_t{8} << 10;   // path and query together
inline constexpr std::size_t kHeadersMax = 100;
inline constexpr std::size_t kParametersMax = 32;
inline constexpr std::size_t kSegmentsMax = 16;  // of a path
inline constexpr unsigned kEmptyLinesMax = 4;    // before a request line; old clients send one behind a body
inline constexpr std::size_t kBodyBytesMax = std::size_t{1} << 20;  // JSON; streamed bodies have no limit of size
// Of bodies above kSmallBodyBytes that are on their way or being answered, all together: 64 at a time. Else ten thousand clients
// that begin a body and do not end it would take ten gigabytes.
inline constexpr std::size_t kSmallBodyBytes = std::size_t{64} << 10;
inline constexpr std::size_t kBodiesBytesMax = 64 * kBodyBytesMax;
inline constexpr std::size_t kJsonDepthMax = 16;                      // no body needs more than 4
inline constexpr std::size_t kReadBytes = std::size_t{16} << 10;      // room offered to each read from a socket
inline constexpr std::size_t kPipelineBytes = std::size_t{64} << 10;  // read ahead while a request is in progress

// --- one connection
inline constexpr std::int64_t kHeadUs = 10'000'000;    // from the first byte of a request to the end of its header
inline constexpr std::int64_t kBodyUs = 30'000'000;    // a JSON body, whole
inline constexpr std::int64_t kPieceUs = 30'000'000;   // a streamed body: between two pieces
inline constexpr std::int64_t kIdleUs = 75'000'000;    // between two requests; proxies keep theirs for 60 s
inline constexpr std::int64_t kUnreadUs = 30'000'000;  // an answer of which nothing is read
inline constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;     // pipelined answers that wait to be read
inline constexpr std::size_t kStreamPieceBytes = std::size_t{64} << 10;  // a streamed answer is made in such pieces

}  // namespace titer::http::limits
