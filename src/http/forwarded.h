// SPDX-License-Identifier: Apache-2.0

// Forwarded: which client a request comes from that a proxy has passed on.
//
// A proxy adds the address that it saw to `X-Forwarded-For`, or to `Forwarded` (RFC 7239). Everything before that was sent by
// somebody else and may be invented, so the list is read from its end: hops that are trusted proxies themselves are passed
// over, and the first other one is the client. Only proxies that an operator has named are believed at all.
// Pure.
#pragma once

#include <vector>

#include "http/request.h"
#include "net/ip.h"

namespace titer::http {

// The client of a request that came from `peer`, which is one of `proxies`. `peer` itself, if the proxy does not say
// (no field, "unknown", two fields that differ: a proxy passes on the one that it does not set itself).
[[nodiscard]] net::Ip client_behind(const Request& request, const net::Ip& peer,
                                    const std::vector<net::Network>& proxies);

}  // namespace titer::http
