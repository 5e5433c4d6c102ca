// SPDX-License-Identifier: Apache-2.0

// Admission: the checks between a request and its handler: rate, key, permission.
//
// Keys: `Authorization: Bearer titer_…`. The first time a key is seen the replica is asked whether it is valid;
// after that it is found in keyring.h. apply() authorizes writes, in total order; the replica that answers a query
// decides what it may show. Only requests that neither of them sees are authorized here: operators' commands,
// traces, and streamed bodies, because no client wants to send a gigabyte before it learns that it may not.
// Thread rule: the worker's thread.
#pragma once

#include <functional>

#include "api/door.h"
#include "api/keyring.h"
#include "api/reads.h"
#include "api/route.h"
#include "http/exchange.h"

namespace titer::api {

class Admission {
 public:
  using Serve = std::function<void(const Route& route, const http::Exchange& exchange)>;
  // `serve`: what becomes of requests that had to wait here.
  Admission(Reads& reads, Door& door, bool remote_writes_need_key, Serve serve);

  // One more request of its address, whatever it asks for: files of the page and what is not there cost as much as the rest.
  // False: there were too many, and it is answered.
  [[nodiscard]] bool admits_address(const http::Exchange& exchange, BootTime now);
  // True: go on. False: it is answered here, now or later, or goes on through `serve`.
  [[nodiscard]] bool admits(const Route& route, const http::Exchange& exchange, BootTime now);

 private:
  [[nodiscard]] bool admits_key(const Route& route, const http::Exchange& exchange, registry::KeyId key,
                                BootTime now);
  void authenticate(const Route& route, const http::Exchange& exchange, const wire::Token& token);
  void authorize(const Route& route, const http::Exchange& exchange, registry::KeyId key);

  Reads& reads_;
  Door& door_;
  Serve serve_;
  Keyring keyring_;
  bool remote_writes_need_key_;
};

}  // namespace titer::api
