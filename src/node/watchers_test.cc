// SPDX-License-Identifier: Apache-2.0

// Watchers over real sockets: what each of them gets, and what one that does not read costs the others.
#include "node/watchers.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "machine/testing.h"
#include "net/loop.h"
#include "net/stream.h"

namespace titer::node {
namespace {

// One watcher: the replica's end of a connection, and a plain descriptor that is the watcher's.
struct Client final : net::ConnectionOwner {
  explicit Client(net::Loop& loop, int receive_bytes = 0) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    if (receive_bytes > 0) ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &receive_bytes, sizeof receive_bytes);
    net::Stream::Socket socket(loop.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), fds[0]);
    connection = net::Connection::make(loop, net::byte_stream(std::move(socket)), *this, std::size_t{16} << 20);
    connection->start();
  }
  ~Client() {
    connection->detach();
    connection->close(Code::kOk, "the test is over");
    ::close(fds[1]);
  }
  void on_message(net::Connection&, const wire::Message&) override {}
  void on_closed(net::Connection&, const std::string& why) override { ended = why; }

  // The events that have come since the last time.
  void read() {
    Bytes piece(1 << 20);
    for (ssize_t n = 0; (n = ::read(fds[1], piece.data(), piece.size())) > 0;)
      received.insert(received.end(), piece.begin(), piece.begin() + n);
    ByteView rest(received);
    while (true) {
      const auto message = wire::next_message(rest);
      if (!message.ok() || !message->has_value() || (*message)->type != wire::Type::kEvents) break;
      const auto events = wire::decode_events((*message)->payload);
      code = events->code;
      ByteReader rows(events->events);
      for (std::uint32_t i = 0; i < events->count; ++i) {
        const registry::Event event = wire::decode_event(rows);
        positions.push_back(event.position.value);
        actors.emplace_back(event.actor);
      }
    }
    received.erase(received.begin(), received.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }

  int fds[2] = {-1, -1};
  net::ConnectionPtr connection;
  std::optional<std::string> ended;
  Bytes received;
  std::vector<std::uint64_t> positions;
  std::vector<std::string> actors;
  Code code = Code::kOk;
};

class WatchersTest : public ::testing::Test {
 protected:
  WatchersTest() { machine::run(state_, make_.add(1, 1, machine::add_site("elm", "Elm")).frame()); }

  void write(int requests) {
    for (int i = 0; i < requests; ++i) {
      ++number_;
      make_.add(1, number_, machine::set("elm", number_));
    }
    machine::run(state_, make_.frame());
  }
  void pass(Watchers& watchers) {
    now_.value += 2'000;
    watchers.on_turn(now_);
  }
  // Positions from `first` to the newest.
  [[nodiscard]] std::vector<std::uint64_t> all_from(std::uint64_t first) const {
    std::vector<std::uint64_t> out;
    for (std::uint64_t p = first; p <= state_.position().value; ++p) out.push_back(p);
    return out;
  }
  void run_posted() {
    loop_.wake_at(net::boot_now());
    (void)loop_.run_until(later(net::boot_now(), 5'000'000), [n = 0]() mutable { return ++n > 2; });
  }

  net::Loop loop_;
  machine::Machine state_;
  machine::FrameMaker make_;
  std::uint64_t number_ = 1;
  BootTime now_ = net::boot_now();
};

TEST_F(WatchersTest, each_gets_every_event_once_from_where_it_began) {
  Watchers watchers(loop_, state_, {});
  write(10);
  Client past(loop_), present(loop_), future(loop_);
  ASSERT_TRUE(watchers.watch(*past.connection, 1, Position(3), registry::kNoKey).ok());
  ASSERT_TRUE(watchers.watch(*present.connection, 2, state_.position(), registry::kNoKey).ok());
  ASSERT_TRUE(watchers.watch(*future.connection, 3, Position(20), registry::kNoKey).ok());
  for (int i = 0; i < 8; ++i) {
    pass(watchers);
    write(3);
  }
  pass(watchers);
  pass(watchers);
  for (Client* one : {&past, &present, &future}) one->read();
  EXPECT_EQ(past.positions, all_from(4));
  EXPECT_EQ(present.positions, all_from(12));
  EXPECT_EQ(future.positions, all_from(21));
}

TEST_F(WatchersTest, one_that_does_not_read_keeps_one_piece_and_is_cut_off_where_it_can_resume) {
  Watchers watchers(loop_, state_, {}, 20'000);
  Client reads(loop_), idles(loop_, 4096);
  ASSERT_TRUE(watchers.watch(*reads.connection, 1, state_.position(), registry::kNoKey).ok());
  ASSERT_TRUE(watchers.watch(*idles.connection, 2, state_.position(), registry::kNoKey).ok());
  std::size_t kept = 0;
  for (int i = 0; i < 200; ++i) {
    write(20);
    pass(watchers);
    reads.read();
    kept = std::max(kept, idles.connection->waiting());
  }
  run_posted();
  ASSERT_TRUE(idles.ended.has_value());
  EXPECT_NE(idles.ended->find("watch again from position "), std::string::npos) << *idles.ended;
  EXPECT_EQ(watchers.fallen_behind(), 1U);
  EXPECT_LT(kept, 20'000U) << "and not what it missed";
  EXPECT_EQ(reads.positions, all_from(2)) << "the other one notices nothing";

  const std::uint64_t resume = std::stoull(idles.ended->substr(idles.ended->rfind(' ') + 1));
  Client again(loop_);
  ASSERT_TRUE(watchers.watch(*again.connection, 2, Position(resume), registry::kNoKey).ok());
  for (int i = 0; i < 20; ++i) pass(watchers);
  again.read();
  EXPECT_EQ(again.positions, all_from(resume + 1));
}

TEST_F(WatchersTest, a_pass_feeds_a_bounded_number_and_the_next_ones_feed_the_others) {
  Watchers watchers(loop_, state_, {});
  std::vector<std::unique_ptr<Client>> many;
  for (int i = 0; i < 150; ++i) {
    many.push_back(std::make_unique<Client>(loop_));
    ASSERT_TRUE(watchers.watch(*many.back()->connection, 1, state_.position(), registry::kNoKey).ok());
  }
  pass(watchers);
  write(1);
  const auto fed = [&] {
    for (const auto& one : many) one->read();
    return std::ranges::count_if(many, [](const auto& one) { return !one->positions.empty(); });
  };
  pass(watchers);
  EXPECT_EQ(fed(), 64);
  watchers.on_turn(now_);
  EXPECT_EQ(fed(), 64) << "not before its time";
  pass(watchers);
  EXPECT_EQ(fed(), 128);
  pass(watchers);
  EXPECT_EQ(fed(), 150);
}

TEST_F(WatchersTest, only_a_key_that_may_sees_who_did_what) {
  const registry::KeyId operators(7);
  registry::Request create =
      machine::request(registry::CreateKey{operators, {}, "ann", registry::Role::kOperator, {}, {}});
  create.key = registry::kMachine;
  machine::run(state_, make_.add(2, 1, create).frame());
  Watchers watchers(loop_, state_, {});
  Client anybody(loop_), auditor(loop_);
  ASSERT_TRUE(watchers.watch(*anybody.connection, 1, state_.position(), registry::kNoKey).ok());
  ASSERT_TRUE(watchers.watch(*auditor.connection, 1, state_.position(), operators).ok());
  pass(watchers);
  registry::Request by_ann = machine::set("elm", 5);
  by_ann.key = operators;
  machine::run(state_, make_.add(2, 2, by_ann).frame());
  pass(watchers);
  anybody.read();
  auditor.read();
  ASSERT_EQ(anybody.actors.size(), 1U);
  ASSERT_EQ(auditor.actors.size(), 1U);
  EXPECT_TRUE(anybody.actors[0].empty()) << anybody.actors[0];
  EXPECT_FALSE(auditor.actors[0].empty());
}

TEST_F(WatchersTest, what_the_history_no_longer_has_is_said_once_and_ends_the_watch) {
  Watchers watchers(loop_, state_, {});
  write(5);
  make_.pass_ms(limits::kHistoryAgeMs + 1);
  write(1);
  Client late(loop_);
  ASSERT_TRUE(watchers.watch(*late.connection, 1, Position(1), registry::kNoKey).ok());
  pass(watchers);
  EXPECT_EQ(watchers.count(), 0U);
  late.read();
  EXPECT_EQ(late.code, Code::kTooOld);
}

TEST_F(WatchersTest, an_address_has_its_share_and_gets_it_back) {
  Watchers watchers(loop_, state_, {.in_all = 3, .per_address = 2});
  Client a(loop_), b(loop_), c(loop_), d(loop_);
  EXPECT_TRUE(watchers.watch(*a.connection, 1, Position(1), registry::kNoKey).ok());
  EXPECT_TRUE(watchers.watch(*b.connection, 1, Position(1), registry::kNoKey).ok());
  EXPECT_TRUE(watchers.watch(*b.connection, 1, Position(2), registry::kNoKey).ok()) << "the same one again";
  EXPECT_EQ(watchers.watch(*c.connection, 1, Position(1), registry::kNoKey).error().code, Code::kTooMany);
  EXPECT_TRUE(watchers.watch(*c.connection, 2, Position(1), registry::kNoKey).ok());
  EXPECT_EQ(watchers.watch(*d.connection, 3, Position(1), registry::kNoKey).error().code, Code::kBusy);
  watchers.forget(*a.connection);
  EXPECT_TRUE(watchers.watch(*d.connection, 3, Position(1), registry::kNoKey).ok());
}

}  // namespace
}  // namespace titer::node
