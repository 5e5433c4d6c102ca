// SPDX-License-Identifier: Apache-2.0

// Worker: one thread of the HTTP interface, with a loop, a listener, a backend and its connections of its own.
//
// Workers share the port (SO_REUSEPORT: the kernel gives each new connection to one of them), the door (door.h: what clients
// may take), and the memory that a server may use. A turn takes in what is ready, lets the handlers work, answers what they
// ask of the state (reads.h), sends their requests to the replica with one write, and writes each connection's answers with
// one call.
//
// Limits: of the connections of one address (further ones are answered 429) and of all: then the longest idle give way, and
// when none is idle, further ones are answered 503. A port that is taken is tried again.
// Thread rule: run() and everything else on one thread; only stop() and traffic() may be called from others.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/admission.h"
#include "api/backend.h"
#include "api/feeds.h"
#include "api/handler_context.h"
#include "api/reads.h"
#include "http/http_connection.h"
#include "http/limits.h"
#include "http/traffic.h"
#include "net/loop.h"
#include "net/sockets.h"

namespace titer::api {

class Worker final : private http::HttpConnectionHost {
 public:
  // `number`: from 0, among the workers of this server.
  Worker(const Setup& setup, unsigned number, std::function<std::string()> http_json);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Returns after stop(), when the answers in progress are finished, at the latest after kDrainUs.
  void run();
  void stop();
  [[nodiscard]] const http::Traffic& traffic() const { return traffic_; }
  [[nodiscard]] const http::Router& router() const { return router_; }

 private:
  [[nodiscard]] http::Router::Found route(http::Request& request) override { return router_.find(request); }
  void handle(const http::Router::Found& found, const http::Exchange& exchange) override;
  void wants_flush(http::HttpConnection& connection) override;
  void on_answered(const http::Answered& what) override { traffic_.count(what, times_.now); }
  void on_closed(http::HttpConnection& connection) override;
  [[nodiscard]] const http::Times& times() const override { return times_; }
  [[nodiscard]] const std::vector<net::Network>& trusted_proxies() const override { return setup_.trusted_proxies; }
  [[nodiscard]] bool stopping() const override { return stop_at_.has_value(); }
  [[nodiscard]] net::ReceiveBudget& bodies() override { return bodies_; }

  void listen();
  void accept(net::Stream stream);
  void give_way();
  void turn();
  void serve(const Route& route, const http::Exchange& exchange);
  void look_at_clock();
  void check_all_timeouts();
  void begin_stop();

  const Setup& setup_;
  net::Loop loop_;
  http::Times times_;
  http::Router router_;
  http::Traffic traffic_;
  Backend backend_;
  Reads reads_;
  Feeds feeds_;
  HandlerContext context_;
  Door& door_;
  Admission admission_;
  std::unique_ptr<net::Listener> listener_;
  struct Place {
    std::shared_ptr<http::HttpConnection> connection;
    bool counted = false;  // else it is being turned away
  };
  boost::unordered_flat_map<const http::HttpConnection*, Place> connections_;
  std::size_t counted_ = 0;  // of the connections
  net::ReceiveBudget bodies_;
  std::vector<std::shared_ptr<http::HttpConnection>> dirty_, flushing_;
  bool flushes_ = false;  // the end of a turn: connections that become dirty now wait for the next one
  BootTime next_timeout_check_, next_date_, next_listen_;
  std::optional<BootTime> stop_at_;  // it stops, at the latest then
};

}  // namespace titer::api
