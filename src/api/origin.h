// SPDX-License-Identifier: Apache-2.0

// Which pages may write here.
//
// A browser says in `Origin` which page a request comes from. Anybody's page may read (what we say is public), but a
// write may come only from a page that we served ourselves, or that another replica of this cluster served: the page
// moves here when its own replica dies (web/src/api/replicas.ts). Any other page that writes does it behind its visitor's
// back. Programs send no Origin and are not meant. Pure.
#pragma once

#include <vector>

#include "api/peers.h"
#include "http/request.h"

namespace titer::api {

[[nodiscard]] bool may_write(const http::Request& request, const std::vector<Peer>& peers);

}  // namespace titer::api
