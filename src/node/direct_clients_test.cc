// SPDX-License-Identifier: Apache-2.0

// Direct clients, on which the protocol relies as on a replica: the right to be one, and the price of holding up the others.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/testing/one_node.h"
#include "smr/direct_client.h"
#include "wire/token.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

class DirectClientsTest : public test::OneNode {
 protected:
  void open_alone(NodeOptions options = {}) { open(0, members(0, {0}), 1, std::move(options)); }

  // A direct client that has said hello, on the connection and in the protocol.
  [[nodiscard]] FakeWire direct(std::uint64_t number, std::uint64_t from = 5, bool local = false) {
    auto wire = connect(number, from, local);
    send(wire, smr::FromClient(smr::Hello{view}));
    turn();
    return wire;
  }
  [[nodiscard]] FakeWire connect(std::uint64_t number, std::uint64_t from = 5, bool local = false) {
    auto wire = env.connect(port_of(0), from, local);
    wire::Hello hello;
    hello.role = wire::Role::kDirectClient;
    hello.transmitter = TransmitterId(number | kDirectClientBit);
    hello.session = SessionId(1'000 + number);
    send(wire, hello);
    turn();
    return wire;
  }
  [[nodiscard]] static bool welcomed(FakeWire& wire) {
    const auto types = wire.take_types();
    return std::ranges::find(types, wire::Type::kWelcome) != types.end();
  }
  void make_key(registry::KeyId id, std::string_view owner, registry::Role role, registry::KeyId by) {
    auto machine = client(9, 0, true);
    registry::Request create =
        machine::request(registry::CreateKey{id, wire::hash_secret(owner), owner, role, {}, {}});
    create.key = by;
    request(machine, id.value, create);
    live(20'000);
    ASSERT_EQ(hear(machine).answers.at(0).second.code, Code::kOk);
  }
  ViewNumber view;
};

// The client's own state machine, over a wire.
struct DirectWriter {
  DirectWriter(std::uint64_t number, FakeWire& over)
      : client(TransmitterId(number | kDirectClientBit), SessionId(1'000 + number)), wire(over) {}
  void step(BootTime now, const smr::DirectClient::Input& input) { client.step(now, input, out); }
  void send_all() {
    Bytes bytes;
    for (const auto& send : out.send) wire::encode(bytes, send.message);
    out.clear();
    wire.send(bytes);
  }
  // Of what has come: the protocol's to the client; how many answers there are.
  std::size_t take(BootTime now) {
    std::size_t answers = 0;
    const Bytes all = wire.take();
    for (ByteView rest = all; !rest.empty();) {
      const auto next = wire::next_message(rest);
      if (!next || !*next) break;
      const wire::Message& message = **next;
      if (message.type == wire::Type::kAnswer) {
        ++answers;
        step(now, smr::DirectClient::Answered{wire::decode_answer(message.payload)->number});
      }
      if (message.type != wire::Type::kWelcome && message.type != wire::Type::kSolicit &&
          message.type != wire::Type::kViewIs)
        continue;
      step(now, smr::DirectClient::Receive{ReplicaId(0), wire::decode_to_client(message).value()});
    }
    return answers;
  }
  smr::DirectClient client;
  smr::DirectClient::Output out;
  FakeWire& wire;
};

TEST_F(DirectClientsTest, its_broadcast_is_executed_and_answered) {
  open_alone();
  auto wire = connect(1);
  (void)wire.take();
  DirectWriter writer(1, wire);
  Bytes body;
  wire::encode_request(body, machine::add_site("elm", "Elm"));
  writer.step(env.boot_now(),
              smr::DirectClient::Receive{ReplicaId(0), smr::ToClient(smr::ViewIs{members(0, {0})})});
  writer.step(env.boot_now(), smr::DirectClient::Connected{ReplicaId(0), Incarnation(100), Position(1)});
  writer.step(env.boot_now(), smr::DirectClient::Submit{body});
  std::size_t answers = 0;
  for (int i = 0; i < 40 && answers == 0; ++i) {
    writer.step(env.boot_now(), smr::DirectClient::Tick{});
    writer.step(env.boot_now(), smr::DirectClient::EndOfTurn{env.wall_now()});
    writer.send_all();
    live(5'000);
    answers += writer.take(env.boot_now());
  }
  EXPECT_EQ(answers, 1U);
  EXPECT_EQ(node->engine().machine.registry().totals().sites, 1U);
}

TEST_F(DirectClientsTest, a_hello_is_welcomed) {
  open_alone();
  auto wire = direct(1);
  EXPECT_TRUE(welcomed(wire));
}

TEST_F(DirectClientsTest, once_there_are_keys_only_an_operator_s_may_be_one) {
  open_alone();
  constexpr registry::KeyId kBoss{21}, kGuest{22};
  make_key(kBoss, "boss", registry::Role::kOperator, registry::kMachine);
  make_key(kGuest, "guest", registry::Role::kReader, kBoss);
  auto nobody = direct(1);
  EXPECT_TRUE(nobody.closed());
  EXPECT_NE(hear(nobody).goodbye.find("to be a direct client"), std::string::npos);
  for (const auto& [id, owner, may] : {std::tuple(kBoss, "boss", true), std::tuple(kGuest, "guest", false)}) {
    auto wire = connect(id.value);
    send(wire, wire::Authenticate{id, owner});
    live(20'000);
    ASSERT_EQ(hear(wire).authenticated, std::vector{Code::kOk});
    send(wire, smr::FromClient(smr::Hello{}));
    turn();
    EXPECT_EQ(wire.closed(), !may) << owner;
  }
}

TEST_F(DirectClientsTest, from_another_machine_it_needs_a_key_where_that_is_asked_for) {
  NodeOptions options;
  options.remote_writes_need_key = true;
  open_alone(std::move(options));
  auto remote = direct(1), local = direct(2, 0, true);
  EXPECT_TRUE(remote.closed());
  EXPECT_TRUE(welcomed(local));
}

// A frame is not counted: one that is left out would hold up the others.
TEST_F(DirectClientsTest, where_requests_are_limited_it_needs_a_key) {
  NodeOptions options;
  options.limits.rates = net::RateLimits::of(10, 10);
  open_alone(std::move(options));
  auto wire = direct(1);
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("needs a key"), std::string::npos);
}

TEST_F(DirectClientsTest, a_replica_that_takes_no_writes_takes_no_direct_clients) {
  open_alone();
  node->restarts(true);
  auto during = direct(1);
  EXPECT_TRUE(during.closed());
  node->restarts(false);
  auto after = direct(2);
  EXPECT_TRUE(welcomed(after));
}

TEST_F(DirectClientsTest, its_requests_name_no_key_that_it_has_not_shown) {
  open_alone();
  auto wire = direct(1);
  ASSERT_TRUE(welcomed(wire));
  registry::Request stolen = machine::add_site("elm", "Elm");
  stolen.key = registry::KeyId(5);
  machine::FrameMaker make;
  smr::Frame frame = make.add(1'001, 1, stolen).frame();
  frame.transmitter = TransmitterId(1 | kDirectClientBit);
  Bytes out;
  wire::encode(out, frame);
  wire.send(out);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(hear(wire).goodbye.find("authenticate first"), std::string::npos);
}

TEST_F(DirectClientsTest, one_address_has_a_bounded_number_of_them) {
  open_alone();
  std::vector<FakeWire> wires;
  for (std::uint64_t n = 1; n <= 257; ++n) wires.push_back(direct(n));
  EXPECT_FALSE(wires[255].closed());
  EXPECT_TRUE(wires[256].closed());
  EXPECT_NE(hear(wires[256]).goodbye.find("gateway"), std::string::npos) << "it says what to do instead";
  auto elsewhere = direct(1'000, 6);
  EXPECT_TRUE(welcomed(elsewhere));
}

// Each of them costs everybody a view.
TEST_F(DirectClientsTest, an_address_that_holds_the_others_up_again_and_again_stays_away_for_a_while) {
  open_alone();
  unsigned lost = 0;
  std::string refusal;
  for (std::uint64_t n = 1; n <= 40 && refusal.empty(); ++n) {
    auto wire = direct(n);
    if (wire.closed()) {
      refusal = hear(wire).goodbye;
      break;
    }
    ASSERT_TRUE(welcomed(wire)) << n;
    wire.close();  // in the middle of a broadcast
    turn();
    ++lost;
    view = ViewNumber(n);
    node->on_record(members(n, {0}));
    live(20'000);
  }
  EXPECT_EQ(lost, HoldOffs::kFree + 1);
  EXPECT_NE(refusal.find("come again in"), std::string::npos) << refusal;
  auto elsewhere = direct(100, 6), here = direct(101, 0, true);
  EXPECT_TRUE(welcomed(elsewhere)) << "another address";
  EXPECT_TRUE(welcomed(here)) << "the local socket is not counted";
  live(HoldOffs::kFirstUs + 100'000);
  auto later = direct(102);
  EXPECT_TRUE(welcomed(later));
}

TEST_F(DirectClientsTest, one_that_is_passive_may_go_whenever_it_likes) {
  open_alone();
  for (std::uint64_t n = 1; n <= 40; ++n) {
    auto wire = connect(n);
    ASSERT_FALSE(wire.closed()) << n;
    wire.close();
    turn();
  }
  EXPECT_TRUE(reg.asked.empty()) << "no view is made without it";
  auto wire = direct(100);
  EXPECT_TRUE(welcomed(wire));
}

}  // namespace
}  // namespace titer::node
