// SPDX-License-Identifier: Apache-2.0

// Degrees of latitude and longitude as people write them: 42.37, +42.37, "42,37", 4.237e1, 42.37N, 71.11 W, 42 22 30, 42°22'30"N.
// Pure.
#pragma once

#include <optional>
#include <string_view>

namespace titer::formats {

// nullopt: not such a number, or beyond 180 degrees.
[[nodiscard]] std::optional<double> read_degrees(std::string_view text);

}  // namespace titer::formats
