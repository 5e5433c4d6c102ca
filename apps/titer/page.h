// SPDX-License-Identifier: Apache-2.0

// The page (web/), as the program carries it.
//
// It is packed by cmake/embed_page.py when the program is built, and belongs to the program rather than to a module, so that
// modules and their tests are built without npm.
#pragma once

#include "http/files.h"

namespace titer::app {

[[nodiscard]] http::Files page();

}  // namespace titer::app
