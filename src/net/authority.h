// SPDX-License-Identifier: Apache-2.0

// A private certificate authority, for trials and for clusters whose organization has none: `titer cert`.
//
// Certificates are X.509 v3 with EC P-256 keys, signed with SHA-256; what they are for stands in their subject alternative
// names and their purposes. Texts are PEM.
//
// Errors: kInvalid for names that are none, kInternal when OpenSSL fails. Thread rule: any; nothing is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace titer::net {

struct Certificate {
  std::string certificate, key;
};

// In days from now; a certificate of the past is one for tests.
struct Validity {
  int from = 0, to = 0;
};

// What a certificate proves. Replicas dial one another, so theirs serve both sides; one of a client is no replica's.
enum class Purpose : std::uint8_t { kReplica, kClient };

inline constexpr int kAuthorityDays =
    3650;  // its key stays at one place, and a change of authority is work for all
inline constexpr int kCertificateDays =
    397;  // what public authorities allow: renewal is done before it is forgotten

[[nodiscard]] Result<Certificate> make_authority(const std::string& name, Validity validity);
// `names`: IP addresses and host names, at least one.
[[nodiscard]] Result<Certificate> issue(const Certificate& authority, const std::vector<std::string>& names,
                                        Validity validity, Purpose purpose = Purpose::kReplica);

}  // namespace titer::net
