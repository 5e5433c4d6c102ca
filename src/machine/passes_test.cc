// SPDX-License-Identifier: Apache-2.0

// The passes of a state transfer: bounded pieces, and another donor that goes on.
#include "machine/transfer_testing.h"

namespace titer::machine {
namespace {

TEST(Passes, a_second_donor_takes_over_after_a_complete_pass) {
  Machine first, second, learner;
  Load a(7), b(7);
  a.run_some(first, 3000);
  b.run_some(second, 3000);
  Machine::Cursor cursor = first.begin_transfer({});
  const Position learned = give_pass(first, cursor, learner).complete;
  b.run_some(second, 1000);  // the first one died
  EXPECT_EQ(learner.wanted().since, learned);
  EXPECT_EQ(learner.wanted().from_slot, 0U);
  Machine::Cursor on = second.begin_transfer(learner.wanted());
  const Machine::Received received = give_pass(second, on, learner);
  EXPECT_EQ(received.complete, second.position());
  b.run_some(second, 100);
  finish(second, learner, received.complete);
  expect_equal(second, learner);
}

// Found by the simulator: the donor died, the next one had not yet executed as much.
TEST(Passes, a_second_donor_that_is_behind_the_first_completes_nothing_until_it_is_not) {
  Machine first, second, learner;
  Load a(9), b(9);
  a.run_some(first, 1900);
  a.run_some(first, 100);
  b.run_some(second, 1900);
  Bytes out;
  Machine::Cursor cursor = first.begin_transfer({});
  while (!first.write_part(cursor, 30'000, out)) continue;
  const auto received = deliver(learner, out);
  ASSERT_TRUE(received.ok()) << received.error().message;
  Machine::Cursor on = second.begin_transfer(learner.wanted());
  out.clear();
  EXPECT_TRUE(second.write_part(on, 30'000, out));
  const auto early = deliver(learner, out);
  ASSERT_TRUE(early.ok()) << early.error().message;
  EXPECT_TRUE(early->outdated);
  b.run_some(second, 100);
  b.run_some(second, 500);
  const Machine::Received later = give_pass(second, on, learner);
  EXPECT_EQ(later.complete, second.position());
  finish(second, learner, later.complete);
  expect_equal(second, learner);
}

// A donor that dies inside a pass, and another at the same or another position that goes on. The numbers: how far the
// first got, and what the second had executed then.
struct CutPass {
  int pass;  // the one that is cut: 1, 2
  int calls;
  int behind, ahead;  // of the second donor, in requests
};
void go_on_with_another(const CutPass& cut) {
  SCOPED_TRACE(testing::Message() << "pass " << cut.pass << " after " << cut.calls << " calls, second donor behind "
                                  << cut.behind << ", ahead " << cut.ahead);
  Machine first, second, learner;
  Load a(8), b(8);
  a.add_sites(first, 700);
  b.add_sites(second, 700);
  Machine::Cursor cursor = first.begin_transfer({});
  if (cut.pass == 2) {
    give_pass(first, cursor, learner);
    a.add_text(first, 20);
    b.add_text(second, 20);
  }
  // Requests in these frames reach the second donor in the same order, but later, or not yet.
  int at_first = 0, at_second = 0;
  for (int call = 0; call < cut.calls; ++call) {
    Bytes out;
    ASSERT_FALSE(first.write_part(cursor, 8'000, out));
    ASSERT_TRUE(deliver(learner, out).ok());
    a.run_some(first, 100);
    ++at_first;
  }
  const wire::TransferWant want = learner.wanted();
  EXPECT_GT(want.from_slot, 0U);
  for (; at_second < at_first - cut.behind + cut.ahead; ++at_second) b.run_some(second, 100);
  const Position stood = second.position();
  Machine::Cursor on = second.begin_transfer(want);
  std::uint32_t began_at = 0;
  for (bool ended = false, begun = false; !ended; begun = true) {
    Bytes out;
    ended = second.write_part(on, 8'000, out);
    const auto received = deliver(learner, out);
    ASSERT_TRUE(received.ok()) << received.error().message;
    if (!begun) began_at = learner.wanted().from_slot;
    EXPECT_LE(received->complete, stood) << "more than the donor had";
    EXPECT_LE(received->complete, std::max(want.pass_began, want.since)) << "more than the first slots have";
    b.run_some(second, 100);
  }
  EXPECT_TRUE(began_at == 0 || began_at > want.from_slot) << "it began again at the first slot";
  finish(second, learner, learner.wanted().since);
  expect_equal(second, learner);
}

TEST(Passes, a_second_donor_goes_on_inside_a_pass_that_was_cut) {
  for (const int pass : {1, 2})
    for (const int calls : {1, 5})
      for (const int behind : {0, 3})
        for (const int ahead : {0, 4})
          if (behind <= calls) go_on_with_another({pass, calls, behind, ahead});
}

TEST(Passes, a_later_pass_is_sent_in_pieces_and_says_how_far_it_is) {
  Machine donor, learner;
  Load load(9);
  load.add_sites(donor, 3000);
  Machine::Cursor cursor = donor.begin_transfer({});
  const Position learned = give_pass(donor, cursor, learner).complete;
  load.add_text(donor, 100);  // every site changes
  const Position began = donor.position();
  int calls = 0;
  std::uint32_t slot = 0;
  for (bool ended = false; !ended; ++calls) {
    Bytes out;
    ended = donor.write_part(cursor, 20'000, out);
    EXPECT_TRUE(ended || out.size() < 120'000U) << "sites and events in one go";
    const auto received = deliver(learner, out);
    ASSERT_TRUE(received.ok()) << received.error().message;
    EXPECT_EQ(received->complete, ended ? began : learned);
    if (!ended) {
      EXPECT_GE(learner.wanted().from_slot, slot);
      EXPECT_EQ(learner.wanted().pass_began, began);
      slot = learner.wanted().from_slot;
    }
    load.run_some(donor, 20);
  }
  EXPECT_GT(calls, 10);
  EXPECT_EQ(learner.wanted().from_slot, 0U) << "a pass that ended is not gone on with";
  finish(donor, learner, learner.wanted().since);
  expect_equal(donor, learner);
}

// Its history ends where the donor's does not begin yet. Old events must not stay in front of the gap.
TEST(Passes, one_who_comes_back_after_a_long_time_has_the_donors_history) {
  Machine donor, learner;
  FrameMaker make;
  std::uint64_t number = 0;
  const auto both = [&](const smr::Frame& frame) {
    run(donor, frame);
    run(learner, frame);
  };
  both(make.add(1, ++number, add_site("elm", "Elm")).frame());
  for (std::uint64_t i = 0; i < 50; ++i) make.add(1, ++number, set("elm", i));  // short events
  both(make.frame());
  const std::string text(200, 'k');
  while (donor.registry().complete_after() < Position(1000)) {
    for (int i = 0; i < 4000; ++i) {
      registry::Request long_one = set("elm", number % 1000);
      long_one.reason = text;
      make.add(1, ++number, long_one);
    }
    run(donor, make.frame());
  }
  EXPECT_EQ(learner.wanted().since, learner.position());
  Machine::Cursor cursor = donor.begin_transfer(learner.wanted());
  give_pass(donor, cursor, learner);
  finish(donor, learner, learner.wanted().since);
  expect_equal(donor, learner);
  EXPECT_EQ(learner.registry().totals().oldest_event, donor.registry().totals().oldest_event);
  EXPECT_EQ(learner.registry().complete_after(), donor.registry().complete_after());
}

}  // namespace
}  // namespace titer::machine
