// What direct clients may send, at three replicas that run the protocol: hellos and frames with any numbers in them, to
// one replica or to all, or any bytes that decode; clients that vanish. No client can stop a replica, and afterwards
// all have executed the same.
#include "base/check.h"
#include "base/limits.h"
#include "fuzz/input.h"
#include "smr/testing/cluster.h"
#include "wire/codec.h"

namespace titer::fuzz {
namespace {

constexpr int kReplicas = 3;

TransmitterId client(std::uint32_t n) { return TransmitterId(kDirectClientBit | (70 + n)); }

void give(smr::testing::Cluster& cluster, std::uint32_t to, TransmitterId from, const smr::FromClient& message) {
  for (int i = 0; i < kReplicas; ++i)
    if (to == kReplicas || static_cast<std::uint32_t>(i) == to) cluster.give(i, smr::input::Direct{from, message});
}

smr::FramePtr frame(Input& in, TransmitterId from) {
  const std::uint64_t view = in.below(3), seq = in.below(6), ts = in.byte();
  const bool rest = in.below(2) == 1;
  const std::string body(as_text(in.take(in.below(8))));
  return smr::testing::make_frame(view, from, seq, ts, body, {}, rest);
}

// Bytes as they come over the connection: what does not decode never reaches a replica.
void raw(smr::testing::Cluster& cluster, Input& in, std::uint32_t to, TransmitterId from) {
  const auto type = in.below(2) == 0 ? wire::Type::kDirectHello : wire::Type::kFrame;
  if (auto message = wire::decode_from_client({type, in.piece()})) give(cluster, to, from, *message);
}

void step(smr::testing::Cluster& cluster, Input& in) {
  const std::uint32_t what = in.below(8), to = in.below(kReplicas + 1);
  const TransmitterId from = client(in.below(3));
  switch (what) {
    case 0: return give(cluster, to, from, smr::Hello{ViewNumber(in.below(3))});
    case 1:
    case 2: return give(cluster, to, from, frame(in, from));
    case 3: return raw(cluster, in, to, from);
    case 4: return cluster.submit(static_cast<int>(to % kReplicas), "x");
    case 5: return cluster.settle();
    case 6: return cluster.pass(limits::kHeartbeatEveryUs * (1 + in.below(30)));
    default: return cluster.give(static_cast<int>(to % kReplicas), smr::input::DirectLost{from});
  }
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  smr::testing::Cluster cluster(fuzz::kReplicas);
  for (int i = 0; in.more() && i < 100; ++i) fuzz::step(cluster, in);
  cluster.settle();
  cluster.view(smr::testing::make_view(1, {0, 1, 2}));  // settles what clients have left half done
  cluster.settle();
  for (int i = 0; i < fuzz::kReplicas; ++i) {
    TITER_CHECK(!cluster[i].stop, "no client stops a replica");
    TITER_CHECK(cluster.executed(i) == cluster.executed(0), "all execute the same");
  }
  return 0;
}
