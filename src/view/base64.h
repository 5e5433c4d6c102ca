// SPDX-License-Identifier: Apache-2.0

// Base64 (RFC 4648, section 4), as etcd's JSON carries keys and values: with padding, without line ends. By OpenSSL, which
// reads more than it should: what is accepted here is exactly what to_base64() writes.
//
// Errors: kInvalid. Limits: kBase64BytesMax of text; more is refused. Thread rule: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace titer::view {

inline constexpr std::size_t kBase64BytesMax = std::size_t{1} << 30;  // OpenSSL counts in int

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace titer::view
