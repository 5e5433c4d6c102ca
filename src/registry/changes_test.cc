// SPDX-License-Identifier: Apache-2.0

// What the tables on disk rely on: which sites changed, and the way back in one go.
#include <map>
#include <set>

#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;
using test::RandomRequests;

constexpr std::size_t kAll = ~std::size_t{0} / 2;

std::set<std::uint32_t> taken(State& state, std::size_t sites_min = kAll, std::size_t bytes_max = 0) {
  std::set<std::uint32_t> slots;
  (void)state.take_changed(sites_min, bytes_max, [&](std::uint32_t slot, ByteView) { slots.insert(slot); });
  return slots;
}
std::set<std::uint32_t> slots(std::initializer_list<std::uint32_t> list) { return list; }

TEST(Changes, are_not_noted_until_somebody_wants_them) {
  Bench b;
  b.add("A");
  EXPECT_EQ(b.state.changes(), 0U);
  b.state.track_changes(true);
  EXPECT_EQ(b.state.changes(), 0U) << "from now on";
  b.add("B");
  EXPECT_EQ(taken(b.state), slots({1}));
  b.reserve("a", 1);
  b.state.track_changes(false);
  EXPECT_EQ(b.state.changes(), 0U);
}

TEST(Changes, name_each_site_once_and_again_after_it_was_taken) {
  Bench b;
  b.state.track_changes(true);
  for (const std::string_view name : {"A", "B", "C"}) b.add(name, "02138", 5);
  EXPECT_EQ(b.state.changes(), 3U);
  EXPECT_EQ(taken(b.state, 2), slots({0, 1})) << "in the order of slots";
  b.set("a", Availability::of(7));
  b.set("c", Availability::of(7));
  EXPECT_EQ(taken(b.state, 1), slots({2})) << "it goes round: a busy site does not keep the others waiting";
  EXPECT_EQ(taken(b.state), slots({0}));
  EXPECT_EQ(taken(b.state), slots({}));
}

TEST(Changes, are_taken_in_bounded_pieces) {
  Bench b;
  b.state.track_changes(true);
  for (int i = 0; i < 100; ++i) b.add("Site " + std::to_string(i));
  std::size_t shown = 0, calls = 0;
  for (bool all = false; !all; ++calls) {
    std::size_t bytes = 0;
    all = b.state.take_changed(0, 1000, [&](std::uint32_t, ByteView part) {
      EXPECT_LT(bytes, 1000U);
      bytes += part.size();
      ++shown;
    });
  }
  EXPECT_EQ(shown, 100U);
  EXPECT_GT(calls, 10U);
}

// A copy that only takes over what take_changed() shows is at every point the same state.
TEST(Changes, are_all_that_another_state_needs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Bench b;
    b.state.track_changes(true);
    RandomRequests requests(seed);
    std::map<std::uint32_t, Bytes> rows;
    for (int round = 0; round < 30; ++round) {
      for (std::uint64_t n = requests.below(40); n > 0; --n) b.apply(requests.next(b.position, b.now));
      const auto take = [&](std::uint32_t slot, ByteView part) {
        ASSERT_LT(slot, b.state.slots()) << "a site that is not there";
        rows[slot].assign(part.begin(), part.end());
      };
      if (!b.state.take_changed(requests.below(20), 0, take) && requests.below(2) == 0) continue;
      (void)b.state.take_changed(kAll, 0, take);
      State other;
      other.begin_restore();
      for (const auto& [slot, part] : rows) ASSERT_TRUE(other.read_transfer(part).ok());
      Bytes end;
      test::write_events(b.state, {}, end);
      b.state.write_head(end);
      other.finish_restore();
      ASSERT_TRUE(other.read_transfer(end).ok());
      ASSERT_EQ(other.digest(), b.state.digest());
      const Status sound = other.check();
      ASSERT_TRUE(sound.ok()) << sound.error().message;
    }
  }
}

TEST(Changes, of_a_refused_bulk_never_name_a_site_that_is_not_there) {
  Bench b;
  b.add("A", "02138", 5);
  b.state.track_changes(true);
  AddSite add;
  add.fields.name = "B";
  Bulk bulk;
  bulk.operations = {SetAvailability{{"a", {}}, {kAnyProduct, Availability::of(9), {}, {}}, {}}, add,
                     Reserve{{"nobody", {}}, kAnyProduct, 1}};
  EXPECT_FALSE(b.apply(bulk).ok());
  for (const std::uint32_t slot : taken(b.state)) EXPECT_EQ(slot, 0U);
  b.add("C");
  EXPECT_EQ(taken(b.state), slots({1})) << "the slot is a new site's now";
}

TEST(Restore, takes_no_site_out_of_order_or_twice) {
  Bench b;
  b.add("A");
  b.add("B");
  Bytes one, two;
  b.state.write_sites(0, 1, one);
  b.state.write_sites(1, 1, two);
  State state;
  state.begin_restore();
  EXPECT_FALSE(state.read_transfer(two).ok()) << "its predecessor is missing";
  EXPECT_TRUE(state.read_transfer(one).ok());
  EXPECT_FALSE(state.read_transfer(one).ok()) << "a second time";
}

TEST(Restore, of_sites_that_begin_alike_lists_them_in_order) {
  Bench b;
  RandomRequests chance(3);
  for (int i = 0; i < 300; ++i) {
    std::string name = "The same beginning of every name";
    for (std::uint64_t n = chance.below(30); n > 0; --n) name += static_cast<char>('a' + chance.below(2));
    b.add(name, chance.below(2) == 0 ? "02138" : "90210");
    if (chance.below(4) == 0) b.apply(CloseSite{{{}, name}, {}});  // its name may be used again
  }
  State other;
  other.begin_restore();
  Bytes bytes;
  for (std::uint32_t slot = 0; slot < b.state.slots();) slot = b.state.write_sites(slot, kAll, bytes);
  ASSERT_TRUE(other.read_transfer(bytes).ok());
  other.finish_restore();
  EXPECT_EQ(other.digest(), b.state.digest());
  const Status sound = other.check();
  EXPECT_TRUE(sound.ok()) << sound.error().message;
}

}  // namespace
}  // namespace titer::registry
