// SPDX-License-Identifier: Apache-2.0

#include "registry/product_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace titer::registry {
namespace {

using As = ProductReading::As;

struct Case {
  std::string_view text;
  As as;
  std::string_view code;
};

// What files had in the column of products, each with what it means.
TEST(ProductText, is_understood_in_the_ways_that_files_write_it) {
  for (const Case& one : {
           Case{"08", As::kCode, "08"},
           Case{"8", As::kCode, "08"},
           Case{"208", As::kCode, "208"},
           Case{"208.0", As::kMended, "208"},
           Case{"0208", As::kCode, "208"},
           Case{"CVX 208", As::kMended, "208"},
           Case{"CVX208", As::kMended, "208"},
           Case{"cvx: 208", As::kMended, "208"},
           Case{"208 - Pfizer", As::kMended, "208"},
           Case{"COVID-19", As::kMended, "213"},
           Case{"Flu", As::kMended, "88"},
           Case{"flu shot", As::kMended, "88"},
           Case{"RSV", As::kMended, "304"},
           Case{"MMR", As::kMended, "03"},
           Case{"Tdap", As::kMended, "115"},
           Case{"mpox", As::kMended, "325"},
           Case{"any", As::kCode, "any"},
           Case{" ANY ", As::kCode, "any"},
           Case{"00069-2528-10", As::kCode, "00069-2528-10"},
           Case{"0069-2528-10", As::kCode, "00069-2528-10"},
           Case{"69-2528-10", As::kCode, "00069-2528-10"},
           Case{"00069252810", As::kCode, "00069-2528-10"},
           Case{"0069252810", As::kCode, "00069-2528-10"},
           Case{"69252810", As::kMended, "00069-2528-10"},
           Case{"69252810.0", As::kMended, "00069-2528-10"},
           Case{"6.9252810E7", As::kMended, "00069-2528-10"},
           Case{"80777-0112-93", As::kCode, "80777-0112-93"},
           Case{"80777-112-93", As::kCode, "80777-0112-93"},
           Case{"80777011293", As::kCode, "80777-0112-93"},
           Case{"8.0777011293E10", As::kMended, "80777-0112-93"},
           Case{"NDC 80777-0112-93", As::kMended, "80777-0112-93"},
           Case{"80777-0112-93.vfc", As::kCode, "80777-0112-93.vfc"},
           Case{"99999-9999-99", As::kUnknown, "99999-9999-99"},
           Case{"99999999999", As::kUnknown, "99999-9999-99"},
           Case{"340", As::kUnknown, "340"},
           Case{"335", As::kUnknown, "335"},
           Case{"\xEF\xBC\x93"
                "09",
                As::kMended, "309"},  // a digit as wide as an ideograph
           Case{"Shingrix", As::kMended, "187"},
           Case{"GARDASIL 9", As::kMended, "165"},
       }) {
    const ProductReading reading = read_product(one.text);
    EXPECT_EQ(reading.as, one.as) << one.text << ": " << reading.code << " " << reading.remark;
    EXPECT_EQ(reading.code, one.code) << one.text;
    EXPECT_EQ(reading.remark.empty(), one.as == As::kCode) << one.text << ": " << reading.remark;
    EXPECT_EQ(read_product(reading.code).code, reading.code) << "a code is its own";
  }
}

TEST(ProductText, that_means_no_product_is_refused_with_what_is_near) {
  for (const std::string_view text :
       {"", "null", "N/A", "-", "two words", "6.92528E+07", "8.0777E+10", "1.5", "12345", "0", "1234567890", "%"}) {
    const ProductReading reading = read_product(text);
    EXPECT_EQ(reading.as, As::kRefused) << text << ": " << reading.code;
    EXPECT_FALSE(reading.remark.empty());
    EXPECT_FALSE(product_code(text).ok());
  }
  EXPECT_EQ(read_product("8.0777E+10").remark.find("a number that a spreadsheet rounded"), 0U);
  const auto near = [](std::string_view text) { return read_product(text).nearest; };
  EXPECT_NE(near("Pfizer").find("BioNTech"), std::string::npos) << near("Pfizer");
  EXPECT_NE(near("pfizer").find("208"), std::string::npos) << near("pfizer");
  EXPECT_NE(near("Moderna COVID-19").find("207"), std::string::npos) << near("Moderna COVID-19");
  EXPECT_NE(near("Comirnaty").find("309"), std::string::npos) << "of several vaccines: " << near("Comirnaty");
  EXPECT_NE(near("influensa").find("influenza"), std::string::npos) << near("influensa");
  EXPECT_NE(product_code("Pfizer").error().message.find("near"), std::string::npos);
}

TEST(ProductQuestion, is_about_a_vaccine_with_its_packs_a_pack_a_trade_name_or_a_group) {
  const auto meant = [](std::string_view text) {
    const auto codes = products_meant(text);
    EXPECT_TRUE(codes.ok()) << text;
    return codes.ok() ? *codes : std::vector<std::string>();
  };
  const auto has = [](const std::vector<std::string>& codes, std::string_view code) {
    return std::ranges::count(codes, code) == 1;
  };
  EXPECT_TRUE(has(meant("312"), "312") && has(meant("312"), "80777-0112-93") && has(meant("312"), "80777-0112-96"));
  EXPECT_FALSE(has(meant("312"), "309"));
  EXPECT_EQ(meant("80777-0112-93"), std::vector<std::string>{"80777-0112-93"});
  EXPECT_TRUE(has(meant("any"), "any"));
  for (const std::string_view flu : {"flu", "FLU", "Flu shot", "influenza"})
    for (const std::string_view code : {"140", "150", "155", "168", "88"})
      EXPECT_TRUE(has(meant(flu), code)) << flu;
  EXPECT_FALSE(has(meant("flu"), "309"));
  EXPECT_TRUE(has(meant("covid"), "309") && has(meant("COVID-19 vaccine"), "313"));
  EXPECT_TRUE(has(meant("mpox"), "206"));
  EXPECT_TRUE(has(meant("HPV"), "165") && has(meant("RSV"), "305") && has(meant("MMR"), "94") &&
              has(meant("Tdap"), "115"));
  EXPECT_TRUE(has(meant("Comirnaty"), "309") && has(meant("Comirnaty"), "00069-2528-10"));
  EXPECT_FALSE(products_meant("fluu shoot").ok());
  EXPECT_NE(products_meant("influensa").error().message.find("influenza"), std::string::npos);
}

}  // namespace
}  // namespace titer::registry
