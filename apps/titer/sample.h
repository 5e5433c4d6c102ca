// SPDX-License-Identifier: Apache-2.0

// What `titer cluster` fills a new cluster with.
#pragma once

#include <string>

#include "titer/remote.h"

namespace titer::app {

// Harvard University, 02138, availability 0: the first site of the original system. There already: left as it is.
[[nodiscard]] int add_seed_site(const At& at);
// Like `titer import FILE`, with one line of report on standard output.
[[nodiscard]] int import_sample(const At& at, const std::string& file);

}  // namespace titer::app
