// SPDX-License-Identifier: Apache-2.0

// Pages put together: what changes between two pages must not be missing, doubled or stale in the snapshot.
#include "client/read.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "client/snapshot_stream.h"
#include "wire/codec.h"

namespace titer::client {
namespace {

// A registry of names and versions that a test changes between two questions.
class FakeAsker final : public Asker {
 public:
  struct Row {
    std::string id;
    std::uint32_t version = 1;
    Position changed;
    bool closed = false;
  };
  void put(const std::string& name, const std::string& id) { rows[name] = {id, 1, ++position}; }

  Result<Reply> ask(const registry::Query& query) override {
    if (before_question) before_question(questions);
    ++questions;
    if (std::holds_alternative<registry::ChangedSites>(query) && refuse_changes && refuse_changes())
      return Error{Code::kTooOld, "too old"};
    Reply reply;
    reply.position = position;
    ByteWriter out(reply.body);
    out.u8(explains ? wire::kExplained : 0);
    if (explains) wire::encode_explanation(out, {10, 1, bit(registry::Along::kNames)});
    if (const auto* list = std::get_if<registry::ListSites>(&query)) {
      std::size_t count = 0;
      for (auto it = rows.upper_bound(std::string(list->after_name)); it != rows.end(); ++it) {
        if (it->second.closed) continue;
        if (count++ == page) {
          reply.body[0] |= std::byte{wire::kMoreRows};
          break;
        }
        write(out, it->first, it->second);
      }
    } else if (const auto* changed = std::get_if<registry::ChangedSites>(&query)) {
      for (const auto& [name, row] : rows)
        if (row.changed > changed->since) write(out, name, row);
    }
    return reply;
  }
  static void write(ByteWriter& out, const std::string& name, const Row& row) {
    registry::Site site;
    site.id = row.id;
    site.name = name;
    site.version = row.version;
    site.changed = row.changed;
    site.status = row.closed ? registry::SiteStatus::kClosed : registry::SiteStatus::kActive;
    wire::encode_site(out, site);
  }

  std::map<std::string, Row> rows;
  Position position;
  std::size_t page = 2;
  bool explains = false;
  int questions = 0;
  std::function<void(int question)> before_question;
  std::function<bool()> refuse_changes;
};

std::string text_of(const registry::Site& site) {
  return std::string(site.name) + ":" + std::string(site.id) + ":" + std::to_string(site.version) + " ";
}

class ReadTest : public testing::Test {
 protected:
  ReadTest() {
    for (const char* name : {"a", "b", "c", "d", "e"}) asker_.put(name, std::string("id-") + name);
  }
  FakeAsker asker_;
};

// In memory, or shown one after another from a file.
class SnapshotTest : public ReadTest, public testing::WithParamInterface<bool> {
 protected:
  std::string take() {
    std::string out;
    const bool in_memory = GetParam();
    const auto add = [&](const registry::Site& site) {
      out += text_of(site);
      return true;
    };
    if (in_memory) {
      const Result<Snapshot> all = snapshot(asker_, false);
      if (!all) return all.error().message;
      std::for_each(all->sites.begin(), all->sites.end(), add);
      position_ = all->position;
      return out;
    }
    const Result<Shown> shown = show_snapshot(asker_, false, add);
    if (!shown) return shown.error().message;
    EXPECT_EQ(shown->sites, static_cast<std::uint64_t>(std::ranges::count(out, ' ')));
    position_ = shown->position;
    return out;
  }
  Position position_;
};
INSTANTIATE_TEST_SUITE_P(BothWays, SnapshotTest, testing::Bool());

TEST_P(SnapshotTest, QuietSnapshotNeedsItsPagesAndNothingChanged) {
  EXPECT_EQ(take(), "a:id-a:1 b:id-b:1 c:id-c:1 d:id-d:1 e:id-e:1 ");
  EXPECT_EQ(asker_.questions, 4);
}

TEST_P(SnapshotTest, ChangesBetweenPagesAreInTheSnapshot) {
  asker_.before_question = [&](int question) {
    if (question != 1) return;
    asker_.rows["a"].version = 2;  // already read
    asker_.rows["a"].changed = ++asker_.position;
    asker_.put("aa", "id-new");  // before the page to come
    asker_.rows["e"].closed = true;
    asker_.rows["e"].changed = ++asker_.position;
  };
  EXPECT_EQ(take(), "a:id-a:2 aa:id-new:1 b:id-b:1 c:id-c:1 d:id-d:1 ");
  EXPECT_EQ(position_, asker_.position);
}

TEST_P(SnapshotTest, TooManyChangesMeanAnotherAttempt) {
  int refused = 0;
  asker_.refuse_changes = [&] { return ++refused <= 2; };
  EXPECT_EQ(take(), "a:id-a:1 b:id-b:1 c:id-c:1 d:id-d:1 e:id-e:1 ");
  EXPECT_EQ(asker_.questions, 12);
  refused = 0;
  asker_.refuse_changes = [&] { return ++refused <= 3; };
  EXPECT_EQ(take(), "too old");
}

TEST_P(SnapshotTest, RenamedSiteComesOnce) {
  asker_.before_question = [&](int question) {
    if (question != 1) return;
    asker_.rows.erase("a");
    asker_.put("z", "id-a");
  };
  EXPECT_EQ(take(), "b:id-b:1 c:id-c:1 d:id-d:1 e:id-e:1 z:id-a:1 ");
}

TEST_F(ReadTest, ListStopsAtItsLimit) {
  std::string seen;
  const Status done = list_sites(asker_, {}, 3, [&](const registry::Site& site) {
    seen += site.name;
    return true;
  });
  ASSERT_TRUE(done.ok());
  EXPECT_GE(seen.size(), 3U);
}

TEST_F(ReadTest, AShownSnapshotEndsWhereTheVisitorSaysSo) {
  std::string out;
  const Result<Shown> shown = show_snapshot(asker_, false, [&](const registry::Site& site) {
    out += text_of(site);
    return out.size() < 14;
  });
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(out, "a:id-a:1 b:id-b:1 ");
}

TEST_F(ReadTest, WhatWasLookedAtIsAddedUpOverPages) {
  asker_.explains = true;
  registry::ListSites query;
  query.explain = true;
  registry::Explanation looked_at;
  EXPECT_TRUE(list_sites(
                  asker_, query, 100, [](const registry::Site&) { return true; }, &looked_at)
                  .ok());
  EXPECT_EQ(looked_at.rows, 30U) << "three pages";
  EXPECT_EQ(looked_at.steps, 3U);
  EXPECT_EQ(looked_at.indexes, bit(registry::Along::kNames));
}

TEST_F(ReadTest, GarbageIsAnError) {
  const Bytes garbage(40, std::byte{0xFF});
  EXPECT_FALSE(visit_sites(garbage, [](const registry::Site&) { return true; }).ok());
  EXPECT_FALSE(visit_events({}, [](const registry::Event&) { return true; }).ok());
}

}  // namespace
}  // namespace titer::client
