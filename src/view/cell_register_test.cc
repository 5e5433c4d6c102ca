// SPDX-License-Identifier: Apache-2.0

#include "view/cell_register.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "view/testing/members.h"

namespace titer::view {
namespace {

constexpr std::uint64_t kEtcd = 0xabc;

ClusterRecord view_of(std::uint64_t number, const std::vector<std::uint16_t>& ids) {
  ClusterRecord record;
  record.cluster = 77;
  record.view.number = ViewNumber(number);
  for (const std::uint16_t id : ids) record.view.members.push_back(member(id, 100U + id));
  for (std::uint16_t id = 0; id < 3; ++id) record.roster.push_back({ReplicaId(id), member(id, 0).address, ""});
  return record;
}

CellState at(std::int64_t revision, const ClusterRecord& record, std::uint64_t etcd = kEtcd) {
  return {etcd, revision, CellState::Value{revision, to_json(record)}};
}

Error unreachable() { return {Code::kUnreachable, "nobody answers"}; }

// A register, and what it wants; the test is the cell.
class CellRegisterTest : public testing::Test {
 protected:
  explicit CellRegisterTest(const Authority& seen = {}) : reg(now, seen, events()) {}

  CellRegister::Events events() {
    CellRegister::Events events;
    events.remember = [this](const Authority& seen) {
      if (disk_full) return Status(Error{Code::kInternal, "no space left"});
      remembered.push_back(seen);
      return ok_status();
    };
    events.record = [this](const ClusterRecord& record) {
      EXPECT_FALSE(remembered.empty()) << "a record is told after it was remembered";
      told.push_back(record.view.number.value);
    };
    events.refused = [this](const std::string& why) { refusals.push_back(why); };
    return events;
  }
  void pass(std::int64_t us) {
    now = BootTime(now.value + us);
    reg.wake(now);
  }
  // The next action if it is of this kind; and it is done with.
  template <typename Action>
  std::optional<Action> wants() {
    const auto action = reg.next();
    if (!action || !std::holds_alternative<Action>(*action)) return std::nullopt;
    return std::get<Action>(*action);
  }
  // It asks, and gets this.
  void get(const Result<CellState>& state, bool elsewhere = false) {
    reg.wake(now);
    ASSERT_TRUE(wants<GetCell>());
    reg.got(now, state, elsewhere);
  }
  // It has seen this, nothing is open but the watch, and the next read is due in a second.
  void settle(std::int64_t revision, const ClusterRecord& record) {
    get(at(revision, record));
    ASSERT_TRUE(wants<TryWriteCell>());
    reg.tried_write(now, ok_status());
    pass(CellRegister::kAgainUs);
    ASSERT_TRUE(wants<WatchCell>());
  }
  void exclude(std::uint64_t expected, std::uint16_t id, std::int64_t valid_us = 1'000'000) {
    wire::CompareAndSet ask{ViewNumber(expected), {}, "silence", {}};
    ask.without.add(ReplicaId(id));
    reg.propose(
        now, CellRegister::Kind::kExclude,
        [ask](const ClusterRecord& newest) { return asked(newest, member(0, 100), ask, true); }, valid_us);
  }

  BootTime now{1'000'000'000};
  bool disk_full = false;
  std::vector<Authority> remembered;
  std::vector<std::uint64_t> told;
  std::vector<std::string> refusals;
  CellRegister reg;
};

// --- reading

TEST_F(CellRegisterTest, the_first_record_is_remembered_and_told_once) {
  settle(10, view_of(7, {0, 1, 2}));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7}));
  ASSERT_EQ(remembered.size(), 1U);
  EXPECT_EQ(remembered[0], authority_of(kEtcd, 10, view_of(7, {0, 1, 2})));
  pass(CellRegister::kPollEveryUs);
  get(at(10, view_of(7, {0, 1, 2})));
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(remembered.size(), 1U);
}

TEST_F(CellRegisterTest, it_reads_every_second_and_soon_after_a_failure) {
  settle(10, view_of(7, {0}));
  EXPECT_FALSE(reg.next());
  pass(CellRegister::kPollEveryUs - CellRegister::kAgainUs - 1);
  EXPECT_FALSE(reg.next());
  pass(1);
  get(unreachable());
  EXPECT_EQ(reg.wake_at(), BootTime(now.value + CellRegister::kAgainUs));
  pass(CellRegister::kAgainUs);
  get(at(10, view_of(7, {0})));
}

TEST_F(CellRegisterTest, without_an_answer_it_is_not_reachable_and_with_one_it_is) {
  settle(10, view_of(7, {0}));
  EXPECT_TRUE(reg.reachable(now));
  pass(CellRegister::kAwayUs);
  EXPECT_FALSE(reg.reachable(now));
  get(at(10, view_of(7, {0})));
  EXPECT_TRUE(reg.reachable(now));
}

TEST_F(CellRegisterTest, what_cannot_be_remembered_is_not_told_and_tried_again) {
  disk_full = true;
  get(at(10, view_of(7, {0})));
  EXPECT_TRUE(told.empty());
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_NE(refusals[0].find("cannot be saved"), std::string::npos);
  disk_full = false;
  pass(CellRegister::kPollEveryUs);
  get(at(10, view_of(7, {0})));
  EXPECT_EQ(told.size(), 1U);
  EXPECT_TRUE(reg.refused().empty());
}

TEST_F(CellRegisterTest, a_disk_that_stays_full_is_said_once) {
  disk_full = true;
  for (int i = 0; i < 5; ++i) {
    get(at(10, view_of(7, {0})));
    pass(CellRegister::kPollEveryUs);
  }
  EXPECT_EQ(refusals.size(), 1U);
}

// --- changing

TEST_F(CellRegisterTest, a_proposal_is_asked_for_the_newest_record_and_replaces_that_revision) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 2);
  get(at(10, view_of(7, {0, 1, 2})));
  const auto replace = wants<ReplaceCell>();
  ASSERT_TRUE(replace);
  EXPECT_EQ(replace->expected, 10);
  EXPECT_EQ(cluster_record_from(replace->text)->view.number, ViewNumber(8));
}

TEST_F(CellRegisterTest, a_lost_answer_is_settled_by_reading_and_not_taken_for_anything) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 2);
  get(at(10, view_of(7, {0, 1, 2})));
  ASSERT_TRUE(wants<ReplaceCell>());
  reg.replaced(now, unreachable());
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7})) << "it may have happened or not";
  pass(CellRegister::kPollEveryUs);
  get(at(10, view_of(7, {0, 1, 2})));
  ASSERT_TRUE(wants<ReplaceCell>()) << "it has not: once more";
  reg.replaced(now, unreachable());
  pass(CellRegister::kPollEveryUs);
  get(at(11, view_of(8, {0, 1})));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7, 8}));
  EXPECT_FALSE(wants<ReplaceCell>()) << "it has";
}

TEST_F(CellRegisterTest, a_success_is_told_when_it_was_read) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 2);
  get(at(10, view_of(7, {0, 1, 2})));
  ASSERT_TRUE(wants<ReplaceCell>());
  reg.replaced(now, true);
  EXPECT_EQ(told.size(), 1U);
  get(at(11, view_of(8, {0, 1})));
  EXPECT_EQ(told.back(), 8U);
}

TEST_F(CellRegisterTest, a_lost_race_is_thought_through_again_on_the_newer_record) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 2);
  get(at(10, view_of(7, {0, 1, 2})));
  ASSERT_TRUE(wants<ReplaceCell>());
  reg.replaced(now, false);
  get(at(11, view_of(8, {0, 2})));
  EXPECT_FALSE(wants<ReplaceCell>()) << "the view that it asked about is over";
}

TEST_F(CellRegisterTest, a_proposal_that_is_too_old_is_dropped) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 2, 1'000'000);
  for (int i = 0; i < 10; ++i) {
    get(unreachable());
    pass(CellRegister::kAgainUs);
  }
  get(at(10, view_of(7, {0, 1, 2})));
  EXPECT_FALSE(wants<ReplaceCell>());
}

TEST_F(CellRegisterTest, something_proposed_while_a_question_is_open_comes_right_behind_it) {
  settle(10, view_of(7, {0, 1, 2}));
  pass(CellRegister::kPollEveryUs);
  ASSERT_TRUE(wants<GetCell>());
  reg.propose(
      now, CellRegister::Kind::kJoin, [](const ClusterRecord&) -> NextRecord { return std::nullopt; }, 1);
  reg.got(now, at(10, view_of(7, {0, 1, 2})), false);
  reg.wake(now);
  EXPECT_TRUE(wants<GetCell>());
}

TEST_F(CellRegisterTest, of_a_kind_the_newest_proposal_counts) {
  settle(10, view_of(7, {0, 1, 2}));
  exclude(7, 1);
  exclude(7, 2);
  get(at(10, view_of(7, {0, 1, 2})));
  const auto replace = wants<ReplaceCell>();
  ASSERT_TRUE(replace);
  EXPECT_NE(cluster_record_from(replace->text)->view.find(ReplicaId(1)), nullptr);
}

TEST_F(CellRegisterTest, it_may_be_closed_by_what_it_tells) {
  auto on_record = events();
  CellRegister* closing = nullptr;
  on_record.record = [&](const ClusterRecord&) { closing->close(); };
  CellRegister mine(now, {}, on_record);
  closing = &mine;
  mine.propose(
      now, CellRegister::Kind::kJoin, [](const ClusterRecord& newest) -> NextRecord { return newest; }, 1'000'000);
  mine.wake(now);
  ASSERT_TRUE(mine.next());
  mine.got(now, at(10, view_of(7, {0})), false);
  EXPECT_FALSE(mine.next()) << "nothing is proposed any more";
}

// --- writes that are refused

TEST_F(CellRegisterTest, a_refused_write_shows_before_a_view_must_change) {
  get(at(10, view_of(7, {0})));
  ASSERT_TRUE(wants<TryWriteCell>());
  reg.tried_write(now, Error{Code::kInvalid, "space exceeded"});
  EXPECT_EQ(reg.write_error(), "space exceeded");
  pass(CellRegister::kTryWriteEveryUs);
  get(at(10, view_of(7, {0})));
  ASSERT_TRUE(wants<WatchCell>());
  ASSERT_TRUE(wants<TryWriteCell>());
  reg.tried_write(now, ok_status());
  EXPECT_TRUE(reg.write_error().empty());
}

TEST_F(CellRegisterTest, a_write_without_an_answer_is_an_error_only_after_some_time) {
  settle(10, view_of(7, {0, 1}));
  exclude(7, 1);
  get(at(10, view_of(7, {0, 1})));
  ASSERT_TRUE(wants<ReplaceCell>());
  reg.replaced(now, unreachable());
  EXPECT_TRUE(reg.write_error().empty());
  now = BootTime(now.value + CellRegister::kNoWriteUs);
  exclude(7, 1);
  get(at(10, view_of(7, {0, 1})));
  ASSERT_TRUE(wants<ReplaceCell>());
  reg.replaced(now, unreachable());
  EXPECT_FALSE(reg.write_error().empty());
}

// --- the watch

TEST_F(CellRegisterTest, the_watch_begins_behind_what_was_read_and_tells_changes) {
  get(at(10, view_of(7, {0, 1})));
  ASSERT_TRUE(wants<TryWriteCell>());
  reg.tried_write(now, ok_status());
  pass(CellRegister::kAgainUs);
  const auto watch = wants<WatchCell>();
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->from, 11);
  reg.changed(at(11, view_of(8, {0})));
  EXPECT_EQ(told.back(), 8U);
  reg.changed(at(11, view_of(8, {0})));
  reg.changed(at(10, view_of(7, {0, 1})));
  EXPECT_EQ(told.size(), 2U) << "repeated, and behind";
  EXPECT_TRUE(reg.refused().empty());
}

TEST_F(CellRegisterTest, a_watch_that_ends_begins_again_behind_the_newest_look) {
  settle(10, view_of(7, {0}));
  reg.watch_ended(now);
  pass(CellRegister::kAgainUs);
  const auto watch = wants<WatchCell>();
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->from, 11);
}

TEST_F(CellRegisterTest, nothing_is_watched_before_there_is_a_record) {
  pass(10 * CellRegister::kAgainUs);
  ASSERT_TRUE(wants<GetCell>());
  EXPECT_FALSE(reg.next());
}

TEST_F(CellRegisterTest, when_the_next_question_goes_elsewhere_so_does_the_watch) {
  settle(10, view_of(7, {0}));
  pass(CellRegister::kPollEveryUs);
  get(unreachable(), true);
  EXPECT_TRUE(wants<StopWatchingCell>());
  pass(CellRegister::kAgainUs);
  ASSERT_TRUE(wants<GetCell>());
  EXPECT_TRUE(wants<WatchCell>());
}

TEST_F(CellRegisterTest, an_answer_that_the_watch_has_overtaken_is_not_one_that_has_gone_back) {
  settle(10, view_of(7, {0, 1}));
  pass(CellRegister::kPollEveryUs);
  ASSERT_TRUE(wants<GetCell>());
  reg.changed(at(11, view_of(8, {0})));
  reg.got(now, at(10, view_of(7, {0, 1})), false);
  EXPECT_TRUE(refusals.empty());
  EXPECT_EQ(told.back(), 8U);
}

// --- a cell that goes back

TEST_F(CellRegisterTest, a_cell_that_goes_back_is_refused_said_once_and_not_changed) {
  settle(10, view_of(7, {0, 1, 2}));
  pass(CellRegister::kPollEveryUs);
  for (int i = 0; i < 3; ++i) {
    get(at(9, view_of(6, {0, 1, 2})));
    exclude(6, 2);
    EXPECT_FALSE(wants<ReplaceCell>());
    pass(CellRegister::kPollEveryUs);
  }
  EXPECT_EQ(refusals.size(), 1U);
  EXPECT_NE(reg.refused().find("view 7 was there already"), std::string::npos) << reg.refused();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7}));
  get(at(12, view_of(8, {0})));
  EXPECT_TRUE(reg.refused().empty());
  EXPECT_EQ(told.back(), 8U);
}

TEST_F(CellRegisterTest, another_cell_an_empty_one_and_what_is_no_record_are_refused) {
  settle(10, view_of(7, {0}));
  std::size_t times = 0;
  for (const CellState& bad : {at(10, view_of(7, {0}), 0xdef), CellState{kEtcd, 20, {}},
                               CellState{kEtcd, 21, CellState::Value{21, "{"}}}) {
    pass(CellRegister::kPollEveryUs);
    get(bad);
    EXPECT_EQ(refusals.size(), ++times);
  }
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(CellRegisterTest, a_cell_without_a_record_says_how_one_is_made) {
  get(CellState{kEtcd, 3, {}});
  EXPECT_NE(reg.refused().find("titer init"), std::string::npos);
}

class LaterLife : public CellRegisterTest {
 protected:
  LaterLife() : CellRegisterTest(authority_of(kEtcd, 10, view_of(7, {0}))) {}
};

TEST_F(LaterLife, what_an_earlier_life_has_seen_is_not_forgotten) {
  get(at(9, view_of(7, {0})));
  EXPECT_NE(reg.refused().find("revision 9"), std::string::npos) << reg.refused();
  EXPECT_TRUE(told.empty());
}

TEST_F(LaterLife, the_same_record_is_told_to_the_next_life) {
  get(at(10, view_of(7, {0})));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7}));
}

}  // namespace
}  // namespace titer::view
