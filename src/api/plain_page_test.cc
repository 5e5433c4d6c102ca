// SPDX-License-Identifier: Apache-2.0

// Find without script: its words, its language, and what it says of a ZIP code that is none. Lists: tests/browser/find.test.mjs.
#include <gtest/gtest.h>

#include "api/plain_words.h"
#include "api/testing.h"

namespace titer::api {
namespace {

TEST(PlainWords, speak_the_language_that_is_asked_for_most) {
  const auto language = [](std::string_view chosen, std::string_view accepted) {
    return plain_words(chosen, accepted).language;
  };
  EXPECT_EQ(language("", ""), "en");
  EXPECT_EQ(language("", "es-MX,en;q=0.8"), "es");
  EXPECT_EQ(language("", "fr-CA,fr;q=0.9,es;q=0.8"), "es");
  EXPECT_EQ(language("", "es;q=0.3, en;q=0.75"), "en");
  EXPECT_EQ(language("", "es;q=0"), "en");
  EXPECT_EQ(language("", "de, *;q=0.5"), "en");
  EXPECT_EQ(language("en", "es"), "en");
  EXPECT_EQ(language("fr", "es"), "es");
}

TEST(PlainWords, count_and_tell_ages) {
  const PlainWords& english = plain_words("en", "");
  const PlainWords& spanish = plain_words("es", "");
  EXPECT_EQ(counted(1, english.dose), "1 dose");
  EXPECT_EQ(counted(1234567, english.dose), "1,234,567 doses");
  EXPECT_EQ(counted(0, spanish.dose), "0 dosis");
  constexpr std::int64_t kMinute = 60'000, kDay = 24LL * 60;
  const WallTime now(100 * kDay * kMinute);
  const auto age = [&](std::int64_t minutes, const PlainWords& words) {
    return age_text(WallTime(now.value - minutes * kMinute), now, words);
  };
  EXPECT_EQ(age(-5, english), "checked just now");
  EXPECT_EQ(age(1, english), "checked 1 minute ago");
  EXPECT_EQ(age(119, english), "checked 1 hour ago");
  EXPECT_EQ(age(3 * kDay, spanish), "comprobado hace 3 días");
}

TEST(PlainPage, says_in_the_visitors_language_what_is_wrong_with_a_zip_code) {
  TestServer server;
  server.start();
  TestClient client = server.client();
  const auto page = [&](std::string_view query) { return client.ask("GET", "/find?" + std::string(query)).body(); };
  EXPECT_NE(page("zip=00000&lang=es").find("Ese código postal no existe"), std::string::npos);
  EXPECT_NE(page("zip=abc").find("A ZIP code has 5 digits"), std::string::npos);
  EXPECT_NE(page("zip=%2000000-1234").find("There is no such ZIP code"), std::string::npos);
  EXPECT_NE(page("zip=%22%3E%3Cb%3E").find("value=\"&quot;&gt;&lt;b&gt;\""), std::string::npos);
}

}  // namespace
}  // namespace titer::api
