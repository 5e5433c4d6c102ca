// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_register.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "view/testing/fake_etcd.h"

namespace titer::view {
namespace {

constexpr std::int64_t kPatienceUs = 20'000'000;

smr::Member member_at(std::uint16_t id) {
  return {ReplicaId(id), Incarnation(100U + id), "127.0.0.1:" + std::to_string(8892 + id)};
}

// View 7 of replicas 0, 1 and 2.
ClusterRecord three() {
  ClusterRecord record;
  record.cluster = 77;
  record.view.number = ViewNumber(7);
  for (std::uint16_t i = 0; i < 3; ++i) {
    record.view.members.push_back(member_at(i));
    record.roster.push_back({ReplicaId(i), member_at(i).address, ""});
  }
  return record;
}

// A register of replica 0, and what it has told.
struct Told {
  Told(net::Loop& on, std::vector<HttpEndpoint> endpoints, Authority seen = {}, EtcdOptions etcd = {}) : loop(on) {
    EtcdRegister::Events events;
    events.remember = [this](const Authority& now) {
      remembered.push_back(now);
      return ok_status();
    };
    events.record = [this](const ClusterRecord& record) { records.push_back(record); };
    events.refused = [this](const std::string& why) { refusals.push_back(why); };
    events.blocked = [this] { ++blocked; };
    etcd.endpoints = std::move(endpoints);
    reg = std::make_unique<EtcdRegister>(
        loop.context(), EtcdRegister::Options{"/titer/t/view", member_at(0), etcd, seen, 0}, std::move(events));
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) const {
    return loop.run_until(BootTime(net::boot_now().value + kPatienceUs), done);
  }
  [[nodiscard]] bool reaches(std::uint64_t view) const {
    return until([&] { return !records.empty() && records.back().view.number == ViewNumber(view); });
  }

  net::Loop& loop;
  std::vector<ClusterRecord> records;
  std::vector<Authority> remembered;
  std::vector<std::string> refusals;
  int blocked = 0;
  std::unique_ptr<EtcdRegister> reg;
};

wire::CompareAndSet exclude(std::uint64_t expected, std::uint16_t id) {
  wire::CompareAndSet ask{ViewNumber(expected), {}, "it is silent"};
  ask.without.add(ReplicaId(id));
  return ask;
}

struct EtcdRegisterTest : testing::Test {
  net::Loop loop;
  FakeEtcd etcd{loop};
};

TEST_F(EtcdRegisterTest, the_first_record_is_told_after_it_was_remembered) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  ASSERT_EQ(told.remembered.size(), 1U);
  EXPECT_EQ(told.remembered[0], authority_of(0xabc, etcd.changed_at, three()));
  EXPECT_TRUE(told.reg->status().reachable);
}

TEST_F(EtcdRegisterTest, a_restart_under_way_does_not_shrink_to_a_minority_and_the_replica_is_told) {
  ClusterRecord record = three();
  record.view.members.pop_back();
  record.restart = Restart{{member(0, 100), member(1, 101), member(2, 102)}, false};
  etcd.put(to_json(record));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  told.reg->compare_and_set(exclude(7, 1), false);
  ASSERT_TRUE(told.until([&] { return told.blocked > 0; }));
  EXPECT_EQ(etcd.transactions, 0U);
  told.reg->compare_and_set(exclude(7, 1), true);
  ASSERT_TRUE(told.reaches(8));
}

TEST_F(EtcdRegisterTest, a_member_marks_what_its_disk_holds) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  told.reg->mark(ViewNumber(7), Position(42));
  ASSERT_TRUE(told.until([&] { return told.records.back().mark(ReplicaId(0)) != nullptr; }));
  EXPECT_EQ(*told.records.back().mark(ReplicaId(0)),
            (DiskMark{ReplicaId(0), Incarnation(100), ViewNumber(7), Position(42)}));
}

TEST_F(EtcdRegisterTest, a_change_by_somebody_else_comes_by_the_watch) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.until([&] { return etcd.watches > 0; }));
  ClusterRecord next = three();
  next.view.number = ViewNumber(8);
  const unsigned ranges = etcd.ranges;
  etcd.put(to_json(next));
  ASSERT_TRUE(told.reaches(8));
  EXPECT_LE(etcd.ranges, ranges + 1);
}

TEST_F(EtcdRegisterTest, a_compare_and_set_takes_the_silent_one_out) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  told.reg->compare_and_set(exclude(7, 2), true);
  ASSERT_TRUE(told.reaches(8));
  EXPECT_EQ(told.records.back().view.find(ReplicaId(2)), nullptr);
  EXPECT_TRUE(told.records.back().view.known_dead.empty());
  EXPECT_EQ(etcd.transactions, 1U);
}

TEST_F(EtcdRegisterTest, a_lost_answer_is_settled_by_reading) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  etcd.loses_answers = 1;
  told.reg->compare_and_set(exclude(7, 2), true);
  ASSERT_TRUE(told.reaches(8));
  const unsigned ranges = etcd.ranges;
  ASSERT_TRUE(told.until([&] { return etcd.ranges > ranges + 1; }));
  EXPECT_EQ(etcd.transactions, 1U);
  EXPECT_EQ(told.records.back().view.number, ViewNumber(8));
}

TEST_F(EtcdRegisterTest, a_lost_race_is_thought_through_again) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  // Somebody says what its disk has: another revision of the same view.
  ClusterRecord raced = three();
  raced.returned.push_back({member_at(1), {}});
  told.reg->compare_and_set(exclude(7, 2), true);
  etcd.put(to_json(raced));
  ASSERT_TRUE(told.reaches(8));
  EXPECT_EQ(told.records.back().view.find(ReplicaId(2)), nullptr);
}

TEST_F(EtcdRegisterTest, a_wish_for_a_view_that_is_over_changes_nothing) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  told.reg->compare_and_set(exclude(6, 2), true);
  const unsigned ranges = etcd.ranges;
  ASSERT_TRUE(told.until([&] { return etcd.ranges > ranges + 1; }));
  EXPECT_EQ(etcd.transactions, 0U);
}

TEST_F(EtcdRegisterTest, compaction_begins_the_watch_anew) {
  etcd.put(to_json(three()));
  etcd.compacted = 1000;
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.until([&] { return etcd.watches > 0; }));
  etcd.revision = 2000;
  ASSERT_TRUE(told.until([&] { return etcd.watches > 1; }));
  ClusterRecord next = three();
  next.view.number = ViewNumber(8);
  etcd.put(to_json(next));
  EXPECT_TRUE(told.reaches(8));
}

TEST_F(EtcdRegisterTest, when_one_endpoint_fails_the_next_is_asked) {
  FakeEtcd broken(loop);
  broken.http.refuses = true;
  etcd.put(to_json(three()));
  Told told(loop, {broken.endpoint(), etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  EXPECT_EQ(told.reg->status().endpoint, etcd.endpoint().text());
}

TEST_F(EtcdRegisterTest, away_is_not_reachable_and_back_again_is) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  etcd.http.refuses = true;
  ASSERT_TRUE(told.until([&] { return !told.reg->status().reachable; }));
  etcd.http.refuses = false;
  ASSERT_TRUE(told.until([&] { return told.reg->status().reachable; }));
  EXPECT_TRUE(told.refusals.empty());
}

TEST_F(EtcdRegisterTest, a_register_that_goes_back_is_refused_and_nothing_is_changed_in_it) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  ClusterRecord old = three();
  old.view.number = ViewNumber(3);
  etcd.put(to_json(old));
  ASSERT_TRUE(told.until([&] { return !told.refusals.empty(); }));
  EXPECT_NE(told.refusals[0].find("view 7 was there already"), std::string::npos) << told.refusals[0];
  told.reg->compare_and_set(exclude(3, 2), true);
  const unsigned ranges = etcd.ranges;
  ASSERT_TRUE(told.until([&] { return etcd.ranges > ranges + 1; }));
  EXPECT_EQ(etcd.transactions, 0U);
  EXPECT_EQ(told.records.back().view.number, ViewNumber(7));
  EXPECT_FALSE(told.reg->status().refused.empty());
  ClusterRecord newer = three();
  newer.view.number = ViewNumber(8);
  etcd.put(to_json(newer));
  ASSERT_TRUE(told.reaches(8));
  EXPECT_TRUE(told.reg->status().refused.empty());
}

TEST_F(EtcdRegisterTest, another_etcd_a_wiped_one_and_one_of_an_earlier_life_are_refused) {
  const Authority seen = authority_of(0xabc, 5000, three());
  etcd.put(to_json(three()));
  for (const auto& [id, text] :
       {std::pair(0xabcU, std::optional(to_json(three()))), std::pair(0xdefU, std::optional(to_json(three()))),
        std::pair(0xabcU, std::optional<std::string>())}) {
    etcd.etcd = id;
    etcd.text = text;
    Told told(loop, {etcd.endpoint()}, seen);
    ASSERT_TRUE(told.until([&] { return !told.refusals.empty(); }));
    EXPECT_NE(told.refusals[0].find("gone back in time"), std::string::npos) << told.refusals[0];
    EXPECT_TRUE(told.records.empty());
  }
}

TEST_F(EtcdRegisterTest, after_a_loss_that_an_operator_accepted_another_etcd_is_believed) {
  ClusterRecord recovered = three();
  recovered.view.number = ViewNumber(8);
  recovered.losses = {"etcd was gone"};
  etcd.put(to_json(recovered));
  for (const std::uint64_t before : {std::uint64_t{0x999}, etcd.etcd}) {  // a wiped one may have the same id
    Told told(loop, {etcd.endpoint()}, authority_of(before, 5000, three()));
    EXPECT_TRUE(told.reaches(8));
  }
}

TEST_F(EtcdRegisterTest, what_is_no_record_is_refused_and_a_missing_one_says_what_to_do) {
  {
    Told told(loop, {etcd.endpoint()});
    ASSERT_TRUE(told.until([&] { return !told.refusals.empty(); }));
    EXPECT_NE(told.refusals[0].find("titer init"), std::string::npos);
  }
  for (const char* text : {"", "{", "[]", "{\"format\":2}", "{\"format\":1,\"cluster\":12}"}) {
    etcd.put(text);
    Told told(loop, {etcd.endpoint()});
    ASSERT_TRUE(told.until([&] { return !told.refusals.empty(); }));
    EXPECT_NE(told.refusals[0].find("cannot be read"), std::string::npos) << told.refusals[0];
  }
}

TEST_F(EtcdRegisterTest, a_token_is_asked_for_and_again_when_it_is_no_longer_taken) {
  etcd.put(to_json(three()));
  etcd.password = "secret";
  EtcdOptions options;
  options.user = "titer";
  options.password = [] { return std::string("secret"); };
  Told told(loop, {etcd.endpoint()}, {}, options);
  ASSERT_TRUE(told.reaches(7));
  etcd.expires_tokens = 1;
  told.reg->compare_and_set(exclude(7, 2), true);
  EXPECT_TRUE(told.reaches(8));
}

TEST_F(EtcdRegisterTest, after_a_change_of_etcds_users_changes_and_the_watch_go_on) {
  etcd.put(to_json(three()));
  etcd.password = "secret";
  etcd.refuses_tokens = R"({"error":"etcdserver: revision of auth store is old","code":3})";
  EtcdOptions options;
  options.user = "titer";
  options.password = [] { return std::string("secret"); };
  Told told(loop, {etcd.endpoint()}, {}, options);
  ASSERT_TRUE(told.reaches(7));
  etcd.forget_tokens();
  told.reg->compare_and_set(exclude(7, 2), true);
  ASSERT_TRUE(told.reaches(8));
  EXPECT_TRUE(told.reg->status().reachable);
}

// Nobody asks for a change: it is noticed before one is needed.
TEST_F(EtcdRegisterTest, an_etcd_without_space_is_shown_as_not_writable_and_changes_nothing_by_asking) {
  etcd.put(to_json(three()));
  const std::int64_t revision = etcd.revision;
  etcd.full = true;
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.until([&] { return !told.reg->status().write_error.empty(); }));
  EXPECT_TRUE(told.reg->status().reachable);
  EXPECT_FALSE(told.reg->status().writable);
  EXPECT_NE(told.reg->status().write_error.find("space exceeded"), std::string::npos);
  etcd.full = false;
  ASSERT_TRUE(told.until([&] { return told.reg->status().writable; }));
  EXPECT_EQ(etcd.tried_writes, 2U);
  EXPECT_EQ(etcd.transactions, 0U);
  EXPECT_EQ(etcd.revision, revision);
}

TEST_F(EtcdRegisterTest, a_change_that_is_refused_shows_at_once_and_one_that_succeeds_ends_it) {
  etcd.put(to_json(three()));
  Told told(loop, {etcd.endpoint()});
  ASSERT_TRUE(told.reaches(7));
  ASSERT_TRUE(told.until([&] { return etcd.tried_writes == 1; }));
  EXPECT_TRUE(told.reg->status().writable);
  etcd.full = true;
  told.reg->leave(three().view.number);
  ASSERT_TRUE(told.until([&] { return !told.reg->status().writable; }));
  EXPECT_EQ(etcd.tried_writes, 1U);
  etcd.full = false;
  ASSERT_TRUE(told.reaches(8));
  EXPECT_TRUE(told.reg->status().writable);
}

TEST_F(EtcdRegisterTest, it_may_be_destroyed_in_the_middle_of_anything) {
  etcd.put(to_json(three()));
  for (unsigned turns = 0; turns < 40; ++turns) {
    Told told(loop, {etcd.endpoint()});
    told.reg->leave(three().view.number);
    unsigned n = 0;
    (void)told.until([&] {
      loop.wake_at(BootTime(net::boot_now().value + 100));
      return ++n > turns;
    });
  }
  unsigned n = 0;
  (void)loop.run_until(BootTime(net::boot_now().value + 100'000), [&] { return ++n > 100; });
}

}  // namespace
}  // namespace titer::view
