// SPDX-License-Identifier: Apache-2.0

#include "view/response_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace titer::view {
namespace {

// A response fed in pieces of the sizes that `next` gives: the response that was read, or the reason of its refusal.
template <typename Next>
std::string outcome(std::string_view bytes, Next next) {
  ResponseParser parser;
  std::string unread;
  while (!bytes.empty() && !parser.done()) {
    const std::size_t n = std::min<std::size_t>(next(), bytes.size());
    unread += bytes.substr(0, n);
    bytes.remove_prefix(n);
    const auto taken = parser.put(unread);
    if (!taken) return taken.error().message;
    unread.erase(0, *taken);
  }
  if (const Status whole = parser.put_end(); !whole) return whole.error().message;
  return std::to_string(parser.status()) + " " + parser.body();
}
std::string whole(std::string_view bytes) {
  return outcome(bytes, [&] { return bytes.size(); });
}
std::string by_bytes(std::string_view bytes) {
  return outcome(bytes, [] { return 1; });
}

constexpr std::string_view kCutOff = "the connection has ended in the middle of a response";

const std::string kResponses[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n1;ext=1\r\nl\r\n1\r\no\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: yes\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhello",  // as long as the connection lasts
};

TEST(ResponseParser, where_a_response_is_cut_says_nothing) {
  for (const std::string& response : kResponses) {
    EXPECT_EQ(whole(response), "200 hello") << response;
    EXPECT_EQ(by_bytes(response), "200 hello") << response;
    for (std::size_t cut = 1; cut < response.size(); ++cut)
      EXPECT_EQ(
          outcome(response,
                  [&, first = true]() mutable { return std::exchange(first, false) ? cut : response.size(); }),
          "200 hello")
          << response << " cut at " << cut;
  }
}

TEST(ResponseParser, one_that_ends_early_is_refused_wherever_it_ends) {
  for (const std::string& response : {kResponses[0], kResponses[1], kResponses[2]})
    for (std::size_t size = 0; size < response.size(); ++size) {
      EXPECT_EQ(whole(std::string_view(response).substr(0, size)), kCutOff) << response << " until " << size;
      EXPECT_EQ(by_bytes(std::string_view(response).substr(0, size)), kCutOff) << response << " until " << size;
    }
}

TEST(ResponseParser, what_has_come_of_a_chunk_is_there_at_once) {
  ResponseParser parser;
  std::string unread = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string at_t;
  for (const char c : std::string_view("6\r\none\ntw\r\n2\r\no\n\r\n")) {
    unread += c;
    unread.erase(0, parser.put(unread).value());
    if (c == 't') at_t = parser.body();
  }
  EXPECT_EQ(at_t, "one\nt");
  EXPECT_EQ(parser.body(), "one\ntwo\n");
  EXPECT_TRUE(unread.empty() || unread == "\r\n") << unread;
  EXPECT_FALSE(parser.done());
}

TEST(ResponseParser, what_is_too_long_is_refused) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string max = std::to_string(ResponseParser::kBodyBytesMax);
  const std::string over = std::to_string(ResponseParser::kBodyBytesMax + 1);
  const std::string body(ResponseParser::kBodyBytesMax, 'x');
  EXPECT_EQ(whole(head + "Content-Length: " + max + "\r\n\r\n" + body), "200 " + body);
  EXPECT_EQ(whole(head + "Content-Length: " + over + "\r\n\r\n"), "its response is too long");
  EXPECT_EQ(whole(head + "\r\n" + body + "x"), "its response is too long");
  EXPECT_EQ(whole(head + "Transfer-Encoding: chunked\r\n\r\n400000\r\n" + body + "\r\n1\r\nx\r\n"),
            "its response is too long");
  EXPECT_EQ(whole(head + "Name: " + std::string(ResponseParser::kHeaderBytesMax, 'x')),
            "the header of its response is too long");
}

TEST(ResponseParser, a_body_that_is_taken_out_has_no_end) {
  constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;
  ResponseParser parser;
  std::string unread = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 16; ++i) {
    unread += "100000\r\n" + std::string(kChunkBytes, 'x') + "\r\n";
    const auto taken = parser.put(unread);
    ASSERT_TRUE(taken.ok());
    unread.erase(0, *taken);
    EXPECT_EQ(std::exchange(parser.body(), {}).size(), kChunkBytes);
  }
}

TEST(ResponseParser, what_is_no_response_is_refused) {
  for (const std::string hostile :
       {"GET / HTTP/1.1\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcdefg",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabcdefg"}) {
    EXPECT_NE(whole(hostile).find("no HTTP/1.1 response"), std::string::npos) << hostile << ": " << whole(hostile);
    EXPECT_NE(by_bytes(hostile).find("no HTTP/1.1 response"), std::string::npos) << hostile << by_bytes(hostile);
  }
}

// Any bytes, divided anywhere, are read or refused; Beast's assertions are for its caller to keep.
TEST(ResponseParser, damaged_responses_are_read_or_refused) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string response = kResponses[random() % std::size(kResponses)];
    for (unsigned damage = random() % 4; damage > 0; --damage) {
      const std::size_t at = random() % response.size();
      if (random() % 2 == 0)
        response.erase(at, 1 + random() % 4);
      else
        response[at] = "\r\n0123;: \x01\xff"[random() % 12];
      if (response.empty()) response = "x";
    }
    EXPECT_FALSE(outcome(response, [&] { return 1 + random() % 6; }).empty());
  }
}

}  // namespace
}  // namespace titer::view
