// SPDX-License-Identifier: Apache-2.0

#include "node/executor.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "node/limits.h"
#include "node/testing/one_node.h"

namespace titer::node {
namespace {

class ExecutorTest : public ::testing::Test, private NodeObserver {
 protected:
  explicit ExecutorTest(bool observed = false)
      : engine_(env_, smr::Replica({.me = ReplicaId(0), .incarnation = Incarnation(100)}, test::members(0, {0})),
                machine::Machine(), observed ? this : nullptr),
        executor_(engine_, [this](const machine::Executed& one) { answered_.push_back(one.number.value); }) {}

  // The next frame, with so many requests.
  [[nodiscard]] smr::Execution frame(std::uint64_t requests, bool answer = true) {
    for (std::uint64_t i = 0; i < requests; ++i) {
      ++number_;
      make_.add(1 + number_ / 100, number_, machine::add_site("s" + std::to_string(number_), "Site"));
    }
    return {std::make_shared<const smr::Frame>(make_.frame()), answer};
  }
  void begin(std::vector<smr::Execution> frames) {
    executor_.begin(frames);
    EXPECT_TRUE(frames.empty()) << "they are taken over";
  }
  [[nodiscard]] std::uint64_t position() const { return engine_.machine.position().value; }

  net::test::FakeEnvironment env_;
  Engine engine_;
  Executor executor_;
  std::vector<std::uint64_t> answered_;
  std::vector<std::string> seen_;

 private:
  void on_execute(const smr::Execution&) override { seen_.emplace_back("frame"); }
  void on_executed(const smr::Execution&, const machine::Executed& one) override {
    seen_.push_back("request " + std::to_string(one.number.value));
  }
  std::uint64_t on_stands(const Engine& engine) override {
    seen_.push_back("stands " + std::to_string(engine.machine.position().value));
    return engine.machine.digest();
  }
  void on_transfer_message(const wire::Message&) override {}
  void on_peer_message(ReplicaId, const smr::PeerMessage&) override {}
  void on_direct_message(const smr::FromClient&) override {}
  void on_send(const smr::Output&) override {}
  void on_conclude(const smr::Output&) override {}
  void on_lease_refused() override {}

  machine::FrameMaker make_;
  std::uint64_t number_ = 0;
};

TEST_F(ExecutorTest, with_nothing_to_do_everything_is_done) {
  EXPECT_FALSE(executor_.busy());
  EXPECT_TRUE(executor_.go_on());
}

TEST_F(ExecutorTest, frames_are_executed_and_answered_in_their_order) {
  begin({frame(3), frame(0), frame(2)});
  EXPECT_TRUE(executor_.busy());
  EXPECT_EQ(position(), 0U) << "to take frames over is not to execute them";
  EXPECT_TRUE(executor_.go_on());
  EXPECT_FALSE(executor_.busy());
  EXPECT_EQ(answered_, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(position(), 5U);
}

TEST_F(ExecutorTest, a_frame_that_another_replica_answers_is_executed_and_not_answered) {
  begin({frame(2, false), frame(1, true)});
  EXPECT_TRUE(executor_.go_on());
  EXPECT_EQ(answered_, std::vector<std::uint64_t>{3});
  EXPECT_EQ(position(), 3U);
}

TEST_F(ExecutorTest, a_turn_executes_for_its_time_and_goes_on_where_it_was) {
  begin({frame(1'000)});
  env_.let_looks_take(limits::kExecuteUs / 4);
  EXPECT_FALSE(executor_.go_on());
  EXPECT_TRUE(executor_.busy());
  const std::uint64_t first = position();
  EXPECT_GE(first, limits::kExecuteAtOnce);
  EXPECT_LE(first, 5 * limits::kExecuteAtOnce);
  unsigned turns = 1;
  while (!executor_.go_on()) ++turns;
  EXPECT_GT(turns, 2U);
  ASSERT_EQ(answered_.size(), 1'000U);
  EXPECT_TRUE(std::ranges::is_sorted(answered_));
}

TEST_F(ExecutorTest, every_turn_comes_further_however_little_time_there_is) {
  begin({frame(300), frame(300)});
  env_.let_looks_take(100 * limits::kExecuteUs);
  std::uint64_t before = 0;
  for (bool done = false; !done;) {
    done = executor_.go_on();
    ASSERT_GT(position(), before);
    EXPECT_LE(position(), before + limits::kExecuteAtOnce);
    before = position();
  }
  EXPECT_EQ(before, 600U);
}

TEST_F(ExecutorTest, what_is_left_can_be_finished_at_one_go) {
  begin({frame(500), frame(100)});
  env_.let_looks_take(limits::kExecuteUs);
  EXPECT_FALSE(executor_.go_on());
  executor_.finish();
  EXPECT_FALSE(executor_.busy());
  EXPECT_EQ(answered_.size(), 600U);
  begin({frame(1)});
  executor_.finish();
  EXPECT_EQ(answered_.size(), 601U);
}

TEST_F(ExecutorTest, each_request_has_its_line_also_in_frames_that_others_answer) {
  std::vector<std::string> lines;
  executor_.log_to([&](std::string_view line) { lines.emplace_back(line); });
  begin({frame(1, false), frame(2)});
  EXPECT_TRUE(executor_.go_on());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].substr(0, lines[0].find(':')), "1.2.0");
  EXPECT_EQ(lines[2].substr(0, lines[2].find(':')), "2.2.1");
}

class ObservedExecutorTest : public ExecutorTest {
 protected:
  ObservedExecutorTest() : ExecutorTest(true) {}
};

TEST_F(ObservedExecutorTest, the_protocol_hears_where_the_state_stands_after_each_frame_and_never_within_one) {
  begin({frame(2, false), frame(1)});
  env_.let_looks_take(limits::kExecuteUs);
  while (!executor_.go_on()) continue;
  EXPECT_EQ(seen_, (std::vector<std::string>{"frame", "request 1", "request 2", "stands 2", "frame", "request 3",
                                             "stands 3"}));
  EXPECT_EQ(answered_, std::vector<std::uint64_t>{3});
}

}  // namespace
}  // namespace titer::node
