// SPDX-License-Identifier: Apache-2.0

#include "formats/duplicates.h"

#include <gtest/gtest.h>

namespace titer::formats {
namespace {

registry::Site site_of(std::string_view id, std::string_view name, std::string_view street, std::string_view zip,
                       std::string_view phone = "") {
  registry::Site site;
  site.id = id;
  site.name = name;
  site.street = street;
  site.zip = zip;
  site.phone = phone;
  return site;
}

TEST(Duplicates, are_found_under_other_spellings_with_the_reasons) {
  DuplicateFinder finder;
  finder.add(site_of("a", "Elm Clinic I2", "12 Main Street", "02139"));
  finder.add(site_of("b", "Elm  Clinic, I2", "12 MAIN ST.", "02139"));
  finder.add(site_of("c", "St. Mary's", "1 North Oak Avenue, Suite 4", "02139", "617-555-0100"));
  finder.add(site_of("d", "St. Mary\xE2\x80\x99s Inc.", "1 N Oak Ave Ste 4", "02139", "+1 (617) 555-0100"));
  finder.add(site_of("e", "Elm Clinic I2", "12 Main Street", "02138"));
  const std::vector<Duplicate> found = finder.find();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].first.id, "c");
  EXPECT_EQ(found[0].second.id, "d");
  EXPECT_EQ(found[0].score, 100U);
  EXPECT_EQ(found[0].why, "same street and ZIP code, same name, same phone number");
  EXPECT_EQ(found[1].first.id, "a");
  EXPECT_EQ(found[1].score, 90U);
}

TEST(Duplicates, are_no_sites_that_share_one_thing_alone) {
  DuplicateFinder finder;
  finder.add(site_of("a", "CVS", "1 Main St", "02139"));
  finder.add(site_of("b", "CVS", "9 Main St", "02139"));
  finder.add(site_of("c", "Walgreens", "1 Main St", "02139"));
  finder.add(site_of("d", "", "", "", "617-555-0100"));
  finder.add(site_of("e", "Other", "", "", "617-555-0100"));
  EXPECT_TRUE(finder.find().empty());
  for (std::size_t i = 0; i <= kAlikeMax; ++i) finder.add(site_of("m", "Mall", "1 Mall", "02139"));
  EXPECT_TRUE(finder.find().empty()) << "too many at one place to say anything";
}

TEST(Duplicates, streets_are_compared_without_their_abbreviations) {
  EXPECT_EQ(street_key("12 N. Main Street, Suite 4"), street_key("12 North Main St STE 4"));
  EXPECT_NE(street_key("12 Main St"), street_key("12 Main Ave"));
  EXPECT_EQ(street_key(""), "");
}

}  // namespace
}  // namespace titer::formats
