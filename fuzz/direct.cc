// SPDX-License-Identifier: Apache-2.0

// What direct clients may send, at three replicas that run the protocol: hellos and frames in any order with wrong views,
// numbers and contents, or any bytes that decode; and clients that die after some replicas have got their last message. No
// client can stop a replica, and afterwards all have executed the same.
//
// A direct client is a transmitter, and like a replica it fails by stopping (docs/explanation/protocol.md 3): so it tells all
// replicas the same, in the same order, and its timestamps are above the clocks it was welcomed with. (One that lies:
// src/smr/equivocation_test.cc and the simulator.)
#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/limits.h"
#include "fuzz/input.h"
#include "smr/testing/cluster.h"
#include "wire/codec.h"

namespace titer::fuzz {
namespace {

constexpr int kReplicas = 3;
constexpr std::uint32_t kClients = 4;

struct World {
  smr::testing::Cluster cluster{kReplicas};
  std::array<bool, kClients> dead{};

  [[nodiscard]] LamportTime clock() {
    LamportTime highest;
    for (int i = 0; i < kReplicas; ++i) highest = std::max(highest, cluster[i].replica->snapshot().clock);
    return highest;
  }
};

TransmitterId id(std::uint32_t client) { return TransmitterId(kDirectClientBit | (70 + client)); }

// To all, or to the first `to` of them, and then the client is dead.
void give(World& world, std::uint32_t to, std::uint32_t client, const smr::FromClient& message) {
  const bool dies = to > 0 && to < kReplicas;
  for (int i = 0; i < (dies ? static_cast<int>(to) : kReplicas); ++i)
    world.cluster.give(i, smr::input::Direct{id(client), message});
  if (!dies) return;
  world.dead[client] = true;
  for (int i = 0; i < kReplicas; ++i) world.cluster.give(i, smr::input::DirectLost{id(client)});
}

smr::FramePtr frame(World& world, Input& in, std::uint32_t client) {
  const std::uint64_t view = in.below(3), seq = in.below(6);
  const LamportTime ts(world.clock().value + 1 + in.byte());
  const bool rest = in.below(2) == 1;
  const std::string body(as_text(in.take(in.below(8))));
  return smr::testing::make_frame(view, id(client), seq, ts.value, body, {}, rest);
}

// Bytes as they come over the connection: what does not decode never reaches a replica.
void raw(World& world, Input& in, std::uint32_t to, std::uint32_t client) {
  const auto type = in.below(2) == 0 ? wire::Type::kDirectHello : wire::Type::kFrame;
  auto message = wire::decode_from_client({type, in.piece()});
  if (!message) return;
  const auto* f = std::get_if<smr::FramePtr>(&*message);
  if (f != nullptr && (*f)->ts <= world.clock()) return;
  give(world, to, client, *message);
}

void step(World& world, Input& in) {
  const std::uint32_t what = in.below(8), to = in.below(32), client = in.below(kClients);
  if (what < 4 && world.dead[client]) return;
  switch (what) {
    case 0: return give(world, to, client, smr::Hello{ViewNumber(in.below(3))});
    case 1:
    case 2: return give(world, to, client, frame(world, in, client));
    case 3: return raw(world, in, to, client);
    case 4: return world.cluster.submit(static_cast<int>(to % kReplicas), "x");
    case 5: return world.cluster.settle();
    case 6: return world.cluster.pass(limits::kHeartbeatEveryUs * (1 + in.below(30)));
    default: return world.cluster.turns();
  }
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  fuzz::World world;
  smr::testing::Cluster& cluster = world.cluster;
  for (int i = 0; in.more() && i < 100; ++i) fuzz::step(world, in);
  cluster.settle();
  cluster.view(smr::testing::make_view(1, {0, 1, 2}));  // settles what clients have left half done
  cluster.settle();
  for (int i = 0; i < fuzz::kReplicas; ++i) {
    TITER_CHECK(!cluster[i].stop, "no client stops a replica");
    TITER_CHECK(cluster.executed(i) == cluster.executed(0), "all execute the same");
  }
  return 0;
}
