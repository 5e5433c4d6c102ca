// SPDX-License-Identifier: Apache-2.0

// The real files that come with titer: their known defects are all reported, and importing them is idempotent.

#include <gtest/gtest.h>

#include <set>

#include "formats/testing.h"

namespace titer::formats {
namespace {

std::string sample(const char* name) { return file_content(std::string(TITER_DATA_DIR "/samples/") + name); }
const char* const kNational = "national_cdc_sites_2024-08-01.csv.gz";
const char* const kAlaska = "cdc_providers_AK_2022-06-23.csv.gz";
const char* const kTherapeutics = "hhs_therapeutics_2022-03-11.csv.gz";

TEST(RealFiles, the_national_list_and_its_defects) {
  const ReadFile f = read_all(sample(kNational), 50'000);
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  EXPECT_EQ(f.format, Format::kNationalSites);
  EXPECT_EQ(f.counts.records, 20'523U);
  // 674 pairs of street and ZIP occur twice: the same name too, or two businesses at one address.
  EXPECT_EQ(f.told("the same name, street and ZIP code"), 430U);
  EXPECT_EQ(f.told("the same street and ZIP code"), 244U);
  EXPECT_EQ(f.counts.refused, 430U);
  EXPECT_EQ(f.told("the store's number looks like"), 2'762U);
  EXPECT_EQ(f.told("the place contradicts itself"), 0U);
  EXPECT_EQ(f.rows.size(), 20'093U);
  std::set<std::string> ids;
  for (const ReadRow& r : f.rows) ids.insert(r.id);
  EXPECT_EQ(ids.size(), f.rows.size());
  EXPECT_EQ(f.rows[0].fields.at("name"), "CVS Pharmacy, Inc. #5340");
  EXPECT_EQ(f.rows[0].fields.at("zip"), "70123");
  EXPECT_FALSE(f.rows[0].has_stock);
}

TEST(RealFiles, derived_ids_never_change) {
  const ReadFile f = read_all(sample(kNational));
  EXPECT_EQ(f.rows.at(0).id, "cdc-e742822b42d626f4");
  const ReadFile t = read_all(sample(kTherapeutics));
  EXPECT_EQ(t.rows.at(0).id, "hhs-e4359730446bd086");
}

TEST(RealFiles, alaska_and_its_defects) {
  const ReadFile f = read_all(sample(kAlaska), 10'000);
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  EXPECT_EQ(f.format, Format::kCdcProviders);
  EXPECT_EQ(f.counts.records, 1'109U);
  EXPECT_EQ(f.counts.refused, 0U);
  EXPECT_EQ(f.told("in_stock is true but the supply level is 0"), 79U);
  EXPECT_EQ(f.told("in_stock is true but no supply level"), 364U);
  EXPECT_EQ(f.told("another code of a product"), 32U);
  EXPECT_EQ(f.told("the place contradicts itself"), 1U) << "a site with a ZIP code of Arkansas";
  std::size_t sites = 0, stock = 0, yes = 0, no = 0, unknown = 0;
  std::string oldest = "9";
  for (const ReadRow& r : f.rows) {
    ++(r.has_stock ? stock : sites);
    if (!r.has_stock) continue;
    ++(r.availability == "true" ? yes : r.availability == "false" ? no : unknown);
    oldest = std::min(oldest, r.valid_at);
    EXPECT_EQ(r.source, "vaccines.gov");
  }
  EXPECT_EQ(sites, 247U);
  EXPECT_EQ(stock, 1'109U - 32U);
  EXPECT_EQ(yes + no + unknown, stock);
  EXPECT_GT(yes, 30U);
  EXPECT_EQ(oldest, "2021-01-12T08:59:59Z") << "the end of 11 January in Alaska";
  const ReadRow& first = f.rows[0];
  EXPECT_EQ(first.id, "97e01c5f-be05-45e7-b182-b837dd179ff5");
  EXPECT_EQ(first.fields.at("name"), "Ron's Apothecary Shoppe");
  EXPECT_EQ(first.fields.at("hours").substr(0, 26), "Mon 10:15 AM - 2:00 PM; Tu");
  EXPECT_EQ(first.external_ids.at(0).first, "vaccines_gov");
}

TEST(RealFiles, several_codes_of_one_product_are_one_line_with_the_best_claim) {
  const std::string header = "provider_location_guid,loc_name,ndc,in_stock,supply_level,quantity_last_updated\n";
  const ReadFile f =
      read_all(header +
               "g,G,59267-1025-01,false,0,2022-01-05\ng,G,00069-2025-01,true,2,2022-01-03\n"
               "g,G,59267-1025-01,true,-1,2022-01-06\nh,H,59267-1025-01,false,0,2022-01-05\n"
               "h,H,00069-2025-01,TRUE,-1,2022-01-04\nbad guid,X,59267-1025-01,true,1,\n,Y,1,true,1,\n");
  ASSERT_EQ(f.rows.size(), 4U);
  EXPECT_EQ(f.rows[2].id, "g");
  EXPECT_EQ(f.rows[2].product, "217");
  EXPECT_EQ(f.rows[2].availability, "true");
  EXPECT_EQ(f.rows[2].valid_at, "2022-01-03T23:59:59Z");
  EXPECT_EQ(f.rows[2].line, 3U) << "the row that the claim is from";
  EXPECT_EQ(f.rows[3].availability, "unknown");
  EXPECT_EQ(f.counts.refused, 2U);
}

TEST(RealFiles, therapeutics_and_their_defects) {
  const ReadFile f = read_all(sample(kTherapeutics), 30'000);
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  EXPECT_EQ(f.format, Format::kTherapeutics);
  EXPECT_EQ(f.counts.records, 11'514U);
  EXPECT_EQ(f.told("zeros in front of the ZIP code were lost"), 807U)
      << "sites; 908 rows, and four sites are there with and without the zeros";
  EXPECT_EQ(f.told("no point"), 544U) << "sites; 640 rows";
  EXPECT_EQ(f.told("the place contradicts itself"), 2U) << "ZIP codes 20014 in MD, 12557 in PA";
  EXPECT_EQ(f.told("the point is more than 100 miles from the ZIP code"), 3U) << "182, 202 and 138 miles";
  EXPECT_GT(f.told("a number that a spreadsheet gave a fraction"), 1'000U);
  EXPECT_EQ(f.rows.size() + f.counts.refused, 11'514U);
  EXPECT_EQ(f.rows[0].availability, "17");
  EXPECT_EQ(f.rows[0].valid_at, "2022-03-12T08:59:59Z");
}

// Export equals import: nothing changes the second time, and another registry becomes the same.
void expect_round_trip(const char* name) {
  const std::string text = sample(name);
  registry::State one;
  const Imported first = import_into(one, text);
  EXPECT_EQ(first.refused, 0U) << first.first_refusal;
  EXPECT_GT(first.changed, 0U);
  const Imported again = import_into(one, text);
  EXPECT_EQ(again.changed, 0U) << "of " << again.unchanged;
  for (const std::string_view format : {"csv", "ndjson"}) {
    const std::string exported = export_of(one, format);
    const Imported back = import_into(one, exported);
    EXPECT_EQ(back.changed, 0U) << format;
    EXPECT_EQ(back.refused, 0U) << format << ": " << back.first_refusal;
    registry::State two;
    const Imported fresh = import_into(two, exported);
    EXPECT_EQ(fresh.refused, 0U) << format << ": " << fresh.first_refusal;
    EXPECT_EQ(export_of(two, format), exported) << format;
  }
}

TEST(RealFiles, the_national_list_comes_back) { expect_round_trip(kNational); }
TEST(RealFiles, alaska_comes_back) { expect_round_trip(kAlaska); }
TEST(RealFiles, therapeutics_come_back) { expect_round_trip(kTherapeutics); }

}  // namespace
}  // namespace titer::formats
