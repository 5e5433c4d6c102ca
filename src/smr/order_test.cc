// SPDX-License-Identifier: Apache-2.0

// Stability and order against a slow, obvious model on random inputs.
//
// One real replica gets frames of peers and direct clients that were made up at random (valid, but with any
// timestamps and acknowledgements). The model never discards a frame and decides by the definitions of §2.4-§2.6 as
// they stand in the protocol, nothing skipped or remembered: it must execute the same frames at the same turns.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "smr/stream.h"
#include "smr/testing/cluster.h"
#include "smr/testing/schedule.h"

namespace titer::smr::testing {
namespace {

struct Model {
  int t = 1;
  std::vector<FramePtr> received;  // own ones too
  std::set<TransmitterId> active;
  std::map<TransmitterId, LamportTime> welcomed;
  std::set<Uid> executed;

  Uid last(TransmitterId x) const {
    Uid u{LamportTime(0), x};
    if (const auto it = welcomed.find(x); it != welcomed.end()) u.ts = it->second;
    for (const FramePtr& f : received)
      if (f->transmitter == x) u = std::max(u, f->uid());
    return u;
  }
  bool stable(const Frame& f) const {
    std::set<TransmitterId> others = active;
    for (int j = 0; j < t; ++j) others.insert(TransmitterId(static_cast<std::uint64_t>(j)));
    others.erase(f.transmitter);
    for (TransmitterId y : others)
      if (last(y) <= f.uid()) return false;
    return true;
  }
  bool safe(const Frame& f) const {
    for (int j = 1; j < t; ++j) {
      bool holds = false;
      for (const FramePtr& g : received)
        if (g->transmitter == TransmitterId(static_cast<std::uint64_t>(j)))
          for (const auto& [x, seq] : g->acks) holds = holds || (x == f.transmitter && seq >= f.seq);
      if (!holds) return false;
    }
    return true;
  }
  std::vector<FramePtr> turn() {
    std::vector<FramePtr> out;
    while (true) {
      FramePtr head;
      for (const FramePtr& f : received)
        if (f->count > 0 && !executed.contains(f->uid()) && (!head || f->uid() < head->uid())) head = f;
      if (!head || !stable(*head) || !safe(*head)) return out;
      executed.insert(head->uid());
      out.push_back(head);
    }
  }
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed),
        t_(1 + static_cast<int>(seed % 5)),
        replica_(Options{.me = ReplicaId(0), .incarnation = Incarnation(100)}, view()) {
    model_.t = t_;
    for (std::uint64_t k = 0; k < random_.below(4); ++k) clients_.emplace_back(kDirectClientBit | (k + 1));
  }
  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      const auto dice = random_.below(10);
      if (dice < 5 && t_ > 1) {
        peer_frame(1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(t_ - 1))));
      } else if (dice < 7 && !clients_.empty()) {
        client(clients_[random_.below(clients_.size())]);
      } else if (dice < 8) {
        give(input::Submit{SessionId(1), RequestNumber(++number_), as_bytes("own")});
      } else {
        turn();
      }
    }
  }
  std::size_t executed() const { return model_.executed.size(); }

 private:
  ViewRecord view() const {
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < t_; ++i) ids.push_back(static_cast<std::uint16_t>(i));
    return make_view(0, ids);
  }
  void give(const Input& input) { replica_.step(BootTime(1), input, out_); }

  FramePtr next_frame(TransmitterId x, AckRow acks, bool rest) {
    const std::uint64_t seq = ++seqs_[x];
    auto& ts = times_[x];
    ts += 1 + random_.below(6);
    return make_frame(0, x, seq, ts, random_.chance(.5) ? "request" : "", std::move(acks), rest);
  }
  // Of as many frames of a direct client, none of which has a content here.
  static Content running(Seq seq) {
    Content content;
    for (Seq s; s < seq; ++s) content = fold(content, Content{});
    return content;
  }
  void peer_frame(int j) {
    const TransmitterId x(static_cast<std::uint64_t>(j));
    AckRow acks;
    for (auto& [y, seq] : seqs_)
      if (y == x || random_.chance(.7))
        acks.emplace_back(y, Seq(y == x ? seq + 1 : seq - random_.below(std::min<std::uint64_t>(seq, 2) + 1)));
    if (!seqs_.contains(x)) acks.emplace_back(x, Seq(1));
    std::ranges::sort(acks);
    // It is late now and then, so that others' clocks run ahead of it.
    if (random_.chance(.2)) times_[x] = std::max(times_[x], replica_.snapshot().clock.value);
    const auto f = std::make_shared<Frame>(*next_frame(x, std::move(acks), false));
    for (const auto& [y, seq] : f->acks)
      if (is_direct_client(y)) f->ack_contents.push_back(running(seq));
    model_.received.push_back(f);
    give(input::Receive{ReplicaId(static_cast<std::uint16_t>(j)), Incarnation(100U + static_cast<unsigned>(j)), f});
  }
  void client(TransmitterId x) {
    if (!model_.active.contains(x)) {
      model_.active.insert(x);
      model_.welcomed[x] = replica_.snapshot().clock;
      times_[x] = std::max(times_[x], replica_.snapshot().clock.value);
      return give(input::Direct{x, Hello{ViewNumber(0)}});
    }
    if (random_.chance(.3)) times_[x] = std::max(times_[x], replica_.snapshot().clock.value);
    const FramePtr f = next_frame(x, {}, random_.chance(.3));
    model_.received.push_back(f);
    give(input::Direct{x, f});
    if (f->rest) model_.active.erase(x);
  }
  void turn() {
    give(input::EndOfTurn{WallTime(0)});
    Output out;
    std::swap(out, out_);
    ASSERT_TRUE(out.cut.empty()) << out.cut[0].reason;
    for (const auto& s : out.send)
      if (const auto* f = std::get_if<FramePtr>(&s.message)) {
        model_.received.push_back(*f);
        seqs_[TransmitterId(0)] = (*f)->seq.value;
      }
    // A view of one sends nothing: what it executes of its own is its own frame.
    if (t_ == 1)
      for (const auto& e : out.execute)
        if (e.frame->transmitter == TransmitterId(0)) model_.received.push_back(e.frame);
    if (t_ == 1) {
      // Nor does it tell itself that its clock went on.
      model_.welcomed[TransmitterId(0)] = replica_.snapshot().clock;
    }
    const std::vector<FramePtr> expected = model_.turn();
    ASSERT_EQ(out.execute.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(out.execute[i].frame->uid(), expected[i]->uid());
    for (const FramePtr& f : model_.received)
      if (f->count > 0) compare_standing(*f);
  }
  // What people are shown of a frame is what decides about its execution.
  void compare_standing(const Frame& f) {
    const FrameStatus frame_status = replica_.frame_status(f.view, f.uid(), f.seq);
    if (model_.executed.contains(f.uid())) {
      ASSERT_TRUE(frame_status.stable && frame_status.safe);
      return;
    }
    ASSERT_EQ(frame_status.safe, model_.safe(f));
    // The model does not know that this replica's clock is above everything that it has received (LC2).
    if (model_.last(TransmitterId(0)) > f.uid()) {
      ASSERT_EQ(frame_status.stable, model_.stable(f));
    }
  }

  Random random_;
  int t_;
  Replica replica_;
  Output out_;
  Model model_;
  std::vector<TransmitterId> clients_;
  std::map<TransmitterId, std::uint64_t> seqs_, times_;
  std::uint64_t number_ = 0;
};

TEST(Order, executes_what_the_obvious_model_executes_at_the_same_turn) {
  std::size_t executed = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    World world(seed);
    world.run(150);
    executed += world.executed();
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(executed, 5'000U);
}

}  // namespace
}  // namespace titer::smr::testing
