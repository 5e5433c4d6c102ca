// SPDX-License-Identifier: Apache-2.0

#include "formats/writer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "formats/testing.h"

namespace titer::formats {
namespace {

// Every field, with what CSV and JSON must escape.
registry::Site difficult() {
  registry::Site s;
  s.id = "elm.1-A";
  s.name = "Elm \"Street\", Clinic \\ \xC3\xA9";
  s.zip = "02138";
  s.zip_plus4 = "0001";
  s.street = "1, Elm; 'St'";
  s.city = "Cambridge";
  s.state = "MA";
  s.county = "Middlesex";
  s.phone = "+1 (617) 555-0100";
  s.info_url = "https://elm.example.org/?a=1,2";
  s.booking_url = "https://elm.example.org/book";
  s.provider = "Elm, Inc.";
  s.hours = "Mon 9-5; \"Tue\" closed";
  s.external_ids = {{"npi_usa", "12"}, {"odd:system", "a|b\\c,\"d\""}};
  s.point = registry::PointSource::kGiven;
  s.lat = 42.3601234567;
  s.lon = -71.0589;
  s.status = registry::SiteStatus::kHidden;
  s.stock = {{"208", registry::Availability::of(12), WallTime(1'722'470'400'000), {}, {}, "county, MA", {}, 1},
             {"any", registry::Availability::yes(), {}, {}, {}, {}, {}, 1},
             {"990", registry::Availability::unknown(), {}, {}, {}, {}, {}, 1},
             {"99999-9999-99", registry::Availability::no(), {}, {}, {}, {}, {}, 1}};
  return s;
}

std::string written(ExportFormat format, const std::vector<registry::Site>& sites) {
  std::string out;
  const auto writer = make_writer(format);
  writer->begin(out);
  for (const registry::Site& site : sites) writer->site(site, out);
  writer->end(out);
  return out;
}

TEST(Writer, csv_and_ndjson_are_read_back_field_by_field) {
  const registry::Site s = difficult();
  for (const ExportFormat format : {ExportFormat::kCsv, ExportFormat::kNdjson}) {
    const ReadFile f = read_all(written(format, {s}));
    ASSERT_TRUE(f.status.ok()) << f.status.error().message;
    ASSERT_EQ(f.rows.size(), 4U);
    EXPECT_EQ(f.told(""), 2U) << "of two codes that are in no table";
    const ReadRow& r = f.rows[0];
    EXPECT_EQ(r.id, s.id);
    EXPECT_EQ(r.fields, (std::map<std::string, std::string>{{"name", std::string(s.name)},
                                                            {"zip", "02138"},
                                                            {"zip_plus4", "0001"},
                                                            {"street", std::string(s.street)},
                                                            {"city", "Cambridge"},
                                                            {"state", "MA"},
                                                            {"county", "Middlesex"},
                                                            {"phone", std::string(s.phone)},
                                                            {"info_url", std::string(s.info_url)},
                                                            {"booking_url", std::string(s.booking_url)},
                                                            {"provider", "Elm, Inc."},
                                                            {"hours", std::string(s.hours)},
                                                            {"lat", std::to_string(s.lat)},
                                                            {"lon", std::to_string(s.lon)},
                                                            {"status", "hidden"}}));
    EXPECT_EQ(r.external_ids, (std::vector<std::pair<std::string, std::string>>{{"npi_usa", "12"},
                                                                                {"odd:system", "a|b\\c,\"d\""}}));
    EXPECT_EQ(r.availability, "12");
    EXPECT_EQ(r.valid_at, "2024-08-01T00:00:00Z");
    EXPECT_EQ(r.source, "county, MA");
    EXPECT_EQ(f.rows[1].availability, "true");
    EXPECT_EQ(f.rows[1].product, "any");
    EXPECT_EQ(f.rows[2].availability, "unknown");
    EXPECT_EQ(f.rows[3].availability, "false");
  }
}

TEST(Writer, a_site_without_stock_has_one_row) {
  registry::Site s;
  s.id = "a";
  s.name = "A";
  EXPECT_EQ(
      written(ExportFormat::kCsv, {s}),
      "site_id,name,street,city,state,zip,product,availability,valid_at,source,county,lat,lon,point,phone,info_url,"
      "booking_url,provider,hours,status,external_ids\na,A,,,,,,,,,,,,,,,,,,active,\n");
  EXPECT_EQ(written(ExportFormat::kNdjson, {s}), "{\"site_id\":\"a\",\"name\":\"A\",\"status\":\"active\"}\n");
  const ReadFile f = read_all(written(ExportFormat::kCsv, {s}));
  ASSERT_EQ(f.rows.size(), 1U);
  EXPECT_FALSE(f.rows[0].has_stock);
}

TEST(Writer, a_point_made_from_the_zip_is_shown_but_not_taken_back) {
  registry::Site s;
  s.id = "a";
  s.name = "A";
  s.point = registry::PointSource::kZipCentroid;
  s.lat = 42.5;
  s.lon = -71.5;
  for (const ExportFormat format : {ExportFormat::kCsv, ExportFormat::kNdjson}) {
    const std::string text = written(format, {s});
    EXPECT_NE(text.find("42.5"), std::string::npos);
    EXPECT_EQ(read_all(text).rows.at(0).fields.count("lat"), 0U);
  }
}

TEST(Writer, csv_has_no_cell_that_a_spreadsheet_runs_and_loses_nothing) {
  for (const std::string_view name :
       {"=cmd|'/C calc'!A0", "@SUM(1+1)", "+1+cmd|' /C notepad'!A0", "-2+3+cmd|' /C calc'!D2", "'=1+a", "''=a",
        "'plain", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1 (617) 555-0100", "-", "=1"}) {
    registry::Site s;
    s.id = "a";
    s.name = name;
    const std::string text = written(ExportFormat::kCsv, {s});
    const std::string row = text.substr(text.find('\n') + 1);
    const std::size_t cell = row.find(',') + (row[row.find(',') + 1] == '"' ? 2 : 1);
    const bool runs = std::string_view("=@").find(row[cell]) != std::string_view::npos;
    EXPECT_FALSE(runs) << row;
    EXPECT_EQ(read_all(text).rows.at(0).fields.at("name"), name) << row;
  }
}

TEST(Writer, geojson_is_one_valid_document) {
  registry::Site nowhere;
  nowhere.id = "b";
  nowhere.name = "B";
  const boost::json::value doc = boost::json::parse(written(ExportFormat::kGeoJson, {difficult(), nowhere}));
  const auto& features = doc.at("features").as_array();
  ASSERT_EQ(features.size(), 2U);
  const auto& one = features[0].as_object();
  EXPECT_EQ(one.at("geometry").at("coordinates").at(0).as_double(), -71.0589);
  EXPECT_EQ(one.at("properties").at("stock").as_array().size(), 4U);
  EXPECT_EQ(one.at("properties").at("stock").at(0).at("availability").as_int64(), 12);
  EXPECT_TRUE(features[1].at("geometry").is_null());
  EXPECT_TRUE(boost::json::parse(written(ExportFormat::kGeoJson, {})).at("features").as_array().empty());
}

}  // namespace
}  // namespace titer::formats
