// SPDX-License-Identifier: Apache-2.0

// A read in the replica's own process: when it looks at the state, and when it answers. One thread: the test holds the
// replica still between any two calls.
#include "client/local_reads.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "smr/rules.h"

namespace titer::client {
namespace {

struct TestClock final : net::Clock {
  [[nodiscard]] BootTime boot_now() const override { return BootTime(now_us); }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(1); }
  [[nodiscard]] std::int64_t monotonic_us() const override { return now_us - asleep_us; }
  std::int64_t now_us = 1'000'000, asleep_us = 0;
};

smr::Uid uid(std::uint64_t ts) { return {LamportTime(ts), TransmitterId(1)}; }

// A replica whose state is one number, the position.
class FakeState final : public LocalState {
 public:
  explicit FakeState(TestClock& clock) : clock_(clock) {
    now.serves = true;
    run_turn();
    lease_for(1'000'000);
  }
  // --- what the replica does
  void run_turn() { now.last_turn = smr::LastTurn::of(clock_.boot_now(), clock_.monotonic_us()); }
  void lease_for(std::int64_t us) { now.lease = {BootTime(clock_.now_us + us), BootTime(INT64_MAX)}; }
  void hold(std::uint64_t ts) { now.held = uid(ts); }
  void execute(std::uint64_t ts) {
    now.executed = uid(ts);
    position = Position(ts);
    if (waits) wake_all();
  }

  [[nodiscard]] smr::ReadTerms terms() const override { return now; }
  [[nodiscard]] std::string refusal() const override { return "it is still learning"; }
  void query(std::size_t, ByteView, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId,
             registry::Progress& progress) override {
    ++looks;
    if (on_look) on_look();
    answer.position = position;
    rows.push_back(std::byte{1});
    answer.body = rows;
    rows_left -= std::min(rows_left, progress.rows);
    progress.spend(1);
    progress.unfinished = rows_left > 0;
    if (progress.unfinished) progress.rows = 0;
  }
  void on_change(std::size_t, std::function<void()> then) override { wake = std::move(then); }
  [[nodiscard]] bool wait(std::size_t, const smr::ReadTerms& seen) override {
    waits = seen.same_answer(now);
    return waits;
  }
  void confirm() override { ++confirmations; }
  void answered(std::size_t) override { ++answers; }

  smr::ReadTerms now;
  Position position;
  std::uint32_t rows_left = 0;  // that the questions have to look at
  int looks = 0, answers = 0, confirmations = 0;
  bool waits = false;
  std::function<void()> on_look, wake;

 private:
  void wake_all() {
    waits = false;
    if (wake) wake();
  }
  TestClock& clock_;
};

class LocalReadsTest : public testing::Test {
 protected:
  struct Answer {
    int question;
    Code code;
    Position position;
    std::string text;
  };
  void ask(int question) {
    reads.ask({}, registry::kNoKey, [this, question](const wire::QueryAnswer& answer) {
      answers.push_back({question, answer.code, answer.position, std::string(as_text(answer.body))});
    });
  }
  // So many µs in which the replica runs, and the reader as often as it wants to.
  void live(std::int64_t us) {
    for (const std::int64_t end = clock.now_us + us; clock.now_us < end; clock.now_us += 5'000) {
      state.run_turn();
      (void)reads.on_turn();
    }
  }

  TestClock clock;
  FakeState state{clock};
  int woken = 0;
  LocalReads reads{state, 0, clock, [this] { ++woken; }};
  std::vector<Answer> answers;
};

TEST_F(LocalReadsTest, a_read_waits_until_what_was_held_when_it_came_is_executed) {
  state.hold(7);
  ask(1);
  (void)reads.on_turn();
  state.execute(6);
  (void)reads.on_turn();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(state.looks, 0) << "the state is not looked at before";
  EXPECT_TRUE(state.waits) << "it asks to be woken";
  state.hold(9);  // later writes are none of its concern
  state.execute(7);
  EXPECT_GE(woken, 1);
  (void)reads.on_turn();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].position, Position(7));
  EXPECT_EQ(reads.open(), 0U);
}

TEST_F(LocalReadsTest, a_read_does_not_wait_for_a_write_that_a_new_view_has_dropped) {
  state.execute(5);
  state.hold(7);
  ask(1);
  (void)reads.on_turn();
  EXPECT_TRUE(answers.empty());
  EXPECT_TRUE(state.waits);
  const smr::ReadTerms before = state.now;
  state.hold(5);
  EXPECT_FALSE(before.same_answer(state.now)) << "that is news for a reader who waits";
  (void)reads.on_turn();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].position, Position(5));
}

TEST_F(LocalReadsTest, what_was_read_while_the_lease_ran_out_is_not_answered_but_read_again) {
  state.on_look = [this] { clock.now_us += 2'000'000, state.run_turn(); };
  ask(1);
  const BootTime again = reads.on_turn();
  EXPECT_TRUE(answers.empty()) << "there was a lease when it began to read, and none afterwards";
  EXPECT_LE(again.value, clock.now_us + LocalReads::kLookEveryUs);
  state.on_look = nullptr;
  state.execute(3);  // others may have gone on meanwhile
  (void)reads.on_turn();
  EXPECT_EQ(state.looks, 1) << "without a lease the state is not looked at again";
  state.lease_for(1'000'000);
  (void)reads.on_turn();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].position, Position(3)) << "it is read again";
  EXPECT_EQ(state.looks, 2);
}

TEST_F(LocalReadsTest, without_a_lease_it_is_refused_after_a_while) {
  state.now.lease = {};
  ask(1);
  live(LocalReads::kPatienceUs - 50'000);
  EXPECT_TRUE(answers.empty());
  live(100'000);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].code, Code::kUnavailable);
  EXPECT_NE(answers[0].text.find("no read lease"), std::string::npos);
}

// The replica's thread looks at that in its next turn, and would distrust the lease then.
TEST_F(LocalReadsTest, a_lease_does_not_count_when_the_replica_has_not_run_or_the_machine_has_slept) {
  state.lease_for(10'000'000);
  clock.now_us += smr::LastTurn::kTickUs + smr::LastTurn::kStallUs + 1;
  ask(1);
  (void)reads.on_turn();
  EXPECT_TRUE(answers.empty()) << "its process was stopped";
  state.run_turn();
  clock.asleep_us += smr::LastTurn::kStallUs + 1;
  (void)reads.on_turn();
  EXPECT_TRUE(answers.empty()) << "the machine slept";
  state.run_turn();
  (void)reads.on_turn();
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(LocalReadsTest, with_confirmed_reads_each_waits_for_a_reading_of_the_clock_that_is_later_than_itself) {
  state.now.lease.confirmed = BootTime(clock.now_us - 1);
  ask(1);
  (void)reads.on_turn();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(state.confirmations, 1) << "it asks for one";
  state.now.lease.confirmed = clock.boot_now();
  (void)reads.on_turn();
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(LocalReadsTest, a_replica_that_does_not_serve_refuses_also_those_who_wait) {
  state.hold(7);
  ask(1);
  (void)reads.on_turn();
  state.now.serves = false;
  ask(2);
  (void)reads.on_turn();
  ASSERT_EQ(answers.size(), 2U);
  for (const Answer& answer : answers) EXPECT_EQ(answer.code, Code::kUnavailable);
  EXPECT_EQ(answers[0].text, "it is still learning");
}

TEST_F(LocalReadsTest, a_fence_that_is_never_reached_ends_in_an_answer) {
  state.hold(7);
  ask(1);
  live(LocalReads::kAnswerUs + 200'000);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].code, Code::kUnavailable);
}

TEST_F(LocalReadsTest, what_an_answer_leads_to_is_answered_in_the_same_turn) {
  reads.ask({}, registry::kNoKey, [this](const wire::QueryAnswer&) { ask(2); });
  (void)reads.on_turn();
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(LocalReadsTest, a_long_question_takes_several_turns_and_does_not_hold_up_the_next_one) {
  state.rows_left = LocalReads::kFirstRows + 2 * LocalReads::kLongRows;
  ask(1);
  EXPECT_LE(reads.on_turn(), clock.boot_now()) << "there is more to do at once";
  EXPECT_TRUE(answers.empty());
  ask(2);  // has nothing to look at any more when the first one is done
  for (int i = 0; i < 4 && reads.open() > 0; ++i) (void)reads.on_turn();
  EXPECT_EQ(answers.size(), 2U);
  EXPECT_EQ(state.answers, 2);
}

#ifdef TITER_MUTANTS
// So the rule has a test that sees it broken.
TEST_F(LocalReadsTest, a_reader_that_looks_at_the_lease_before_the_read_answers_what_may_be_old) {
  smr::rule_disabled[static_cast<int>(smr::ProtocolRule::kLeaseAfterRead)] = true;
  state.on_look = [this] { clock.now_us += 2'000'000, state.run_turn(); };
  ask(1);
  (void)reads.on_turn();
  smr::rule_disabled[static_cast<int>(smr::ProtocolRule::kLeaseAfterRead)] = false;
  EXPECT_EQ(answers.size(), 1U);
}
#endif

}  // namespace
}  // namespace titer::client
