// SPDX-License-Identifier: Apache-2.0

// What a client can push to its end: versions, counts, the time of a claim. The end is a refusal that changes nothing.

#include <limits>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;
constexpr std::int64_t kAheadMs = std::int64_t{10} * 60 * 1000;

SetAvailability claim_at(std::int64_t valid_at, std::string_view product = kAnyProduct) {
  SetAvailability op;
  op.site.id = "a";
  op.claim.product = product;
  op.claim.availability = Availability::of(5);
  op.claim.valid_at = WallTime(valid_at);
  return op;
}

TEST(Ranges, a_claim_from_the_future_is_taken_for_ten_minutes_ahead_and_no_further) {
  Bench b;
  b.add("A");
  EXPECT_EQ(b.apply(claim_at(b.now + 1000 + kAheadMs + 1)).code, Code::kInvalid);
  EXPECT_NE(b.out.message.find("ahead"), std::string::npos);
  for (const std::int64_t end : {limits::kWallTimeMaxMs, std::numeric_limits<std::int64_t>::max(), std::int64_t{-1},
                                 std::numeric_limits<std::int64_t>::min()})
    EXPECT_EQ(b.apply(claim_at(end)).code, Code::kInvalid) << end;
  EXPECT_EQ(b.value("a"), "0");
  EXPECT_TRUE(b.apply(claim_at(b.now + 1000 + kAheadMs)).ok()) << b.out.message;
  b.check();
}

// Else a feed whose clock is wrong, or that wants to, would keep the clinic's own counts out until then.
TEST(Ranges, a_claim_from_the_future_counts_as_true_now_and_the_next_one_replaces_it) {
  Bench b;
  b.add("A");
  EXPECT_TRUE(b.apply(claim_at(b.now + kAheadMs - 1000)).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").stock[0].valid_at, WallTime(b.now));
  EXPECT_TRUE(b.apply(claim_at(b.now + kAheadMs - 1000)).ok()) << "the same value: it is checked again";
  EXPECT_EQ(b.site("a").stock[0].valid_at, WallTime(b.now));
  SetAvailability own = claim_at(b.now + 500);
  own.claim.availability = Availability::of(3);
  EXPECT_TRUE(b.apply(own).ok()) << b.out.message;
  EXPECT_EQ(b.value("a"), "3");
  ImportRow row;
  row.id = "a";
  row.stock = StockClaim{kAnyProduct, Availability::of(70), WallTime(b.now + kAheadMs), {}};
  EXPECT_TRUE(b.apply(row).ok()) << b.out.message;
  EXPECT_EQ(b.site("a").stock[0].valid_at, WallTime(b.now)) << "of an import";
  AddSite add;
  add.fields.name = "B";
  add.stock = StockClaim{kAnyProduct, Availability::of(70), WallTime(b.now + kAheadMs), {}};
  EXPECT_TRUE(b.apply(add).ok()) << b.out.message;
  EXPECT_EQ(b.site("b").stock[0].valid_at, WallTime(b.now)) << "of a new site";
  b.check();
}

TEST(Ranges, so_are_the_claims_of_new_sites_and_imports) {
  Bench b;
  const StockClaim far{kAnyProduct, Availability::of(1), WallTime(limits::kWallTimeMaxMs), {}};
  AddSite add;
  add.fields.name = "A";
  add.stock = far;
  EXPECT_EQ(b.apply(add).code, Code::kInvalid);
  ImportRow row;
  row.id = "b";
  row.fields.name = "B";
  row.stock = far;
  EXPECT_EQ(b.apply(row).code, Code::kInvalid);
  EXPECT_EQ(b.state.totals().sites, 0U);
  b.check();
}

TEST(Ranges, counts_and_steps_end_at_their_limits) {
  Bench b;
  b.add("A", "02138", limits::kCountMax);
  const auto adjust = [&](std::int64_t by) { return b.apply(Adjust{{"a", {}}, kAnyProduct, by, {}}).code; };
  EXPECT_EQ(adjust(1), Code::kTooLarge);
  EXPECT_EQ(adjust(std::numeric_limits<std::int64_t>::max()), Code::kTooLarge);
  EXPECT_EQ(adjust(std::numeric_limits<std::int64_t>::min()), Code::kNotEnough);
  EXPECT_EQ(b.apply(Release{{"a", {}}, kAnyProduct, 1}).code, Code::kTooLarge);
  EXPECT_EQ(b.apply(Release{{"a", {}}, kAnyProduct, ~std::uint64_t{0}}).code, Code::kInvalid);
  EXPECT_EQ(b.reserve("a", ~std::uint64_t{0}).code, Code::kInvalid);
  EXPECT_EQ(b.set("a", Availability::of(~std::uint64_t{0})).code, Code::kTooLarge);
  EXPECT_EQ(b.undo(~std::uint64_t{0}).code, Code::kNotFound);
  EXPECT_EQ(b.value("a"), std::to_string(limits::kCountMax));
  b.check();
}

// A core in which the site "a" and its line have been changed so often.
struct Worn {
  Worn(std::uint32_t site_version, std::uint32_t line_version) {
    AddSite add;
    add.fields.name = "A";
    add.stock = StockClaim{kAnyProduct, Availability::of(7), {}, {}};
    apply(add);
    slot = core.store.find_id("a");
    SiteImage image;
    core.store.show(slot, image);
    image.site.version = site_version;
    core.store.put(slot, image);
    const std::uint32_t line = core.store.find_line(slot, kAnyProduct);
    StockLine row = core.store.show_line(line);
    row.version = line_version;
    core.store.put_line(line, row, core.position);
  }
  Code apply(Operation operation) {
    Request request;
    request.operation = std::move(operation);
    registry::apply(core, request, core.position.next(), WallTime(1000), out);
    return out.code;
  }
  [[nodiscard]] StockLine line() const { return core.store.show_line(core.store.find_line(slot, kAnyProduct)); }

  RegistryCore core{{1000, std::size_t{1} << 20, kAheadMs}, {1000, std::size_t{1} << 20, kAheadMs}};
  std::uint32_t slot = kNil;
  Outcome out;
};

TEST(Ranges, a_stock_lines_last_version_is_its_last_change) {
  Worn w(1, limits::kVersionMax - 1);
  EXPECT_EQ(w.apply(Reserve{{"a", {}}, kAnyProduct, 1}), Code::kOk);
  EXPECT_EQ(w.line().version, limits::kVersionMax);
  SetAvailability set;
  set.site.id = "a";
  set.claim.availability = Availability::of(1);
  ImportRow row;
  row.id = "a";
  row.stock = set.claim;
  for (const Operation& operation :
       {Operation(Reserve{{"a", {}}, kAnyProduct, 1}), Operation(Release{{"a", {}}, kAnyProduct, 1}),
        Operation(Adjust{{"a", {}}, kAnyProduct, 1, {}}), Operation(set), Operation(row),
        Operation(Undo{Position(2)})}) {
    EXPECT_EQ(w.apply(operation), Code::kTooLarge);
    EXPECT_NE(w.out.message.find("4294967295 times"), std::string::npos) << w.out.message;
  }
  EXPECT_EQ(w.line().availability, Availability::of(6));
  EXPECT_EQ(w.line().version, limits::kVersionMax);
}

TEST(Ranges, a_sites_last_version_is_its_last_change) {
  Worn w(limits::kVersionMax - 1, 1);
  EditSite edit;
  edit.site.id = "a";
  edit.fields.hours = "Mon 9-17";
  EXPECT_EQ(w.apply(edit), Code::kOk);
  edit.fields.hours = "Tue 9-17";
  ImportRow row;
  row.id = "a";
  row.fields.hours = "Wed 9-17";
  for (const Operation& operation :
       {Operation(edit), Operation(CloseSite{{"a", {}}, {}}), Operation(row), Operation(Undo{Position(2)})})
    EXPECT_EQ(w.apply(operation), Code::kTooLarge);
  EXPECT_EQ(w.core.store.hot(w.slot).version, limits::kVersionMax);
  EXPECT_EQ(w.apply(Reserve{{"a", {}}, kAnyProduct, 1}), Code::kOk) << "its stock goes on";
}

}  // namespace
}  // namespace titer::registry
