// Guard: the checks between a request and its handler: rate, key, permission.
//
// Keys: `Authorization: Bearer titer_…`. The first time a key is seen the replica is asked whether it is valid;
// after that it is found in keyring.h. apply() authorizes writes, in total order; the replica that answers a query
// decides what it may show. Only requests that neither of them sees are authorized here: operators' commands,
// traces, and streamed bodies, because no client wants to send a gigabyte before it learns that it may not.
// Thread rule: the worker's thread.
#pragma once

#include <functional>

#include "api/backend.h"
#include "api/exchange.h"
#include "api/keyring.h"
#include "api/route.h"
#include "net/rates.h"

namespace titer::api {

class Guard {
 public:
  using Serve = std::function<void(const Route& route, const Exchange& exchange)>;
  // `serve`: what becomes of requests that had to wait here.
  Guard(Backend& backend, const net::RateLimits& rates, bool keys_beyond, Serve serve);

  // True: go on. False: it is answered here, now or later, or goes on through `serve`.
  [[nodiscard]] bool admits(const Route& route, const Exchange& exchange, BootTime now);

 private:
  [[nodiscard]] bool known(const Route& route, const Exchange& exchange, registry::KeyId key, BootTime now);
  void introduce(const Route& route, const Exchange& exchange, const wire::Token& token);
  void ask_leave(const Route& route, const Exchange& exchange, registry::KeyId key);

  Backend& backend_;
  Serve serve_;
  Keyring keyring_;
  net::Rates rates_;
  bool keys_beyond_;
};

}  // namespace titer::api
