// SPDX-License-Identifier: Apache-2.0

#include "base/limits.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

SetAvailability set_to(std::string_view id, std::uint64_t n, std::string_view product = kAnyProduct) {
  SetAvailability op;
  op.site.id = id;
  op.claim.product = product;
  op.claim.availability = Availability::of(n);
  return op;
}

TEST(Bulk, does_everything_at_one_position) {
  Bench b;
  b.add("A");
  Bulk bulk;
  AddSite add;
  add.fields.name = "B";
  bulk.operations = {set_to("a", 4), add, set_to("b", 5)};
  EXPECT_TRUE(b.apply(bulk).ok()) << b.out.message;
  EXPECT_TRUE(b.out.changed);
  EXPECT_TRUE(b.out.created);
  EXPECT_EQ(b.out.site_id, "");
  EXPECT_EQ(b.value("b"), "5");
  std::vector<std::uint32_t> parts;
  EXPECT_TRUE(b.state.changes({Position(1), 100}, [&](const Event& e) {
    EXPECT_EQ(e.position, Position(2));
    parts.push_back(e.part);
    return true;
  }));
  EXPECT_EQ(parts, (std::vector<std::uint32_t>{0, 1, 2}));
  b.check();
}

TEST(Bulk, that_is_refused_leaves_no_trace) {
  Bench b;
  b.add("A", "02138", 3);
  b.set("a", Availability::of(1), "208");
  const auto digest = b.state.digest();
  const auto events = b.state.totals().events;
  const Site before = b.site("a");
  Bulk bulk;
  AddSite add;
  add.fields.name = "B";
  SiteFields f;
  f.name = "C";
  f.zip = "90210";
  f.external_ids = std::vector{ExternalId("cvs", "1")};
  bulk.operations = {set_to("a", 4),           add,
                     set_to("b", 5, "208"),    EditSite{{"a", {}}, f, {}},
                     Undo{Position(2)},        set_to("a", 9),
                     CloseSite{{"b", {}}, {}}, Reserve{{"a", {}}, kAnyProduct, 10}};
  EXPECT_EQ(b.apply(bulk).code, Code::kNotEnough) << b.out.message;
  EXPECT_EQ(b.out.failed_part, 7U);
  EXPECT_FALSE(b.out.changed);
  EXPECT_FALSE(b.out.created);
  EXPECT_EQ(b.state.digest(), digest);
  EXPECT_EQ(b.state.totals().events, events);
  EXPECT_EQ(b.state.totals().sites, 1U);
  EXPECT_EQ(b.site("a").changed, before.changed);
  b.check();
  EXPECT_EQ(b.add("B").site_id, "b") << "the id is free";
  b.check();
}

TEST(Bulk, keeps_the_history_whole_when_it_is_taken_back) {
  Bench b({8, std::size_t{1} << 20});
  b.add("A", "02138", 100);
  for (int i = 0; i < 10; ++i) b.reserve("a", 1);
  const auto oldest = b.state.totals().oldest_event;
  Bulk bulk;
  for (int i = 0; i < 20; ++i) bulk.operations.emplace_back(Reserve{{"a", {}}, kAnyProduct, 1});
  bulk.operations.emplace_back(Reserve{{"a", {}}, kAnyProduct, 1000});
  EXPECT_FALSE(b.apply(bulk).ok());
  EXPECT_EQ(b.state.totals().oldest_event, oldest);
  EXPECT_EQ(b.state.totals().events, 8U);
  b.check();
}

TEST(Bulk, is_bounded) {
  Bench b;
  b.add("A");
  Bulk bulk;
  bulk.operations.assign(limits::kBulkOperationsMax + 1, set_to("a", 1));
  EXPECT_EQ(b.apply(bulk).code, Code::kTooLarge);
  bulk.operations.pop_back();
  EXPECT_TRUE(b.apply(bulk).ok());
  EXPECT_TRUE(b.apply(Bulk{}).ok()) << "nothing to do";
  EXPECT_FALSE(b.out.changed);
}

}  // namespace
}  // namespace titer::registry
