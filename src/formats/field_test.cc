// SPDX-License-Identifier: Apache-2.0

// Files as people have them: one small file of data/cases/ for each kind, with what it means.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/time.h"
#include "formats/header_match.h"
#include "formats/testing.h"
#include "registry/product_text.h"

namespace titer::formats {
namespace {

const WallTime kFieldNow = parse_time("2026-11-28T22:00:00Z").value();

std::string field_case(const std::string& name) { return file_content(TITER_DATA_DIR "/cases/" + name); }
ReadFile read_case(const std::string& name, ColumnMap map = {}) {
  return read_all(field_case(name), 0, {.now = kFieldNow, .map = std::move(map)});
}
const ReadRow* row_of(const ReadFile& file, std::string_view id) {
  const auto found = std::ranges::find(file.rows, id, &ReadRow::id);
  return found == file.rows.end() ? nullptr : &*found;
}
std::string field_of(const ReadRow& row, const std::string& name) {
  const auto found = row.fields.find(name);
  return found == row.fields.end() ? "-" : found->second;
}

// --- dates

TEST(Field, every_header_of_a_locator_has_its_date_and_an_older_claim_never_replaces_a_newer) {
  registry::State state;
  EXPECT_EQ(import_into(state, field_case("locator-march.csv")).refused, 0U);
  const auto line = [&state] {
    registry::ListSites all;
    std::string out;
    EXPECT_TRUE(state.list(all, [&out](const registry::Site& site) {
      out += registry::to_text(site.stock.at(0).availability) + " at " + time_text(site.stock[0].valid_at) + " ";
      return true;
    }));
    return out;
  };
  EXPECT_EQ(line(), "5 at 2022-03-11T04:59:59Z ") << "the end of 10 March in Boston";
  EXPECT_EQ(import_into(state, field_case("locator-february-other-header.csv")).refused, 1U);
  EXPECT_EQ(line(), "5 at 2022-03-11T04:59:59Z ");
  EXPECT_EQ(import_into(state, field_case("locator-march-zip-mended.csv")).refused, 0U);
  EXPECT_EQ(line(), "7 at 2022-03-13T04:59:59Z ") << "one site, although its ZIP code lost a zero before";
}

TEST(Field, a_locator_without_a_date_that_is_known_says_so) {
  std::string text = field_case("locator-march.csv");
  text.replace(text.find("last_report_date"), 16, "some_other_date");
  EXPECT_EQ(read_all(text).told("no date of this file is understood"), 1U);
}

TEST(Field, a_claim_from_the_future_is_refused_with_a_reason) {
  const ReadFile f = read_case("future-date.csv");
  EXPECT_TRUE(f.rows.empty());
  EXPECT_EQ(f.told("a time that is still to come"), 1U);
  registry::State state;
  EXPECT_EQ(import_into(state, field_case("future-date.csv")).refused, 1U) << "the registry knows the time, too";
}

TEST(Field, american_dates_are_read_and_told_once) {
  const ReadFile f = read_case("us-dates.csv");
  ASSERT_EQ(f.rows.size(), 5U);
  EXPECT_EQ(f.rows[0].valid_at, "2026-11-02T04:59:59Z") << "the end of 1 November, when clocks were put back";
  EXPECT_EQ(f.rows[4].valid_at, "2026-11-06T04:59:59Z");
  EXPECT_EQ(f.told("a date with the month first"), 1U);
  EXPECT_EQ(read_all("site_id,availability,valid_at\na,1,28/11/2026\n").counts.refused, 1U) << "the day first";
}

TEST(Field, times_are_read_by_the_clocks_of_the_place_and_a_day_ends_now_at_the_latest) {
  const ReadFile f = read_case("times.csv");
  const std::string today = "2026-11-28T22:00:00Z", half_past_nine = "2026-11-28T14:30:00Z";
  const std::map<std::string, std::string> expected = {
      {"g-0", today},
      {"g-1", half_past_nine},
      {"g-2", half_past_nine},
      {"g-3", half_past_nine},
      {"g-4", half_past_nine},
      {"g-5", half_past_nine},
      {"g-6", "2026-11-28T09:30:00.123Z"},
      {"g-7", today},
      {"g-8", half_past_nine},
      {"g-9", half_past_nine},
      {"g-10", today},
      {"g-12", today},
      {"g-13", today},
      {"g-14", today},
      {"g-15", "2026-11-28T09:30:00Z"},
      {"g-16", "2026-11-28T09:30:00Z"},
      {"g-17", "2025-11-29T04:59:59Z"},
      {"g-18", half_past_nine},
      {"g-23", half_past_nine},
      {"g-27", "2026-03-08T07:30:00Z"},
      {"g-28", ""},
  };
  std::map<std::string, std::string> read;
  for (const ReadRow& row : f.rows) read[row.id] = row.valid_at;
  EXPECT_EQ(read, expected);
  EXPECT_EQ(f.counts.refused, 8U) << "no days, no times, times of none";
  EXPECT_EQ(f.told("a time without its zone: read by the clocks of the place"), 1U);
  EXPECT_EQ(f.told("a spreadsheet's number of a day"), 1U);
  EXPECT_EQ(f.told("says that there is no time"), 1U);
}

TEST(Field, a_day_that_has_begun_at_the_place_counts_as_now_and_tomorrow_is_refused) {
  const WallTime morning = parse_time("2026-11-27T20:00:00Z").value();  // the 28th in Guam
  const ReadFile f =
      read_all("site_id,zip,state,availability,valid_at\ngu,96910,GU,1,2026-11-28\nma,02139,MA,1,2026-11-28\n", 0,
               {.now = morning});
  ASSERT_EQ(f.rows.size(), 1U);
  EXPECT_EQ(f.rows[0].id, "gu");
  EXPECT_EQ(f.rows[0].valid_at, "2026-11-27T20:00:00Z");
  EXPECT_EQ(f.told("a time that is still to come"), 1U);
}

// --- identity and products

TEST(Field, two_packs_of_one_vaccine_are_two_lines) {
  registry::State state;
  EXPECT_EQ(import_into(state, field_case("two-packs-of-one-vaccine.csv")).refused, 0U);
  registry::ListSites query;
  const auto codes = registry::products_meant("312");
  ASSERT_TRUE(codes.ok());
  query.filter.products.assign(codes->begin(), codes->end());
  std::string found;
  EXPECT_TRUE(state.list(query, [&found](const registry::Site& site) {
    for (const registry::StockLine& line : site.stock)
      found += std::string(line.product) + "=" + registry::to_text(line.availability) + " ";
    return true;
  }));
  EXPECT_EQ(found, "80777-0112-93=10 80777-0112-96=20 ") << "the site once";
}

TEST(Field, products_are_understood_or_refused) {
  const ReadFile f = read_case("products.csv");
  std::map<std::string, std::string> read;
  for (const ReadRow& row : f.rows) read[row.id] = row.product;
  const std::map<std::string, std::string> expected = {
      {"f-0", "08"},
      {"f-1", "08"},
      {"f-2", "208"},
      {"f-3", "208"},
      {"f-4", "208"},
      {"f-5", "208"},
      {"f-6", "208"},
      {"f-7", "208"},
      {"f-10", "213"},
      {"f-11", "88"},
      {"f-12", "304"},
      {"f-13", "any"},
      {"f-14", "any"},
      {"f-15", "any"},
      {"f-16", "00069-2528-10"},
      {"f-17", "00069-2528-10"},
      {"f-18", "00069-2528-10"},
      {"f-19", "00069-2528-10"},
      {"f-20", "00069-2528-10"},
      {"f-21", "00069-2528-10"},
      {"f-22", "00069-2528-10"},
      {"f-23", "00069-2528-10"},
      {"f-25", "80777-0112-93"},
      {"f-26", "80777-0112-93"},
      {"f-27", "80777-0112-93"},
      {"f-29", "99999-9999-99"},
      {"f-30", "99999-9999-99"},
      {"f-31", "335"},
      {"f-32", "340"},
      {"f-33", "999"},
      {"f-37", "309"},
  };
  EXPECT_EQ(read, expected);
  EXPECT_EQ(f.counts.refused, 7U) << "Pfizer twice, rounded numbers twice, null, N/A, Moderna COVID-19";
}

TEST(Field, one_name_in_two_ways_of_writing_is_one_site) {
  const ReadFile f = read_case("same-name-two-characters.csv");
  ASSERT_EQ(f.rows.size(), 2U);
  EXPECT_EQ(f.rows[0].fields.at("name"), "St. Mary's I3");
  EXPECT_EQ(f.rows[1].fields.at("name"), "Cl\xC3\xADnica I3");
  EXPECT_EQ(f.counts.refused, 3U) << "the same site and product with another value";
}

TEST(Field, a_site_beside_one_of_its_name_and_zip_code_is_told) {
  registry::State state;
  EXPECT_EQ(import_into(state, "name,street,zip\nElm Clinic I2,12 Main Street,02139\n").changed, 1U);
  const Imported done = import_into(state, field_case("same-place-two-spellings.csv"));
  EXPECT_EQ(done.changed, 1U);
  EXPECT_EQ(done.last_message.find(registry::kPerhapsTheSame), 0U) << done.last_message;
  EXPECT_NE(done.last_message.find("elm-clinic-i2"), std::string::npos) << done.last_message;
}

// --- forms of files

TEST(Field, fields_that_are_missing_at_the_end_are_blank) {
  const ReadFile f = read_case("excel-missing-delimiters.csv");
  EXPECT_EQ(f.counts.refused, 0U);
  EXPECT_EQ(f.rows.size(), f.counts.records);
  EXPECT_GT(f.rows.size(), 30U);
  EXPECT_EQ(f.rows.back().fields.at("zip"), "02139");
}

TEST(Field, lines_of_old_macs_are_lines) { EXPECT_EQ(read_case("mac-line-ends.csv").rows.size(), 2U); }

TEST(Field, rows_of_blanks_are_counted_apart) {
  const ReadFile f = read_case("blank-rows.csv");
  EXPECT_EQ(f.rows.size(), 1U);
  EXPECT_EQ(f.counts.refused, 0U);
  EXPECT_EQ(f.counts.records, 1U);
  EXPECT_EQ(f.counts.blank, 30U);
}

TEST(Field, names_in_other_encodings_are_the_names) {
  const ReadFile latin = read_case("windows-1252.csv");
  ASSERT_EQ(latin.rows.size(), 1U);
  EXPECT_EQ(latin.rows[0].fields.at("name"),
            "Pe\xC3\xB1"
            "a Cl\xC3\xADnica");
  EXPECT_EQ(latin.rows[0].fields.at("city"),
            "Mayag\xC3\xBC"
            "ez");
  EXPECT_EQ(latin.told("Windows-1252"), 2U);
  const ReadFile twice = read_case("saved-back-garbled.csv");
  ASSERT_EQ(twice.rows.size(), 1U);
  EXPECT_EQ(twice.rows[0].fields.at("name"),
            "Pe\xC3\xB1"
            "a Clinic")
      << "it never replaces the good name";
  EXPECT_EQ(twice.told("UTF-8 that was encoded twice"), 1U);
}

TEST(Field, foreign_headers_are_matched_by_meaning) {
  const ReadFile f = read_case("foreign-headers.csv");
  ASSERT_EQ(f.rows.size(), 1U);
  const ReadRow& row = f.rows[0];
  EXPECT_EQ(row.id, "x1");
  EXPECT_EQ(field_of(row, "zip"), "02139");
  EXPECT_EQ(field_of(row, "street"), "1 Main");
  EXPECT_EQ(field_of(row, "lat"), "42.370000");
  EXPECT_EQ(row.product, "208");
  EXPECT_EQ(row.availability, "12");
  EXPECT_EQ(f.told("taken for a column of ours"), 7U);
}

TEST(Field, what_cannot_be_matched_asks_for_a_map_and_takes_nothing) {
  constexpr std::string_view kTable = "Place,Zip Code,Left over\nElm,02139,4\n";
  const ReadFile asked = read_all(kTable);
  ASSERT_FALSE(asked.status.ok());
  EXPECT_TRUE(asked.rows.empty());
  EXPECT_NE(asked.status.error().message.find("--map"), std::string::npos) << asked.status.error().message;
  auto map = parse_column_map("name=Place,availability=\"Left over\"");
  ASSERT_TRUE(map.ok());
  const ReadFile f = read_all(kTable, 0, {.map = *map});
  ASSERT_EQ(f.rows.size(), 1U) << f.status.error().message;
  EXPECT_EQ(f.rows[0].availability, "4");
  EXPECT_EQ(f.rows[0].fields.at("zip"), "02139");
  EXPECT_FALSE(read_all(kTable, 0, {.map = {{"name", "Nowhere"}}}).status.ok())
      << "the map names a column that is not there";
  EXPECT_FALSE(read_all(kTable, 0, {.map = {{"nmae", "Place"}}}).status.ok());
  EXPECT_FALSE(parse_column_map("name").ok());
  EXPECT_FALSE(read_all("Clinic,Address\nElm,1 Main\n").status.ok()) << "nothing says how much there is";
}

TEST(Field, an_inventory_sheet_is_read_and_what_was_never_filled_in_is_blank) {
  const ReadFile f = read_case("inventory-sheet.csv");
  EXPECT_EQ(f.format, Format::kInventory);
  ASSERT_EQ(f.rows.size(), 1U);
  const ReadRow& row = f.rows[0];
  EXPECT_EQ(field_of(row, "name"), "J13 Clinic");
  EXPECT_EQ(field_of(row, "provider"), "Org");
  EXPECT_EQ(row.product, "80777-0112-93");
  EXPECT_EQ(row.availability, "true");
  EXPECT_EQ(row.external_ids, (std::vector<std::pair<std::string, std::string>>{{"vtrcks", "MAA123456"}}));
}

TEST(Field, lots_are_added_up_but_for_expired_ones_and_the_childrens_program_is_apart) {
  const ReadFile one = read_case("stock-by-lot-and-fund.csv");
  ASSERT_EQ(one.rows.size(), 1U);
  EXPECT_EQ(one.rows[0].product, "80777-0112-93.vfc");
  EXPECT_EQ(one.rows[0].availability, "12");
  EXPECT_EQ(one.rows[0].external_ids, (std::vector<std::pair<std::string, std::string>>{{"vfc", "123456"}}));
  const ReadFile f = read_all(
      "VFC PIN,Vaccine,NDC,Lot Number,Expiration Date,Doses On Hand,Funding Source\n"
      "1,Spikevax,80777-0112-93,A,11/30/2026,12,VFC\n1,Spikevax,80777-0112-93,B,11/01/2026,5,VFC\n"
      "1,Spikevax,80777-0112-93,C,2027-01-31,3,VFC\n1,Spikevax,80777-0112-93,D,11/30/2026,7,Private\n"
      "1,Spikevax,,E,soon,7,Private\n",
      0, {.now = kFieldNow});
  ASSERT_EQ(f.rows.size(), 2U);
  EXPECT_EQ(f.rows[0].availability, "15");
  EXPECT_EQ(f.rows[1].product, "80777-0112-93");
  EXPECT_EQ(f.rows[1].availability, "7");
  EXPECT_EQ(f.told("the lot has expired"), 1U);
  EXPECT_EQ(f.counts.refused, 1U);
}

// --- places

TEST(Field, a_zip_code_whose_zeros_were_put_back_agrees_with_state_or_city_or_is_left_out) {
  const ReadFile f = read_case("zip-and-state.csv");
  ASSERT_EQ(f.rows.size(), 4U);
  EXPECT_EQ(field_of(f.rows[0], "zip"), "-") << "7520 in Dallas is no 07520 of New Jersey";
  EXPECT_EQ(field_of(f.rows[1], "zip"), "-");
  EXPECT_EQ(field_of(f.rows[2], "zip"), "90210");
  EXPECT_EQ(field_of(f.rows[3], "zip"), "00901");
  EXPECT_EQ(f.told("a ZIP code that lost a digit"), 2U);
  EXPECT_EQ(f.told("the place contradicts itself"), 1U) << "MA and 90210";
}

TEST(Field, points_are_mended_if_one_mistake_explains_them_or_left_out) {
  const ReadFile f = read_case("points.csv");
  ASSERT_EQ(f.rows.size(), 14U);
  for (const std::string id : {"d-0", "d-1", "d-2", "d-4", "d-6", "d-7", "d-8", "d-13"}) {
    const ReadRow* row = row_of(f, id);
    ASSERT_NE(row, nullptr) << id;
    EXPECT_EQ(field_of(*row, "lat").substr(0, 5), "42.37") << id;
    EXPECT_EQ(field_of(*row, "lon").substr(0, 6), "-71.11") << id;
  }
  for (const std::string id : {"d-3", "d-5", "d-9", "d-10", "d-11", "d-12"}) {
    const ReadRow* row = row_of(f, id);
    ASSERT_NE(row, nullptr) << id;
    EXPECT_EQ(field_of(*row, "lat"), "-") << id;
  }
  EXPECT_EQ(f.told("latitude and longitude were exchanged: put right"), 1U);
  EXPECT_EQ(f.told("the sign of a latitude or longitude was wrong"), 1U);
  EXPECT_EQ(f.told("the point is more than 100 miles from the ZIP code"), 2U) << "Los Angeles, and 1, 1";
  EXPECT_EQ(f.told("not a point on land"), 3U);
}

// --- SMART feeds

ReadFile read_feed(const std::string& folder) {
  std::string all;
  for (const char* name : {"bulk-publish.json", "locations.ndjson", "schedules.ndjson", "slots.ndjson"})
    all += field_case(folder + "/" + name) + "\n";
  return read_all(all, 0, {.now = kFieldNow});
}
std::string stock_of(const ReadFile& file) {
  std::string out;
  for (const ReadRow& row : file.rows)
    if (row.has_stock) out += row.product + "=" + row.availability + " ";
  return out;
}

TEST(Field, slots_of_the_past_and_slots_without_room_are_no_availability) {
  EXPECT_EQ(stock_of(read_feed("smart-slots-past")), "309=false ");
  EXPECT_EQ(stock_of(read_feed("smart-capacity-zero")), "309=false 309=false 309=false ");
  EXPECT_EQ(stock_of(read_feed("smart-urls-with-query")), "309=true ");
}

TEST(Field, a_schedule_of_another_service_is_left_out_and_counted) {
  const ReadFile f = read_feed("smart-other-service");
  EXPECT_EQ(stock_of(f), "");
  EXPECT_EQ(f.told("a Schedule of another service than immunization"), 1U);
  EXPECT_EQ(f.counts.refused, 1U) << "its Slots are no mistake";
}

TEST(Field, a_schedule_of_two_products_claims_both) {
  EXPECT_EQ(stock_of(read_feed("smart-two-products")), "309=true 312=true ");
}

TEST(Field, what_is_not_active_or_gone_from_a_feed_is_not_available) {
  constexpr std::string_view kLocation = R"({"resourceType":"Location","id":"a","name":"A"})";
  constexpr std::string_view kClosed = R"({"resourceType":"Location","id":"b","name":"B","status":"inactive"})";
  const auto schedule = [](std::string_view id, std::string_view location, std::string_view more) {
    return "\n{\"resourceType\":\"Schedule\",\"id\":\"" + std::string(id) +
           "\",\"actor\":[{\"reference\":\"HealthcareService/1\"},{\"reference\":\"Location/" +
           std::string(location) + "\"}]" + std::string(more) + "}";
  };
  constexpr std::string_view kSlot =
      R"({"resourceType":"Slot","id":"1","schedule":{"reference":"Schedule/s"},"status":"free","start":"2026-12-01T09:00:00Z","end":"2026-12-01T09:15:00Z"})";
  std::string feed = std::string(kLocation) + "\n" + std::string(kClosed) + schedule("s", "a", "") +
                     schedule("t", "b", "") + schedule("u", "a", R"(,"active":false)");
  EXPECT_EQ(stock_of(read_all(feed + "\n" + std::string(kSlot) + "\n", 0, {.now = kFieldNow})), "any=true ");
  std::string error(kSlot);
  error.replace(error.find("free"), 4, "entered-in-error");
  const ReadFile f = read_all(feed + "\n" + error + "\n", 0, {.now = kFieldNow});
  EXPECT_EQ(stock_of(f), "") << "no Slot of this feed counts, so it says nothing";
  EXPECT_EQ(f.told("a Location that is not active"), 1U);
  EXPECT_EQ(f.told("a Schedule of a Location that is not active"), 1U);
  EXPECT_EQ(f.told("a Schedule that is not active"), 1U);
  EXPECT_EQ(f.told("a Slot that was entered in error"), 1U);
  const std::string gone = feed + schedule("v", "a", R"(,"extension":[])") + "\n" + std::string(kSlot) + "\n";
  EXPECT_EQ(stock_of(read_all(gone, 0, {.now = kFieldNow})), "any=true ")
      << "one of two Schedules of a product is enough";
}

}  // namespace
}  // namespace titer::formats
