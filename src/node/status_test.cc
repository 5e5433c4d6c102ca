// SPDX-License-Identifier: Apache-2.0

// What `status` and monitors are told, and what a trace of frames shows.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/limits.h"
#include "node/frame_trace.h"
#include "node/testing/two_nodes.h"

namespace titer::node {
namespace {

using net::test::FakeWire;
using test::members;

boost::json::object text_of(FakeWire& wire, void (*ask)(Bytes&), const std::function<void()>& turn,
                            const std::function<std::vector<std::string>()>& heard) {
  Bytes out;
  ask(out);
  wire.send(out);
  turn();
  const auto texts = heard();
  EXPECT_EQ(texts.size(), 1U);
  return texts.empty() ? boost::json::object() : boost::json::parse(texts[0]).as_object();
}

class StatusTest : public test::TwoNodes {
 protected:
  [[nodiscard]] boost::json::object status(std::uint16_t of = 0) { return asked(wire::encode_status_ask, of); }
  [[nodiscard]] boost::json::object trace(std::uint16_t of = 0) { return asked(wire::encode_trace_ask, of); }

 private:
  [[nodiscard]] boost::json::object asked(void (*what)(Bytes&), std::uint16_t of) {
    auto wire = client_at(port_of(of), 900 + next_++, 0, true);
    turn_both();
    (void)wire.take();
    return text_of(
        wire, what, [this] { turn_both(); }, [&wire] { return hear(wire).texts; });
  }
  std::uint64_t next_ = 0;
};

TEST_F(StatusTest, it_says_who_this_is_and_whom_it_works_with) {
  open_both();
  live_both(200'000);
  const auto now = status();
  EXPECT_EQ(now.at("replica").to_number<int>(), 0);
  EXPECT_EQ(now.at("cluster").as_string(), "0000000000000007");
  EXPECT_EQ(now.at("incarnation").as_string(), "0000000000000064");
  EXPECT_EQ(now.at("address").as_string(), "here:100");
  const auto& all = now.at("members").as_array();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].at("id").to_number<int>(), 1);
  EXPECT_EQ(all[1].at("incarnation").as_string(), "0000000000000065");
  EXPECT_TRUE(now.at("full").as_bool());
  EXPECT_FALSE(now.at("wedged").as_bool());
  EXPECT_TRUE(now.at("lease").as_bool());
  EXPECT_EQ(now.at("durability").as_string(), "memory");
  EXPECT_FALSE(now.contains("join")) << "a member does not learn";
  EXPECT_FALSE(now.contains("disk_full")) << "it has none";
  EXPECT_EQ(now.at("register").at("kind").as_string(), "fake");
}

TEST_F(StatusTest, it_counts_what_was_done) {
  open_both();
  auto writer = client(1), reader = client(2);
  live_both(100'000);
  request(writer, 1, machine::add_site("elm", "Elm"));
  request(writer, 2, machine::add_site("oak", "Oak"));
  live_both(100'000);
  ask(reader, 1, registry::ListSites{});
  live_both(20'000);
  const auto now = status();
  EXPECT_EQ(now.at("position").to_number<int>(), 2);
  EXPECT_EQ(now.at("executed").to_number<int>(), 2);
  EXPECT_EQ(now.at("sites").to_number<int>(), 2);
  EXPECT_EQ(now.at("reads_answered").to_number<int>(), 1);
  EXPECT_EQ(now.at("clients").to_number<int>(), 3) << "and the one that asks";
  EXPECT_EQ(now.at("pending_requests").to_number<int>(), 0);
  EXPECT_EQ(now.at("digest").as_string(), status(1).at("digest").as_string()) << "equal at equal positions";
}

TEST_F(StatusTest, without_heartbeats_of_another_member_there_is_no_lease) {
  open_both();
  live_both(200'000);
  hold(true);
  live_both(limits::kReadLeaseUs);
  EXPECT_FALSE(status().at("lease").as_bool());
}

TEST_F(StatusTest, a_learner_says_how_far_it_is) {
  open_both(members(3, {0}));
  live_both(20'000);
  const auto now = status(1);
  EXPECT_FALSE(now.at("full").as_bool());
  EXPECT_TRUE(now.at("join").as_object().contains("passes"));
  EXPECT_TRUE(now.at("members").as_array().empty()) << "it has installed no view";
}

TEST_F(StatusTest, a_register_that_refuses_says_why) {
  struct Refusing final : view::ViewRegister {
    void compare_and_set(const wire::CompareAndSet&, bool) override {}
    void ready(Position) override {}
    Status operate(const wire::Operate&) override { return ok_status(); }
    void goodbye(const std::string&) override {}
    [[nodiscard]] view::RegisterStatus status() const override {
      return {"etcd", true, false, "it went back", "http://here:2379", 12, "no space"};
    }
  } refusing;
  open_both();
  node->use(refusing);
  const auto now = status();
  const auto& shown = now.at("register").as_object();
  EXPECT_FALSE(shown.at("writable").as_bool());
  EXPECT_EQ(shown.at("refused").as_string(), "it went back");
  EXPECT_EQ(shown.at("endpoint").as_string(), "http://here:2379");
  EXPECT_EQ(shown.at("revision").to_number<int>(), 12);
  EXPECT_EQ(shown.at("write_error").as_string(), "no space");
  node->use(reg);
}

TEST_F(StatusTest, a_frame_is_followed_from_its_sender_to_its_execution) {
  open_both();
  auto writer = client(1);
  live_both(200'000);
  EXPECT_TRUE(trace().at("frames").as_array().empty()) << "it is kept from the first question on";
  EXPECT_TRUE(trace(1).at("frames").as_array().empty());
  request(writer, 1, machine::add_site("elm", "Elm"));
  live_both(100'000);
  const auto with_requests = [](const boost::json::object& all) {
    std::vector<boost::json::object> out;
    for (const auto& one : all.at("frames").as_array())
      if (one.at("requests").to_number<int>() > 0) out.push_back(one.as_object());
    return out;
  };
  const auto here = with_requests(trace()), there = with_requests(trace(1));
  ASSERT_EQ(here.size(), 1U);
  ASSERT_EQ(there.size(), 1U);
  EXPECT_TRUE(here[0].contains("sent_us"));
  EXPECT_FALSE(here[0].contains("received_us")) << "it is its own";
  EXPECT_TRUE(there[0].contains("received_us"));
  EXPECT_FALSE(there[0].contains("sent_us"));
  for (const auto& frame : {here[0], there[0]})
    for (const char* step : {"stable_us", "safe_us", "executed_us"}) EXPECT_TRUE(frame.contains(step)) << step;
  for (const char* name : {"from", "view", "seq", "clock"}) EXPECT_EQ(here[0].at(name), there[0].at(name)) << name;
}

// --- FrameTrace alone

smr::FramePtr frame_of(std::uint16_t gateway, std::uint64_t seq) {
  smr::Frame frame;
  frame.transmitter = gateway_of(ReplicaId(gateway));
  frame.seq = Seq(seq);
  return std::make_shared<const smr::Frame>(frame);
}
std::vector<std::int64_t> seqs_in(FrameTrace& trace, BootTime now) {
  std::vector<std::int64_t> out;
  const auto all = boost::json::parse(trace.json(now));
  for (const auto& one : all.at("frames").as_array()) out.push_back(one.at("seq").to_number<std::int64_t>());
  return out;
}
std::vector<smr::Output::Send> said(const smr::PeerMessage& message) { return {smr::Output::Send{{}, message}}; }
constexpr BootTime kTraceBegin{1'000'000'000};

TEST(FrameTrace, nothing_is_kept_while_nobody_asks) {
  FrameTrace trace(ReplicaId(0));
  trace.sent(said(frame_of(0, 1)), kTraceBegin);
  trace.received(ReplicaId(1), *frame_of(1, 1), kTraceBegin);
  EXPECT_TRUE(seqs_in(trace, kTraceBegin).empty());
  trace.sent(said(frame_of(0, 2)), kTraceBegin);
  EXPECT_EQ(seqs_in(trace, kTraceBegin), std::vector<std::int64_t>{2});
  const BootTime late(kTraceBegin.value + FrameTrace::kWatchedUs);
  EXPECT_TRUE(seqs_in(trace, late).empty()) << "what came in between was not seen";
}

TEST(FrameTrace, the_last_frames_are_kept) {
  FrameTrace trace(ReplicaId(0));
  (void)trace.json(kTraceBegin);
  for (std::uint64_t seq = 1; seq <= FrameTrace::kFramesMax + 5; ++seq)
    trace.received(ReplicaId(1), *frame_of(1, seq), kTraceBegin);
  const auto seqs = seqs_in(trace, kTraceBegin);
  ASSERT_EQ(seqs.size(), FrameTrace::kFramesMax);
  EXPECT_EQ(seqs.front(), 6);
  EXPECT_EQ(seqs.back(), static_cast<std::int64_t>(FrameTrace::kFramesMax) + 5);
}

TEST(FrameTrace, only_a_gateway_s_own_frames_count_from_it_and_others_are_not_sent_by_us) {
  FrameTrace trace(ReplicaId(0));
  (void)trace.json(kTraceBegin);
  trace.received(ReplicaId(1), *frame_of(2, 7), kTraceBegin);  // a frame of a third, in a flush
  trace.sent(said(frame_of(2, 7)), kTraceBegin);
  trace.sent(said(smr::Heartbeat{}), kTraceBegin);
  EXPECT_TRUE(seqs_in(trace, kTraceBegin).empty());
}

// After a link is made again the protocol repeats what may be lost.
TEST(FrameTrace, a_frame_that_is_repeated_is_one_frame) {
  FrameTrace trace(ReplicaId(0));
  (void)trace.json(kTraceBegin);
  for (int i = 0; i < 2; ++i) {
    trace.sent(said(frame_of(0, 1)), kTraceBegin);
    trace.received(ReplicaId(1), *frame_of(1, 1), kTraceBegin);
  }
  EXPECT_EQ(seqs_in(trace, kTraceBegin), (std::vector<std::int64_t>{1, 1})) << "one of each replica";
}

}  // namespace
}  // namespace titer::node
