// SPDX-License-Identifier: Apache-2.0

// Readers on threads of their own, and a thread that executes: reads are linearizable, and no reader waits forever. Then the same
// with two nodes in one thread, where a test knows what was acknowledged when.
#include "host/shared_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "client/local_reads.h"
#include "machine/testing.h"
#include "net/loop.h"
#include "node/testing/two_nodes.h"

namespace titer::host {
namespace {

constexpr std::int64_t kPatienceUs = 30'000'000;

Bytes get_site(std::string_view id) {
  Bytes body;
  wire::encode_query(body, registry::GetSite{{id, {}}});
  return body;
}

// What an answer says of the site's stock: a number that only grows.
std::uint64_t count_in(const wire::QueryAnswer& answer) {
  ByteReader in(answer.body);
  in.u8();
  const registry::Site site = wire::decode_site(in);
  EXPECT_TRUE(in.ok());
  return site.stock.empty() ? 0 : site.stock[0].availability.count;
}

smr::Uid uid(std::uint64_t ts) { return {LamportTime(ts), TransmitterId(2)}; }

// The protocol's thread: writes are held, acknowledged, and executed after that.
class Replica {
 public:
  Replica() {
    machine_.execute(make_.add(7, 1, machine::add_site("elm", "Elm")).frame(), nullptr);
    state.attach(machine_, [] {});
    publish();
  }
  void write(std::uint64_t value) {
    const smr::Frame frame = make_.add(7, ++number_, machine::set("elm", value)).frame();
    held_ = value;
    publish();
    acknowledged = value;  // by some other replica, to its client
    state.begin_change();
    machine_.execute(frame, nullptr);
    state.end_change();
    executed_ = value;
    publish();
  }
  void publish() {
    smr::ReadTerms terms;
    terms.serves = true;
    terms.held = uid(held_);
    terms.executed = uid(executed_);
    terms.lease = {BootTime(INT64_MAX), BootTime(INT64_MAX)};
    terms.last_turn = smr::LastTurn::of(net::boot_now(), net::monotonic_us());
    state.publish(terms, {});
  }

  SharedState state;
  std::atomic<std::uint64_t> acknowledged = 0;

 private:
  machine::Machine machine_;
  machine::FrameMaker make_;
  std::uint64_t number_ = 1, held_ = 0, executed_ = 0;
};

// One reader: a question after the other, on its loop.
class Reader {
 public:
  Reader(Replica& replica, std::size_t number)
      : replica_(replica), reads_(replica.state, number, loop_, [this] { loop_.post([] {}); }) {}

  // Until `over`. False: an answer did not come.
  bool run(const std::atomic<bool>& over) {
    bool waits = false;
    while (!over) {
      const std::uint64_t acknowledged = replica_.acknowledged;
      waits = true;
      reads_.ask(get_site("elm"), registry::kNoKey, [&](const wire::QueryAnswer& answer) {
        EXPECT_EQ(answer.code, Code::kOk);
        const std::uint64_t count = count_in(answer);
        old += count < std::max(acknowledged, newest_) ? 1 : 0;
        newest_ = std::max(newest_, count);
        ++answered;
        waits = false;
      });
      const auto turn = [&] {
        const BootTime again = reads_.on_turn();
        if (again <= loop_.boot_now()) loop_.wake_at(again);  // else the wake-up alone must be enough
      };
      if (!loop_.run_until(
              BootTime(net::boot_now().value + kPatienceUs), [&] { return !waits; }, turn))
        return false;
    }
    return true;
  }
  std::atomic<std::uint64_t> answered = 0;
  std::uint64_t old = 0;

 private:
  Replica& replica_;
  net::Loop loop_;
  client::LocalReads reads_;
  std::uint64_t newest_ = 0;
};

TEST(SharedState, reads_by_several_threads_see_every_write_that_was_acknowledged_before) {
  Replica replica;
  std::atomic<bool> over = false, stuck = false;
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) readers.push_back(std::make_unique<Reader>(replica, i));
  for (const auto& reader : readers) threads.emplace_back([&] { stuck = !reader->run(over) || stuck; });
  const auto answered = [&] {
    std::uint64_t least = UINT64_MAX;
    for (const auto& reader : readers) least = std::min<std::uint64_t>(least, reader->answered);
    return least;
  };
  const std::int64_t end = net::boot_now().value + kPatienceUs;
  std::uint64_t value = 0;
  while ((value < 5'000 || answered() < 500) && net::boot_now().value < end) {
    replica.write(++value);
    if (value % 64 == 0) std::this_thread::yield();
  }
  EXPECT_GE(answered(), 500U);
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(stuck);
  for (const auto& reader : readers) EXPECT_EQ(reader->old, 0U);
  EXPECT_GE(replica.state.reads_answered(), 1'500U);
}

TEST(SharedState, nothing_is_answered_before_there_is_a_replica) {
  SharedState state;
  net::Loop loop;
  client::LocalReads reads(state, 0, loop, [] {});
  std::string why;
  reads.ask(get_site("elm"), registry::kNoKey, [&](const wire::QueryAnswer& answer) {
    EXPECT_EQ(answer.code, Code::kUnavailable);
    why = as_text(answer.body);
  });
  (void)reads.on_turn();
  EXPECT_NE(why.find("not up yet"), std::string::npos);
}

// Replica 1 has a reader; writes come in at replica 0.
class ReaderOfANode : public node::test::TwoNodes {
 protected:
  void open_shared(bool confirm_reads = false) {
    open(0, node::test::members(0, {0, 1}), 2);
    node::NodeOptions options;
    options.sharing = &state;
    options.confirm_reads = confirm_reads;
    open_other(node::test::members(0, {0, 1}), options);
    state.attach(other->engine().machine, [this] { other->confirm(); });
    reads.emplace(state, 0, env, [] {});
    live_both(300'000);
    ASSERT_TRUE(other->engine().read_lease(env.boot_now(), confirm_reads ? BootTime() : env.boot_now()));
  }
  // The answer so far.
  void ask() {
    answer.reset();
    reads->ask(get_site("elm"), registry::kNoKey, [this](const wire::QueryAnswer& got) {
      answer = got.code == Code::kOk ? count_in(got) : 0;
      code = got.code;
    });
    (void)reads->on_turn();
  }
  // A write at replica 0, until its client hears of it. Replica 1 has not had a turn since.
  void write(net::test::FakeWire& writer, std::uint64_t number, std::uint64_t value) {
    request(writer, number, machine::set("elm", value));
    for (int i = 0; i < 1'000; ++i) {
      env.pass(100);
      arrive();
      env.forget_wakes();
      node->turn();
      if (!hear(writer).answers.empty()) return;
      arrive();
      other->turn();
    }
    FAIL() << "no answer";
  }
  net::test::FakeWire open_writer() {
    auto writer = client(1, 0, true);
    request(writer, 1, machine::add_site("elm", "Elm"));
    live_both(100'000);
    EXPECT_EQ(hear(writer).answers.size(), 1U);
    return writer;
  }

  SharedState state;
  std::optional<client::LocalReads> reads;
  std::optional<std::uint64_t> answer;
  Code code = Code::kOk;
};

TEST_F(ReaderOfANode, a_read_sees_what_another_replica_has_acknowledged_before) {
  open_shared();
  auto writer = open_writer();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    write(writer, i + 1, i);
    ask();
    for (int turns = 0; !answer && turns < 100; ++turns) {
      turn_both();
      (void)reads->on_turn();
    }
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, i);
  }
}

TEST_F(ReaderOfANode, one_that_hears_nothing_of_the_others_answers_no_read_and_says_so) {
  open_shared();
  (void)open_writer();
  hold(true);
  live_both(limits::kReadLeaseUs);
  ask();
  EXPECT_FALSE(answer);
  for (std::int64_t us = 0; us < client::LocalReads::kPatienceUs + 100'000; us += 50'000) {
    live_both(50'000);
    (void)reads->on_turn();
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(code, Code::kUnavailable);
}

TEST_F(ReaderOfANode, one_that_leaves_answers_no_read_any_more) {
  open_shared();
  (void)open_writer();
  ask();
  ASSERT_TRUE(answer);
  other->retire([](ViewNumber) {});
  ask();
  EXPECT_FALSE(answer) << "others count it as dead from now on";
}

TEST_F(ReaderOfANode, with_confirmed_reads_a_read_is_answered_when_the_others_have_heard_of_it) {
  open_shared(true);
  (void)open_writer();
  ask();
  EXPECT_FALSE(answer);
  live_both(20'000);
  (void)reads->on_turn();
  EXPECT_TRUE(answer) << "a heartbeat went out for it, before the next one was due";
}

TEST_F(ReaderOfANode, one_that_stops_refuses_its_readers) {
  open_shared();
  (void)open_writer();
  other->stop(0, "told to");
  ask();
  ASSERT_TRUE(answer);
  EXPECT_EQ(code, Code::kUnavailable);
}

}  // namespace
}  // namespace titer::host
