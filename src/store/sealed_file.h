// SPDX-License-Identifier: Apache-2.0

// Sealed file: a few bytes that are on disk completely or not at all, for facts that a replica or register must not forget
// and that change rarely (its identity, the newest view).
//
// A new version is written beside the old one, synced, renamed over it, and the directory is synced; so after a crash at any
// point one of the two is there. A header names the kind of file and its format, a checksum (XXH3) guards all of it.
// Limit: 1 MiB. Errors: those of Files with the system's reason; kInternal: the file is damaged (it never gives a part of a
// body); kTooLarge. Thread rule: none; each call waits for the disk.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "store/files.h"

namespace titer::store {

enum class SealedKind : std::uint32_t {
  kIdentity = 1,
  kRegister = 2,
  kNewestBatch = 3,
  kHost = 4,
  kWrongState = 6
};

// On disk when it returns.
[[nodiscard]] Status write_sealed(const std::string& path, SealedKind kind, ByteView body,
                                  Files& files = real_files());
// nullopt: there is no such file.
[[nodiscard]] Result<std::optional<Bytes>> read_sealed(const std::string& path, SealedKind kind,
                                                       Files& files = real_files());

}  // namespace titer::store
