// SPDX-License-Identifier: Apache-2.0

#include "view/testing/fake_etcd.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "view/base64.h"

namespace titer::view {

namespace {

namespace json = boost::json;

void send_chunk(const FakeHttp::PeerPtr& peer, std::string_view bytes) {
  FakeHttp::send(peer, fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
}

// As etcd's gateway does it: the end of the line is a chunk of its own.
void send_line(const FakeHttp::PeerPtr& peer, std::string_view line) {
  send_chunk(peer, line);
  send_chunk(peer, "\n");
}

}  // namespace

FakeEtcd::FakeEtcd(net::Loop& loop, std::shared_ptr<const net::Tls> tls)
    : http(
          loop, [this](const FakeHttp::PeerPtr& peer, const FakeHttp::Request& request) { asked(peer, request); },
          std::move(tls)) {}

void FakeEtcd::changed() {
  changed_at = ++revision;
  for (Watch& watch : watches_) tell(watch);
}

void FakeEtcd::put(std::string next) {
  text = std::move(next);
  changed();
}

void FakeEtcd::remove() {
  text.reset();
  changed();
}

std::string FakeEtcd::header() const {
  return fmt::format(R"("header":{{"cluster_id":"{}","revision":"{}"}})", etcd, revision);
}

std::string FakeEtcd::pair() const {
  return fmt::format(R"({{"mod_revision":"{}","value":"{}"}})", changed_at, to_base64(*text));
}

void FakeEtcd::asked(const FakeHttp::PeerPtr& peer, const FakeHttp::Request& request) {
  if (gives) return FakeHttp::answer(peer, 200, *gives);
  if (request.target == "/v3/watch") {
    const json::value asked = json::parse(request.body);
    return begin_watch(peer, std::stoll(std::string(asked.at("create_request").at("start_revision").as_string())));
  }
  const Answer given = answer(request);
  given.lost ? FakeHttp::close(peer) : FakeHttp::answer(peer, given.status, given.body);
}

// A stream without an end: the changes since `from`, which here is at most the newest.
void FakeEtcd::begin_watch(const FakeHttp::PeerPtr& peer, std::int64_t from) {
  ++watches;
  FakeHttp::send(peer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  send_line(peer, fmt::format(R"({{"result":{{{},"created":true}}}})", header()));
  if (from < compacted)
    return send_line(
        peer, fmt::format(R"({{"result":{{{},"canceled":true,"compact_revision":"{}"}}}})", header(), compacted));
  watches_.push_back({peer, from});
  tell(watches_.back());
}

void FakeEtcd::tell(Watch& watch) {
  if (changed_at < watch.from) return;
  watch.from = changed_at + 1;
  send_line(watch.peer,
            text ? fmt::format(R"({{"result":{{{},"events":[{{"kv":{}}}]}}}})", header(), pair())
                 : fmt::format(R"({{"result":{{{},"events":[{{"type":"DELETE","kv":{{}}}}]}}}})", header()));
}

FakeEtcd::Answer FakeEtcd::answer(const FakeHttp::Request& request) {
  if (request.target == "/v3/auth/authenticate") {
    ++authentications;
    if (json::parse(request.body).at("password").as_string() != password)
      return {400, R"({"error":"etcdserver: authentication failed","code":3})"};
    return {200, fmt::format(R"({{{},"token":"t{}"}})", header(), ++tokens_)};
  }
  if (!password.empty() && (request.authorization != fmt::format("t{}", tokens_) || expires_tokens > 0)) {
    if (expires_tokens > 0) --expires_tokens;
    return {refuses_tokens.find("16") != std::string::npos ? 401U : 400U, refuses_tokens};
  }
  if (request.target == "/v3/kv/txn") return transaction(request.body);
  ++ranges;
  if (!text) return {200, fmt::format("{{{}}}", header())};
  return {200, fmt::format(R"({{{},"kvs":[{}],"count":"1"}})", header(), pair())};
}

FakeEtcd::Answer FakeEtcd::transaction(const std::string& body) {
  const json::value asked = json::parse(body);
  const bool tried = asked.at("compare").at(0).at("result").as_string() == "LESS";  // than 0: it changes nothing
  ++(tried ? tried_writes : transactions);
  if (full) return {429, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})"};
  if (tried) return {200, fmt::format("{{{}}}", header())};
  const std::int64_t expected = std::stoll(std::string(asked.at("compare").at(0).at("mod_revision").as_string()));
  const bool succeeds = expected == (text ? changed_at : 0);
  if (succeeds) put(from_base64(asked.at("success").at(0).at("request_put").at("value").as_string()).value());
  const bool lost = loses_answers > 0;
  if (lost) --loses_answers;
  return {200, fmt::format(R"({{{}{}}})", header(), succeeds ? R"(,"succeeded":true)" : ""), lost};
}

}  // namespace titer::view
