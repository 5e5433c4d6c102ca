// SPDX-License-Identifier: Apache-2.0

// BuildInfo: which version this program is, and which commit it was built from.
//
// build_info() is defined in a file that cmake/build_info.cmake writes at the start of every build, in a library of its own
// (titer_build_info): a new commit recompiles that one file, and no other command line changes. Pure.
#pragma once

#include <string_view>

namespace titer {

struct BuildInfo {
  std::string_view version;  // "0.1.0", from project() in CMakeLists.txt
  std::string_view commit;   // "d34d60a"; "d34d60a-dirty" if the tree differed from it; "unknown"
  std::string_view date;     // of the commit, in UTC: "2026-11-15"; "unknown"
};

[[nodiscard]] BuildInfo build_info();

}  // namespace titer
