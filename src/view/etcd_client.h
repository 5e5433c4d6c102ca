// SPDX-License-Identifier: Apache-2.0

// etcd client: the operations of etcd that the register needs (read a key, replace it at a revision, watch it), over
// etcd's v3 JSON gateway, HTTP or HTTPS.
//
// Why the gateway and not gRPC: a library and a code generator less, for one key that changes when machines fail.
// Reads are linearizable (a quorum of etcd answers). A replacement whose answer was lost is not settled here: the
// caller reads the key to find out (etcd_register.h).
//
// Several endpoints: one is used until it fails, then the next; watching has a connection of its own.
//
// With a user, a token is requested, and a new one when etcd no longer accepts it: because it has expired, or because a JWT
// is older than the last change of etcd's users ("revision of auth store is old"). The request is then repeated once. The
// password is read for each token, so a changed password file is noticed.
//
// Every handler is called once, later, and none after close() or the destructor. Handlers may close or destroy us.
//
// Thread rule: the loop's thread; one get(), replace() or try_write() at a time, and beside it one watch(). Errors: kUnreachable:
// nobody answered, or etcd has no leader; another endpoint is tried with the next call. kInvalid: etcd refuses the request
// (password, rights, no space left), as every endpoint would; the message says why.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls.h"
#include "view/http_channel.h"
#include "view/http_endpoint.h"
#include "view/revisioned_cell.h"

namespace titer::view {

struct EtcdOptions {
  std::vector<HttpEndpoint> endpoints;
  std::string user;                               // empty: etcd asks for none
  std::function<Result<std::string>()> password;  // of the user; called for each token
  std::shared_ptr<const net::Tls> tls;            // for endpoints that are https://
};

class EtcdClient {
 public:
  template <typename T>
  using Then = std::function<void(Result<T>)>;

  EtcdClient(boost::asio::io_context& context, EtcdOptions options);
  ~EtcdClient() { close(); }
  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  void get(const std::string& key, Then<CellState> then);
  // Only if the key was last changed at `expected` (0: is not there). False: it was changed by somebody.
  void replace(const std::string& key, std::int64_t expected, const std::string& text, Then<bool> then);

  // Asks for a write under a condition that never holds: ok: a replacement would be possible now. It changes nothing, but
  // takes the way of every write: through etcd's checks of rights, space and alarms, and through its log. So it needs
  // no right but the one to write the key, unlike etcd's list of alarms in some versions.
  void try_write(const std::string& key, std::function<void(const Status&)> then);

  // `changed` gets the key after every change from this revision on, until `ended` says why no more come. Then watch again,
  // after a get(): what lies between may be gone (compaction). Instead of the watch of before, if there is one.
  void watch(const std::string& key, std::int64_t from, std::function<void(const CellState&)> changed,
             std::function<void(const Error&)> ended);
  void stop_watching();

  // Requests in progress end without an answer.
  void close();
  [[nodiscard]] std::string endpoint() const { return options_.endpoints[at_].text(); }

 private:
  struct Call {
    std::string target, body;
    Then<std::string> then;
    bool again = false;  // with a new token
  };

  void call(Call call);
  void ask(Call call);
  void answered(Call call, Result<HttpChannel::Reply> reply);
  void exchange(const HttpChannel::Ask& ask, HttpChannel::Then then);
  void authenticate(std::function<void(const Status&)> then);
  [[nodiscard]] Status keep_token(const Result<HttpChannel::Reply>& reply);
  // The error of an answer that is none; where it is the endpoint's own, another one's turn has come.
  [[nodiscard]] Error refused(const HttpChannel::Reply& reply);
  [[nodiscard]] Error not_etcd(const Error& why);
  void next_endpoint();

  boost::asio::io_context& context_;
  EtcdOptions options_;
  std::size_t at_ = 0;  // endpoint in use
  std::string token_;
  std::shared_ptr<HttpChannel> channel_;   // null or closed: the next exchange makes another
  std::shared_ptr<HttpChannel> watching_;  // null: there is no watch
  std::shared_ptr<const bool> open_ = std::make_shared<bool>(true);  // null: closed; what waits holds it weakly
};

}  // namespace titer::view
