// SPDX-License-Identifier: Apache-2.0

// The gateway client against replicas that die, refuse, and say nothing. Not here: real replication (tests/e2e).
#include "client/gateway_client.h"

#include <gtest/gtest.h>

#include <set>

#include "client/fake_replica.h"

namespace titer::client {
namespace {

constexpr std::uint16_t kPort = 18'740;  // two replicas for each test, below the ports that the kernel gives out

registry::Request set_request(std::string_view id, std::uint64_t n) {
  registry::SetAvailability set;
  set.site.id = id;
  set.claim.availability = registry::Availability::of(n);
  return {.operation = set, .actor = "test", .reason = {}, .idempotency_key = {}};
}

registry::Outcome done(std::uint64_t position = 1) {
  registry::Outcome out;
  out.position = Position(position);
  out.changed = true;
  return out;
}

registry::Outcome refusal(Code code) {
  registry::Outcome out;
  out.code = code;
  out.message = "refused for the test";
  return out;
}

registry::Event event_at(std::uint64_t position) {
  registry::Event event;
  event.position = Position(position);
  event.site_id = "a";
  return event;
}

class GatewayClientTest : public testing::Test {
 protected:
  GatewayClientTest() {
    for (FakeReplica* replica : {&one_, &two_})
      replica->on_request = [this](SessionId session, RequestNumber number, ByteView) {
        executed_.insert({session.value, number.value});
        return done(executed_.size());
      };
  }
  void SetUp() override { ASSERT_TRUE(one_.listening() && two_.listening()); }
  GatewayClient client(std::int64_t deadline_us = 5'000'000) {
    return GatewayClient(loop_, {.at = {one_.address(), two_.address()}, .deadline_us = deadline_us});
  }

  net::Loop loop_;
  FakeReplica one_{loop_, address_of_ours(kPort)}, two_{loop_, address_of_ours(kPort + 1), ReplicaId(1)};
  std::set<std::pair<std::uint64_t, std::uint64_t>> executed_;  // by session and number, as replicas do
};

TEST_F(GatewayClientTest, ExecutesOne) {
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const auto outcome = c.execute(set_request("a", 1));
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->changed);
  EXPECT_EQ(one_.numbers, std::vector<std::uint64_t>({1}));
}

TEST_F(GatewayClientTest, ShowsItsKeyOnEveryConnectionAndNamesItInEveryRequest) {
  one_.secret = two_.secret = "secret";
  std::vector<registry::KeyId> named;
  for (FakeReplica* replica : {&one_, &two_})
    replica->on_request = [&](SessionId, RequestNumber, ByteView body) {
      named.push_back(wire::request_key(body));
      return done();
    };
  GatewayClient c(loop_,
                  {.at = {one_.address(), two_.address()}, .token = wire::Token{registry::KeyId(7), "secret"}});
  ASSERT_TRUE(c.connect().ok());
  ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
  one_.die();
  ASSERT_TRUE(c.execute(set_request("a", 2)).ok());
  EXPECT_EQ(one_.shown, std::vector<registry::KeyId>({registry::KeyId(7)}));
  EXPECT_EQ(two_.shown, std::vector<registry::KeyId>({registry::KeyId(7)}));
  EXPECT_EQ(named, std::vector<registry::KeyId>({registry::KeyId(7), registry::KeyId(7)}));
}

TEST_F(GatewayClientTest, SaysThatItsKeyIsNotTaken) {
  one_.secret = two_.secret = "secret";
  GatewayClient c(loop_,
                  {.at = {one_.address(), two_.address()}, .token = wire::Token{registry::KeyId(7), "wrong"}});
  const Status connected = c.connect();
  ASSERT_FALSE(connected.ok());
  EXPECT_EQ(connected.error().code, Code::kUnauthorized);
  EXPECT_EQ(connected.error().message, "not known here");
}

TEST_F(GatewayClientTest, ConnectsToTheNextWhenTheFirstIsDown) {
  one_.die();
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  EXPECT_EQ(c.address().port, kPort + 1);
}

TEST_F(GatewayClientTest, ConnectsToTheNextWhenTheFirstSaysNothing) {
  one_.greets = false;
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  EXPECT_EQ(c.address().port, kPort + 1);
}

TEST_F(GatewayClientTest, NobodyThereIsUnreachable) {
  one_.die();
  two_.die();
  GatewayClient c(loop_, {.at = {one_.address(), two_.address()}, .advice = "; advice"});
  const Status connected = c.connect();
  ASSERT_FALSE(connected.ok());
  EXPECT_EQ(connected.error().code, Code::kUnreachable);
  EXPECT_TRUE(connected.error().message.ends_with("; advice")) << connected.error().message;
}

TEST_F(GatewayClientTest, LostAnswerIsAskedForUnderTheSameName) {
  SessionId first, second;
  one_.on_request = [&](SessionId session, RequestNumber, ByteView) {
    first = session;
    loop_.post([this] { one_.die(); });
    return std::nullopt;
  };
  two_.on_request = [&](SessionId session, RequestNumber, ByteView) {
    second = session;
    return done();
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
  EXPECT_EQ(first, second);
  EXPECT_EQ(two_.numbers, std::vector<std::uint64_t>({1}));
}

TEST_F(GatewayClientTest, BusyIsTriedAgainUnderTheSameNumber) {
  int refusals = 3;
  one_.on_request = [&](SessionId, RequestNumber, ByteView) {
    return refusals-- > 0 ? refusal(Code::kBusy) : done();
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
  EXPECT_EQ(one_.numbers, std::vector<std::uint64_t>({1, 1, 1, 1}));
}

TEST_F(GatewayClientTest, UnavailableForLongGoesToAnother) {
  one_.on_request = [](SessionId, RequestNumber, ByteView) { return refusal(Code::kUnavailable); };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
  EXPECT_EQ(c.address().port, kPort + 1);
}

TEST_F(GatewayClientTest, TooManyRequestsAreSentAgainLaterAndToTheSameReplica) {
  int refusals = 2;
  one_.on_request = [&](SessionId, RequestNumber, ByteView) {
    return refusals-- > 0 ? refusal(Code::kTooMany) : done();
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const BootTime before = net::boot_now();
  ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
  EXPECT_GE(net::boot_now().value - before.value, 2 * kSlowDownUs);
  EXPECT_EQ(one_.numbers, std::vector<std::uint64_t>({1, 1, 1}));
  EXPECT_TRUE(two_.numbers.empty());
  EXPECT_EQ(one_.accepted(), 1U) << "the connection is kept";
}

TEST_F(GatewayClientTest, TooManyRequestsToTheEndAreNotDoneAndItSaysWhy) {
  one_.on_request = [](SessionId, RequestNumber, ByteView) { return refusal(Code::kTooMany); };
  GatewayClient c = client(500'000);
  ASSERT_TRUE(c.connect().ok());
  const auto outcome = c.execute(set_request("a", 1));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, Code::kUnreachable) << "not unknown: it was refused each time";
  EXPECT_NE(outcome.error().message.find("refused for the test"), std::string::npos) << outcome.error().message;
}

TEST_F(GatewayClientTest, AQuestionAndAKeyThatAreTooManyComeLaterToo) {
  one_.secret = "secret";
  one_.too_many = 3;
  one_.on_query = [](const registry::Query&, wire::QueryAnswer& answer, Bytes&) { answer.position = Position(9); };
  GatewayClient c(loop_, {.at = {one_.address()}, .token = wire::Token{registry::KeyId(7), "secret"}});
  ASSERT_TRUE(c.connect().ok());
  EXPECT_EQ(one_.shown.size(), 4U);
  one_.too_many = 2;
  const auto reply = c.ask(registry::Info{});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->position, Position(9));
  EXPECT_EQ(one_.accepted(), 1U);
}

TEST_F(GatewayClientTest, RefusalByTheDatabaseIsAnOutcome) {
  one_.on_request = [](SessionId, RequestNumber, ByteView) { return refusal(Code::kNotEnough); };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const auto outcome = c.execute(set_request("a", 1));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->code, Code::kNotEnough);
}

TEST_F(GatewayClientTest, ARequestThatIsTooLongIsRefusedHereAndWhatWasBeforeItIsDone) {
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const std::string longest(limits::kRequestBytesMax, 'x');
  const auto one = c.execute(set_request(longest, 1));
  ASSERT_FALSE(one.ok());
  EXPECT_EQ(one.error().code, Code::kTooLarge);
  std::uint64_t next = 0, answered = 0;
  const Status sent = c.pipeline(
      [&](Bytes& body) {
        wire::encode_request(body, set_request(next++ == 3 ? longest : "a", 1));
        return true;
      },
      [&](std::uint64_t, const Result<registry::Outcome>& outcome) { answered += outcome.ok() ? 1 : 0; });
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, Code::kTooLarge);
  EXPECT_EQ(answered, 3U);
  EXPECT_EQ(executed_.size(), 3U);
  EXPECT_EQ(one_.births.size(), 1U) << "the connection was never cut";
}

TEST_F(GatewayClientTest, SentWithoutAnswerIsUnknown) {
  for (FakeReplica* replica : {&one_, &two_})
    replica->on_request = [](SessionId, RequestNumber, ByteView) { return std::nullopt; };
  GatewayClient c = client(200'000);
  ASSERT_TRUE(c.connect().ok());
  const auto outcome = c.execute(set_request("a", 1));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, Code::kOutcomeUnknown);
}

TEST_F(GatewayClientTest, AfterAnUnknownOutcomeANewSessionBegins) {
  std::set<std::uint64_t> sessions;
  for (FakeReplica* replica : {&one_, &two_})
    replica->on_request = [&](SessionId session, RequestNumber number,
                              ByteView) -> std::optional<registry::Outcome> {
      sessions.insert(session.value);
      EXPECT_EQ(number, RequestNumber(1));
      if (sessions.size() == 1) return std::nullopt;
      return done();
    };
  GatewayClient c = client(500'000);
  ASSERT_TRUE(c.connect().ok());
  ASSERT_FALSE(c.execute(set_request("a", 1)).ok());
  ASSERT_TRUE(c.execute(set_request("a", 2)).ok());
  EXPECT_EQ(sessions.size(), 2U);
}

registry::Outcome session_gone() {
  registry::Outcome out;
  out.code = Code::kSessionEvicted;
  out.message = "outcome unknown";
  return out;
}

// Regression: a program that writes now and then kept one session permanently; when the replicas had forgotten it, they
// answered "unknown" to a request that had been sent once, and to every one after it.
TEST_F(GatewayClientTest, ARequestWhoseSessionIsGoneIsSentAgainInANewOne) {
  std::set<std::uint64_t> gone;
  one_.on_request =
      two_.on_request = [&](SessionId session, RequestNumber number, ByteView) -> std::optional<registry::Outcome> {
    if (gone.contains(session.value)) return session_gone();
    executed_.insert({session.value, number.value});
    return done();
  };
  one_.next = two_.next = Position(9);
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(c.execute(set_request("a", 1)).ok());
    for (const auto& [session, number] : executed_) gone.insert(session);
  }
  EXPECT_EQ(executed_.size(), 3U);
  EXPECT_EQ(gone.size(), 3U) << "three sessions";
  for (const auto& [session, number] : executed_) EXPECT_EQ(number, 1U) << "each with its first number";
  for (const FakeReplica* one : {&one_, &two_})
    for (const Position born : one->births) EXPECT_EQ(born, Position()) << "a new session asks for its birth";
}

TEST_F(GatewayClientTest, AWindowOfRequestsMovesToTheNewSessionInOrder) {
  std::uint64_t first = 0;
  std::vector<std::uint64_t> numbers;
  one_.on_request =
      two_.on_request = [&](SessionId session, RequestNumber number, ByteView) -> std::optional<registry::Outcome> {
    if (first == 0) first = session.value;
    if (session.value == first && number.value > 100) return session_gone();
    if (session.value != first) numbers.push_back(number.value);
    return done();
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  std::uint64_t next = 0;
  std::vector<std::uint64_t> answered;
  ASSERT_TRUE(c.pipeline(
                   [&](Bytes& body) {
                     if (next == 400) return false;
                     wire::encode_request(body, set_request("a", next++));
                     return true;
                   },
                   [&](std::uint64_t index, const Result<registry::Outcome>& outcome) {
                     EXPECT_TRUE(outcome.ok() && outcome->ok());
                     answered.push_back(index);
                   })
                  .ok());
  ASSERT_EQ(answered.size(), 400U);
  for (std::uint64_t i = 0; i < 400; ++i) EXPECT_EQ(answered[i], i);
  ASSERT_EQ(numbers.size(), 300U);
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(numbers[i], i + 1);
}

TEST_F(GatewayClientTest, ARequestThatMayHaveBeenExecutedIsNotSentInANewSession) {
  one_.on_request = [&](SessionId, RequestNumber, ByteView) -> std::optional<registry::Outcome> {
    loop_.post([this] { one_.die(); });
    return std::nullopt;
  };
  std::vector<std::uint64_t> sessions;
  two_.on_request = [&](SessionId session, RequestNumber, ByteView) -> std::optional<registry::Outcome> {
    sessions.push_back(session.value);
    return sessions.size() == 1 ? session_gone() : done();
  };
  one_.next = Position(5);
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const auto unknown = c.execute(set_request("a", 1));
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->code, Code::kSessionEvicted);
  EXPECT_EQ(sessions.size(), 1U);
  EXPECT_EQ(two_.births.front(), Position(5)) << "the birth goes with the session to another replica";
}

TEST_F(GatewayClientTest, PipelineAnswersEachOnceAcrossACrash) {
  int left = 300;
  one_.on_request = [&](SessionId session, RequestNumber number, ByteView) -> std::optional<registry::Outcome> {
    executed_.insert({session.value, number.value});
    if (--left == 0) loop_.post([this] { one_.die(); });
    if (left <= 0) return std::nullopt;
    return done();
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  std::uint64_t next = 0;
  std::multiset<std::uint64_t> answered;
  const Status sent = c.pipeline(
      [&](Bytes& body) {
        if (next == 1000) return false;
        wire::encode_request(body, set_request("a", next++));
        return true;
      },
      [&](std::uint64_t index, const Result<registry::Outcome>& outcome) {
        EXPECT_TRUE(outcome.ok());
        answered.insert(index);
      });
  ASSERT_TRUE(sent.ok());
  ASSERT_EQ(answered.size(), 1000U);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(answered.count(i), 1U);
  EXPECT_EQ(executed_.size(), 1000U);
}

TEST_F(GatewayClientTest, WatchGoesOnAtAnotherReplica) {
  std::vector<std::uint64_t> resumed;
  one_.on_watch = [&](Position since) {
    resumed.push_back(since.value);
    one_.send_events({event_at(5), event_at(6)}, Position(6));
    loop_.post([this] { one_.die(); });
  };
  two_.on_watch = [&](Position since) {
    resumed.push_back(since.value);
    two_.send_events({event_at(7)}, Position(7));
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  std::vector<std::uint64_t> seen;
  const Status over = c.watch(Position(4), [&](const registry::Event& e) {
    seen.push_back(e.position.value);
    return e.position < Position(7);
  });
  EXPECT_TRUE(over.ok());
  EXPECT_EQ(seen, std::vector<std::uint64_t>({5, 6, 7}));
  EXPECT_EQ(resumed, std::vector<std::uint64_t>({4, 6}));
}

// Its positions stand for other events there: it went on, and some changes were never shown.
TEST_F(GatewayClientTest, AWatchEndsWhereThePositionsAreOfAnotherStream) {
  one_.stream_id = two_.stream_id = 5;
  one_.on_watch = [&](Position) {
    two_.stream_id = 6;
    loop_.post([this] { one_.die(); });
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  const Status lost = c.watch(Position(4), [](const registry::Event&) { return true; });
  EXPECT_EQ(lost.error().code, Code::kTooOld) << lost.error().message;
  EXPECT_EQ(c.stream(), 6U);
  GatewayClient later = client();
  const Status other = later.watch(
      Position(4), [](const registry::Event&) { return true; }, {}, 7);
  EXPECT_EQ(other.error().code, Code::kTooOld) << other.error().message;
}

TEST_F(GatewayClientTest, AWatchCanBeServedInSteps) {
  one_.on_watch = [&](Position) {
    one_.send_events({event_at(5)}, Position(5));
    one_.send_events({event_at(6)}, Position(6));
  };
  GatewayClient c = client();
  ASSERT_TRUE(c.connect().ok());
  std::vector<std::uint64_t> seen;
  c.begin_watch(Position(4), [&](const registry::Event& e) {
    seen.push_back(e.position.value);
    return true;
  });
  const auto step = [&](std::size_t count, std::int64_t us) {
    return c.follow(BootTime(net::boot_now().value + us), [&] { return seen.size() >= count; });
  };
  EXPECT_TRUE(*step(2, 5'000'000));
  EXPECT_FALSE(*step(3, 1'000)) << "there is no third";
  one_.die();
  two_.on_watch = [&](Position since) {
    EXPECT_EQ(since, Position(6));
    two_.send_events({event_at(7)}, Position(7));
  };
  EXPECT_TRUE(*step(3, 5'000'000));
  EXPECT_EQ(seen, std::vector<std::uint64_t>({5, 6, 7}));
}

TEST_F(GatewayClientTest, AWatchWithoutReplicasSaysSoAfterTheDeadlineAndCanBeTriedAgain) {
  two_.die();
  GatewayClient c(loop_, {.at = {one_.address()}, .deadline_us = 50'000, .only_these = true});
  ASSERT_TRUE(c.connect().ok());
  c.begin_watch(Position(4), [](const registry::Event&) { return true; });
  one_.die();
  for (int i = 0; i < 2; ++i) {
    const Result<bool> followed = c.follow(BootTime(INT64_MAX), [] { return false; });
    ASSERT_FALSE(followed.ok());
    EXPECT_EQ(followed.error().code, Code::kUnreachable);
  }
}

}  // namespace
}  // namespace titer::client
