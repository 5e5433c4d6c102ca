// SPDX-License-Identifier: Apache-2.0

// The parser under splits and damage; what each kind of damage is answered with is in tests/e2e/http_hostile.py.
#include "http/head_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "http/parse_testing.h"

namespace titer::http {
namespace {

constexpr std::string_view kPut =
    "PUT /api/v1/sites/elm%20street/stock/208?x=1&y=%C3%A9 HTTP/1.1\r\nHost: a\r\nContent-Type: "
    "application/json\r\n"
    "If-Match: \"3\"\r\nContent-Length: 19\r\n\r\n{\"availability\":12}";
constexpr std::string_view kChunked =
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n";

TEST(HeadParser, ReadsAWholeRequest) {
  const Parse p(kPut);
  ASSERT_TRUE(p.parser.done());
  EXPECT_EQ(shown(p),
            "PUT /api/v1/sites/elm%20street/stock/208?x=1&y=%C3%A9 {\"availability\":12}"
            "|Host=a|Content-Type=application/json|If-Match=\"3\"|Content-Length=19"
            "/api/v1/sites/elm street/stock/208&x=1&y=é");
  EXPECT_EQ(Parse(kChunked).memory.body, "hello world");
}

// Found by the fuzzer: they moved the memory that the request looks into.
TEST(HeadParser, FieldsBehindTheLastChunkAreIgnored) {
  std::string with(kChunked.substr(0, kChunked.size() - 2));
  with += "Expires: never\r\nX: " + std::string(4000, 'x') + "\r\n\r\n";
  const Parse p(with);
  ASSERT_TRUE(p.parser.done());
  EXPECT_FALSE(p.parser.refused());
  EXPECT_EQ(shown(p), shown(Parse(kChunked)));
}

// Found by the fuzzer: Beast's own assertion ended the process.
TEST(HeadParser, AnEmptyChunkedBodyMayComeByteByByte) {
  const Parse p("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                std::vector<std::size_t>(100, 1));
  EXPECT_TRUE(p.parser.done());
  EXPECT_FALSE(p.parser.refused());
}

// RFC 9110, 2.5: a later version of HTTP/1 is served as the latest one that is known.
TEST(HeadParser, ALaterVersionOfHttp1IsReadAs1_1) {
  for (const char minor : {'2', '7', '9'}) {
    for (const std::string_view as_it_is : {kPut, kChunked}) {
      std::string later(as_it_is);
      later[later.find("HTTP/1.1") + 7] = minor;
      for (const auto& sizes :
           {std::vector<std::size_t>{}, std::vector<std::size_t>(200, 1), std::vector<std::size_t>{70, 3}}) {
        const Parse p(later, sizes);
        ASSERT_TRUE(p.parser.done()) << later;
        EXPECT_EQ(shown(p), shown(Parse(as_it_is)));
        EXPECT_TRUE(p.parser.http_1_1());
        EXPECT_TRUE(p.parser.may_keep_alive());
      }
    }
  }
  EXPECT_TRUE(Parse("GET / HTTP/1.2\r\n\r\n").parser.refused()) << "without Host, as of 1.1";
}

TEST(HeadParser, OtherVersionsAreSaidToBeNotSupportedAndOtherLinesToBeNoRequest) {
  const auto status = [](const std::string& line) {
    const Parse p(line + "\r\nHost: a\r\n\r\n");
    return p.parser.refused() ? p.parser.refused()->status : 0;
  };
  for (const char* version : {"0.9", "2.0", "2.1", "3.0", "9.9", "0.0"})
    EXPECT_EQ(status(std::string("GET / HTTP/") + version), 505U) << version;
  EXPECT_EQ(status("PRI * HTTP/2.0"), 505U);
  for (const char* line : {"GET /a b HTTP/1.1", "GET /a  HTTP/1.1", "GE T /a HTTP/1.1", "GET /a b HTTP/1.2"})
    EXPECT_EQ(status(line), 400U) << line;
  for (const char* line : {"GET /", "GET / HTTP/1", "GET / HTTP/11.1", "GET / HTTP/1.12", "GET / HTTP/1.x",
                           "GET / http/1.1", "GET / HTTPS/1.1", "GET / HTTP/1.2 ", "GET / HTTP/-1.1"})
    EXPECT_EQ(status(line), 400U) << line;
}

TEST(HeadParser, AMethodThatNoAddressTakesIsNotImplemented) {
  for (const char* method : {"BREW", "TRACE", "CONNECT", "PROPFIND", "get", "X"}) {
    const Parse p(std::string(method) + " /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    ASSERT_TRUE(p.parser.refused()) << method;
    EXPECT_EQ(p.parser.refused()->status, 501U) << method;
  }
  EXPECT_EQ(Parse("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n").parser.refused()->status, 501U);
}

TEST(EmptyLines, BeforeARequestAreIgnoredUpToALimit) {
  unsigned left = 3;
  EXPECT_EQ(empty_lines("GET", left), 0U);
  EXPECT_EQ(empty_lines("\r\n\r\nGET", left), 4U);
  EXPECT_EQ(left, 1U);
  EXPECT_EQ(empty_lines("\r\n\r\nGET", left), 2U) << "the limit is for all of them";
  EXPECT_EQ(empty_lines("\r\nGET", left), 0U);
  left = 3;
  EXPECT_EQ(empty_lines("\r", left), 0U) << "the rest is still to come";
  EXPECT_EQ(empty_lines("\nGET", left), 0U);
  EXPECT_EQ(empty_lines("", left), 0U);
  EXPECT_EQ(left, 3U);
}

// Shapes of public request smuggling suites (smuggler, http-garden, PortSwigger's): a proxy and a server that disagree where
// the body ends. Each is refused, and with that the connection ends, or read as RFC 9112 says; no second request is seen.
TEST(HeadParser, ABodyWhoseEndIsInDoubtIsRefused) {
  const std::string smuggled = "POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  const std::string body = "0\r\n\r\n" + smuggled;
  for (const std::string_view fields : {
           "Transfer-Encoding: chunked, identity",
           "Transfer-Encoding: gzip",
           "Transfer-Encoding: identity",
           "Transfer-Encoding: xchunked",
           "Transfer-Encoding: chunked, chunked",
           "Transfer-Encoding: gzip, chunked",
           "Transfer-Encoding: chunkedx",
           "Transfer-Encoding: chunked;q=1",
           "Transfer-Encoding: \"chunked\"",
           "Transfer-Encoding: \013chunked",
           "Transfer-Encoding:",
           "Transfer-Encoding : chunked",
           "Transfer-Encoding\t: chunked",
           " Transfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\n , identity",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
           "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nContent-Length: 5",
           "Content-Length: 5\r\nTransfer-Encoding: chunked",
           "Content-Length: 5\r\nContent-Length: 6",
           "Content-Length: 5\r\nContent-Length: 5",
           "Content-Length: 5, 5",
           "Content-Length: +5",
           "Content-Length: -1",
           "Content-Length: 0x5",
           "Content-Length: 5 5",
           "Content-Length: 18446744073709551621",
           "Content-Length: ",
           "Content-Length : 5",
           "X: y\rTransfer-Encoding: chunked",
       }) {
    SCOPED_TRACE(fields);
    const Parse p("POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n" + body);
    ASSERT_TRUE(p.parser.refused());
    EXPECT_EQ(p.parser.refused()->status, 400U) << p.parser.refused()->detail;
  }
  for (const std::string_view version : {"1.0", "0.9"}) {
    const Parse p("POST /x HTTP/" + std::string(version) +
                  "\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    EXPECT_TRUE(p.parser.refused()) << version;
  }
  for (const std::string_view valid : {"Transfer-Encoding: CHUNKED", "transfer-encoding:\tchunked \t"}) {
    const Parse p("POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(valid) + "\r\n\r\n0\r\n\r\n");
    EXPECT_TRUE(p.parser.done()) << valid;
  }
  for (const std::string_view chunk :
       {"5 \r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n",
        "-1\r\n\r\n", "FFFFFFFFFFFFFFFF1\r\n"}) {
    const Parse p("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunk));
    EXPECT_TRUE(p.parser.refused() || p.memory.body == "hello") << chunk;
  }
}

// Without a CR in all of it the parser waited for one as long as the client liked to send.
TEST(HeadParser, ChunksWithoutCarriageReturnsAreRefusedAndDoNotGoOnForEver) {
  const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body :
       {std::string("5\nhello\n0\n\n"), std::string("\n"), std::string("5;a=b\n"), std::string("5\r\nhello\n"),
        std::string("5\r\nhello\r\n0\n"), std::string("0\r\nX: y\n"), std::string(20'000, '5'),
        "5;" + std::string(20'000, 'x')})
    EXPECT_TRUE(Parse(head + body).parser.refused()) << body.substr(0, 20);
  for (const std::string& body : {std::string("5"), std::string("5\r"), std::string("5\r\nhello\r\n0\r\nX: y\r\n")})
    EXPECT_FALSE(Parse(head + body).parser.refused()) << "the rest may come";
}

TEST(HeadParser, SplitsMakeNoDifference) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const std::string_view whole : {kPut, kChunked}) {
    const std::string expected = shown(Parse(whole));
    for (int i = 0; i < 500; ++i) {
      std::vector<std::size_t> sizes(random() % 20);
      for (std::size_t& size : sizes) size = 1 + random() % 20;
      const Parse p(whole, sizes);
      ASSERT_TRUE(p.parser.done());
      ASSERT_EQ(shown(p), expected);
    }
  }
}

TEST(HeadParser, DamageIsRefusedOrReadButNeverMore) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 2 == 0 ? kPut : kChunked);
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % bytes.size();
      if (random() % 3 == 0)
        bytes.erase(at, random() % 8);
      else if (random() % 2 == 0)
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 8));
      else
        bytes[at] = static_cast<char>(random());
      if (bytes.empty()) bytes = "x";
    }
    const Parse p(bytes, {random() % bytes.size()});
    if (p.parser.refused()) {
      EXPECT_GE(p.parser.refused()->status, 400U);
    }
    EXPECT_LE(p.memory.body.size(), bytes.size());
  }
}

}  // namespace
}  // namespace titer::http
