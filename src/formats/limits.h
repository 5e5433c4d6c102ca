// SPDX-License-Identifier: Apache-2.0

// Limits of files that are read, each with its unit and its reason. So that a file of any size, packed as well as one can pack, takes
// a bounded amount of memory: what is kept of it until its end is HeldMemory (layout.h), all else belongs to one row.
#pragma once

#include <cstddef>
#include <cstdint>

namespace titer::formats {

// What one file may have kept until its end (of Locations, Schedules, stock that is put together), bytes: a nation's 200,000
// sites with two products each. Larger feeds are imported in parts.
inline constexpr std::size_t kHeldBytesMax = std::size_t{256} << 20;
// What tells repetitions; when it is full, further ones go unnoticed.
inline constexpr std::size_t kSeenKeysMax = 2'000'000;
inline constexpr std::size_t kSeenKeysBytesMax = std::size_t{64} << 20;
// An id of FHIR: [A-Za-z0-9\-\.]{1,64} (FHIR R4, 2.24.0.1). What else a feed may put there is taken, but not more of it.
inline constexpr std::size_t kFhirIdBytesMax = 64;
// How much text gzip may make of a file. Our own exports shrink to a twentieth, the federal ones to a tenth; 1032 is the most
// that gzip can do, and only for a text that repeats itself.
inline constexpr std::uint64_t kInflationMax = 200;
inline constexpr std::uint64_t kInflationFreeBytes = std::uint64_t{4} << 20;  // of text, before that is looked at
// Texts of one row that are kept for the next one to use again.
inline constexpr std::size_t kPoolBytesKept = std::size_t{64} << 10;

}  // namespace titer::formats
