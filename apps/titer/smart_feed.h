// SPDX-License-Identifier: Apache-2.0

// A SMART feed on the disk: which files belong together.
//
// A manifest names its files by address; they are looked for beside it, under the longest tail of that path that is there
// (".../states/slots/NJ.ndjson": states/slots/NJ.ndjson, slots/NJ.ndjson, NJ.ndjson, each also with .gz).
#pragma once

#include <string>
#include <vector>

namespace titer::app {

// One import each: a manifest with its files that are there, all files when `format` is "smart", else file by file.
// `missing` gets what a manifest names and is not there.
[[nodiscard]] std::vector<std::vector<std::string>> feeds_of(const std::vector<std::string>& files,
                                                             const std::string& format,
                                                             std::vector<std::string>& missing);

}  // namespace titer::app
