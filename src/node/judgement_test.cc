// SPDX-License-Identifier: Apache-2.0

// Requests that are refused for who asks: what a replica answers without the order (clients_requests.cc).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/two_nodes.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

registry::Request switch_writes(bool stopped) {
  registry::Request request = machine::request(registry::SetWriteStop{stopped});
  request.key = registry::kMachine;
  return request;
}

// A replica alone that takes no writes.
class JudgementTest : public test::OneNode {
 protected:
  void open_stopped() {
    open(0, members(0, {0}), 1);
    operators = client(1, 0, true);
    request(*operators, 1, switch_writes(true));
    live(20'000);
    ASSERT_TRUE(node->engine().machine.registry().writes().stopped);
  }
  std::optional<FakeWire> operators;
};

TEST_F(JudgementTest, a_refusal_takes_no_place_in_the_order) {
  open_stopped();
  const Position before = node->engine().machine.position();
  const std::uint64_t frames = node->engine().replica.snapshot().frames_sent;
  auto wire = client(2);
  for (std::uint64_t n = 1; n <= 10; ++n) request(wire, n, machine::add_site("elm", "Elm"));
  live(20'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 10U);
  for (const auto& [number, outcome] : heard.answers) EXPECT_EQ(outcome.code, Code::kWritesStopped) << number;
  EXPECT_EQ(node->engine().machine.position(), before);
  EXPECT_EQ(node->engine().replica.snapshot().frames_sent, frames);
}

// It arrives behind the request that allows it, and that one is not executed yet.
TEST_F(JudgementTest, a_request_that_is_not_refused_any_more_when_it_is_judged_enters_the_order) {
  open_stopped();
  auto wire = client(2);
  turn();
  request(*operators, 2, switch_writes(false));
  env.run();
  request(wire, 1, machine::add_site("elm", "Elm"));
  env.run();
  ASSERT_TRUE(node->engine().machine.registry().writes().stopped) << "so it is refused at first sight";
  live(20'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kOk) << heard.answers[0].second.message;
  EXPECT_EQ(node->engine().machine.registry().totals().sites, 1U);
}

TEST_F(JudgementTest, a_request_behind_a_refused_one_is_not_held_up_by_it) {
  open_stopped();
  auto wire = client(2);
  turn();
  request(wire, 1, machine::add_site("elm", "Elm"));
  request(*operators, 2, switch_writes(false));
  live(20'000);
  request(wire, 2, machine::add_site("oak", "Oak"));
  live(20'000);
  EXPECT_EQ(hear(wire).answers.size(), 2U);
}

// Two replicas that take no writes; there is a lease behind each refusal, or there is none.
class JudgementLeaseTest : public test::TwoNodes, private NodeObserver {
 protected:
  void open_stopped() {
    NodeOptions options;
    options.observer = this;
    open_both(members(0, {0, 1}), options);
    live_both(300'000);
    auto operators = client(1, 0, true);
    request(operators, 1, switch_writes(true));
    live_both(300'000);
    ASSERT_TRUE(node->engine().machine.registry().writes().stopped);
    ASSERT_TRUE(other->engine().machine.registry().writes().stopped);
    ASSERT_TRUE(node->engine().read_lease(env.boot_now()));
  }
  std::size_t judged = 0, without_lease = 0;

 private:
  void on_conclude(const smr::Output& out) override { judged += out.reads_ready.size(); }
  void on_lease_refused() override { ++without_lease; }
  std::uint64_t on_stands(const Engine& engine) override { return engine.machine.digest(); }
  void on_transfer_message(const wire::Message&) override {}
  void on_peer_message(ReplicaId, const smr::PeerMessage&) override {}
  void on_direct_message(const smr::FromClient&) override {}
  void on_send(const smr::Output&) override {}
  void on_execute(const smr::Execution&) override {}
  void on_executed(const smr::Execution&, const machine::Executed&) override {}
};

TEST_F(JudgementLeaseTest, a_refusal_waits_for_the_lease_as_a_read_does) {
  open_stopped();
  auto wire = client(2);
  live_both(10'000);
  hold(true);
  live_both(limits::kReadLeaseUs);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_both(100'000);
  EXPECT_TRUE(hear(wire).answers.empty());
  hold(false);
  live_both(100'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kWritesStopped);
}

TEST_F(JudgementLeaseTest, without_a_lease_it_is_told_to_ask_another_replica) {
  open_stopped();
  auto wire = client(2);
  live_both(10'000);
  hold(true);
  live_both(limits::kReadLeaseUs);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_both(limits::kReadPatienceUs + 100'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kUnavailable);
}

// The process is interrupted at each moment of a turn in turn, for longer than the lease. One of them is between the look
// that lets the request be judged and the one that lets the verdict out.
TEST_F(JudgementLeaseTest, a_verdict_behind_which_the_lease_is_lost_is_not_told_and_judged_again) {
  open_stopped();
  auto wire = client(2);
  live_both(10'000);
  unsigned told_at_once = 0, waited = 0, judged_again = 0;
  for (unsigned look = 1; look <= 40; ++look) {
    live_both(300'000);
    ASSERT_TRUE(node->engine().read_lease(env.boot_now()));
    (void)wire.take();
    request(wire, look, machine::add_site("elm", "Elm"));
    env.run();
    judged = without_lease = 0;
    env.interrupt_before_look(look, limits::kReadLeaseUs);
    node->turn();
    env.interrupt_before_look(0, 0);
    Heard heard = hear(wire);
    if (!heard.answers.empty()) {
      EXPECT_EQ(without_lease, 0U) << look;
      ++told_at_once;
    } else {
      EXPECT_GT(without_lease, 0U) << look;
      live_both(200'000);
      heard = hear(wire);
      waited += judged == 1 ? 1U : 0U;
      judged_again += judged == 2 ? 1U : 0U;
    }
    ASSERT_EQ(heard.answers.size(), 1U) << look;
    EXPECT_EQ(heard.answers[0].second.code, Code::kWritesStopped);
  }
  EXPECT_GT(told_at_once, 0U);
  EXPECT_GT(waited, 0U) << "the lease was lost before the first look";
  EXPECT_GT(judged_again, 0U) << "… or behind it";
}

TEST_F(JudgementLeaseTest, the_bytes_of_what_is_judged_are_limited_and_given_back) {
  open_stopped();
  std::vector<FakeWire> wires;
  const std::string long_text(limits::kRequestBytesMax - 1'000, 'x');
  const std::size_t fit = limits::kPendingBytesMax / limits::kRequestBytesMax;
  for (std::uint64_t i = 0; i < fit + 8; ++i) wires.push_back(client(10 + i));
  live_both(10'000);
  hold(true);
  live_both(limits::kReadLeaseUs);
  registry::Request big = machine::add_site("elm", "Elm");
  big.reason = long_text;
  for (FakeWire& wire : wires) request(wire, 1, big);
  live_both(100'000);
  std::size_t busy = 0;
  for (FakeWire& wire : wires)
    for (const auto& [number, outcome] : hear(wire).answers) busy += outcome.code == Code::kBusy ? 1U : 0U;
  EXPECT_GT(busy, 0U);
  EXPECT_LE(busy, 8U);
  for (FakeWire& wire : wires) wire.close();  // some of them before their verdict
  live_both(50'000);
  hold(false);
  live_both(300'000);
  auto next = client(99);
  request(next, 1, big);
  live_both(200'000);
  const Heard heard = hear(next);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kTooLarge) << "it was judged: its reason is too long";
}

}  // namespace
}  // namespace titer::node
