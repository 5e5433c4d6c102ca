// SPDX-License-Identifier: Apache-2.0

// Fake HTTP: a server for tests, on the test's own loop, plain or under TLS. It takes requests apart, as our client writes
// them, and lets the test answer with any bytes at any time.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "net/sockets.h"
#include "view/http_endpoint.h"

namespace titer::view {

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class FakeHttp {
 public:
  struct Request {
    std::string target, body, authorization;
  };
  // A connection; shared by those who still have something to say there.
  class Peer;
  using PeerPtr = std::shared_ptr<Peer>;
  using Handler = std::function<void(const PeerPtr& peer, const Request& request)>;

  FakeHttp(net::Loop& loop, Handler handler, std::shared_ptr<const net::Tls> tls = nullptr);
  ~FakeHttp();
  FakeHttp(const FakeHttp&) = delete;
  FakeHttp& operator=(const FakeHttp&) = delete;

  [[nodiscard]] HttpEndpoint endpoint() const;
  static void send(const PeerPtr& peer, std::string_view bytes);
  static void answer(const PeerPtr& peer, unsigned status, std::string_view body);
  // Bytes that were sent before arrive.
  static void close(const PeerPtr& peer);
  void close_all();

  bool refuses = false;      // every connection is closed at once, or at its next request
  unsigned connections = 0;  // that were accepted

 private:
  void accepted(net::Stream stream);
  void gone(const PeerPtr& peer) { peers_.erase(peer); }

  Handler handler_;
  bool tls_;
  std::set<PeerPtr> peers_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace titer::view
