// SPDX-License-Identifier: Apache-2.0

// Query parameters as values. Each function gives the default when the parameter is absent, and an Error (kInvalid,
// which becomes a 400 here) that names the parameter and what it takes when it cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "http/request.h"

namespace titer::http {

[[nodiscard]] std::string_view text_of(const Request& request, std::string_view name);
[[nodiscard]] Result<std::uint64_t> number_of(const Request& request, std::string_view name,
                                              std::uint64_t otherwise, std::uint64_t low, std::uint64_t high);
[[nodiscard]] Result<double> real_of(const Request& request, std::string_view name, double otherwise);
// "true", "1", "yes" or nothing after the name; "false", "0", "no".
[[nodiscard]] Result<bool> flag_of(const Request& request, std::string_view name);
[[nodiscard]] Result<std::optional<WallTime>> time_of(const Request& request, std::string_view name);

}  // namespace titer::http
