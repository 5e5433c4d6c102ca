// SPDX-License-Identifier: Apache-2.0

#include "store/database.h"

#include <fmt/format.h>

namespace titer::store {

Error damaged_tables(const std::string& dir, std::string_view what) {
  return {Code::kInternal,
          fmt::format("the tables in {} are damaged: {}. Move that directory away and start this replica again: it "
                      "gets its state from the others",
                      dir, what)};
}

Error failed_tables(const std::string& dir, std::string_view what) {
  return {
      Code::kInternal,
      fmt::format("the tables in {} cannot be read or written: {}. Look at the disk and at the directory's rights",
                  dir, what)};
}

Error no_tables(const std::string& dir) { return {Code::kNotFound, fmt::format("there are no tables in {}", dir)}; }

Error no_space_for_tables(const std::string& dir, Code code, std::string_view why) {
  return {code, fmt::format("there is no space left for the tables in {}: make room ({})", dir, why)};
}

}  // namespace titer::store
