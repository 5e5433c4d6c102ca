// SPDX-License-Identifier: Apache-2.0

#include "host/daemon_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace titer::host {
namespace {

const smr::Member kSelf{ReplicaId(1), Incarnation(101), "10.0.0.1:8892"};

view::ClusterRecord record_with(const std::vector<std::uint16_t>& members) {
  view::ClusterRecord record;
  record.cluster = 77;
  record.view.number = ViewNumber(4);
  for (std::uint16_t i = 0; i < 3; ++i) {
    const std::string address = "10.0.0." + std::to_string(i) + ":8892";
    record.roster.push_back({ReplicaId(i), address, i == 2 ? "" : "https://r" + std::to_string(i)});
  }
  for (const std::uint16_t id : members)
    record.view.members.push_back(
        {ReplicaId(id), Incarnation(100U + id), "10.0.0." + std::to_string(id) + ":8892"});
  return record;
}

// --- addresses

TEST(DaemonRules, the_others_are_where_the_record_says_and_this_one_where_its_configuration_says) {
  const net::Address own{"192.168.0.1", 9000};
  const node::Roster roster = roster_of(record_with({0, 1}), ReplicaId(1), own, nullptr);
  ASSERT_TRUE(roster[0] && roster[1] && roster[2]);
  EXPECT_EQ(roster[0]->text(), "10.0.0.0:8892");
  EXPECT_EQ(roster[1]->text(), "192.168.0.1:9000");
  EXPECT_EQ(roster[2]->text(), "10.0.0.2:8892") << "a machine that is no member is dialled too: it may learn";
  EXPECT_FALSE(roster[3]);
}

TEST(DaemonRules, this_one_is_in_the_roster_also_before_the_record_names_it) {
  view::ClusterRecord record = record_with({});
  record.roster.clear();
  const node::Roster roster = roster_of(record, ReplicaId(5), {"10.0.0.5", 8892}, nullptr);
  ASSERT_TRUE(roster[5].has_value());
  EXPECT_EQ(roster[5]->text(), "10.0.0.5:8892");
}

TEST(DaemonRules, an_address_that_cannot_be_read_is_none) {
  view::ClusterRecord record = record_with({});
  record.roster[0].wire = "nowhere";
  EXPECT_FALSE(roster_of(record, ReplicaId(1), {"here", 1}, nullptr)[0]);
}

TEST(DaemonRules, the_page_goes_on_at_replicas_that_serve_it) {
  const auto peers = page_peers(record_with({0, 1, 2}));
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].index, 0U);
  EXPECT_EQ(peers[1].url, "https://r1");
}

// --- its death

wire::Hello hello_of(const DeathBriefing& briefing) {
  ByteView rest = briefing.notice;
  const auto message = wire::next_message(rest);
  EXPECT_TRUE(message.ok() && *message && (*message)->type == wire::Type::kHello);
  return wire::decode_hello((*message)->payload).value();
}

TEST(DaemonRules, the_other_members_are_told_of_the_death_of_a_member) {
  const DeathBriefing briefing = death_briefing(record_with({0, 1, 2}), kSelf, std::nullopt);
  EXPECT_EQ(briefing.addresses, (std::vector<std::string>{"10.0.0.0:8892", "10.0.0.2:8892"}));
  const wire::Hello notice = hello_of(briefing);
  EXPECT_EQ(notice.role, wire::Role::kDeathNotice);
  EXPECT_EQ(notice.cluster, 77U);
  EXPECT_EQ(notice.replica, kSelf.id);
  EXPECT_EQ(notice.incarnation, kSelf.incarnation);
}

TEST(DaemonRules, nobody_is_told_of_the_death_of_one_that_is_no_member) {
  EXPECT_TRUE(death_briefing(record_with({0, 2}), kSelf, std::nullopt).addresses.empty());
  view::ClusterRecord earlier = record_with({0, 1, 2});
  earlier.view.members[1].incarnation = Incarnation(55);
  EXPECT_TRUE(death_briefing(earlier, kSelf, std::nullopt).addresses.empty()) << "an earlier process of it is";
}

TEST(DaemonRules, the_last_member_has_nobody_to_tell) {
  EXPECT_TRUE(death_briefing(record_with({1}), kSelf, std::nullopt).addresses.empty());
}

TEST(DaemonRules, with_a_secret_the_notice_has_its_proof) {
  const auto secret = wire::PeerSecret::parse(std::string(64, '5')).value();
  const DeathBriefing briefing = death_briefing(record_with({0, 1}), kSelf, secret);
  ByteView rest = briefing.notice;
  (void)wire::next_message(rest);
  const auto second = wire::next_message(rest);
  ASSERT_TRUE(second.ok() && *second);
  ASSERT_EQ((*second)->type, wire::Type::kProof);
  EXPECT_TRUE(
      wire::same(wire::decode_proof((*second)->payload)->mac, secret.prove_death(77, kSelf.id, kSelf.incarnation)));
  EXPECT_TRUE(rest.empty());
}

// --- its end

TEST(DaemonRules, a_member_leaves_the_view_before_it_ends_unless_it_is_the_last) {
  EXPECT_EQ(how_to_leave(record_with({0, 1}).view, kSelf), Leaving::kFromTheView);
  EXPECT_EQ(how_to_leave(record_with({1}).view, kSelf), Leaving::kAsTheLast);
  EXPECT_EQ(how_to_leave(record_with({0, 2}).view, kSelf), Leaving::kAsNoMember);
  EXPECT_EQ(how_to_leave(record_with({}).view, kSelf), Leaving::kAsNoMember);
}

TEST(DaemonRules, an_earlier_process_of_it_in_the_view_is_not_this_one) {
  smr::ViewRecord view = record_with({1}).view;
  view.members[0].incarnation = Incarnation(55);
  EXPECT_EQ(how_to_leave(view, kSelf), Leaving::kAsNoMember);
}

// --- what it waits for

constexpr BootTime kNow{1'000'000'000};

TEST(WaitNotes, a_short_wait_is_told_once_and_another_reason_again) {
  WaitNotes notes;
  EXPECT_TRUE(notes.tell("for replica 2", false, kNow));
  EXPECT_FALSE(notes.tell("for replica 2", false, later(kNow, 10 * WaitNotes::kAgainUs)));
  EXPECT_TRUE(notes.tell("for replica 3", false, kNow));
  EXPECT_EQ(notes.why(), "for replica 3");
}

TEST(WaitNotes, one_that_needs_an_operator_is_repeated_each_minute) {
  WaitNotes notes;
  EXPECT_TRUE(notes.tell("for replica 2", true, kNow));
  EXPECT_FALSE(notes.tell("for replica 2", true, later(kNow, WaitNotes::kAgainUs - 1)));
  EXPECT_TRUE(notes.tell("for replica 2", true, later(kNow, WaitNotes::kAgainUs)));
  EXPECT_FALSE(notes.tell("for replica 2", true, later(kNow, WaitNotes::kAgainUs + 1)));
}

TEST(WaitNotes, a_wait_that_becomes_long_is_told_as_such) {
  WaitNotes notes;
  EXPECT_TRUE(notes.tell("for replica 2", false, kNow));
  EXPECT_TRUE(notes.tell("for replica 2", true, later(kNow, 1)));
}

TEST(WaitNotes, what_is_over_is_told_again_when_it_comes_back) {
  WaitNotes notes;
  EXPECT_TRUE(notes.tell("for its address", false, kNow));
  notes.over();
  EXPECT_EQ(notes.why(), "");
  EXPECT_TRUE(notes.tell("for its address", false, kNow));
}

// --- what the service manager is shown

TEST(ServiceState, it_serves_when_it_has_the_whole_state_and_not_before) {
  Progress now;
  EXPECT_EQ(service_state(now).words, "asks the register");
  now.has_record = true;
  EXPECT_EQ(service_state(now).words, "begins");
  now.waits_for = "it waits for replica 2";
  EXPECT_EQ(service_state(now).words, "it waits for replica 2");
  now.waits_for.clear();
  now.pong = wire::Pong{};
  now.pong->learned_percent = 40;
  EXPECT_EQ(service_state(now).words, "learns the state, 40 %");
  EXPECT_FALSE(service_state(now).serves);
  now.pong->full = true;
  now.pong->installed = ViewNumber(7);
  EXPECT_EQ(service_state(now).words, "has the whole state; view 7");
  EXPECT_TRUE(service_state(now).serves);
}

TEST(ServiceState, a_learner_that_nobody_teaches_says_what_its_operator_has_to_do) {
  Progress now{true, wire::Pong{}, true, "no member answers: start one of them"};
  EXPECT_EQ(service_state(now).words, "no member answers: start one of them");
  now.learns_from_nobody = false;
  EXPECT_EQ(service_state(now).words, "learns the state, 0 %") << "the wait is over";
}

}  // namespace
}  // namespace titer::host
