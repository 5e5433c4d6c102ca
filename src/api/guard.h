// Guard: what stands between a request and its handler — how often, who, and may they ask this at all.
//
// Who: `Authorization: Bearer titer_…`. The first time a key is seen the replica is asked whether it is one; from then on
// nothing is asked (keyring.h). What requests may do is decided in apply(), in their order; what questions may show, by
// the replica that answers them. Only what neither of them sees is asked for here beforehand: orders, traces, and bodies
// that are streamed, because nobody wants to send a gigabyte to be told that he may not.
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
