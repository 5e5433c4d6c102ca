// SPDX-License-Identifier: Apache-2.0

// State transfer between machines, while the donor goes on executing.

#include <random>

#include "base/limits.h"
#include "machine/transfer_testing.h"

namespace titer::machine {
namespace {

TEST(Transfer, what_changes_meanwhile_arrives_too) {
  for (const unsigned seed : {1U, 2U}) {
    Machine donor, learner;
    Load load(seed);
    load.add_sites(donor, 3000);
    load.run_some(donor, 4000);
    Machine::Cursor cursor = donor.begin_transfer({});
    Position learned;
    int passes = 0, calls = 0;
    while (passes < 4) {
      Bytes out;
      const bool ended = donor.write_part(cursor, 40'000, out);
      const auto received = deliver(learner, out);
      ASSERT_TRUE(received.ok()) << received.error().message;
      EXPECT_FALSE(received->final_state);
      if (ended) {
        EXPECT_GE(received->complete, learned);
        learned = received->complete;
        ++passes;
      }
      ++calls;
      load.run_some(donor, 150);
    }
    EXPECT_GT(calls, 10) << "the first pass takes several turns";
    EXPECT_EQ(learned, cursor.complete);
    const Machine::Received end = finish(donor, learner, learned);
    EXPECT_TRUE(end.final_state);
    EXPECT_EQ(end.view, ViewNumber(3));
    EXPECT_EQ(end.clock, LamportTime(77));
    EXPECT_EQ(end.complete, donor.position());
    expect_equal(donor, learner);
  }
}

TEST(Transfer, both_go_on_alike_afterwards) {
  Machine donor, learner;
  Load load(5);
  load.run_some(donor, 3000);
  finish(donor, learner, {});
  Load a(6), b(6);
  a.run_some(donor, 500);
  b.run_some(learner, 500);
  expect_equal(donor, learner);
}

TEST(Transfer, a_repetition_is_known_to_the_learner) {
  Machine donor, learner;
  FrameMaker make;
  run(donor, make.add(1, 1, add_site("elm", "Elm")).add(1, 2, set("elm", 9)).frame());
  const Results first = run(donor, make.add(1, 3, reserve("elm", 4)).frame());
  finish(donor, learner, {});
  const Results again = run(learner, make.add(1, 3, reserve("elm", 4)).frame());
  EXPECT_TRUE(again[0].repeated);
  EXPECT_EQ(again[0].bytes, first[0].bytes);
}

TEST(Transfer, bodies_larger_than_a_piece_are_put_together) {
  Machine donor, learner;
  FrameMaker make;
  const std::string hours(2000, 'h');
  for (std::uint64_t i = 1; i <= 700; ++i) {
    registry::AddSite add;
    const std::string id = "site-" + std::to_string(i);
    add.id = id;
    add.fields.name = id;
    add.fields.hours = hours;
    make.add(1, i, request(add));
  }
  run(donor, make.frame());
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  ByteView in = out;
  std::size_t unfinished = 0;
  while (!in.empty()) {
    const auto message = wire::next_message(in);
    ASSERT_TRUE(message.ok() && message->has_value());
    EXPECT_LE((*message)->payload.size(), limits::kMessageBytesMax);
    unfinished += wire::decode_transfer_part((*message)->payload)->more ? 1 : 0;
  }
  EXPECT_GT(unfinished, 0U) << "nothing was split: a larger state is needed to test it";
  ASSERT_TRUE(deliver(learner, out).ok());
  expect_equal(donor, learner);
}

TEST(Transfer, an_empty_machine_can_be_given) {
  Machine donor, learner;
  EXPECT_TRUE(finish(donor, learner, {}).final_state);
  expect_equal(donor, learner);
}

// --- donors that err

std::vector<wire::TransferPart> parts_of(const Bytes& out) {
  std::vector<wire::TransferPart> parts;
  ByteView in = out;
  for (;;) {
    const auto message = wire::next_message(in);
    if (!message.ok() || !message->has_value()) return parts;
    parts.push_back(*wire::decode_transfer_part((*message)->payload));
  }
}

TEST(Transfer, the_final_state_comes_in_pieces_too) {
  Machine donor, learner;
  Load load(21);
  load.add_sites(donor, 3000);
  load.run_some(donor, 2000);
  constexpr std::size_t kPiece = 20'000;
  Machine::Cursor cursor = donor.begin_final({}, ViewNumber(4), LamportTime(9));
  Machine::Received last;
  int pieces = 0;
  for (bool ended = false; !ended; ++pieces) {
    Bytes out;
    ended = donor.write_part(cursor, kPiece, out);
    if (!ended) {
      EXPECT_LT(out.size(), 6 * kPiece) << "sites, and four times as many events";
    }
    const auto received = deliver(learner, out);
    ASSERT_TRUE(received.ok()) << received.error().message;
    EXPECT_EQ(received->final_state, ended);
    last = *received;
  }
  EXPECT_GT(pieces, 10);
  EXPECT_EQ(last.view, ViewNumber(4));
  EXPECT_EQ(last.clock, LamportTime(9));
  expect_equal(donor, learner);
}

// The flush ended without its view; nothing was executed at the learner, but more at the donor.
TEST(Transfer, a_final_state_that_was_not_finished_does_no_harm_to_the_next) {
  for (const int calls : {1, 3, 6}) {
    Machine donor, learner;
    Load load(22);
    load.add_sites(donor, 3000);
    Machine::Cursor cursor = donor.begin_transfer({});
    const Position learned = give_pass(donor, cursor, learner).complete;
    load.run_some(donor, 3000);
    Machine::Cursor first = donor.begin_final(learned, ViewNumber(4), LamportTime(9));
    Bytes out;
    for (int i = 0; i < calls; ++i) ASSERT_FALSE(donor.write_part(first, 5'000, out));
    ASSERT_TRUE(deliver(learner, out).ok());
    learner.forget_unfinished();
    load.run_some(donor, 500);
    out.clear();
    donor.write_final(learned, ViewNumber(5), LamportTime(10), out);
    const auto end = deliver(learner, out);
    ASSERT_TRUE(end.ok()) << end.error().message;
    EXPECT_TRUE(end->final_state);
    expect_equal(donor, learner);
  }
}

TEST(Transfer, a_missing_part_is_found_by_the_digest) {
  Machine donor;
  Load load(10);
  load.run_some(donor, 800);
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  const auto parts = parts_of(out);
  ASSERT_GE(parts.size(), 4U);
  for (std::size_t missing = 0; missing < parts.size(); ++missing) {
    Machine learner;
    bool refused = false, ended = false;
    for (std::size_t i = 0; i < parts.size() && !refused; ++i) {
      if (i == missing) continue;
      const auto received = learner.read_part(parts[i]);
      refused = !received.ok();
      ended = received.ok() && received->final_state;
    }
    EXPECT_TRUE(refused || !ended) << "without part " << missing << " it was taken";
  }
}

TEST(Transfer, bent_parts_are_errors_and_never_a_crash) {
  Machine donor;
  Load load(11);
  load.run_some(donor, 300);
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    Machine learner;
    bool ended = false;
    for (wire::TransferPart part : parts_of(out)) {
      Bytes body(part.body.begin(), part.body.end());
      if (!body.empty() && random() % 2 == 0) body[random() % body.size()] ^= std::byte{1} << (random() % 8);
      part.body = body;
      const auto received = learner.read_part(part);
      if (!received.ok()) break;
      ended = received->final_state;
    }
    EXPECT_TRUE(!ended || learner.digest() == donor.digest()) << "a bent state was taken";
  }
}

TEST(Transfer, a_part_that_is_not_finished_before_another_kind_is_an_error) {
  Machine learner;
  wire::TransferPart part;
  part.kind = wire::TransferKind::kSites;
  part.more = true;
  part.body = as_bytes("x");
  EXPECT_TRUE(learner.read_part(part).ok());
  part.kind = wire::TransferKind::kHead;
  EXPECT_EQ(learner.read_part(part).error().code, Code::kProtocol);
}

// Found by the simulator: donor 2's link was slow; its pieces came after donor 0 had given the final state.
TEST(Transfer, pieces_that_come_after_a_final_state_change_nothing) {
  Machine donor, learner;
  Load load(5);
  load.add_sites(donor, 50);
  load.run_some(donor, 200);
  Bytes slow;
  Machine::Cursor cursor = donor.begin_transfer({});
  while (!donor.write_part(cursor, 40'000, slow)) continue;
  load.run_some(donor, 200);
  finish(donor, learner, Position(0));
  const auto late = deliver(learner, slow);
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_TRUE(late->outdated);
  expect_equal(donor, learner);
}

TEST(Transfer, the_final_state_of_an_earlier_view_changes_nothing) {
  Machine donor, learner;
  Load load(6);
  load.add_sites(donor, 50);
  Bytes earlier;
  donor.write_final(Position(0), ViewNumber(2), LamportTime(5), earlier);
  load.run_some(donor, 200);
  finish(donor, learner, Position(0));
  const auto late = deliver(learner, earlier);
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_TRUE(late->outdated);
  EXPECT_FALSE(late->final_state);
  expect_equal(donor, learner);
}

TEST(Transfer, a_body_that_ends_with_its_link_is_begun_again_by_another_donor) {
  Machine donor, learner;
  Load load(7);
  load.add_sites(donor, 800);
  load.add_text(donor, 2000);  // its sites are more than one piece of 1 MiB
  Bytes out;
  donor.write_final(Position(0), ViewNumber(3), LamportTime(5), out);
  ByteView in = out;
  const auto first = wire::next_message(in);
  ASSERT_TRUE(first.ok() && first->has_value());
  const auto part = wire::decode_transfer_part((*first)->payload);
  ASSERT_TRUE(part.ok() && part->more);
  ASSERT_TRUE(learner.read_part(*part).ok());
  learner.forget_unfinished();
  finish(donor, learner, Position(0));
  expect_equal(donor, learner);
}

}  // namespace
}  // namespace titer::machine
