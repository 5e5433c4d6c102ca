#include "smr/replica.h"

#include <gtest/gtest.h>

namespace titer::smr {
namespace {

ViewRecord view_of(std::uint64_t number, std::initializer_list<std::uint16_t> ids) {
  ViewRecord v{ViewNumber(number), {}, {}};
  for (auto i : ids) v.members.push_back({ReplicaId(i), Incarnation(100U + i), ""});
  return v;
}

TEST(Replica, a_view_of_one_executes_at_the_end_of_the_turn) {
  Replica r(Options{.me = ReplicaId(0), .incarnation = Incarnation(100)}, view_of(0, {0}));
  Output out;
  r.step(BootTime(1), input::Submit{SessionId(1), RequestNumber(1), as_bytes("a")}, out);
  EXPECT_TRUE(out.execute.empty());
  r.step(BootTime(1), input::EndOfTurn{WallTime(5)}, out);
  ASSERT_EQ(out.execute.size(), 1U);
  EXPECT_TRUE(out.execute[0].answer);
  EXPECT_EQ(out.execute[0].frame->stamp, WallTime(5));
  EXPECT_TRUE(r.read_lease(BootTime(1)));
}

}  // namespace
}  // namespace titer::smr
