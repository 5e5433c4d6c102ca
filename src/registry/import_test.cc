// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "registry/products.h"
#include "registry/state.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

ImportRow row(std::string_view id, std::string_view name, std::string_view zip = "02138",
              std::string_view street = "") {
  ImportRow op;
  op.id = id;
  op.fields.name = name;
  op.fields.zip = zip;
  op.fields.street = street;
  op.stock = StockClaim{kAnyProduct, Availability::of(5), WallTime(1000), "file"};
  return op;
}

TEST(Import, adds_updates_and_then_changes_nothing) {
  Bench b;
  ImportRow op = row("x-1", "A");
  EXPECT_TRUE(b.apply(op).created);
  EXPECT_TRUE(b.out.has_stock);
  const auto digest = b.state.digest();
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_FALSE(b.out.changed);
  EXPECT_EQ(b.state.digest(), digest) << "not even a mark moves";
  op.fields.street = "2 Main St";
  EXPECT_TRUE(b.apply(op).changed);
  EXPECT_FALSE(b.out.created);
  op.stock->availability = Availability::of(6);
  op.stock->valid_at = WallTime(2000);
  EXPECT_TRUE(b.apply(op).changed);
  EXPECT_EQ(b.value("x-1"), "6");
  b.check();
}

TEST(Import, leaves_absent_fields_alone) {
  Bench b;
  ImportRow op = row("x-1", "A", "02138", "1 Main St");
  b.apply(op);
  ImportRow bare;
  bare.id = "x-1";
  EXPECT_TRUE(b.apply(bare).ok());
  EXPECT_FALSE(b.out.changed);
  EXPECT_EQ(b.site("x-1").street, "1 Main St");
  bare.id = "x-2";
  EXPECT_EQ(b.apply(bare).code, Code::kInvalid) << "a new site needs a name";
}

TEST(Import, does_not_give_a_new_site_an_id_that_is_another_site_s_name) {
  Bench b;
  EXPECT_TRUE(b.apply(row("x-1", "Harvard")).ok());
  EXPECT_EQ(b.apply(row("Harvard", "Elsewhere")).code, Code::kDuplicate);
  EXPECT_EQ(b.site("x-1").name, "Harvard");
  EXPECT_TRUE(b.apply(row("Oak", "Oak")).ok()) << "its own name";
}

TEST(Import, stores_a_site_whose_name_is_another_s_id_under_its_place_and_finds_it_again) {
  Bench b;
  b.apply(row("elm", "Elm Street"));
  EXPECT_TRUE(b.apply(row("x-1", "elm", "02139")).ok());
  EXPECT_EQ(b.site("x-1").name, "elm (MA 02139)");
  EXPECT_NE(b.out.message.find("is taken by another site"), std::string::npos) << b.out.message;
  EXPECT_TRUE(b.apply(row("", "elm", "02140")).created) << "by its name and place";
  EXPECT_EQ(b.out.site_id, "elm-2");
  EXPECT_TRUE(b.apply(row("", "elm", "02140")).ok());
  EXPECT_FALSE(b.out.created) << "the same row again";
  EXPECT_EQ(b.out.site_id, "elm-2");
  EXPECT_TRUE(b.apply(row("x-2", "Oak")).ok());
  EXPECT_TRUE(b.apply(row("x-2", "elm")).ok()) << "a new name";
  EXPECT_EQ(b.site("x-2").name, "elm (MA 02138)");
  b.check();
}

TEST(Import, of_an_older_claim_leaves_the_stock_but_takes_the_site) {
  Bench b;
  ImportRow op = row("x-1", "A");
  b.apply(op);
  op.stock->valid_at = WallTime(999);
  op.stock->availability = Availability::of(9);
  EXPECT_EQ(b.apply(op).code, Code::kOutOfDate);
  EXPECT_FALSE(b.out.changed);
  EXPECT_EQ(b.value("x-1"), "5");
  op.fields.phone = "1";
  EXPECT_EQ(b.apply(op).code, Code::kOutOfDate);
  EXPECT_TRUE(b.out.changed);
  EXPECT_EQ(b.site("x-1").phone, "1");
  Bulk bulk;
  bulk.operations = {op, row("x-2", "B")};
  EXPECT_TRUE(b.apply(bulk).ok()) << "does not fail a bulk";
  EXPECT_EQ(b.value("x-2"), "5");
}

// A site that reports the same number every day, in a file without dates.
TEST(Import, of_an_undated_claim_again_marks_it_as_checked_and_grows_no_history) {
  Bench b;
  ImportRow op = row("m1-a", "M1", "02139");
  op.stock->valid_at.reset();
  EXPECT_TRUE(b.apply(op).created);
  const StockLine first = b.site("m1-a").stock[0];
  EXPECT_EQ(first.valid_at, WallTime(b.now)) << "it counts as of now";
  const auto events = b.state.totals().events;
  b.now += std::int64_t{24} * 3600 * 1000;
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_FALSE(b.out.changed);
  const StockLine again = b.site("m1-a").stock[0];
  EXPECT_EQ(again.checked_at, WallTime(b.now));
  EXPECT_EQ(again.valid_at, WallTime(b.now));
  EXPECT_EQ(again.changed_at, first.changed_at);
  EXPECT_EQ(freshness(again, WallTime(b.now)), Freshness::kFresh);
  EXPECT_EQ(b.state.totals().events, events);
  b.check();
}

TEST(Import, of_a_claim_from_before_doses_were_moved_leaves_the_stock) {
  Bench b;
  ImportRow op = row("x-1", "A");
  op.stock->valid_at = WallTime(b.now);
  b.apply(op);
  b.now += 1'000'000;
  EXPECT_TRUE(b.reserve("x-1", 2).ok());
  op.stock->valid_at = WallTime(b.now - 500'000);  // after the count, before the reservation
  EXPECT_EQ(b.apply(op).code, Code::kOutOfDate) << "or two doses would be promised twice";
  EXPECT_EQ(b.value("x-1"), "3");
  op.stock->availability = Availability::of(3);
  op.stock->valid_at = b.site("x-1").stock[0].valid_at;
  EXPECT_TRUE(b.apply(op).ok()) << "what an export says of the line is no news";
  EXPECT_FALSE(b.out.changed);
  op.stock->valid_at = WallTime(b.now + 1);
  op.stock->availability = Availability::of(4);
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.value("x-1"), "4");
  b.check();
}

TEST(Import, finds_by_external_id_and_adds_to_those_known) {
  Bench b;
  ImportRow op = row("", "A");
  op.fields.external_ids = {{"cdc", "guid-1"}, {"npi_usa", "5"}};
  EXPECT_TRUE(b.apply(op).created);
  EXPECT_EQ(b.out.site_id, "a");
  ImportRow other = row("", "A renamed");
  other.fields.external_ids = {{"cdc", "guid-1"}, {"cvs", "7"}};
  EXPECT_FALSE(b.apply(other).created);
  EXPECT_EQ(b.out.site_id, "a");
  EXPECT_EQ(b.site("a").external_ids.size(), 3U);
  EXPECT_EQ(b.site("a").name, "A renamed");
  ImportRow third = row("", "C");
  third.fields.external_ids = {{"cvs", "8"}, {"npi_usa", "5"}};
  EXPECT_TRUE(b.apply(third).created) << "npi_usa names no site alone";
  third.fields.external_ids = {{"cvs", "8"}, {"cvs", "7"}};
  EXPECT_EQ(b.apply(third).code, Code::kDuplicate);
  b.check();
}

TEST(Import, keeps_sites_of_one_name_apart_and_finds_each_again) {
  Bench b;
  ImportRow one = row("w-1", "Walgreens");
  ImportRow two = row("w-2", "Walgreens", "90210");
  two.fields.city = "Beverly Hills";
  two.fields.state = "CA";
  ImportRow three = two;
  three.id = "w-3";
  for (const ImportRow& op : {one, two, three}) EXPECT_TRUE(b.apply(op).created);
  EXPECT_NE(b.out.message, "") << "says under which name";
  EXPECT_EQ(b.site("w-1").name, "Walgreens");
  EXPECT_EQ(b.site("w-2").name, "Walgreens (Beverly Hills, CA 90210)");
  EXPECT_EQ(b.site("w-3").name, "Walgreens (Beverly Hills, CA 90210) #2");
  const auto digest = b.state.digest();
  for (const ImportRow& op : {three, one, two}) {
    EXPECT_TRUE(b.apply(op).ok());
    EXPECT_FALSE(b.out.changed) << b.out.message;
  }
  EXPECT_EQ(b.state.digest(), digest);
  EXPECT_EQ(test::copy(b.state).digest(), digest);
  two.fields.name = "Duane Reade";
  EXPECT_TRUE(b.apply(two).changed);
  EXPECT_EQ(b.site("w-2").name, "Duane Reade");
  b.check();
}

TEST(Import, without_any_id_goes_by_name_and_place) {
  Bench b;
  const ImportRow one = row("", "Rite Aid", "02138", "1 Main St");
  const ImportRow two = row("", "Rite Aid", "02138", "2 Main St");
  const ImportRow three = row("", "Rite Aid", "", "");
  for (const ImportRow& op : {one, two, three}) EXPECT_TRUE(b.apply(op).created);
  for (const ImportRow& op : {one, two, three, one}) {
    EXPECT_TRUE(b.apply(op).ok());
    EXPECT_FALSE(b.out.changed);
  }
  EXPECT_EQ(b.state.totals().sites, 3U);
  b.check();
}

// A row without a name says nothing of the name: that it was made unique is not forgotten, or the next row with the name
// would add the site again.
TEST(Import, without_a_name_leaves_how_the_name_was_made) {
  Bench b;
  const ImportRow one = row("", "Rite Aid", "02138", "1 Main St");
  const ImportRow two = row("", "Rite Aid", "02138", "2 Main St");
  for (const ImportRow& op : {one, two}) EXPECT_TRUE(b.apply(op).created);
  const std::string second = b.out.site_id;
  ImportRow phone;
  phone.id = second;
  phone.fields.phone = "555-0100";
  EXPECT_TRUE(b.apply(phone).changed);
  EXPECT_TRUE(b.apply(two).ok());
  EXPECT_FALSE(b.out.created) << b.out.site_name;
  EXPECT_EQ(b.state.totals().sites, 2U);
}

TEST(Import, of_very_long_equal_names_is_found_again) {
  Bench b;
  const std::string name(256, 'n');
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.push_back("long-" + std::to_string(i));
  for (const std::string& id : ids) ASSERT_TRUE(b.apply(row(id, name)).created) << b.out.message;
  for (const std::string& id : ids) {
    ASSERT_TRUE(b.apply(row(id, name)).ok());
    ASSERT_FALSE(b.out.changed);
  }
  b.check();
}

TEST(Import, of_a_closed_site_needs_a_row_that_opens_it) {
  Bench b;
  ImportRow op = row("x-1", "A");
  b.apply(op);
  b.apply(CloseSite{{"x-1", {}}, {}});
  EXPECT_EQ(b.apply(op).code, Code::kClosed);
  op.fields.status = SiteStatus::kClosed;
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_FALSE(b.out.changed);
  op.fields.status = SiteStatus::kActive;
  op.stock->availability = Availability::of(1);
  EXPECT_TRUE(b.apply(op).changed);
  EXPECT_EQ(b.value("x-1"), "1");
}

// A full export has a row for each of its lines (found by formats/roundtrip_test).
TEST(Import, of_a_closed_site_brings_every_line_and_changes_none) {
  Bench b;
  ImportRow op = row("x-1", "A");
  op.fields.status = SiteStatus::kClosed;
  b.apply(op);
  op.stock->product = "208";
  op.stock->availability = Availability::of(7);
  EXPECT_TRUE(b.apply(op).changed);
  op.stock->availability = Availability::of(8);
  EXPECT_FALSE(b.apply(op).changed);
  EXPECT_EQ(b.value("x-1", "208"), "7");
}

// --- the bundled files, row by row as a simple importer would send them

struct Rows {
  std::vector<ImportRow> rows;
  std::vector<std::vector<std::string>> text;  // what the rows are views of
};

void national(Rows& out, bool with_id) {
  out.text = test::read_csv("samples/national_cdc_sites_2024-08-01.csv.gz");
  for (std::size_t i = 1; i < out.text.size(); ++i) {
    auto& t = out.text[i];
    ImportRow op;
    t.push_back("cdc-" + t[0]);
    if (with_id) op.id = t.back();
    op.fields.name = t[1];
    op.fields.phone = t[2];
    op.fields.street = t[3];
    op.fields.city = t[4];
    op.fields.state = t[5];
    op.fields.zip = t[6];
    op.fields.info_url = t[8];
    op.fields.lat = std::stod(t[12]);
    op.fields.lon = std::stod(t[13]);
    out.rows.push_back(std::move(op));
  }
}

struct Counts {
  unsigned created = 0, changed = 0, refused = 0;
  auto operator<=>(const Counts&) const = default;
};
Counts run(Bench& b, const Rows& rows) {
  Counts n;
  for (const ImportRow& op : rows.rows) {
    const Outcome& out = b.apply(op);
    n.created += out.created ? 1 : 0;
    n.changed += out.changed && !out.created ? 1 : 0;
    n.refused += out.ok() || out.code == Code::kOutOfDate ? 0 : 1;
    if (!out.ok() && out.code != Code::kOutOfDate) ADD_FAILURE() << out.message;
  }
  return n;
}

TEST(NationalFile, is_kept_whole_and_importing_it_again_changes_nothing) {
  Rows rows;
  national(rows, true);
  ASSERT_EQ(rows.rows.size(), 20'523U);
  Bench b;
  EXPECT_EQ(run(b, rows), (Counts{20'523, 0, 0}));
  EXPECT_EQ(b.state.totals().sites, 20'523U);
  const auto digest = b.state.digest();
  EXPECT_EQ(run(b, rows), (Counts{0, 0, 0}));
  EXPECT_EQ(b.state.digest(), digest);
  b.check();
}

TEST(NationalFile, without_ids_loses_only_rows_of_the_same_name_and_address) {
  Rows rows;
  national(rows, false);
  Bench b;
  const Counts first = run(b, rows);
  EXPECT_EQ(first.created, 20'093U) << "distinct name, street and ZIP";
  EXPECT_EQ(b.state.totals().sites, first.created);
  b.check();
}

TEST(AlaskaFile, row_by_row_is_idempotent_once_each_vaccine_has_one_row) {
  Rows rows;
  rows.text = test::read_csv("samples/cdc_providers_AK_2022-06-23.csv.gz");
  std::vector<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 1; i < rows.text.size(); ++i) {
    const auto& t = rows.text[i];
    const auto product = cvx_of_ndc(t[21]);
    ASSERT_TRUE(product) << t[21];
    if (std::find(seen.begin(), seen.end(), std::pair(t[0], std::string(*product))) != seen.end()) continue;
    seen.emplace_back(t[0], *product);
    ImportRow op;
    op.fields.external_ids = {{"cdc", t[0]}};
    op.fields.name = t[3];
    op.fields.street = t[4];
    op.fields.city = t[6];
    op.fields.state = t[7];
    op.fields.zip = std::string_view(t[8]).substr(0, 5);
    op.stock =
        StockClaim{*product, t[23] == "true" ? Availability::yes() : Availability::no(), WallTime(1000), "cdc"};
    rows.rows.push_back(std::move(op));
  }
  Bench b;
  const Counts first = run(b, rows);
  EXPECT_EQ(first.created, 247U);
  EXPECT_EQ(first.refused, 0U);
  EXPECT_EQ(b.state.totals().stock_lines, rows.rows.size());
  const auto digest = b.state.digest();
  EXPECT_EQ(run(b, rows), (Counts{0, 0, 0}));
  EXPECT_EQ(b.state.digest(), digest);
  b.check();
}

}  // namespace
}  // namespace titer::registry
