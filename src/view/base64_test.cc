// SPDX-License-Identifier: Apache-2.0

#include "view/base64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace titer::view {
namespace {

TEST(Base64, the_examples_of_the_standard) {
  const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fx", "Zng="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xfb\xff\xbf", "+/+/"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(to_base64(bytes), text);
    const auto back = from_base64(text);
    ASSERT_TRUE(back.ok()) << text;
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Base64, any_bytes_come_back) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const auto back = from_base64(to_base64(bytes));
    ASSERT_TRUE(back.ok()) << size;
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Base64, what_it_would_not_write_is_refused) {
  const std::string hostile[] = {
      "Z",        "Zg",       "Zg=",       "Zm8",                // padding is missing
      "=",        "==",       "===",       "====",               // padding of nothing
      "Z===",     "Zg==Zg==", "Zg==Zm9v",  "Zm=v",  "=m9v",      // padding in the middle
      "Zh==",     "Zm9=",                                        // bits that say nothing
      " Zm9v",    "Zm9v ",    "Zm9v\n",    "Zm\n9", "   Zm9v ",  // spaces
      "Zm9v====", "    ",     "----",      "Zm9-",  "Zm9_",      // another alphabet, and PEM's end
      "Zm9\x80",  "Zm9\xff",  "Zm\xc3\xa9"};
  for (const std::string& text : hostile) EXPECT_FALSE(from_base64(text).ok()) << "'" << text << "'";
  EXPECT_FALSE(from_base64(std::string("Zm9\0", 4)).ok());
  EXPECT_FALSE(from_base64(std::string("\0\0\0\0", 4)).ok());
}

TEST(Base64, whatever_is_accepted_is_what_would_be_written) {
  constexpr std::string_view kLikely = "AQZgw0+/=== \n-_";
  std::mt19937 random(2);
  unsigned accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string text(4 * (random() % 3), '\0');
    for (char& c : text) c = random() % 16 == 0 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
    const auto bytes = from_base64(text);
    if (!bytes) continue;
    ++accepted;
    EXPECT_EQ(to_base64(*bytes), text);
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace titer::view
