// SPDX-License-Identifier: Apache-2.0

// Peers: where browsers find the replicas of this cluster.
//
// The owner of the process sets them: once under `titer cluster`, at every change of the roster under `titer serve`. Every
// worker reads them, for three things that must agree: `peers` in the status, by which the page goes on at another replica;
// the pages that may write here (origin.h); and the policy that allows our own page to go there.
//
// Thread rule: any thread. What now() gave does not change. Source of the policy: Content Security Policy Level 3.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/address.h"

namespace titer::api {

struct Peer {
  std::uint32_t index = 0;
  std::string url;  // "https://10.0.0.1:8080"
};

class Peers {
 public:
  struct Known {
    std::vector<Peer> all;
    std::string json;     // [{"index":0,"http":"https://…"},…]
    std::string sources;  // of connect-src, beside 'self'
  };

  Peers() { set({}); }
  // Addresses that do not begin with http:// or https:// are left out: they would end up in a header.
  void set(std::vector<Peer> all);
  [[nodiscard]] std::shared_ptr<const Known> now() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Known> known_;
};

// "https://127.0.0.1:8080"
[[nodiscard]] std::string url_of(const net::Address& http);

}  // namespace titer::api
