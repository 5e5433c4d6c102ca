// SPDX-License-Identifier: Apache-2.0

// Which column of a CSV stands for which of ours: by our own name, by a map that the user gives, or by its meaning ("Zip Code",
// "Doses Available").
//
// A wrong guess would be worse than a question. So the report says for which column each foreign one was taken, and a file whose
// names or availabilities cannot be found is refused with the request for a map, before any row is taken.
// Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/columns.h"

namespace titer::formats {

// zip="Zip Code",availability=Quantity; nothing behind the sign: the file has no such column.
[[nodiscard]] Result<ColumnMap> parse_column_map(std::string_view text);

// Of each of our columns, its index in the file, or Header::kAbsent.
using ColumnIndexes = std::array<std::size_t, kColumns>;
// Error: what is missing, and how to say it.
[[nodiscard]] Result<ColumnIndexes> match_columns(const Header& header, const ColumnMap& map, Report& report);

}  // namespace titer::formats
