// SPDX-License-Identifier: Apache-2.0

// Serving the page's files: content type, 304, immutable names, the Content-Security-Policy.
#pragma once

#include <optional>
#include <string_view>

#include "http/files.h"
#include "http/request.h"
#include "http/response.h"

namespace titer::http {

// `connect_to`: sources that the page may ask, beside us. nullopt: no file has that name, or the method is none that reads.
[[nodiscard]] std::optional<Response> static_file(const Files& files, const Request& request,
                                                  std::string_view connect_to);

}  // namespace titer::http
