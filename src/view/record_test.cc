// SPDX-License-Identifier: Apache-2.0

#include "view/record.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "wire/codec.h"

namespace titer::view {
namespace {

smr::ViewRecord three_members() {
  smr::ViewRecord record;
  for (std::uint16_t i = 0; i < 3; ++i) record.members.push_back({ReplicaId(i), Incarnation(100U + i), ""});
  return record;
}

smr::ReplicaSet set_of(std::initializer_list<int> ids) {
  smr::ReplicaSet set;
  for (const int i : ids) set.add(ReplicaId(static_cast<std::uint16_t>(i)));
  return set;
}

TEST(Record, a_successor_has_the_next_number_and_keeps_the_others) {
  const auto next = without(three_members(), set_of({1}), {Incarnation(101)});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->number, ViewNumber(1));
  EXPECT_EQ(next->set(), set_of({0, 2}));
  EXPECT_EQ(next->known_dead, std::vector{Incarnation(101)});
}

TEST(Record, the_same_replicas_may_follow_to_settle_a_lost_client) {
  const auto next = without(three_members(), {}, {});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->members, three_members().members);
}

// Found by the simulator: after 1,024 deaths nobody could read the record any more.
TEST(Record, a_cluster_of_many_deaths_notes_the_newest_and_can_be_read) {
  std::vector<Incarnation> dead;
  for (std::uint64_t i = 1; i <= 3000; ++i) dead.emplace_back(1000 + i);
  const auto next = without(three_members(), set_of({1}), dead);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->known_dead.size(), limits::kKnownDeadMax);
  EXPECT_EQ(next->known_dead.back(), dead.back());
  Bytes bytes;
  wire::encode(bytes, *next);
  ByteView rest = bytes;
  const auto message = wire::next_message(rest);
  ASSERT_TRUE(message.ok() && message->has_value());
  const auto read = wire::decode_register_record((*message)->payload);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, *next);
}

TEST(Record, nobody_left_is_refused) { EXPECT_FALSE(without(three_members(), set_of({0, 1, 2}), {}).ok()); }

// Two processes of one index live at the same time when one of them was excluded and does not know it yet.
TEST(Record, a_message_to_an_index_goes_only_to_the_process_that_the_view_names) {
  const smr::ViewRecord record = three_members();
  const smr::Member& member = record.members[1];
  EXPECT_TRUE(record.addresses(member.id, member.incarnation));
  EXPECT_FALSE(record.addresses(member.id, Incarnation(member.incarnation.value + 1)));
  EXPECT_TRUE(record.addresses(ReplicaId(9), Incarnation(1))) << "the view names nobody: a learner";
}

TEST(Record, a_joiner_is_put_in_its_place) {
  const auto two = without(three_members(), set_of({1}), {});
  const auto next = with(*two, {ReplicaId(1), Incarnation(201), "127.0.0.1:8893"});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->members[1].incarnation, Incarnation(201));
  EXPECT_EQ(next->number, ViewNumber(2));
}

TEST(Record, an_id_joins_once) {
  EXPECT_EQ(with(three_members(), {ReplicaId(1), Incarnation(9), ""}).error().code, Code::kDuplicate);
}

}  // namespace
}  // namespace titer::view
