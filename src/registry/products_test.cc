// SPDX-License-Identifier: Apache-2.0

#include "registry/products.h"

#include <gtest/gtest.h>

namespace titer::registry {
namespace {

TEST(Products, are_found_in_any_zero_padding) {
  ASSERT_TRUE(find_product("208"));
  EXPECT_EQ(find_product("208")->cvx, "208");
  EXPECT_NE(find_product("208")->groups.find("COVID-19"), std::string_view::npos);
  EXPECT_EQ(find_product("8")->cvx, "08");
  EXPECT_EQ(find_product("008")->cvx, "08");
  EXPECT_TRUE(find_product("309")->active);
  EXPECT_FALSE(find_product("99999"));
  EXPECT_FALSE(find_product("any"));
  EXPECT_FALSE(find_product(""));
}

TEST(Product, is_shown_by_its_name) {
  EXPECT_EQ(product_name("08"), find_product("08")->name);
  EXPECT_EQ(product_name("00069-1085-30"), "Paxlovid, COVID-19 treatment");
  EXPECT_EQ(product_name("00310-7442-02"), "Evusheld, COVID-19 prevention");
  for (const char* code : {"", "any", "00069-1085", "00069-1085-3", "00069-1085-30 ", "Paxlovid", "99999"})
    EXPECT_FALSE(product_name(code)) << code;
}

TEST(Ndc, is_compared_by_its_three_numbers) {
  EXPECT_EQ(cvx_of_ndc("59267-1000-01"), "208");
  EXPECT_EQ(cvx_of_ndc("59267100001"), "208");
  EXPECT_EQ(cvx_of_ndc("59676-0580-05"), "212");
  EXPECT_EQ(cvx_of_ndc("59676-580-05"), "212");
  EXPECT_EQ(cvx_of_ndc("59676-580-5"), "212");
  EXPECT_EQ(cvx_of_ndc("5967658005"), "212");
  EXPECT_EQ(cvx_of_ndc(" 49281-0521-00 "), "161");
}

TEST(Ndc, that_is_none_is_not_found) {
  for (const char* text :
       {"", "-", "--", "1-2", "59267-1000", "59267-1000-01-1", "99999-9999-99", "abc", "12345678901234567890"}) {
    EXPECT_FALSE(cvx_of_ndc(text)) << text;
  }
}

TEST(Pack, has_a_code_of_its_own_and_a_vaccine) {
  EXPECT_EQ(find_pack("80777-112-93")->ndc, "80777-0112-93");
  EXPECT_EQ(find_pack("80777-0112-93")->cvx, "312");
  EXPECT_EQ(product_name("80777-0112-93"), "Spikevax");
  EXPECT_EQ(vaccine_of("80777-0112-93"), "312");
  EXPECT_EQ(vaccine_of("80777-0112-93.vfc"), "312");
  EXPECT_EQ(vaccine_of("312"), "312");
  EXPECT_FALSE(vaccine_of("any"));
  EXPECT_FALSE(vaccine_of("00069-1085-30")) << "a treatment";
}

TEST(Zip, has_a_centroid_with_its_leading_zeros) {
  const auto cambridge = zip_point("02139");
  ASSERT_TRUE(cambridge);
  EXPECT_EQ(cambridge->city, "Cambridge");
  EXPECT_EQ(cambridge->state, "MA");
  EXPECT_NEAR(cambridge->lat, 42.36, 0.05);
  EXPECT_NEAR(cambridge->lon, -71.10, 0.05);
  EXPECT_TRUE(zip_point("99950"));
  EXPECT_TRUE(zip_point("00501"));
  for (const char* text : {"2139", "00000", "99999", "", "0213x", "021390"}) EXPECT_FALSE(zip_point(text)) << text;
}

TEST(Zip, has_a_time_zone_and_so_has_a_state) {
  EXPECT_EQ(zip_point("02139")->time_zone, "America/New_York");
  EXPECT_EQ(zip_point("79901")->time_zone, "America/Denver") << "El Paso, Texas";
  EXPECT_EQ(state_time_zone("TX"), "America/Chicago");
  EXPECT_EQ(state_time_zone("GU"), "Pacific/Guam");
  EXPECT_EQ(state_time_zone("ZZ"), "");
}

TEST(Tables, have_a_digest) { EXPECT_NE(tables_digest(), 0U); }

}  // namespace
}  // namespace titer::registry
