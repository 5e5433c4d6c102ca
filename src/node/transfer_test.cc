// SPDX-License-Identifier: Apache-2.0

// State transfer, a donor's side and a learner's, over fake connections.
#include "node/transfer.h"

#include <gtest/gtest.h>

#include "node/testing/one_node.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

class TransferTest : public test::OneNode {
 protected:
  // A replica alone, with so many sites.
  void open_donor(int sites) {
    NodeOptions options;
    options.piece_bytes = 2'000;
    open(0, members(0, {0}), 3, std::move(options));
    auto writer = client(1);
    for (int i = 0; i < sites; ++i)
      request(writer, static_cast<std::uint64_t>(i) + 1,
              machine::add_site("s" + std::to_string(i), "Site " + std::to_string(i)));
    for (int i = 0; i < 20; ++i) turn();
    ASSERT_EQ(node->engine().machine.position(), Position(static_cast<std::uint64_t>(sites)));
  }
  static void want(FakeWire& wire, const wire::TransferWant& want) {
    Bytes out;
    wire::encode(out, want);
    wire.send(out);
  }
  // Parts that have come; each is given to `learner`.
  static std::size_t take_parts(FakeWire& wire, machine::Machine& learner) {
    std::size_t parts = 0;
    const Bytes all = wire.take();
    for (ByteView rest = all; !rest.empty();) {
      const auto next = wire::next_message(rest);
      if (!next || !*next) break;
      if ((*next)->type != wire::Type::kTransferPart) continue;
      ++parts;
      const auto part = wire::decode_transfer_part((*next)->payload);
      EXPECT_TRUE(part.ok() && learner.read_part(*part).ok());
    }
    return parts;
  }
};

TEST_F(TransferTest, a_donor_sends_everything_in_pieces_and_goes_on_working) {
  open_donor(100);
  auto learner = peer(1, 201);
  turn();
  machine::Machine state;
  want(learner, state.wanted());
  std::size_t turns = 0, parts = 0;
  for (; state.registry().totals().sites < 100 && turns < 200; ++turns) {
    live(5'000);
    parts += take_parts(learner, state);
  }
  EXPECT_EQ(state.registry().totals().sites, 100U);
  EXPECT_GT(parts, 3U);
  auto writer = client(2);
  request(writer, 1, machine::add_site("late", "Late"));
  live(50'000);
  EXPECT_EQ(hear(writer).answers.size(), 1U);
}

TEST_F(TransferTest, a_later_pass_has_what_changed_meanwhile) {
  open_donor(10);
  auto learner = peer(1, 201);
  turn();
  machine::Machine state;
  want(learner, state.wanted());
  live(100'000);
  (void)take_parts(learner, state);
  auto writer = client(2);
  request(writer, 1, machine::add_site("late", "Late"));
  live(200'000);
  (void)take_parts(learner, state);
  EXPECT_EQ(state.registry().totals().sites, 11U);
}

TEST_F(TransferTest, a_learner_that_does_not_read_is_not_sent_more_than_fits) {
  open_donor(200);
  auto learner = peer(1, 201);
  turn();
  (void)learner.take();
  learner.hold(100);
  want(learner, machine::Machine().wanted());
  for (int i = 0; i < 50; ++i) {
    auto writer = client(50 + static_cast<std::uint64_t>(i));
    for (std::uint64_t n = 1; n <= 100; ++n) request(writer, n, machine::set("s1", n));
    live(20'000);
  }
  EXPECT_FALSE(learner.closed());
  EXPECT_LE(learner.take().size(), 100U);
}

TEST_F(TransferTest, nonsense_from_a_learner_ends_its_link) {
  open_donor(1);
  auto learner = peer(1, 201);
  turn();
  Bytes out;
  wire::MessageWriter writer(out, wire::Type::kTransferWant);
  writer.u8(1);
  writer.finish();
  learner.send(out);
  turn();
  turn();
  EXPECT_TRUE(learner.closed());
}

TEST_F(TransferTest, a_learner_asks_the_member_with_the_highest_index) {
  open(2, members(3, {0, 1}), 3);
  live(60'000);
  auto dials = env.take_dials();
  ASSERT_EQ(dials.size(), 2U);
  std::vector<FakeWire> wires;
  for (auto& dial : dials) {
    wires.push_back(env.answer(dial));
    const auto replica = static_cast<std::uint16_t>(dial.port - test::kFirstPort);
    send(wires.back(), wire::HelloReply{test::kCluster,
                                        machine::rules_digest(),
                                        ReplicaId(replica),
                                        Incarnation(100U + replica),
                                        members(3, {0, 1}),
                                        {}});
  }
  live(20'000);
  const auto asked = [](FakeWire& wire) {
    const auto types = wire.take_types();
    return std::count(types.begin(), types.end(), wire::Type::kTransferWant);
  };
  EXPECT_EQ(asked(wires[0]), 0);
  EXPECT_EQ(asked(wires[1]), 1);
  EXPECT_FALSE(node->learns_from_nobody());
  wires[1].close();  // … and another one when that is lost
  live(20'000);
  EXPECT_EQ(asked(wires[0]), 1);
}

TEST_F(TransferTest, a_state_that_cannot_be_read_ends_the_learner) {
  open(1, members(3, {0}), 2);
  live(60'000);
  auto dials = env.take_dials();
  ASSERT_EQ(dials.size(), 1U);
  auto donor = env.answer(dials[0]);
  send(donor, wire::HelloReply{
                  test::kCluster, machine::rules_digest(), ReplicaId(0), Incarnation(100), members(3, {0}), {}});
  live(20'000);
  machine::Machine full;
  machine::FrameMaker frames;
  machine::run(full, frames.add(1, 1, machine::add_site("elm", "Elm")).frame());
  Bytes parts;
  auto cursor = full.begin_transfer({});
  while (!full.write_part(cursor, 1 << 20, parts)) continue;
  for (ByteView rest = parts; !rest.empty();) {
    const auto next = wire::next_message(rest);
    auto part = wire::decode_transfer_part((*next)->payload).value();
    if (part.body.empty()) continue;
    Bytes wrong(part.body.begin(), part.body.end());
    wrong.resize(wrong.size() / 2);
    part.body = wrong;
    Bytes out;
    wire::encode(out, part);
    donor.send(out);
    break;
  }
  live(20'000);
  EXPECT_TRUE(node->exit_code() == kExitFailed || donor.closed());
}

}  // namespace
}  // namespace titer::node
