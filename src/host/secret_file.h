// SPDX-License-Identifier: Apache-2.0

// The file with the secret of a cluster's replicas (wire/peer_secret.h): one line of 64 hexadecimal digits, which only its
// owner and its group may read (net/secret_file.h). `titer init` creates it; the operator copies it to every machine; each
// replica reads it when it starts.
//
// Errors (kInvalid) name the file and say what to do; the secret is in no message. Thread rule: any.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/peer_secret.h"

namespace titer::host {

// Of 256 random bits of the kernel's.
[[nodiscard]] wire::PeerSecret new_secret();

[[nodiscard]] Result<wire::PeerSecret> read_secret(const std::string& path);
// Writes a new secret where there is no file yet. True: it did; false: there is one, and it stays as it is.
[[nodiscard]] Result<bool> make_secret(const std::string& path);

}  // namespace titer::host
