// SPDX-License-Identifier: Apache-2.0

// Files in and out over a socket, with a replica that answers as the test says. Real replicas: tests/e2e/feeds.py.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "api/shared.h"
#include "api/testing.h"
#include "http/gzip.h"

namespace titer::api {
namespace {

registry::Site site_of(std::string_view id, std::uint64_t count, Position changed) {
  registry::Site site;
  site.id = site.name = id;
  site.changed = changed;
  registry::StockLine line;
  line.product = "any";
  line.availability = registry::Availability::of(count);
  site.stock.push_back(line);
  return site;
}

class FeedsTest : public testing::Test {
 protected:
  FeedsTest() {
    server_.replica.on_query = [this](const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
      answer_query(query, answer, buffer);
    };
    server_.replica.on_request = [this](SessionId, RequestNumber, ByteView body) { return execute(body); };
    server_.start();
  }
  // Two sites on two pages; with `moves_`, the first one changes after its page was read.
  void answer_query(const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
    ByteWriter out(buffer);
    const bool second = std::holds_alternative<registry::ListSites>(query) &&
                        !std::get<registry::ListSites>(query).after_id.empty();
    const bool changed = std::holds_alternative<registry::ChangedSites>(query);
    answer.position = Position(newer_ || (moves_ && (second || changed)) ? 18 : 17);
    out.u8(std::holds_alternative<registry::ListSites>(query) && !second ? 1 : 0);
    if (changed && moves_) wire::encode_site(out, site_of("a", 99, Position(18)));
    if (std::holds_alternative<registry::ListSites>(query))
      wire::encode_site(out, second ? site_of("b", 2, Position(9)) : site_of("a", 1, Position(8)));
    answer.body = buffer;
  }
  std::optional<registry::Outcome> execute(ByteView body) {
    const auto request = wire::decode_request(body);
    const auto& row = std::get<registry::ImportRow>(request->operation);
    const std::lock_guard lock(mutex_);
    actor_ = request->actor;
    registry::Outcome outcome;
    outcome.position = Position(100 + ++executed_);
    if (row.id == "closed") {
      outcome.code = Code::kClosed;
      outcome.message = "the site is closed";
    } else if (row.id == "full") {
      outcome.code = Code::kReadOnly;
      outcome.message = "the disk is full";
    } else {
      outcome.changed = outcome.created = true;
    }
    return outcome;
  }
  TestClient client() { return server_.client(); }

  TestServer server_;
  std::atomic<bool> moves_{false}, newer_{false};
  std::mutex mutex_;
  std::uint64_t executed_ = 0;
  std::string actor_;
};

TEST_F(FeedsTest, AnExportHasThePositionAsItsTag) {
  const auto answer = client().ask("GET", "/api/v1/export?format=ndjson");
  ASSERT_EQ(answer.result_int(), 200U) << answer.body();
  EXPECT_EQ(answer["ETag"], "\"17-000c1a57\"");
  EXPECT_NE(answer.body().find(R"("site_id":"a")"), std::string::npos);
  EXPECT_NE(answer.body().find(R"("site_id":"b")"), std::string::npos);
  EXPECT_EQ(client().ask("GET", "/api/v1/export", "If-None-Match: \"17-000c1a57\"\r\n").result_int(), 304U);
  EXPECT_EQ(client().ask("GET", "/api/v1/export", "If-None-Match: \"17-000c1a58\"\r\n").result_int(), 200U)
      << "the same position of another cluster, or of writes that were lost";
}

TEST_F(FeedsTest, TheGzipFormOfAnExportHasATagOfItsOwn) {
  const std::string gzip = "Accept-Encoding: gzip\r\n";
  const auto packed = client().ask("GET", "/api/v1/export", gzip);
  EXPECT_EQ(packed["ETag"], "\"17-000c1a57.gz\"");
  const auto same = client().ask("GET", "/api/v1/export", gzip + "If-None-Match: \"17-000c1a57.gz\"\r\n");
  EXPECT_EQ(same.result_int(), 304U);
  EXPECT_EQ(same["ETag"], "\"17-000c1a57.gz\"");
  const auto other = client().ask("GET", "/api/v1/export", gzip + "If-None-Match: \"17-000c1a57\"\r\n");
  EXPECT_EQ(other.result_int(), 200U) << "the client has the plain form";
  EXPECT_FALSE(other.body().empty());
  EXPECT_EQ(client().ask("GET", "/api/v1/export", "If-Match: \"16-000c1a57\"\r\n").result_int(), 412U);
}

TEST_F(FeedsTest, AnOlderPublicationIsNotGivenToAClientThatHasSeenMore) {
  const std::string manifest = "/api/v1/smart/$bulk-publish";
  TestClient one = client();
  const auto first = one.ask("GET", manifest, "Titer-Min-Position: 17\r\n");
  ASSERT_EQ(first.result_int(), 200U) << first.body();
  EXPECT_EQ(first["Titer-Position"], "17");
  newer_ = true;  // the replica is at 18, the publication is kept for a minute
  EXPECT_EQ(one.ask("GET", manifest, "Titer-Min-Position: 18\r\n").result_int(), 503U);
  EXPECT_EQ(one.ask("GET", manifest, "Titer-Min-Position: 17\r\n").result_int(), 200U);
  EXPECT_EQ(one.ask("GET", "/api/v1/export", "Titer-Min-Position: 18\r\n")["Titer-Position"], "18");
}

TEST_F(FeedsTest, WhatChangedBetweenTwoPagesIsNotOldInTheExport) {
  moves_ = true;
  const auto answer = client().ask("GET", "/api/v1/export?format=ndjson");
  EXPECT_EQ(answer["ETag"], "\"18-000c1a57\"");
  EXPECT_NE(answer.body().find(R"("availability":99)"), std::string::npos) << answer.body();
  EXPECT_EQ(answer.body().find(R"("availability":1,)"), std::string::npos) << answer.body();
}

TEST_F(FeedsTest, AnImportTellsTheLineThatTheRegistryRefused) {
  const auto answer =
      client().ask("POST", "/api/v1/import", "Titer-Actor: ann\r\n", "site_id,name\na,A\nclosed,C\nb,B\n");
  ASSERT_EQ(answer.result_int(), 200U) << answer.body();
  EXPECT_NE(answer.body().find(R"("rows":3,"added":2)"), std::string::npos) << answer.body();
  EXPECT_NE(answer.body().find(R"("errors":[{"line":3,"why":"the site is closed"}])"), std::string::npos);
  EXPECT_EQ(answer["Titer-Position"], "103");
  EXPECT_EQ(actor_, "ann");
}

TEST_F(FeedsTest, AnImportThatCannotGoOnSaysHowFarItCame) {
  const auto answer = client().ask("POST", "/api/v1/import", {}, "site_id,name\na,A\nfull,F\n");
  EXPECT_EQ(answer.result_int(), 503U);
  EXPECT_NE(answer.body().find("line 3: the disk is full"), std::string::npos) << answer.body();
  EXPECT_NE(answer.body().find(R"("added":1)"), std::string::npos);
}

TEST_F(FeedsTest, ADryRunReachesNoReplica) {
  const auto answer = client().ask("POST", "/api/v1/import?dry_run=1", {}, "site_id,name\na,A\nb c,B\n");
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_NE(answer.body().find(R"("dry_run":true,"rows":1)"), std::string::npos) << answer.body();
  EXPECT_EQ(executed_, 0U);
}

TEST_F(FeedsTest, EveryPlaceOfAnImportIsGivenBack) {
  for (unsigned i = 0; i < 3 * ImportRuns::kRunningMax; ++i)
    EXPECT_EQ(client().ask("POST", "/api/v1/import", {}, "site_id,name\na,A\n").result_int(), 200U) << i;
}

TEST_F(FeedsTest, HowFarAnImportIsCanBeAskedWhileItRuns) {
  const std::string begun = "site_id,name\na,A\n", rest = "b,B\n";
  TestClient importer = client(), other = client();
  importer.send("POST /api/v1/import?label=monday HTTP/1.1\r\nHost: test\r\nContent-Length: " +
                std::to_string(begun.size() + rest.size()) + "\r\n\r\n" + begun);
  std::string progress;
  while (progress.find(R"("rows_answered":1)") == std::string::npos)
    progress = other.ask("GET", "/api/v1/imports").body();
  EXPECT_NE(progress.find(R"("label":"monday","state":"running","format":"csv")"), std::string::npos) << progress;
  EXPECT_NE(progress.find(R"("bytes_read":17,"bytes_to_read":21)"), std::string::npos) << progress;
  EXPECT_NE(progress.find(R"("seconds_left":)"), std::string::npos) << progress;
  importer.send(rest);
  EXPECT_EQ(importer.receive().result_int(), 200U);
  progress = other.ask("GET", "/api/v1/imports").body();
  EXPECT_NE(progress.find(R"("state":"done")"), std::string::npos) << progress;
  EXPECT_NE(progress.find(R"("added":2)"), std::string::npos) << progress;
}

// 300 bytes that unpack to 100,000 rows were taken in one go, and everybody else waited for that.
TEST_F(FeedsTest, AnUploadThatUnpacksToManyRowsHoldsUpNobody) {
  std::string text = "name\n";
  for (int i = 0; i < 100'000; ++i) text += "1\n";
  const std::string packed = http::gzipped(text);
  ASSERT_LT(packed.size(), 1'000U);
  std::atomic<bool> over = false;
  TestClient::Answer answer;
  std::thread importer([&] {
    answer = client().ask("POST", "/api/v1/import?dry_run=1", {}, packed);
    over = true;
  });
  TestClient other = client();
  int answered = 0;
  while (!over) answered += other.ask("GET", "/healthz").result_int() == 200 ? 1 : 0;
  importer.join();
  EXPECT_EQ(answer.result_int(), 200U) << answer.body();
  EXPECT_NE(answer.body().find(R"("rows":100000)"), std::string::npos) << answer.body();
  EXPECT_GE(answered, 15) << "between its slices the others are served";
}

TEST(ImportRuns, ALabelIsShownOnlyWhereItIsMeantToBe) {
  ImportRun run;
  run.label = "the clinic of Ann";
  EXPECT_NE(json(run, BootTime(), true).find("Ann"), std::string::npos);
  EXPECT_EQ(json(run, BootTime(), false).find("label"), std::string::npos);
}

TEST(ImportRuns, TheOldestThatAreOverAreForgottenAndRunningOnesAreNot) {
  ImportRuns runs;
  ImportRun running;
  running.number = runs.begin({}).value();
  for (std::size_t i = 0; i < 2 * ImportRuns::kEndedKept; ++i) {
    ImportRun one;
    one.number = runs.begin(one).value();
    one.state = ImportRun::State::kDone;
    EXPECT_TRUE(runs.update(one));
  }
  const auto list = runs.list();
  EXPECT_LE(list.size(), ImportRuns::kEndedKept + 1);
  EXPECT_EQ(list.front().number, 2 * ImportRuns::kEndedKept + 1);
  EXPECT_EQ(list.back().number, running.number);
}

ImportRun import_of(std::uint64_t key, std::uint64_t address = 0) {
  ImportRun run;
  run.by = registry::KeyId(key);
  run.address = address;
  return run;
}

TEST(ImportRuns, OneKeyOrAddressHasHalfOfThePlacesAndNoMore) {
  ImportRuns runs;
  for (std::size_t i = 0; i < ImportRuns::kOfOneMax; ++i) EXPECT_TRUE(runs.begin(import_of(7)).ok());
  EXPECT_EQ(runs.begin(import_of(7)).error().code, Code::kTooMany);
  EXPECT_EQ(runs.begin(import_of(7, 99)).error().code, Code::kTooMany) << "a key is the same from another address";
  EXPECT_TRUE(runs.begin(import_of(0, 1)).ok());
  EXPECT_TRUE(runs.begin(import_of(0, 2)).ok()) << "without keys each address counts for itself";
  EXPECT_EQ(runs.begin(import_of(8)).error().code, Code::kBusy);
}

TEST(ImportRuns, AnUploadThatStandsStillGivesWayAndOneThatGoesOnDoesNot) {
  ImportRuns runs;
  std::vector<ImportRun> all;
  for (std::uint64_t key = 1; key <= ImportRuns::kRunningMax; ++key) {
    all.push_back(import_of(key));
    all.back().number = runs.begin(all.back()).value();
  }
  EXPECT_EQ(runs.begin(import_of(9)).error().code, Code::kBusy) << "all of them make progress";
  all[1].behind_us = ImportRuns::kGivesWayUs;
  all[2].behind_us = ImportRuns::kGivesWayUs + 1;
  for (const ImportRun& run : all) EXPECT_TRUE(runs.update(run));
  EXPECT_TRUE(runs.begin(import_of(9)).ok());
  EXPECT_TRUE(runs.update(all[1]));
  EXPECT_FALSE(runs.update(all[2])) << "the one that stands still for longest hears that it is over";
}

TEST_F(FeedsTest, OneAddressHasTwoImportsAtATime) {
  const std::string head =
      "POST /api/v1/import?dry_run=1 HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nsite_id,name\n";
  static_assert(ImportRuns::kOfOneMax == 2);
  TestClient first = client(), second = client();
  first.send(head);
  second.send(head);
  TestClient other = client();
  const auto running = [&] {
    const std::string list = other.ask("GET", "/api/v1/imports").body();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = list.find("\"running\"", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  while (running() < ImportRuns::kOfOneMax) {
  }
  const auto refused = client().ask("POST", "/api/v1/import?dry_run=1", {}, "site_id,name\na,A\n");
  EXPECT_EQ(refused.result_int(), 429U) << refused.body();
}

client::Snapshot at_position(std::uint64_t position) {
  client::Snapshot one;
  one.position = Position(position);
  return one;
}

TEST(Snapshots, AreBoundedAndSharedByPosition) {
  Snapshots snapshots;
  const BootTime now(1);
  SharedSnapshot one = snapshots.reserve(1, now), two = snapshots.reserve(2, now);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(snapshots.reserve(9, now), nullptr) << "none has stood still";
  snapshots.fill(one, at_position(1));
  snapshots.fill(two, at_position(2));
  EXPECT_EQ(snapshots.find(Position(1)), one);
  EXPECT_EQ(snapshots.find(Position(2)), two);
  EXPECT_EQ(snapshots.find(Position(3)), nullptr);
  const SharedSnapshot own = snapshots.reserve(0, now);
  EXPECT_NE(own, nullptr) << "clients leave a place for the server itself";
  EXPECT_EQ(snapshots.reserve(0, now), nullptr);
  two.reset();
  EXPECT_EQ(snapshots.find(Position(2)), nullptr);
  EXPECT_NE(snapshots.reserve(9, now), nullptr);
}

TEST(Snapshots, OfOneAddressThereIsOne) {
  Snapshots snapshots;
  SharedSnapshot one = snapshots.reserve(5, BootTime(1));
  EXPECT_EQ(snapshots.reserve(5, BootTime(1)), nullptr);
  EXPECT_EQ(snapshots.reserve(5, BootTime(1'000'000'000)), nullptr) << "nobody gives way to it";
  one.reset();
  EXPECT_NE(snapshots.reserve(5, BootTime(1)), nullptr);
}

// Two addresses that do not read what they asked for had kept out everybody else for as long as they liked.
TEST(Snapshots, OneThatStandsStillGivesWayToAFurtherAddress) {
  Snapshots snapshots;
  const BootTime begun(1);
  const SharedSnapshot one = snapshots.reserve(1, begun), two = snapshots.reserve(2, begun);
  for (const SharedSnapshot& copy : {one, two}) snapshots.fill(copy, at_position(7));
  const BootTime later(begun.value + Snapshots::kStandsStillUs + 1);
  EXPECT_NE(two->use(later), nullptr) << "its client reads";
  const SharedSnapshot three = snapshots.reserve(3, later);
  ASSERT_NE(three, nullptr);
  EXPECT_EQ(one->use(later), nullptr);
  EXPECT_NE(two->use(later), nullptr);
  EXPECT_EQ(snapshots.reserve(4, later), nullptr);
  snapshots.fill(one, at_position(8));
  EXPECT_EQ(one->use(later), nullptr) << "also when it was still being read";
}

// Also those that read one piece after another, as slowly as they may.
TEST(Snapshots, TheOldestGivesWayToAFurtherAddressInTheEnd) {
  Snapshots snapshots;
  const BootTime begun(1), second(2), later(begun.value + Snapshots::kLongestUs + 10);
  const SharedSnapshot one = snapshots.reserve(1, begun), two = snapshots.reserve(2, second);
  for (const SharedSnapshot& copy : {one, two}) {
    snapshots.fill(copy, at_position(7));
    EXPECT_NE(copy->use(later), nullptr);
  }
  EXPECT_NE(snapshots.reserve(3, later), nullptr);
  EXPECT_EQ(one->use(later), nullptr);
  EXPECT_NE(two->use(later), nullptr);
}

}  // namespace
}  // namespace titer::api
