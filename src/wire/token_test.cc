// SPDX-License-Identifier: Apache-2.0

#include "wire/token.h"

#include <gtest/gtest.h>

namespace titer::wire {
namespace {

TEST(Token, comes_back_from_its_text) {
  const std::string secret(64, 'a');
  const std::string text = to_text(Token{registry::KeyId(0xABC), secret});
  EXPECT_EQ(text, "titer_0000000000000abc_" + secret);
  const auto back = parse_token(text);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->key, registry::KeyId(0xABC));
  EXPECT_EQ(back->secret, secret);
}

TEST(Token, anything_else_is_none_and_is_not_repeated) {
  const std::string secret(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("titer_"), "titer_0000000000000abc_" + secret + "a",
        "titer_0000000000000abg_" + secret, "Titer_0000000000000abc_" + secret, "titer_0000000000000abc-" + secret,
        "titer_0000000000000000_" + secret, "titer_ffffffffffffffff_" + secret}) {
    const auto token = parse_token(text);
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_EQ(token.error().message.find(secret), std::string::npos);
  }
}

TEST(Token, secrets_are_hashed_as_everybody_does) {
  const registry::SecretHash hash = hash_secret("abc");
  EXPECT_EQ(std::to_integer<int>(hash[0]), 0xBA);
  EXPECT_EQ(std::to_integer<int>(hash[31]), 0xAD);
}

}  // namespace
}  // namespace titer::wire
