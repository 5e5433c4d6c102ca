// SPDX-License-Identifier: Apache-2.0

// Keys and the switch as JSON: one text for HTTP and for `--json`. Times as in site_json.h; ids as registry::to_text().
#pragma once

#include <string>

#include "registry/keys.h"

namespace titer::formats {

// Never a secret: a Key has none.
void print_json(const registry::Key& key, std::string& out);
void print_json(const registry::WriteSwitch& writes, std::string& out);

}  // namespace titer::formats
