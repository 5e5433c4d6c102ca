// SPDX-License-Identifier: Apache-2.0

// Load on a Tarantool replica set, in iproto and MessagePack by hand: a write is a REPLACE of one tuple (key, value).
//
//   tarantool_load write CONNECTIONS IN_FLIGHT SECONDS PORTS
//   tarantool_load eval PORT LUA                   prints the string that the Lua code returns
#include "closed_loop.h"

namespace {

using closed_loop::Connection;
using closed_loop::Step;

constexpr int kSpace = 512;
constexpr std::size_t kGreetingBytes = 128;
constexpr int kReplace = 3, kEval = 8;  // types of requests

void big_endian(std::string& out, std::uint64_t value, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
}

void string16(std::string& out, const std::string& text) {
  out += '\xda';
  big_endian(out, text.size(), 2);
  out += text;
}

void frame(std::string& out, int type, std::uint32_t sync, const std::string& body) {
  std::string head("\x82\x00", 2);
  head += static_cast<char>(type);
  head += "\x01\xce";
  big_endian(head, sync, 4);
  out += '\xce';
  big_endian(out, head.size() + body.size(), 4);
  out += head + body;
}

// An unsigned integer of MessagePack.
std::uint64_t number(const unsigned char*& at) {
  const unsigned char type = *at++;
  if (type < 0x80) return type;
  std::uint64_t value = 0;
  for (int bytes = 1 << (type - 0xcc); bytes > 0; --bytes) value = value << 8 | *at++;
  return value;
}

struct Iproto {
  // The greeting comes by itself; the user `guest` needs no password.
  bool hello(Connection& c) {
    while (c.in.size() < kGreetingBytes)
      if (!closed_loop::receive(c)) return false;
    c.in.erase(0, kGreetingBytes);
    return true;
  }

  void ask(Connection& c, std::uint32_t slot) {
    std::string body = "\x82\x10\xcd";
    big_endian(body, kSpace, 2);
    body += "\x21\x92";
    string16(body, closed_loop::random_key(c));
    string16(body, closed_loop::random_value(c));
    frame(c.out, kReplace, slot, body);
  }

  Step take(Connection& c, std::size_t& at, std::uint32_t& slot) {
    const std::size_t have = c.in.size() - at;
    if (have < 5) return Step::kMore;
    const auto* const begin = reinterpret_cast<const unsigned char*>(c.in.data()) + at;
    const unsigned char* now = begin;
    const std::size_t length = number(now), head = static_cast<std::size_t>(now - begin);
    if (have < head + length) return Step::kMore;
    at += head + length;
    std::uint64_t code = 1;
    for (int fields = *now++ & 15; fields > 0; --fields) {
      const std::uint64_t field = number(now), value = number(now);
      if (field == 0) code = value;
      if (field == 1) slot = static_cast<std::uint32_t>(value);
    }
    return code == 0 ? Step::kDone : Step::kRefused;
  }
};

int eval(int port, const std::string& lua) {
  Connection c;
  Iproto protocol;
  if (!closed_loop::dial(c, port, 60) || !protocol.hello(c)) closed_loop::die("no connection");
  std::string body = "\x82\x27";
  string16(body, lua);
  body += "\x21\x90";
  frame(c.out, kEval, 0, body);
  if (!closed_loop::flush(c)) closed_loop::die("send");
  std::size_t at = 0;
  std::uint32_t slot = 0;
  Step step = Step::kMore;
  while ((step = protocol.take(c, at, slot)) == Step::kMore)
    if (!closed_loop::receive(c)) closed_loop::die("no reply");
  // {0x30: [string]}: the text behind the header of the string; of an error the text is printed as it came.
  const std::size_t data = c.in.find("\x30\xdd");
  if (step == Step::kRefused) std::fprintf(stderr, "refused: %s\n", c.in.substr(0, at).c_str());
  if (step == Step::kDone && data != std::string::npos && data + 6 < at) {
    const auto type = static_cast<unsigned char>(c.in[data + 6]);
    const std::size_t text = data + 7 + (type == 0xd9 ? 1 : type == 0xda ? 2 : type == 0xdb ? 4 : 0);
    if (text < at) std::printf("%s\n", c.in.substr(text, at - text).c_str());
  }
  return step == Step::kDone ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "eval") return eval(std::atoi(argv[2]), argv[3]);
  if (argc != 6) return 2;
  Iproto protocol;
  return closed_loop::run(protocol, closed_loop::ports_of(argv[5]), std::atoi(argv[2]), std::atoi(argv[3]),
                          std::atof(argv[4]));
}
