// SPDX-License-Identifier: Apache-2.0

// The simulator's parts, each alone: what a run stands on. Runs as a whole are tested by tests/ (label sim) and the
// mutants.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "sim/ledger.h"
#include "sim/network.h"
#include "sim/world.h"
#include "wire/message.h"

namespace titer::sim {
namespace {

Plan quiet_plan() {
  Plan plan(3);
  plan.delay_us = 100;
  plan.jitter_us = 1'000;
  plan.durable = false;
  return plan;
}

Bytes message(std::uint64_t number) {
  Bytes out;
  wire::MessageWriter w(out, wire::Type::kPing);
  w.u64(number);
  w.finish();
  return out;
}

class Noted final : public Handler {
 public:
  std::vector<std::uint64_t> seen;
  void on_event(std::uint32_t what, std::uint64_t argument) override { seen.push_back(what * 100ULL + argument); }
};

TEST(Timeline, events_come_by_time_and_then_in_the_order_asked_for) {
  Timeline time;
  Noted noted;
  time.at(20, noted, 2, 1);
  time.at(10, noted, 1, 1);
  time.at(20, noted, 2, 2);
  time.at(20, noted, 2, 3);
  time.at(30, noted, 3, 0);
  while (time.step(25)) continue;
  EXPECT_EQ(noted.seen, (std::vector<std::uint64_t>{101, 201, 202, 203}));
  EXPECT_EQ(time.now(), 25);
  EXPECT_TRUE(time.step(30));
}

// A process that notes what it is given.
class Listener final : public Endpoint {
 public:
  ConnectionId connection = 0;
  std::vector<std::uint64_t> numbers;
  int closings = 0;
  void on_dialled(Port, ConnectionId id) override { connection = id; }
  void on_accepted(ConnectionId id) override { connection = id; }
  void on_received(ConnectionId, Bytes bytes) override {
    for (ByteView rest = bytes; !rest.empty();) {
      const auto next = wire::next_message(rest);
      ASSERT_TRUE(next.ok() && next->has_value()) << "only whole messages arrive";
      numbers.push_back(ByteReader((*next)->payload).u64());
    }
  }
  void on_closed(ConnectionId) override { ++closings; }
};

struct Pair {
  Stage stage{quiet_plan(), nullptr};
  Network network{stage};
  Listener a, b;
  Node node_a = network.attach(a, 0), node_b = network.attach(b, 1);

  Pair() {
    network.listen(7, node_b);
    network.dial(node_a, 7);
    pass(10'000);
  }
  void pass(Time length) {
    for (const Time until = stage.time.now() + length; stage.time.step(until);) continue;
  }
  void send(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t n = from; n <= to; ++n) network.send(a.connection, node_a, message(n));
  }
};

TEST(Network, a_connection_keeps_its_order) {
  Pair pair;
  pair.send(1, 100);
  pair.pass(1'000'000);
  ASSERT_EQ(pair.b.numbers.size(), 100U);
  for (std::uint64_t n = 0; n < 100; ++n) EXPECT_EQ(pair.b.numbers[n], n + 1);
}

TEST(Network, what_is_under_way_counts_until_it_has_arrived_or_the_connection_is_gone) {
  Pair pair;
  const ConnectionId id = pair.a.connection;
  pair.send(1, 2);
  EXPECT_EQ(pair.network.under_way(id, pair.node_a), 2 * message(1).size());
  EXPECT_EQ(pair.network.under_way(id, pair.node_b), 0U);
  pair.pass(1'000'000);
  EXPECT_EQ(pair.network.under_way(id, pair.node_a), 0U);
  pair.send(3, 9);
  pair.network.cut(id);
  EXPECT_EQ(pair.network.under_way(id, pair.node_a), 0U);
}

TEST(Network, a_connection_that_breaks_loses_a_tail_and_nothing_else) {
  for (int i = 0; i < 20; ++i) {
    Pair pair;
    pair.send(1, 50);
    pair.network.cut(pair.a.connection);
    pair.send(51, 60);
    pair.pass(1'000'000);
    EXPECT_LE(pair.b.numbers.size(), 50U);
    for (std::uint64_t n = 0; n < pair.b.numbers.size(); ++n) EXPECT_EQ(pair.b.numbers[n], n + 1);
    EXPECT_EQ(pair.b.closings, 1);
    EXPECT_EQ(pair.a.closings, 1);
  }
}

TEST(Network, a_blocked_direction_delays_and_the_other_goes_on) {
  Pair pair;
  pair.network.block(0, 1);
  pair.send(1, 3);
  pair.network.send(pair.b.connection, pair.node_b, message(9));
  pair.pass(5'000'000);
  EXPECT_TRUE(pair.b.numbers.empty());
  EXPECT_EQ(pair.a.numbers, std::vector<std::uint64_t>{9});
  pair.network.unblock(0, 1);
  pair.pass(5'000'000);
  EXPECT_EQ(pair.b.numbers, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(Network, whoever_ends_is_missed_after_what_it_sent) {
  Pair pair;
  pair.send(1, 5);
  pair.network.detach(pair.node_a, true);
  pair.pass(1'000'000);
  EXPECT_EQ(pair.b.numbers.size(), 5U);
  EXPECT_EQ(pair.b.closings, 1);
}

// --- the ledger sees what is planted

struct Books {
  Stage stage{quiet_plan(), nullptr};
  Ledger ledger{stage};

  static smr::Frame frame(std::uint64_t ts, std::uint64_t view = 0) {
    smr::Frame f;
    f.view = ViewNumber(view);
    f.seq = Seq(ts);
    f.ts = LamportTime(ts);
    return f;
  }
  void run(unsigned who, std::uint64_t position, std::uint64_t number, std::uint64_t result = 1,
           bool repeated = false) {
    ledger.executed(Incarnation(who), Position(position), frame(position),
                    {SessionId(5), RequestNumber(number), number, result, repeated, false, {}, false});
  }
  [[nodiscard]] std::string checker() const { return stage.verdict.checker; }
};

TEST(Ledger, equal_sequences_pass) {
  Books books;
  for (unsigned who = 1; who <= 3; ++who)
    for (std::uint64_t n = 1; n <= 4; ++n) books.run(who, n, n);
  EXPECT_FALSE(books.stage.failed()) << books.stage.verdict.what;
}
TEST(Ledger, another_request_at_the_same_position) {
  Books books;
  books.run(1, 1, 1);
  books.run(2, 1, 2);
  EXPECT_EQ(books.checker(), "prefix (I2)");
}
TEST(Ledger, another_result_of_the_same_request) {
  Books books;
  books.run(1, 1, 1, 7);
  books.run(2, 1, 1, 8);
  EXPECT_EQ(books.checker(), "equal results (I2)");
}
TEST(Ledger, a_second_effect_of_one_request) {
  Books books;
  books.run(1, 1, 1);
  books.run(1, 2, 1);
  EXPECT_EQ(books.checker(), "exactly once (I9)");
}
TEST(Ledger, a_repetition_with_another_result) {
  Books books;
  books.run(1, 1, 1, 7);
  books.run(1, 2, 1, 8, true);
  EXPECT_EQ(books.checker(), "exactly once (I9)");
}
TEST(Ledger, another_frame_under_the_same_name) {
  Books books;
  smr::Frame f = Books::frame(1);
  books.ledger.sent(Incarnation(1), f, {});
  f.ts = LamportTime(2);
  books.ledger.relayed(f);
  EXPECT_EQ(books.checker(), "streams (I1)");
}
TEST(Ledger, a_new_frame_of_a_view_that_is_over) {
  Books books;
  books.ledger.sent(Incarnation(1), Books::frame(1, 4), ViewNumber(5));
  EXPECT_EQ(books.checker(), "wedge (I5)");
}
TEST(Ledger, an_answer_that_a_member_never_got) {
  Books books;
  smr::ViewRecord view;
  view.members = {{ReplicaId(0), Incarnation(1), ""}, {ReplicaId(1), Incarnation(2), ""}};
  books.ledger.published(view);
  books.ledger.sent(Incarnation(1), Books::frame(1), {});
  books.ledger.answers(Incarnation(1), Books::frame(1), view);
  EXPECT_EQ(books.checker(), "safe (I3)");
}
TEST(Ledger, two_records_of_one_view) {
  Books books;
  books.ledger.published({ViewNumber(3), {}, {}});
  books.ledger.published({ViewNumber(3), {}, {}});
  EXPECT_EQ(books.checker(), "register (I4)");
}
TEST(Ledger, a_view_installed_at_two_places) {
  Books books;
  books.ledger.installed(Incarnation(1), ViewNumber(1), Position(4));
  books.ledger.installed(Incarnation(2), ViewNumber(1), Position(5));
  EXPECT_EQ(books.checker(), "installs (I6)");
}
TEST(Ledger, two_digests_of_one_position) {
  Books books;
  books.run(1, 1, 1);
  books.ledger.stands(Incarnation(1), Position(1), 77);
  books.ledger.stands(Incarnation(2), Position(1), 78);
  EXPECT_EQ(books.checker(), "digests (I10)");
}
TEST(Ledger, an_answer_to_what_nobody_executed) {
  Books books;
  books.ledger.answered(SessionId(5), RequestNumber(1), {}, Position(1));
  EXPECT_EQ(books.checker(), "answered writes");
}
TEST(Ledger, a_read_older_than_an_answer) {
  Books books;
  books.ledger.read(Position(5), Position(4), ReplicaId(1));
  EXPECT_EQ(books.checker(), "reads");
}

TEST(Ledger, a_frame_forgotten_that_a_member_lacks) {
  Books books;
  smr::ViewRecord view;
  view.members = {{ReplicaId(0), Incarnation(1), ""}, {ReplicaId(1), Incarnation(2), ""}};
  books.ledger.published(view);
  books.ledger.holds(Incarnation(1), Books::frame(1));
  smr::Checkpoint checkpoint;
  checkpoint.installed = view;
  checkpoint.bases = {{Books::frame(1).transmitter, Books::frame(1).seq}};
  books.ledger.forgets(Incarnation(1), checkpoint);
  EXPECT_EQ(books.checker(), "disks (I7)");
}
TEST(Ledger, a_disk_to_begin_with_that_lacks_what_was_answered) {
  Books books;
  books.run(1, 1, 1, hash64({}));
  books.ledger.answered(SessionId(5), RequestNumber(1), {}, Position(1));
  books.ledger.could_begin(Incarnation(1), Position(1), {});
  EXPECT_FALSE(books.stage.failed()) << "executed";
  smr::Recovered found;
  found.frames.push_back(std::make_shared<smr::Frame>(Books::frame(1)));
  books.ledger.could_begin(Incarnation(1), Position(), found);
  EXPECT_FALSE(books.stage.failed()) << "held";
  books.ledger.could_begin(Incarnation(1), Position(), {});
  EXPECT_EQ(books.checker(), "disks (I3)");
}
TEST(Ledger, a_disk_that_gives_back_less_than_was_synced) {
  Books books;
  books.ledger.holds(Incarnation(1), Books::frame(1));
  books.ledger.given_back({Incarnation(1)}, {});
  EXPECT_EQ(books.checker(), "disks (I7)");
}

// --- a run

TEST(World, the_same_seed_is_the_same_run_also_when_somebody_looks) {
  class Count final : public Observer {
   public:
    std::uint64_t events = 0;
    void on_event(const Event&) override { ++events; }
  };
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Plan plan(seed);
    const Report first = run(plan);
    Count count;
    const Report second = run(plan, &count);
    EXPECT_EQ(first.verdict.what, "") << plan.text();
    EXPECT_EQ(first.digest, second.digest) << plan.text();
    EXPECT_GT(count.events, 1000U);
    EXPECT_GT(first.answered, 10U);
  }
}

}  // namespace
}  // namespace titer::sim
