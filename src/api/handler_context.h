// SPDX-License-Identifier: Apache-2.0

// HandlerContext: everything that a handler gets from its worker. One per worker; handlers keep no state of their own.
// Thread rule: the worker's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/backend.h"
#include "api/limits.h"
#include "api/peers.h"
#include "api/reads.h"
#include "api/shared.h"
#include "http/answer_head.h"
#include "http/files.h"
#include "net/connection.h"
#include "net/ip.h"
#include "net/loop.h"
#include "net/places.h"
#include "net/rates.h"

namespace titer::api {

class Feeds;

// The same for all workers; fixed when the server starts.
struct Setup {
  std::uint32_t index = 0;              // of the replica
  std::uint64_t cluster = 0;            // named in the ids of changes
  net::Address replica;                 // its wire address: the Unix socket
  client::LocalState* state = nullptr;  // the replica's, which outlives the server
  net::Address listen;                  // HTTP
  std::vector<std::string> hosts =
      {};  // names by which browsers know this server, beside those of the replicas (origin.h)
  std::vector<net::Network> trusted_proxies;  // see http/forwarded.h
  // A supervisor on this machine kills and starts replicas for who knows this token; empty: there is none. The same at all
  // replicas of a cluster, because the page moves among them.
  std::string control_token = {};
  unsigned workers = 1;  // each is a reader of the state
  net::RateLimits rates;
  net::PlaceLimits connections{limits::kConnectionsMax, limits::kConnectionsMax / 4};  // of all workers
  // A client on another machine needs a key for everything that is not public, even while no keys exist.
  bool remote_writes_need_key = false;
  http::Files files;  // of the page; empty: there is none
  std::shared_ptr<Peers> peers = std::make_shared<Peers>();
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
};

struct HandlerContext {
  net::Loop& loop;
  const Setup& setup;
  Backend& backend;
  Reads& reads;
  Feeds& feeds;
  const http::Times& times;
  std::function<std::string()> http_json;  // what this server has done, as a JSON object
};

}  // namespace titer::api
