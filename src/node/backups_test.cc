// SPDX-License-Identifier: Apache-2.0

// Backups over fake connections: what is given, to whom, and what a slow reader costs.
#include "node/backups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/one_node.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

constexpr std::size_t kReadPieces = std::size_t{256} << 10;  // as Backups::kPieceBytes

class BackupsTest : public test::OneNode {
 protected:
  void open_with(std::size_t bulks) {
    open(0, members(0, {0}), 1);
    writer = client(1, 0, true);
    for (std::uint64_t n = 1; n <= bulks; ++n) {
      request_sites(*writer, n, "s" + std::to_string(n) + "-", limits::kBulkOperationsMax);
      for (int i = 0; i < 20; ++i) turn();
    }
    (void)writer->take();
  }
  static void ask_backup(FakeWire& wire) {
    Bytes out;
    wire::encode_backup_ask(out);
    wire.send(out);
  }
  [[nodiscard]] FakeWire operators(std::uint64_t session) {
    auto wire = client(session, 0, true);
    turn();
    (void)wire.take();
    return wire;
  }
  // A backup as it comes.
  struct Copy {
    machine::Machine machine;
    Bytes unread;            // the beginning of a message
    std::size_t passes = 0;  // that have ended
    bool whole = false;
    ViewNumber view;
  };
  static void read(FakeWire& wire, Copy& copy) {
    const Bytes more = wire.take();
    copy.unread.insert(copy.unread.end(), more.begin(), more.end());
    ByteView rest = copy.unread;
    while (!rest.empty()) {
      const auto next = wire::next_message(rest);
      if (!next || !*next) break;
      if ((*next)->type != wire::Type::kTransferPart) continue;
      const auto part = wire::decode_transfer_part((*next)->payload).value();
      const auto received = copy.machine.read_part(part);
      ASSERT_TRUE(received.ok()) << received.error().message;
      if (received->final_state)
        copy.whole = true, copy.view = received->view;
      else if (part.kind == wire::TransferKind::kHead)
        ++copy.passes;
    }
    copy.unread.erase(copy.unread.begin(), copy.unread.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }
  std::optional<FakeWire> writer;
};

TEST_F(BackupsTest, a_backup_is_the_whole_state_of_one_position) {
  open_with(2);
  auto wire = operators(2);
  ask_backup(wire);
  Copy copy;
  for (int i = 0; i < 50 && !copy.whole; ++i) {
    turn();
    read(wire, copy);
  }
  ASSERT_TRUE(copy.whole);
  EXPECT_EQ(copy.machine.position(), node->engine().machine.position());
  EXPECT_EQ(copy.machine.digest(), node->engine().machine.digest());
  EXPECT_GE(copy.passes, 2U) << "two passes at least before the end";
  EXPECT_GT(copy.view, ViewNumber(0)) << "0 would say that it is not the end";
  EXPECT_FALSE(wire.closed());
}

TEST_F(BackupsTest, writes_go_on_meanwhile_and_the_end_has_them) {
  open_with(4);
  auto wire = operators(2);
  ask_backup(wire);
  Copy copy;
  for (std::uint64_t n = 1; n <= 60 && !copy.whole; ++n) {
    request(*writer, 100 + n, machine::add_site("late" + std::to_string(n), "Late"));
    live(5'000);
    read(wire, copy);
    EXPECT_FALSE(hear(*writer).answers.empty()) << n;
  }
  ASSERT_TRUE(copy.whole);
  EXPECT_GT(copy.machine.position(), Position(4));
  EXPECT_GT(copy.machine.registry().totals().sites, 4 * limits::kBulkOperationsMax);
}

TEST_F(BackupsTest, a_turn_gives_a_piece_and_the_next_one_comes_at_once) {
  open_with(6);
  auto wire = operators(2);
  ask_backup(wire);
  turn();
  const std::size_t first = wire.take().size();
  EXPECT_GT(first, 0U);
  EXPECT_LE(first, 3 * kReadPieces);
  ASSERT_TRUE(env.wakes().has_value());
  EXPECT_LE(*env.wakes(), env.boot_now());
}

TEST_F(BackupsTest, one_that_asks_twice_gets_it_from_the_beginning) {
  open_with(4);
  auto wire = operators(2);
  ask_backup(wire);
  turn();
  (void)wire.take();
  ask_backup(wire);
  Copy copy;
  for (int i = 0; i < 50 && !copy.whole; ++i) {
    turn();
    read(wire, copy);
  }
  ASSERT_TRUE(copy.whole) << "what came before is not needed";
  EXPECT_EQ(copy.machine.digest(), node->engine().machine.digest());
}

TEST_F(BackupsTest, one_that_does_not_read_keeps_a_bounded_memory_and_is_cut_off_after_its_patience) {
  open_with(20);
  auto slow = operators(2);
  slow.hold(0);
  ask_backup(slow);
  live(9'000'000);
  EXPECT_FALSE(slow.closed());
  live(2'000'000);
  EXPECT_TRUE(slow.closed());
  auto next = operators(3);
  ask_backup(next);
  Copy copy;
  for (int i = 0; i < 200 && !copy.whole; ++i) {
    turn();
    read(next, copy);
  }
  EXPECT_TRUE(copy.whole) << "its place is free again";
}

TEST_F(BackupsTest, one_that_reads_slowly_gets_it_whole) {
  open_with(20);
  auto slow = operators(2);
  slow.hold(100'000);
  ask_backup(slow);
  Copy copy;
  for (int i = 0; i < 400 && !copy.whole; ++i) {
    live(50'000);
    read(slow, copy);
    ASSERT_FALSE(slow.closed()) << i;
  }
  EXPECT_TRUE(copy.whole);
}

TEST_F(BackupsTest, a_fifth_at_a_time_is_told_to_come_later) {
  open_with(20);
  std::vector<FakeWire> wires;
  for (std::uint64_t i = 0; i < 5; ++i) {
    wires.push_back(operators(2 + i));
    wires.back().hold(1'000);
    ask_backup(wires.back());
    turn();
  }
  wires.back().hold(SIZE_MAX);
  turn();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(wires[i].closed()) << i;
  EXPECT_TRUE(wires[4].closed());
  EXPECT_NE(hear(wires[4]).goodbye.find("try again later"), std::string::npos);
  wires[0].close();
  turn();
  auto next = operators(20);
  ask_backup(next);
  turn();
  EXPECT_FALSE(next.closed()) << "one that ended makes room";
}

TEST_F(BackupsTest, one_address_has_two_at_a_time) {
  open_with(20);
  std::vector<FakeWire> wires;
  for (std::uint64_t i = 0; i < 4; ++i) {
    wires.push_back(client(2 + i, i < 3 ? 7 : 8));
    wires.back().hold(1'000);
    turn();
    ask_backup(wires.back());
    turn();
  }
  wires[2].hold(SIZE_MAX);
  turn();
  EXPECT_FALSE(wires[0].closed());
  EXPECT_FALSE(wires[1].closed());
  EXPECT_TRUE(wires[2].closed());
  EXPECT_FALSE(wires[3].closed()) << "another address";
}

// Slow readers from two addresses held all places for as long as their backups took.
TEST_F(BackupsTest, the_oldest_gives_way_to_a_further_address_in_the_end) {
  open_with(100);
  std::vector<FakeWire> wires;
  for (std::uint64_t i = 0; i < 4; ++i) {
    wires.push_back(client(2 + i, 7 + i / 2));
    wires.back().hold(100);
    turn();
    ask_backup(wires.back());
    turn();
  }
  const auto ask_as = [&](std::uint64_t session, std::uint64_t from) {
    auto wire = client(session, from);
    turn();
    ask_backup(wire);
    turn();
    return wire;
  };
  EXPECT_TRUE(ask_as(20, 9).closed()) << "not before its time";
  for (int s = 0; s < 125; s += 5) {
    for (FakeWire& wire : wires) {
      (void)wire.take();
      wire.hold(250'000);
    }
    live(5'000'000);
  }
  EXPECT_FALSE(ask_as(21, 9).closed());
  EXPECT_TRUE(wires[0].closed());
  EXPECT_FALSE(wires[1].closed());
}

TEST_F(BackupsTest, a_learner_gives_none) {
  open(1, members(3, {0}), 2);
  auto wire = client(2, 0, true);
  turn();
  ask_backup(wire);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("ask another one"), std::string::npos);
}

TEST_F(BackupsTest, while_a_restart_is_under_way_there_is_none) {
  open(0, members(0, {0}), 1);
  node->restarts(true);
  auto wire = client(2, 0, true);
  turn();
  ask_backup(wire);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("restarts"), std::string::npos);
}

TEST_F(BackupsTest, it_is_for_operators) {
  NodeOptions options;
  options.remote_writes_need_key = true;
  open(0, members(0, {0}), 1, std::move(options));
  auto stranger = client(2, 5);
  turn();
  ask_backup(stranger);
  turn();
  EXPECT_TRUE(stranger.closed());
}

}  // namespace
}  // namespace titer::node
