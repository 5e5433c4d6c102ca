// SPDX-License-Identifier: Apache-2.0

// State, ZIP code and point: when they agree, and what follows from what.
#include "registry/place.h"

#include <gtest/gtest.h>

#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

bool agrees(std::string_view state, std::string_view zip) { return !contradiction({state, zip}); }
bool agrees(std::string_view state, std::string_view zip, double lat, double lon) {
  return !contradiction({state, zip, true, lat, lon});
}

TEST(Place, a_zip_code_of_the_table_lies_in_its_state) {
  EXPECT_TRUE(agrees("MA", "02138"));
  EXPECT_TRUE(agrees("", "02138"));
  EXPECT_TRUE(agrees("MA", ""));
  EXPECT_FALSE(agrees("MA", "90001"));
  const auto why = contradiction({"MA", "90001"});
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("90001 is in CA (Los Angeles)"), std::string::npos) << *why;
  EXPECT_NE(why->find("MA"), std::string::npos) << *why;
}

TEST(Place, a_zip_code_that_the_table_lacks_shares_its_first_digits_with_one_of_the_state) {
  ASSERT_FALSE(agrees("MA", "02138", 0, 0));
  EXPECT_TRUE(agrees("CA", "90299"));
  EXPECT_FALSE(agrees("MA", "90299"));
  EXPECT_FALSE(agrees("MA", "00001"));
  EXPECT_TRUE(agrees("ZZ", "00001")) << "nothing is known of such a state";
  EXPECT_FALSE(agrees("ZZ", "02138"));
}

// The table of ZIP codes has none of them, so a key of Guam could have a site anywhere.
TEST(Place, territories_and_the_military_have_zip_codes_and_places_of_their_own) {
  const std::pair<std::string_view, std::string_view> all[] = {
      {"AS", "96799"}, {"FM", "96941"}, {"GU", "96910"}, {"MH", "96960"}, {"MP", "96950"}, {"PW", "96940"},
      {"PR", "00901"}, {"VI", "00802"}, {"AA", "34002"}, {"AE", "09012"}, {"AP", "96310"}};
  for (const auto& [state, zip] : all) {
    for (const auto& [other, its_zip] : all) EXPECT_EQ(agrees(state, its_zip), state == other) << state << its_zip;
    EXPECT_FALSE(agrees(state, "02138")) << state;
    EXPECT_FALSE(agrees(state, "00001")) << state;
    EXPECT_FALSE(agrees("MA", zip)) << zip;
    EXPECT_TRUE(agrees("", zip)) << zip;
    EXPECT_EQ(state_of({"", zip}), state);
    const bool anywhere = state.front() == 'A' && state != "AS";
    EXPECT_EQ(agrees(state, "", 42.37, -71.11), anywhere) << state;
    EXPECT_EQ(agrees("", zip, 42.37, -71.11), anywhere) << zip;
  }
  EXPECT_TRUE(agrees("GU", "96910", 13.47, 144.75));
  EXPECT_TRUE(agrees("AS", "96799", -14.28, -170.69));
  Bench b;
  AddSite op;
  op.id = "hagatna";
  op.fields.name = "Hagatna";
  op.fields.zip = "96910";
  ASSERT_TRUE(b.apply(op).ok()) << b.out.message;
  EXPECT_EQ(b.site("hagatna").state, "GU");
}

TEST(Place, a_point_lies_near_its_zip_code_or_else_in_its_state) {
  EXPECT_TRUE(agrees("MA", "02138", 42.37, -71.11));
  EXPECT_FALSE(agrees("MA", "02138", 34.05, -118.24));
  EXPECT_FALSE(agrees("", "02138", 34.05, -118.24));
  EXPECT_TRUE(agrees("MA", "", 42.37, -71.11));
  EXPECT_FALSE(agrees("MA", "", 34.05, -118.24));
  EXPECT_TRUE(agrees("", "", 34.05, -118.24)) << "nothing is said that it could contradict";
}

TEST(Place, a_missing_state_follows_from_the_zip_code_also_when_it_changes) {
  Bench b;
  AddSite op;
  op.id = "elm";
  op.fields.name = "Elm";
  op.fields.zip = "02139";
  ASSERT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.site("elm").state, "MA");
  SiteFields moved;
  moved.zip = "90210";
  ASSERT_TRUE(b.edit("elm", moved).ok()) << b.out.message;
  EXPECT_EQ(b.site("elm").state, "CA");
  ASSERT_TRUE(b.undo(b.position).ok());
  EXPECT_EQ(b.site("elm").state, "MA");
  moved.zip = "00001";
  ASSERT_TRUE(b.edit("elm", moved).ok()) << b.out.message;
  EXPECT_EQ(b.site("elm").state, "") << "what is known of no ZIP code";
  ASSERT_TRUE(b.undo(b.position).ok());
  SiteFields cleared;
  cleared.state = "";
  ASSERT_TRUE(b.edit("elm", cleared).ok());
  EXPECT_EQ(b.site("elm").state, "MA");
  b.check();
}

TEST(Place, what_contradicts_itself_is_refused_by_add_and_edit_and_names_both) {
  Bench b;
  AddSite op;
  op.fields.name = "Elm";
  op.fields.zip = "90001";
  op.fields.state = "MA";
  EXPECT_EQ(b.apply(op).code, Code::kInvalid);
  EXPECT_NE(b.out.message.find("90001"), std::string::npos) << b.out.message;
  EXPECT_NE(b.out.message.find("MA"), std::string::npos) << b.out.message;
  ASSERT_TRUE(b.add("Oak").ok());
  SiteFields fields;
  fields.state = "CA";
  EXPECT_EQ(b.edit("oak", fields).code, Code::kInvalid);
  SiteFields point;
  point.lat = 34.05, point.lon = -118.24;
  EXPECT_EQ(b.edit("oak", point).code, Code::kInvalid);
  b.check();
}

TEST(Place, an_import_keeps_a_contradiction_with_a_warning_and_its_site_can_be_edited_and_corrected) {
  Bench b;
  ImportRow row;
  row.id = "elm";
  row.fields.name = "Elm";
  row.fields.zip = "72207";
  row.fields.state = "AK";
  ASSERT_TRUE(b.apply(row).ok());
  EXPECT_NE(b.out.message.find("72207 is in AR"), std::string::npos) << b.out.message;
  EXPECT_EQ(b.site("elm").state, "AK");
  ASSERT_TRUE(b.apply(row).ok());
  EXPECT_FALSE(b.out.changed);
  EXPECT_EQ(b.out.message, "");
  SiteFields hours;
  hours.hours = "9-5";
  EXPECT_TRUE(b.edit("elm", hours).ok()) << b.out.message;
  SiteFields zip;
  zip.zip = "99501";
  EXPECT_TRUE(b.edit("elm", zip).ok()) << b.out.message;
  EXPECT_EQ(b.site("elm").state, "AK");
  b.check();
}

}  // namespace
}  // namespace titer::registry
