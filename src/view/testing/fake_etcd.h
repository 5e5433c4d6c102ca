// SPDX-License-Identifier: Apache-2.0

// Fake etcd: a gateway for tests, on the test's own loop, with one key in it and the faults that real ones have.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "net/loop.h"
#include "view/etcd_client.h"

namespace titer::view {

class FakeEtcd {
 public:
  explicit FakeEtcd(net::Loop& loop);
  ~FakeEtcd();
  FakeEtcd(const FakeEtcd&) = delete;
  FakeEtcd& operator=(const FakeEtcd&) = delete;

  [[nodiscard]] HttpEndpoint endpoint() const;
  // As if somebody else had written it, or deleted it.
  void put(std::string text);
  void remove();

  // --- what it has
  std::uint64_t etcd = 0xabc;
  std::int64_t revision = 100;
  std::int64_t changed_at = 0;
  std::optional<std::string> text;

  // --- what is wrong with it
  unsigned loses_answers = 0;   // so many transactions are executed, and the connection breaks
  bool refuses = false;         // every connection is closed at once
  std::int64_t compacted = 0;   // a watch from an older revision gets this error
  std::string password;         // asks for a token when not empty
  unsigned expires_tokens = 0;  // so many times a token is no longer taken

  // --- what it was asked
  unsigned ranges = 0, transactions = 0, watches = 0;

 private:
  struct Talk;
  struct Answer {
    unsigned status = 200;
    std::string body;
    bool lost = false;
  };
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> talk(std::shared_ptr<Talk> talk);
  boost::asio::awaitable<void> serve_watch(std::shared_ptr<Talk> talk, std::int64_t from);
  [[nodiscard]] Answer answer(const std::string& target, const std::string& body, const std::string& token);
  [[nodiscard]] Answer transaction(const std::string& body);
  [[nodiscard]] std::string header() const;
  [[nodiscard]] std::string pair() const;
  void changed();

  boost::asio::ip::tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Talk>> talks_;
  unsigned tokens_ = 0;
};

}  // namespace titer::view
