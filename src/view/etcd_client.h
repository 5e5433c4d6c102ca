// SPDX-License-Identifier: Apache-2.0

// etcd client: the few things that the register wants of etcd — read a key, replace it if nobody else did, and hear of
// changes — over etcd's v3 JSON gateway, plain HTTP.
//
// Why the gateway and not gRPC: a library and a code generator less, for one key that changes when machines fail.
// Reads are linearizable (a quorum of etcd answers). A replacement whose answer was lost is not settled here: the
// caller reads the key to find out (etcd_register.h).
//
// Several endpoints: one is used until it fails, then the next; watching has a connection of its own. With a user, a
// token is asked for, and again when it is no longer taken.
//
// Thread rule: the loop's thread; one call of each kind at a time. Errors: kUnreachable: nobody answered, or etcd has no
// leader; another endpoint is tried with the next call. kInvalid: etcd refuses us: the message says what.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls.h"
#include "view/http_channel.h"

namespace titer::view {

struct EtcdOptions {
  std::vector<HttpEndpoint> endpoints;
  std::string user, password;           // empty: etcd asks for none
  std::shared_ptr<const net::Tls> tls;  // for endpoints that are https://
};

// A key as etcd has it.
struct EtcdState {
  std::uint64_t etcd = 0;     // cluster id
  std::int64_t revision = 0;  // of etcd as a whole
  struct Value {
    std::int64_t revision = 0;  // at which the key was last changed
    std::string text;
  };
  std::optional<Value> value;  // nullopt: there is no such key
};

class EtcdClient {
 public:
  template <typename T>
  using Task = boost::asio::awaitable<T>;

  EtcdClient(boost::asio::io_context& context, EtcdOptions options);

  [[nodiscard]] Task<Result<EtcdState>> get(std::string key);
  // Only if the key was last changed at `expected` (0: is not there). False: it was changed by somebody.
  [[nodiscard]] Task<Result<bool>> replace(std::string key, std::int64_t expected, std::string text);

  // From this revision on; then next_change() as often as it gives something.
  [[nodiscard]] Task<Status> watch(std::string key, std::int64_t from);
  // The key after the next change. Error: watch again, after a get(): what lies between may be gone (compaction).
  [[nodiscard]] Task<Result<EtcdState>> next_change();
  void stop_watching() {
    if (watching_) watching_->close();
  }

  // Ends what is under way, with errors.
  void close();
  [[nodiscard]] std::string endpoint() const { return options_.endpoints[at_].text(); }

 private:
  static constexpr std::int64_t kConnectUs = 1'000'000;
  static constexpr std::int64_t kAnswerUs = 3'000'000;  // an election of etcd's takes one or two

  [[nodiscard]] Task<Result<std::string>> call(std::string target, std::string body);
  [[nodiscard]] Task<Result<HttpChannel::Reply>> exchange(HttpChannel::Ask ask);
  [[nodiscard]] Task<Status> authenticate();
  void next_endpoint();

  boost::asio::io_context& context_;
  EtcdOptions options_;
  std::size_t at_ = 0;  // endpoint in use
  std::string token_;
  std::shared_ptr<HttpChannel> channel_;  // shared with the call under way: close() must not pull it from under it
  std::shared_ptr<HttpChannel> watching_;
  bool closed_ = false;
};

}  // namespace titer::view
