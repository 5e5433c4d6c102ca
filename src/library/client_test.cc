// SPDX-License-Identifier: Apache-2.0

// titer::Client and titer::Watch against replicas that die, lag and say nothing. What GatewayClient does by itself is
// tested beside it; real replicas are in tests/package/client_library.py.
#include <gtest/gtest.h>
#include <titer/client.h>

#include <map>
#include <set>
#include <thread>

#include "client/fake_replica.h"
#include "library/translate.h"

namespace titer::library {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kPort = 18'760;

registry::Outcome done(std::uint64_t position) {
  registry::Outcome out;
  out.position = Position(position);
  out.changed = true;
  return out;
}

registry::Event event_at(std::uint64_t position, std::uint32_t part = 0) {
  registry::Event event;
  event.position = Position(position);
  event.part = part;
  event.site_id = "elm";
  return event;
}

const api::Operation kReserve = api::Reserve{.site = api::by_id("elm")};

// Two replicas on a thread of their own, because a Client runs its loop within its calls. What they do is said before.
class LibraryTest : public testing::Test {
 protected:
  LibraryTest() {
    for (client::FakeReplica* replica : {&one_, &two_})
      replica->on_request = [this](SessionId session, RequestNumber number, ByteView) {
        executed_.insert({session.value, number.value});
        return done(executed_.size());
      };
  }
  ~LibraryTest() override {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }
  void SetUp() override { ASSERT_TRUE(one_.listening() && two_.listening()); }

  void serve() {
    thread_ = std::thread([this] { loop_.run([] {}); });
  }
  [[nodiscard]] api::Options options(milliseconds timeout = std::chrono::seconds(5)) const {
    return {.replicas = {one_.address().text(), two_.address().text()}, .timeout = timeout};
  }
  api::Client connected(milliseconds timeout = std::chrono::seconds(5)) {
    serve();
    api::Result<api::Client> client = api::Client::connect(options(timeout));
    EXPECT_TRUE(client.ok()) << client.error().message;
    return *std::move(client);
  }

  net::Loop loop_;
  client::FakeReplica one_{loop_, client::address_of_ours(kPort)};
  client::FakeReplica two_{loop_, client::address_of_ours(kPort + 1), ReplicaId(1)};
  std::set<std::pair<std::uint64_t, std::uint64_t>> executed_;  // by session and number, as replicas do
  std::thread thread_;
};

TEST_F(LibraryTest, OptionsThatCannotBeUsedAreRefused) {
  EXPECT_EQ(api::Client::connect({}).error().code, api::Code::kInvalid);
  EXPECT_EQ(api::Client::connect({.replicas = {"nowhere"}}).error().code, api::Code::kInvalid);
  api::Options wrong = options();
  wrong.key = "not-a-secret-to-show";
  const auto refused = api::Client::connect(wrong);
  EXPECT_EQ(refused.error().code, api::Code::kInvalid);
  EXPECT_EQ(refused.error().message.find(wrong.key), std::string::npos);
  wrong = options(milliseconds(0));
  EXPECT_EQ(api::Client::connect(wrong).error().code, api::Code::kInvalid);
  wrong = options();
  wrong.tls = api::Tls{.ca = "/nowhere/ca.pem"};
  EXPECT_FALSE(api::Client::connect(wrong).ok());
}

TEST_F(LibraryTest, NobodyThereIsUnavailable) {
  one_.die();
  two_.die();
  const auto refused = api::Client::connect(options(milliseconds(200)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, api::Code::kUnavailable);
  EXPECT_EQ(refused.error().message.find("--at"), std::string::npos) << "that is for the command line";
}

TEST_F(LibraryTest, AWriteIsExecutedOnceWhenItsReplicaDiesBeforeTheAnswer) {
  one_.on_request = [this](SessionId session, RequestNumber number, ByteView) {
    executed_.insert({session.value, number.value});
    loop_.post([this] { one_.die(); });
    return std::nullopt;
  };
  api::Client client = connected();
  EXPECT_EQ(client.replica(), one_.address().text());
  const auto outcome = client.write(kReserve);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->position, api::Position{1}) << "the same session and number: executed once";
  EXPECT_EQ(client.replica(), two_.address().text());
}

TEST_F(LibraryTest, AWriteWithoutAnswerHasACodeOfItsOwn) {
  for (client::FakeReplica* replica : {&one_, &two_})
    replica->on_request = [](SessionId, RequestNumber, ByteView) { return std::nullopt; };
  api::Client client = connected(milliseconds(200));
  const auto outcome = client.write(kReserve);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, api::Code::kOutcomeUnknown);
  EXPECT_EQ(api::name(outcome.error().code), "outcome_unknown");
}

TEST_F(LibraryTest, TheActorIsThatOfTheWriteOrOfTheClient) {
  std::vector<std::string> actors;
  one_.on_request = [&](SessionId, RequestNumber, ByteView body) {
    actors.emplace_back(wire::decode_request(body)->actor);
    return done(actors.size());
  };
  serve();
  api::Options named = options();
  named.actor = "clinic";
  auto client = api::Client::connect(named);
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(client->write(kReserve).ok());
  ASSERT_TRUE(client->write(kReserve, {.actor = "nurse"}).ok());
  EXPECT_EQ(actors, std::vector<std::string>({"clinic", "nurse"}));
}

TEST_F(LibraryTest, SubmittedWritesAreAnsweredOnceEachAndMayBecomeMore) {
  api::Client client = connected();
  std::map<int, int> answered;
  for (int i = 0; i < 600; ++i)
    client.submit(kReserve, [&, i](const api::Result<api::Outcome>& outcome) {
      EXPECT_TRUE(outcome.ok());
      ++answered[i];
      if (i < 10) client.submit(kReserve, [&, i](const auto&) { ++answered[1000 + i]; });
    });
  EXPECT_TRUE(answered.empty()) << "nothing happens before wait()";
  client.wait();
  EXPECT_EQ(answered.size(), 610U);
  for (const auto& [i, times] : answered) EXPECT_EQ(times, 1) << i;
  EXPECT_EQ(executed_.size(), 610U);
}

TEST_F(LibraryTest, ASubmittedWriteThatIsWrongIsToldLikeAnyOther) {
  api::Client client = connected();
  std::vector<bool> ok;
  const auto note = [&](const api::Result<api::Outcome>& outcome) { ok.push_back(outcome.ok()); };
  client.submit(api::Reserve{}, note);
  client.submit(kReserve, note);
  client.submit(kReserve, nullptr);
  client.wait();
  EXPECT_EQ(ok, std::vector<bool>({false, true}));
}

TEST_F(LibraryTest, WhatNobodyAnswersIsToldToAllThatWait) {
  for (client::FakeReplica* replica : {&one_, &two_})
    replica->on_request = [](SessionId, RequestNumber, ByteView) { return std::nullopt; };
  api::Client client = connected(milliseconds(200));
  std::map<api::Code, int> codes;
  for (int i = 0; i < 20; ++i)
    client.submit(kReserve, [&](const api::Result<api::Outcome>& outcome) { ++codes[outcome.error().code]; });
  client.wait();
  // All were sent.
  EXPECT_EQ(codes, (std::map<api::Code, int>{{api::Code::kOutcomeUnknown, 20}}));
}

TEST_F(LibraryTest, ACallbackCannotBeginWhatIsGoingOnAroundIt) {
  api::Client client = connected();
  std::vector<api::Code> codes;
  client.submit(kReserve, [&](const api::Result<api::Outcome>&) {
    codes.push_back(client.write(kReserve).error().code);
    codes.push_back(client.position().error().code);
    client.wait();
  });
  client.wait();
  EXPECT_EQ(codes, std::vector<api::Code>({api::Code::kInvalid, api::Code::kInvalid}));
  EXPECT_TRUE(client.write(kReserve).ok());
}

TEST_F(LibraryTest, AReadWaitsForThePositionThatTheCallerKnows) {
  std::uint64_t position = 5;
  one_.on_query = [&](const registry::Query&, wire::QueryAnswer& answer, Bytes&) {
    answer.position = Position(position++);
  };
  api::Client client = connected();
  EXPECT_EQ(*client.position(), api::Position{5});
  EXPECT_EQ(client.list({}, api::Position{8}).error().code, api::Code::kInternal) << "no rows, not even a flag";
  EXPECT_EQ(position, 9U);
}

TEST_F(LibraryTest, APositionThatNobodyReachesIsUnavailable) {
  one_.on_query = [](const registry::Query&, wire::QueryAnswer& answer, Bytes&) { answer.position = Position(5); };
  api::Client client = connected(milliseconds(100));
  EXPECT_EQ(client.get(api::by_id("elm"), api::Position{6}).error().code, api::Code::kUnavailable);
}

TEST_F(LibraryTest, APageSaysWhereTheNextOneBegins) {
  one_.on_query = [](const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
    ByteWriter out(buffer);
    const bool first = std::get<registry::ListSites>(query).after_id.empty();
    out.u8(first ? 1 : 0);
    registry::Site site;
    site.name = first ? "A" : "B";
    site.id = first ? "a" : "b";
    wire::encode_site(out, site);
    answer.position = Position(3);
    answer.body = buffer;
  };
  api::Client client = connected();
  api::List query{.limit = 1};
  const auto first = client.list(query);
  ASSERT_TRUE(first.ok() && first->next.has_value());
  EXPECT_EQ(first->position, api::Position{3});
  query.after = *first->next;
  const auto second = client.list(query);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->sites.front().name, "B");
  EXPECT_FALSE(second->next.has_value());
}

TEST_F(LibraryTest, AWatchGoesOnAtAnotherReplicaAndKnowsWhereItIs) {
  std::vector<std::uint64_t> resumed;
  one_.on_watch = [&](Position since) {
    resumed.push_back(since.value);
    one_.send_events({event_at(5), event_at(6, 0), event_at(6, 1)}, Position(6));
    loop_.post([this] { one_.die(); });
  };
  two_.on_watch = [&](Position since) {
    resumed.push_back(since.value);
    two_.send_events({event_at(7)}, Position(9));
  };
  api::Client client = connected();
  auto watch = client.watch(api::Position{4});
  ASSERT_TRUE(watch.ok());
  EXPECT_EQ(watch->position(), api::Position{4});
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen, places;
  for (int i = 0; i < 4; ++i) {
    const auto change = watch->next(std::chrono::seconds(5));
    ASSERT_TRUE(change.ok() && change->has_value());
    seen.emplace_back((*change)->position.value, (*change)->part);
    places.emplace_back(watch->position().value, 0);
  }
  EXPECT_EQ(seen, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{5, 0}, {6, 0}, {6, 1}, {7, 0}}));
  // With half of position 6 returned, a watch that goes on elsewhere must see all of it.
  EXPECT_EQ(places, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{5, 0}, {5, 0}, {6, 0}, {9, 0}}));
  EXPECT_EQ(resumed, std::vector<std::uint64_t>({4, 6}));
  const auto nothing = watch->next(milliseconds(1));
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->has_value());
}

TEST_F(LibraryTest, AWatchBeginsAtTheReplicaThatIsAlive) {
  one_.die();
  two_.on_watch = [&](Position) { two_.send_events({event_at(7)}, Position(7)); };
  api::Client client = connected();
  auto watch = client.watch(api::Position{6});
  ASSERT_TRUE(watch.ok());
  const api::Client moved = std::move(client);  // a watch does not need its client, nor where that was
  const auto change = watch->next(std::chrono::seconds(5));
  ASSERT_TRUE(change.ok() && change->has_value());
  EXPECT_EQ(moved.replica(), two_.address().text());
}

TEST_F(LibraryTest, AWatchWithoutReplicasSaysSo) {
  api::Client client = connected(milliseconds(100));
  auto watch = client.watch(api::Position{4});
  ASSERT_TRUE(watch.ok());
  loop_.post([this] {
    one_.die();
    two_.die();
  });
  api::Result<std::optional<api::Change>> change = std::optional<api::Change>();
  for (int i = 0; i < 100 && change.ok(); ++i) change = watch->next(milliseconds(20));
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().code, api::Code::kUnavailable);
}

}  // namespace
}  // namespace titer::library
