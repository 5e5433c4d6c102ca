// SPDX-License-Identifier: Apache-2.0

// Fake etcd: a gateway for tests, on the test's own loop, with one key in it and the faults that real ones have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.h"
#include "view/testing/fake_http.h"

namespace titer::view {

class FakeEtcd {
 public:
  explicit FakeEtcd(net::Loop& loop, std::shared_ptr<const net::Tls> tls = nullptr);
  FakeEtcd(const FakeEtcd&) = delete;
  FakeEtcd& operator=(const FakeEtcd&) = delete;

  [[nodiscard]] HttpEndpoint endpoint() const { return http.endpoint(); }
  // As if somebody else had written it, or deleted it.
  void put(std::string text);
  void remove();
  // As after a change of its users: what has a token needs a new one.
  void forget_tokens() { ++tokens_; }

  FakeHttp http;  // it has faults of its own

  // --- what it has
  std::uint64_t etcd = 0xabc;
  std::int64_t revision = 100;
  std::int64_t changed_at = 0;
  std::optional<std::string> text;

  // --- what is wrong with it
  unsigned loses_answers = 0;   // so many transactions are executed, and the connection breaks
  std::int64_t compacted = 0;   // a watch from an older revision gets this error
  std::string password;         // asks for a token when not empty
  unsigned expires_tokens = 0;  // so many times a token is no longer taken
  std::string refuses_tokens = R"({"error":"etcdserver: invalid auth token","code":16})";  // with this body
  bool full = false;                 // out of space: reads are answered, writes are not
  std::optional<std::string> gives;  // every answer is this instead

  // --- what it was asked
  unsigned ranges = 0, transactions = 0, tried_writes = 0, watches = 0, authentications = 0;

 private:
  struct Answer {
    unsigned status = 200;
    std::string body;
    bool lost = false;
  };
  struct Watch {
    FakeHttp::PeerPtr peer;
    std::int64_t from = 0;
  };
  void asked(const FakeHttp::PeerPtr& peer, const FakeHttp::Request& request);
  void begin_watch(const FakeHttp::PeerPtr& peer, std::int64_t from);
  void tell(Watch& watch);
  [[nodiscard]] Answer answer(const FakeHttp::Request& request);
  [[nodiscard]] Answer transaction(const std::string& body);
  [[nodiscard]] std::string header() const;
  [[nodiscard]] std::string pair() const;
  void changed();

  std::vector<Watch> watches_;
  unsigned tokens_ = 0;
};

}  // namespace titer::view
