// SPDX-License-Identifier: Apache-2.0

// Pages put together: what changes between two pages must not be missing, doubled or stale in the snapshot.
#include "client/read.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

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
    Reply reply;
    reply.position = position;
    ByteWriter out(reply.body);
    out.u8(0);
    if (const auto* list = std::get_if<registry::ListSites>(&query)) {
      std::size_t count = 0;
      for (auto it = rows.upper_bound(std::string(list->after_name)); it != rows.end(); ++it) {
        if (it->second.closed) continue;
        if (count++ == page) {
          reply.body[0] = std::byte{1};
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
  int questions = 0;
  std::function<void(int question)> before_question;
};

std::string text_of(const Snapshot& all) {
  std::string out;
  for (const registry::Site& site : all.sites)
    out += std::string(site.name) + ":" + std::string(site.id) + ":" + std::to_string(site.version) + " ";
  return out;
}

class ReadTest : public testing::Test {
 protected:
  ReadTest() {
    for (const char* name : {"a", "b", "c", "d", "e"}) asker_.put(name, std::string("id-") + name);
  }
  FakeAsker asker_;
};

TEST_F(ReadTest, QuietSnapshotNeedsItsPagesAndNothingChanged) {
  const auto all = snapshot(asker_, false);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(text_of(*all), "a:id-a:1 b:id-b:1 c:id-c:1 d:id-d:1 e:id-e:1 ");
  EXPECT_EQ(asker_.questions, 4);
}

TEST_F(ReadTest, ChangesBetweenPagesAreInTheSnapshot) {
  asker_.before_question = [&](int question) {
    if (question != 1) return;
    asker_.rows["a"].version = 2;  // already read
    asker_.rows["a"].changed = ++asker_.position;
    asker_.put("aa", "id-new");  // before the page to come
    asker_.rows["e"].closed = true;
    asker_.rows["e"].changed = ++asker_.position;
  };
  const auto all = snapshot(asker_, false);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(text_of(*all), "a:id-a:2 aa:id-new:1 b:id-b:1 c:id-c:1 d:id-d:1 ");
  EXPECT_EQ(all->position, asker_.position);
}

TEST_F(ReadTest, RenamedSiteComesOnce) {
  asker_.before_question = [&](int question) {
    if (question != 1) return;
    asker_.rows.erase("a");
    asker_.put("z", "id-a");
  };
  const auto all = snapshot(asker_, false);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(text_of(*all), "b:id-b:1 c:id-c:1 d:id-d:1 e:id-e:1 z:id-a:1 ");
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

TEST_F(ReadTest, GarbageIsAnError) {
  const Bytes garbage(40, std::byte{0xFF});
  EXPECT_FALSE(visit_sites(garbage, [](const registry::Site&) { return true; }).ok());
  EXPECT_FALSE(visit_events({}, [](const registry::Event&) { return true; }).ok());
}

}  // namespace
}  // namespace titer::client
