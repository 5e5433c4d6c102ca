// SPDX-License-Identifier: Apache-2.0

// Requests that are refused for who asks: judged beforehand, and no session is kept for them.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "machine/testing.h"

namespace titer::machine {
namespace {

using registry::KeyId;
using registry::Role;

constexpr KeyId kReader{11}, kClinic{12}, kOperatorKey{13};

registry::Request by(KeyId key, registry::Request request) {
  request.key = key;
  return request;
}

// A cluster with two sites and three keys, of which a clinic's reaches one.
class Refusals : public testing::Test {
 protected:
  Refusals() : m(limits()) {
    make.add(1, 1, by(registry::kMachine, key_request(kOperatorKey, Role::kOperator, {})));
    make.add(1, 2, by(kOperatorKey, add_site("elm", "Elm"))).add(1, 3, by(kOperatorKey, add_site("oak", "Oak")));
    make.add(1, 4, by(kOperatorKey, set("elm", 100))).add(1, 5, by(kOperatorKey, set("oak", 100)));
    make.add(1, 6, by(kOperatorKey, key_request(kReader, Role::kReader, {})));
    make.add(1, 7, by(kOperatorKey, key_request(kClinic, Role::kProvider, {"elm"})));
    for (const Answered& one : run(m, make.frame())) EXPECT_TRUE(one.outcome.ok()) << one.outcome.message;
  }
  static Machine::Limits limits() {
    Machine::Limits limits = Machine::default_limits();
    limits.sessions.sessions = 4;
    return limits;
  }
  static registry::Request key_request(KeyId id, Role role, std::vector<std::string_view> scope) {
    return request(registry::CreateKey{id, {}, "owner", role, std::move(scope), {}});
  }
  registry::Outcome execute(std::uint64_t session, std::uint64_t number, const registry::Request& request) {
    return run(m, make.born(m.position().next()).add(session, number, request).frame())[0].outcome;
  }
  // What the gateway would answer without the order; nothing: it would put the request into the order.
  std::optional<registry::Outcome> judge(std::uint64_t session, std::uint64_t number,
                                         const registry::Request& request) {
    Bytes body, result;
    wire::encode_request(body, request);
    const std::uint64_t digest = m.digest();
    const bool refused = m.refuses({SessionId(session), RequestNumber(number), body, m.position().next()}, result);
    EXPECT_EQ(m.digest(), digest) << "judging changes nothing";
    if (!refused) return std::nullopt;
    registry::Outcome outcome;
    EXPECT_TRUE(wire::decode_outcome(result, outcome).ok());
    return outcome;
  }
  Code judged(const registry::Request& request) {
    const auto refused = judge(99, 1, request);
    return refused ? refused->code : Code::kOk;
  }

  Machine m;
  FrameMaker make;
};

// 17,600 refused requests made the replicas forget everybody's sessions, and a dose was taken twice.
TEST_F(Refusals, evict_no_session_of_others) {
  const registry::Request dose = by(kClinic, reserve("elm", 1));
  const Position born = m.position().next();
  ASSERT_TRUE(execute(7, 1, dose).ok());
  for (std::uint64_t stranger = 100; stranger < 150; ++stranger)
    for (const KeyId key : {kReader, kClinic, KeyId(999), registry::kNoKey})
      EXPECT_FALSE(execute(stranger, 1, by(key, set("oak", 1))).ok());
  EXPECT_LE(m.sessions(), 4U);
  const Results again = run(m, make.born(born).add(7, 1, dose).frame());
  EXPECT_TRUE(again[0].repeated);
  EXPECT_TRUE(again[0].outcome.ok()) << again[0].outcome.message;
  EXPECT_EQ(m.registry().get({"elm", {}})->stock[0].availability, registry::Availability::of(99));
}

TEST_F(Refusals, take_no_session_of_their_own) {
  const std::size_t before = m.sessions();
  const std::uint64_t digest = m.session_table().digest();
  EXPECT_EQ(execute(8, 1, by(kReader, set("elm", 1))).code, Code::kForbidden);
  EXPECT_EQ(execute(9, 1, set("elm", 1)).code, Code::kUnauthorized);
  EXPECT_EQ(m.sessions(), before);
  EXPECT_EQ(m.session_table().digest(), digest);
}

// An earlier copy of a request may come through another gateway after the refusal was answered.
TEST_F(Refusals, are_final_in_a_session_that_is_known) {
  ASSERT_TRUE(execute(7, 1, by(kClinic, set("elm", 5))).ok());
  EXPECT_EQ(execute(7, 2, by(kClinic, set("oak", 5))).code, Code::kForbidden);
  EXPECT_TRUE(run(m, make.add(7, 2, by(kClinic, set("oak", 5))).frame())[0].repeated);
}

// A gateway that refuses many requests in a row leaves a leap in the numbers of the session.
TEST_F(Refusals, at_the_gateway_leave_the_session_usable) {
  ASSERT_TRUE(execute(7, 1, by(kClinic, set("elm", 5))).ok());
  EXPECT_TRUE(execute(7, 10 * limits::kSessionWindow, by(kClinic, set("elm", 6))).ok());
}

TEST_F(Refusals, are_foreseen_for_who_asks) {
  EXPECT_EQ(judged(set("elm", 1)), Code::kUnauthorized) << "nobody";
  EXPECT_EQ(judged(by(KeyId(999), set("elm", 1))), Code::kUnauthorized) << "a key that is not there";
  EXPECT_EQ(judged(by(kReader, set("elm", 1))), Code::kForbidden);
  EXPECT_EQ(judged(by(kReader, request(registry::RevokeKey{kClinic}))), Code::kForbidden);
  EXPECT_EQ(judged(by(kClinic, set("elm", 1))), Code::kOk);
  for (const registry::Request& elsewhere : {set("oak", 1), reserve("oak", 1)})
    EXPECT_EQ(judged(by(kClinic, elsewhere)), Code::kForbidden) << "another's site";
  EXPECT_EQ(judged(by(kClinic, request(registry::CloseSite{{"oak", {}}, {}}))), Code::kForbidden);
  registry::Bulk bulk;
  bulk.operations = {registry::Reserve{{"elm", {}}, registry::kAnyProduct, 1},
                     registry::Reserve{{"oak", {}}, registry::kAnyProduct, 1}};
  EXPECT_EQ(judged(by(kClinic, request(bulk))), Code::kForbidden);
  ASSERT_TRUE(execute(1, 8, by(kOperatorKey, request(registry::RevokeKey{kClinic}))).ok());
  EXPECT_EQ(judged(by(kClinic, set("elm", 1))), Code::kUnauthorized);
}

TEST_F(Refusals, are_foreseen_while_writes_are_stopped) {
  ASSERT_TRUE(execute(1, 8, by(kOperatorKey, request(registry::SetWriteStop{true}))).ok());
  EXPECT_EQ(judged(by(kClinic, set("elm", 1))), Code::kWritesStopped);
  EXPECT_EQ(judged(by(kOperatorKey, request(registry::SetWriteStop{false}))), Code::kOk);
}

TEST_F(Refusals, of_what_is_no_request_are_foreseen) {
  Bytes result;
  ASSERT_TRUE(m.refuses({SessionId(9), RequestNumber(1), as_bytes("nonsense"), m.position().next()}, result));
  registry::Outcome outcome;
  ASSERT_TRUE(wire::decode_outcome(result, outcome).ok());
  EXPECT_EQ(outcome.code, Code::kInvalid);
}

TEST_F(Refusals, that_depend_on_more_than_who_asks_are_left_to_the_order) {
  EXPECT_EQ(judged(by(kClinic, set("nowhere", 1))), Code::kOk);
  EXPECT_EQ(judged(by(kClinic, reserve("elm", 1000))), Code::kOk);
  EXPECT_EQ(judged(by(kClinic, add_site("new", "New"))), Code::kOk);
}

// The outcome is known: it was not refused.
TEST_F(Refusals, are_not_foreseen_for_a_repetition) {
  registry::Request dose = by(kClinic, reserve("elm", 1));
  ASSERT_TRUE(execute(7, 1, dose).ok());
  dose.idempotency_key = "visit-4711";
  ASSERT_TRUE(execute(7, 2, dose).ok());
  ASSERT_TRUE(execute(1, 8, by(kOperatorKey, request(registry::RevokeKey{kClinic}))).ok());
  EXPECT_FALSE(judge(7, 1, by(kClinic, reserve("elm", 1))).has_value());
  EXPECT_FALSE(judge(50, 1, dose).has_value()) << "by its idempotency key";
  EXPECT_TRUE(judge(7, 3, by(kClinic, reserve("elm", 1))).has_value());
}

TEST_F(Refusals, of_sessions_that_may_have_been_evicted_say_so) {
  for (std::uint64_t other = 20; other < 30; ++other)
    ASSERT_TRUE(execute(other, 1, by(kOperatorKey, set("elm", other))).ok());
  Bytes body, result;
  wire::encode_request(body, by(kReader, set("elm", 1)));
  ASSERT_TRUE(m.refuses({SessionId(7), RequestNumber(1), body, Position(1)}, result));
  registry::Outcome outcome;
  ASSERT_TRUE(wire::decode_outcome(result, outcome).ok());
  EXPECT_EQ(outcome.code, Code::kSessionEvicted);
}

TEST(NoRefusals, are_foreseen_where_there_are_no_keys) {
  Machine m;
  Bytes result;
  EXPECT_FALSE(m.refuses({SessionId(9), RequestNumber(1), as_bytes("nonsense"), Position(1)}, result));
}

}  // namespace
}  // namespace titer::machine
