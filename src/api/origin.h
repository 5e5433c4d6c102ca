// SPDX-License-Identifier: Apache-2.0

// Which pages may write here.
//
// A browser says in `Origin` which page a request comes from. Every page may read (the answers are public), but a write
// may come only from a page that this replica or another one of this cluster served: the page moves here when its own
// replica dies (web/src/api/replicas.ts). Any other page that writes does so without the knowledge of its visitor.
// Programs send no Origin; the rule does not apply to them.
//
// "That we served ourselves" means that Origin and Host are the same, which somebody else's page can arrange: its own name
// is made to point here after it was loaded (DNS rebinding). So the Host must also be known as ours: an address, localhost, a
// replica's name, or one that the operator has listed. Under TLS the browser has compared the name with the certificate. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/peers.h"
#include "http/request.h"

namespace titer::api {

// The names by which browsers may know this server.
struct OurNames {
  const std::vector<Peer>& peers;
  const std::vector<std::string>& hosts;  // listed by the operator, without ports
  bool tls = false;
};

[[nodiscard]] bool may_write(const http::Request& request, const OurNames& ours);

// The same for what only our pages may read. A page that reads where it came from sends no Origin, so here the Host counts
// in any case.
[[nodiscard]] bool may_read_what_is_ours(const http::Request& request, const OurNames& ours);

}  // namespace titer::api
