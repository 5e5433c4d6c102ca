// SPDX-License-Identifier: Apache-2.0

// A node on a disk: what is answered when, what a full, failing or wrong disk leads to, and what the next process finds.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "node/testing/two_nodes.h"
#include "store/simulated/simulated_disk.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

// Replica 0 is on the disk; replica 1, where there is one, in memory.
class DiskTest : public test::TwoNodes {
 protected:
  ~DiskTest() override { node.reset(); }

  // A process on what the disk has.
  void begin(const smr::ViewRecord& view, std::uint16_t replicas = 1, bool bootstraps = false) {
    const Status begun = try_begin(view, replicas, bootstraps);
    ASSERT_TRUE(begun.ok()) << begun.error().message;
  }
  Status try_begin(const smr::ViewRecord& view, std::uint16_t replicas, bool bootstraps) {
    const smr::Member* me = view.find(ReplicaId(0));
    NodeOptions options;
    options.incarnation = me != nullptr ? me->incarnation : Incarnation(500);
    options.bootstraps = bootstraps;
    options.keys = keys;
    process_.emplace(disk);
    Node::LocalState found = Node::LocalState();
    auto opened = store::Store::open({"/data", test::kCluster, ReplicaId(0), options.incarnation}, events(),
                                     found.machine, nullptr, process_->environment());
    if (!opened) return opened.error();
    inventory = (*opened)->inventory();
    found.store = std::move(opened).value();
    auto made = make(0, view, replicas, std::move(options), std::move(found));
    if (!made) return made.error();
    node = std::move(made).value();
    node->use(reg);
    return ok_status();
  }
  void begin_with_other() {
    begin(members(0, {0, 1}), 2, true);
    open_other(members(0, {0, 1}));
    live_disk(300'000);
    ASSERT_TRUE(node->engine().replica.snapshot().settled);
  }
  // A view that not all of its members are known to have installed.
  void begin_unsettled() {
    begin_with_other();
    hold(true);
    tell_record(members(1, {0, 1}));
    live_disk(20'000);
    ASSERT_FALSE(node->engine().replica.snapshot().settled);
  }
  // Killed.
  void kill() {
    process_->workers.end();
    node.reset();
    process_.reset();
    disk.restart(false);
  }
  void work() {
    for (bool again = true; again;) {
      again = false;
      for (const std::uint64_t worker : process_->workers.woken()) again = process_->workers.run(worker) || again;
    }
  }
  void live_disk(std::int64_t us) {
    for (const std::int64_t end = env.boot_now().value + us; env.boot_now().value < end;) {
      env.pass(5'000);
      turn_both();
      work();
    }
  }
  [[nodiscard]] FakeWire local(std::uint64_t session) { return client_at(port_of(0), session, 0, true); }
  // The only member, in the process that comes after the one of `number - 1`.
  static smr::ViewRecord alone(std::uint64_t number) {
    smr::ViewRecord view{ViewNumber(number), {{ReplicaId(0), Incarnation(100 + number), "r0"}}, {}};
    for (std::uint64_t dead = 100; dead < 100 + number; ++dead) view.known_dead.emplace_back(dead);
    return view;
  }

  store::SimulatedDisk disk{1};
  wire::Inventory inventory;
  bool keys = true;  // of the next process: whether they are protected

 private:
  store::StoreEvents events() {
    store::StoreEvents out;
    out.post = [this](std::function<void()> work) { env.post(std::move(work)); };
    out.persisted = [this](std::uint64_t ticket) {
      if (node) node->on_persisted(ticket);
    };
    out.failed = [this](const std::string& why) {
      if (node) node->on_disk_failed(why);
    };
    out.room = [this](bool enough) {
      if (node) node->on_disk_room(enough);
    };
    return out;
  }
  std::optional<store::SimulatedProcess> process_;
};

TEST_F(DiskTest, a_write_is_answered_when_it_is_on_disk_and_not_before) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  for (int i = 0; i < 10; ++i) turn_both();
  EXPECT_TRUE(hear(wire).answers.empty());
  work();
  turn_both();
  turn_both();
  EXPECT_EQ(hear(wire).answers.size(), 1U);
}

TEST_F(DiskTest, what_was_answered_is_there_for_the_next_process) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  for (std::uint64_t n = 1; n <= 20; ++n) request(wire, n, machine::add_site("s" + std::to_string(n), "Site"));
  live_disk(100'000);
  ASSERT_EQ(hear(wire).answers.size(), 20U);
  const std::uint64_t digest = node->engine().machine.digest();
  kill();
  begin(alone(1));
  EXPECT_TRUE(inventory.whole);
  live_disk(500'000);
  EXPECT_EQ(node->engine().machine.position(), Position(20));
  EXPECT_EQ(node->engine().machine.digest(), digest);
  auto again = local(1);
  request(again, 21, machine::set("s1", 5));
  live_disk(100'000);
  EXPECT_EQ(hear(again).answers.size(), 1U) << "and it goes on";
}

// The key is in the journal and in no table: the next process executes its record after it has read its disk.
TEST_F(DiskTest, keys_that_come_from_the_journal_are_not_served_where_they_protect_nothing) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  registry::Request create = machine::request(
      registry::CreateKey{registry::KeyId(5), wire::hash_secret("ann"), "ann", registry::Role::kOperator, {}, {}});
  create.key = registry::kMachine;
  request(wire, 1, create);
  live_disk(100'000);
  ASSERT_TRUE(node->engine().machine.registry().has_keys());
  kill();
  keys = false;
  begin(alone(1));
  auto again = local(2);
  ask(again, 1, registry::Info{});
  live_disk(500'000);
  EXPECT_EQ(node->exit_code(), kExitConfiguration);
  EXPECT_NE(reg.last_words.find("secret_file"), std::string::npos);
  EXPECT_TRUE(hear(again).replies.empty());
}

TEST_F(DiskTest, a_clean_end_leaves_tables_with_everything) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(100'000);
  request(wire, 2, machine::set("elm", 5));
  live_disk(100'000);
  ASSERT_EQ(hear(wire).answers.size(), 2U);
  EXPECT_EQ(node->durable()->position, Position(1)) << "they are written now and then";
  node->stop(0, "the test says so");
  kill();
  begin(alone(1));
  live_disk(100'000);
  ASSERT_TRUE(node->durable().has_value());
  EXPECT_EQ(node->durable()->position, Position(2));
}

TEST_F(DiskTest, a_member_whose_disk_is_empty_does_not_begin) {
  const Status begun = try_begin(members(4, {0}), 1, false);
  ASSERT_FALSE(begun.ok());
  EXPECT_NE(begun.error().message.find("counts on data"), std::string::npos);
}

TEST_F(DiskTest, a_disk_that_fails_ends_the_process_and_the_register_hears_why) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  live_disk(50'000);
  disk.files.fail_syncs(true);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(50'000);
  EXPECT_EQ(node->exit_code(), kExitFailed);
  EXPECT_NE(reg.last_words.find("the disk failed"), std::string::npos);
  const Heard heard = hear(wire);
  EXPECT_TRUE(heard.answers.empty()) << "whether it is there, nobody knows";
  EXPECT_FALSE(heard.goodbye.empty());
}

TEST_F(DiskTest, the_last_member_with_a_full_disk_answers_reads_and_takes_no_writes_until_there_is_room) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  live_disk(50'000);
  node->on_disk_room(false);
  live_disk(3'000'000);
  EXPECT_TRUE(reg.asked.empty()) << "nobody else has the state";
  request(wire, 1, machine::add_site("elm", "Elm"));
  ask(wire, 1, registry::Info{});
  live_disk(50'000);
  Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kReadOnly);
  EXPECT_EQ(heard.replies.at(0).second, Code::kOk);
  node->on_disk_room(true);
  request(wire, 2, machine::add_site("elm", "Elm"));
  live_disk(50'000);
  heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kOk);
}

TEST_F(DiskTest, a_member_with_a_full_disk_leaves_while_others_have_the_state) {
  begin_with_other();
  auto wire = local(1);
  live_disk(10'000);
  node->on_disk_room(false);
  ASSERT_EQ(reg.asked.size(), 1U);
  EXPECT_TRUE(reg.asked[0].without.has(ReplicaId(0)));
  EXPECT_EQ(reg.asked[0].without.size(), 1);
  EXPECT_TRUE(reg.certain[0]);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(20'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kUnavailable);
  EXPECT_NE(heard.answers[0].second.message.find("another replica"), std::string::npos);
}

TEST_F(DiskTest, one_that_the_register_does_not_let_go_stays_and_asks_again) {
  begin_with_other();
  auto wire = local(1);
  live_disk(10'000);
  node->on_disk_room(false);
  live_disk(2'100'000);
  EXPECT_GE(reg.asked.size(), 3U) << "once a second";
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(20'000);
  EXPECT_EQ(hear(wire).answers.at(0).second.code, Code::kReadOnly);
}

TEST_F(DiskTest, it_does_not_leave_before_the_others_are_known_to_have_everything) {
  begin_unsettled();
  node->on_disk_room(false);
  live_disk(100'000);
  EXPECT_TRUE(reg.asked.empty());
  hold(false);
  live_disk(2'000'000);
  ASSERT_FALSE(reg.asked.empty());
  EXPECT_EQ(reg.asked.back().reason, "its disk is almost full");
  EXPECT_EQ(reg.asked.back().expected, ViewNumber(1));
}

TEST_F(DiskTest, the_only_member_whose_memory_and_disk_differ_goes_on_for_an_operator_to_look_at_it) {
  begin(members(0, {0}), 1, true);
  live_disk(50'000);
  node->on_scrub_mismatch("a site differs");
  live_disk(50'000);
  EXPECT_FALSE(node->exit_code().has_value());
}

TEST_F(DiskTest, one_of_several_whose_memory_and_disk_differ_starts_over_as_a_learner) {
  begin_with_other();
  auto wire = local(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(100'000);
  ASSERT_EQ(hear(wire).answers.size(), 1U);
  node->on_scrub_mismatch("a site differs");
  EXPECT_EQ(node->exit_code(), kExitExcluded);
  kill();
  begin(members(1, {1}), 2);
  EXPECT_FALSE(inventory.whole);
  EXPECT_EQ(node->engine().machine.position(), Position(0)) << "what was wrong is gone";
  EXPECT_FALSE(node->pong().full);
}

TEST_F(DiskTest, while_a_view_is_being_made_a_mismatch_waits) {
  begin_unsettled();
  node->on_scrub_mismatch("a site differs");
  EXPECT_FALSE(node->exit_code().has_value()) << "it may be the only one with the state";
  hold(false);
  live_disk(300'000);
  node->on_scrub_mismatch("a site differs");
  EXPECT_EQ(node->exit_code(), kExitExcluded) << "found again in the next round";
}

// Until then it may be the best that there is: `titer recover`.
TEST_F(DiskTest, the_disk_of_a_learner_counts_as_a_member_s_until_somebody_gives_it_more) {
  begin(members(0, {0}), 1, true);
  auto wire = local(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live_disk(100'000);
  kill();
  begin(members(5, {1}), 2);  // its members made a view of their own
  live_disk(200'000);
  kill();
  begin(members(5, {1}), 2);
  EXPECT_TRUE(inventory.whole) << "nobody was there";
  open_other(members(5, {1}));
  auto writer = client_at(port_of(1), 1, 0, true);
  request(writer, 1, machine::add_site("elm", "Elm"));
  request(writer, 2, machine::set("elm", 5));
  live_disk(500'000);
  EXPECT_FALSE(node->learns_from_nobody());
  EXPECT_EQ(node->pong().learned, Position(2));
  kill();
  begin(members(5, {1}), 2);
  EXPECT_FALSE(inventory.whole);
}

TEST_F(DiskTest, a_learner_becomes_a_member_when_the_final_state_is_on_its_disk) {
  open_other(members(0, {1}));
  auto writer = client_at(port_of(1), 1);
  request(writer, 1, machine::add_site("elm", "Elm"));
  live_both(50'000);
  ASSERT_EQ(hear(writer).answers.size(), 1U);
  begin(members(0, {1}), 2);
  for (int i = 0; i < 400 && reg.readies.empty(); ++i) live_disk(5'000);
  ASSERT_FALSE(reg.readies.empty());
  smr::ViewRecord both = members(1, {1});
  both.members.insert(both.members.begin(), {ReplicaId(0), Incarnation(500), "r0"});
  tell_record(both);
  for (int i = 0; i < 40; ++i) {
    env.pass(5'000);
    turn_both();
    EXPECT_FALSE(node->pong().full) << "its disk has not got it";
  }
  live_disk(500'000);
  EXPECT_TRUE(node->pong().full);
  EXPECT_EQ(node->durable()->installed, ViewNumber(1));
  EXPECT_EQ(node->engine().machine.digest(), other->engine().machine.digest());
}

}  // namespace
}  // namespace titer::node
