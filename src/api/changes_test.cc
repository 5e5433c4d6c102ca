// SPDX-License-Identifier: Apache-2.0

// The change stream: pages of history, then the shared watch; every event once and in order.
#include "api/changes.h"

#include <gtest/gtest.h>

#include <atomic>

#include "api/limits.h"
#include "api/testing.h"

namespace titer::api {
namespace {

registry::Event event_at(std::uint64_t position, std::uint32_t part = 0) {
  registry::Event event;
  event.position = Position(position);
  event.part = part;
  event.time = WallTime(1'700'000'000'000);
  event.site_id = "elm";
  event.product = "any";
  event.after = registry::Availability::of(position);
  return event;
}

constexpr registry::KeyId kProvider{0xB0B}, kEnded{0xE0D};  // any other key is an auditor's

std::string shows(registry::KeyId key) {
  return "Authorization: Bearer titer_" + registry::to_text(key) + "_" + std::string(64, 'a') + "\r\n";
}

// As the replica answers whoever asks.
registry::Event seen_by(registry::KeyId key, registry::Event event) {
  if (key != registry::kNoKey && key != kProvider) event.actor = "ann";
  return event;
}

// A replica whose history has positions 11 … 20, one event each.
class ChangesTest : public testing::Test {
 protected:
  ChangesTest() {
    server_.replica.on_query = [this](const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
      ByteWriter out(buffer);
      if (const auto* act = std::get_if<registry::CheckAct>(&query)) {
        if (act->id == kProvider) answer_with(Code::kForbidden, "not you", answer);
        if (act->id == kEnded) answer_with(Code::kUnauthorized, "it was revoked", answer);
        return;
      }
      if (const auto* changes = std::get_if<registry::Changes>(&query)) {
        if (changes->since < Position(10)) return answer_with(Code::kTooOld, "no longer kept", answer);
        const std::uint64_t last = std::min<std::uint64_t>(20, changes->since.value + 4);
        out.u8(last < 20 ? 1 : 0);
        for (std::uint64_t p = changes->since.value + 1; p <= last; ++p)
          wire::encode_event(out, seen_by(server_.replica.asked_as, event_at(p)));
      } else {
        out.u8(0);
        registry::Totals totals;
        totals.oldest_event = Position(11);
        wire::encode_totals(out, totals);
      }
      answer.position = Position(20);
      answer.body = buffer;
    };
    server_.replica.on_watch = [this](Position since) {
      since_ = since.value;
      const registry::KeyId as = server_.replica.watched_as.back();
      server_.replica.send_events({seen_by(as, event_at(21)), seen_by(as, event_at(21, 1))}, Position(21), as);
    };
  }
  void SetUp() override { server_.start(); }
  // The stream's bytes after the head, until they hold `last`.
  std::string stream(std::string_view target, std::string_view headers, std::string_view last) {
    client_ = std::make_unique<TestClient>(server_.setup.listen);
    client_->send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n");
    return client_->read_until(last);
  }

  TestServer server_;
  std::unique_ptr<TestClient> client_;
  std::atomic<std::uint64_t> since_ = 0;
};

TEST_F(ChangesTest, HistoryAndTheNewFollowEachOtherWithoutGapOrRepetition) {
  const std::string text = stream("/api/v1/changes?since=12&format=ndjson", {}, "\"part\":1");
  std::size_t at = 0;
  for (std::uint64_t p = 13; p <= 21; ++p) {
    const std::size_t found = text.find("{\"position\":" + std::to_string(p) + ",", at);
    ASSERT_NE(found, std::string::npos) << p << " in " << text;
    EXPECT_EQ(text.find("{\"position\":" + std::to_string(p) + ",", found + 1) == std::string::npos, p != 21) << p;
    at = found + 1;
  }
  EXPECT_EQ(since_, 20U);
}

TEST_F(ChangesTest, ABrowserComesBackWithTheLastIdItHas) {
  const std::string text =
      stream("/api/v1/changes?since=11", "Accept: text/event-stream\r\nLast-Event-ID: 19.0\r\n", "id: 21.1");
  EXPECT_EQ(text.find("id: 19.0"), std::string::npos);
  EXPECT_NE(text.find("event: change\nid: 20.0-00000000000c1a57\ndata: {\"position\":20,"), std::string::npos)
      << text;
}

TEST_F(ChangesTest, TheIdOfAnEventIsAPlaceToResumeFrom) {
  const std::string text = stream(
      "/api/v1/changes", "Accept: text/event-stream\r\nLast-Event-ID: 19.0-00000000000c1a57\r\n", "id: 21.1");
  EXPECT_EQ(text.find("id: 19.0"), std::string::npos);
  EXPECT_NE(text.find("id: 20.0-00000000000c1a57"), std::string::npos) << text;
}

// A cluster that was restored from a backup counts the same positions again, for other events.
TEST_F(ChangesTest, AnIdOfAnotherClusterIsToldWhereToBegin) {
  TestClient client = server_.client();
  for (const char* id :
       {"19.0-00000000000c1a58", "19-0000000000000001", "99999999.0-ffffffffffffffff", "0-0000000000000001"}) {
    const auto answer = client.ask("GET", std::string("/api/v1/changes?since=") + id);
    EXPECT_EQ(answer.result_int(), 410U) << id;
    EXPECT_NE(answer.body().find("restored from a backup"), std::string::npos) << answer.body();
    EXPECT_NE(answer.body().find("\"oldest\":11"), std::string::npos) << answer.body();
  }
}

// Nothing would ever come of it but a silence.
TEST_F(ChangesTest, APositionThatWasNeverReachedIsRefused) {
  TestClient client = server_.client();
  for (const char* since : {"21", "99999999", "21.0-00000000000c1a57"}) {
    const auto answer = client.ask("GET", std::string("/api/v1/changes?since=") + since);
    EXPECT_EQ(answer.result_int(), 410U) << since;
    EXPECT_NE(answer.body().find("beyond the newest one, which is 20"), std::string::npos) << answer.body();
  }
}

TEST(Place, IsReadBackAsItIsWrittenAndNothingElseIsOne) {
  for (const Mark mark : {Mark{Position(7), 0}, Mark{Position(7), 2}, Mark::behind(Position(UINT64_MAX))})
    for (const std::uint64_t cluster : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
      const auto place = place_of(text_of(mark, cluster));
      ASSERT_TRUE(place.ok()) << text_of(mark, cluster);
      EXPECT_EQ(place->mark, mark);
      EXPECT_EQ(place->cluster.value_or(0), cluster);
    }
  for (const char* text : {"", "x", "-", "1-", "1.-1", "1.0-", "1.0-x", "1.0-1", "1.0-1ffffffffffffffff", "1.0-1-1",
                           "1.0 -1", "-1", "18446744073709551616", "1.4294967296"})
    EXPECT_FALSE(place_of(text).ok()) << text;
}

TEST_F(ChangesTest, FromNowOnWhenNothingIsSaid) {
  const std::string text = stream("/api/v1/changes", "Accept: text/event-stream\r\n", "id: 21.0");
  EXPECT_EQ(text.find("id: 20.0"), std::string::npos);
}

TEST_F(ChangesTest, TooOldIsToldWhereItBegins) {
  TestClient client = server_.client();
  const auto answer = client.ask("GET", "/api/v1/changes?since=3");
  EXPECT_EQ(answer.result_int(), 410U);
  EXPECT_NE(answer.body().find("\"oldest\":11"), std::string::npos) << answer.body();
  EXPECT_EQ(client.ask("GET", "/api/v1/changes?since=x").result_int(), 400U);
}

TEST_F(ChangesTest, AnAuditorSeesWhoDidItInHistoryAndInTheNewAndNobodyElseDoes) {
  constexpr std::string_view kTarget = "/api/v1/changes?since=19&format=ndjson";
  const auto actors = [&](const std::string& headers) {
    std::string text = stream(kTarget, headers, "\"part\":1");
    text += client_->read_until("\n");
    std::size_t n = 0;
    for (std::size_t at = text.find("\"ann\""); at != std::string::npos; at = text.find("\"ann\"", at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(actors(shows(registry::KeyId(0xA0D))), 3U);
  EXPECT_EQ(actors({}), 0U);
  EXPECT_EQ(actors(shows(kProvider)), 0U);
  EXPECT_EQ(actors(shows(registry::KeyId(0xA0D))), 3U) << "by the ring that is there";
}

TEST_F(ChangesTest, AKeyThatHasEndedGetsNoStream) {
  TestClient client = server_.client();
  EXPECT_EQ(client.ask("GET", "/api/v1/changes?since=19", shows(kEnded)).result_int(), 401U);
}

TEST_F(ChangesTest, MoreAuditorsThanAreAllowedAreSentToAnotherReplica) {
  std::vector<std::unique_ptr<TestClient>> auditors;
  for (std::uint64_t i = 1; i <= limits::kAuditFeedsMax; ++i) {
    auditors.push_back(std::make_unique<TestClient>(server_.setup.listen));
    auditors.back()->send("GET /api/v1/changes?since=20 HTTP/1.1\r\nHost: a\r\n" + shows(registry::KeyId(i)) +
                          "\r\n");
    EXPECT_NE(auditors.back()->read_until("\"part\":1").find("\"ann\""), std::string::npos);
  }
  TestClient one_more = server_.client();
  EXPECT_EQ(one_more.ask("GET", "/api/v1/changes?since=20", shows(registry::KeyId(99))).result_int(), 503U);
  EXPECT_FALSE(stream("/api/v1/changes?since=20", {}, "\"part\":1").empty()) << "everybody else goes on";
}

// 40 MB of events pass, more than the ring and the sockets' buffers hold, while one listener does not read.
TEST_F(ChangesTest, WhoReadsTooSlowlyIsDroppedWithThePlaceToGoOnFrom) {
  (void)stream("/api/v1/changes?since=20", "Accept: text/event-stream\r\n", "id: 21.1");
  TestClient quick = server_.client();
  quick.send("GET /api/v1/changes?since=20&format=ndjson HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string reason(2000, 'r');
  for (std::uint64_t last = 521; last <= 20'021; last += 500) {
    server_.at_replica([this, last, &reason] {
      std::vector<registry::Event> events;
      for (std::uint64_t p = last - 499; p <= last; ++p) {
        events.push_back(event_at(p));
        events.back().reason = reason;
      }
      server_.replica.send_events(events, Position(last));
    });
    ASSERT_FALSE(quick.read_until("{\"position\":" + std::to_string(last) + ",").empty());
  }
  (void)client_->read_until("event: end\n");
  const std::string end = client_->read_until("\n\n");
  EXPECT_TRUE(end.starts_with(R"(data: {"end":"dropped","resume_from":")")) << end.substr(0, 100);
}

TEST_F(ChangesTest, WhoListensIsToldWhenTheServerStops) {
  (void)stream("/api/v1/changes?since=20", "Accept: text/event-stream\r\n", "id: 21.1");
  std::thread stopper([this] { server_.stop(); });
  EXPECT_NE(client_->read_until("\n\n0\r\n").find(R"({"end":"stopping","resume_from":"21.1-00000000000c1a57"})"),
            std::string::npos);
  stopper.join();
}

}  // namespace
}  // namespace titer::api
