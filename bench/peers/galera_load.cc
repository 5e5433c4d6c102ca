// SPDX-License-Identifier: Apache-2.0

// Load on MariaDB with Galera, in the protocol of MySQL by hand: a write is a prepared UPDATE by primary key with autocommit,
// one transaction each. Requests in flight are sent ahead; the server runs those of one connection one after another. User
// root without a password, database test.
//
//   galera_load write CONNECTIONS IN_FLIGHT SECONDS PORTS
//   galera_load gap CONNECTIONS SECONDS TIMEOUT_S PORTS
//   galera_load sql PORT STATEMENT                 one statement; prints the first column of each row
#include <cstring>

#include "closed_loop.h"

namespace {

using closed_loop::Connection;
using closed_loop::Step;

constexpr unsigned char kError = 0xff, kEnd = 0xfe;

void little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value);
}

void packet(std::string& out, const std::string& body, int sequence = 0) {
  little_endian(out, body.size(), 3);
  out += static_cast<char>(sequence);
  out += body;
}

// The whole packet at `at`; its data is null when it has not come yet.
std::string_view peek(const Connection& c, std::size_t at) {
  if (c.in.size() < at + 4) return {};
  const auto* const p = reinterpret_cast<const unsigned char*>(c.in.data()) + at;
  const std::size_t bytes = p[0] | p[1] << 8U | p[2] << 16U;
  return c.in.size() < at + 4 + bytes ? std::string_view{} : std::string_view(c.in).substr(at + 4, bytes);
}

bool next(Connection& c, std::string& body) {  // blocking
  std::string_view found;
  while ((found = peek(c, 0)).data() == nullptr)
    if (!closed_loop::receive(c)) return false;
  body = found;
  c.in.erase(0, 4 + body.size());
  return true;
}

unsigned char first(std::string_view body) { return body.empty() ? 0 : static_cast<unsigned char>(body[0]); }

bool is_good(const std::string& body) {
  if (first(body) == kError)
    std::fprintf(stderr, "refused: %s\n", body.c_str() + std::min<std::size_t>(3, body.size()));
  return !body.empty() && body[0] == 0;
}

bool login(Connection& c) {
  std::string body, reply;
  if (!next(c, body) || body.empty() || body[0] != 10) return false;
  little_endian(reply, 0x1 | 0x8 | 0x200 | 0x8000 | 0x80000,
                4);  // long password, database, protocol 4.1, secure, plugin
  little_endian(reply, 1 << 24, 4);
  reply += '\x21';  // utf8
  reply.append(23, '\0');
  reply += std::string("root\0\0test\0mysql_native_password\0", 33);
  packet(c.out, reply, 1);
  return closed_loop::flush(c) && next(c, body) && is_good(body);
}

struct Mysql {
  bool hello(Connection& c) {
    if (!login(c)) return false;
    packet(c.out, std::string("\x16") + "UPDATE site SET v=? WHERE k=?");
    std::string body;
    if (!closed_loop::flush(c) || !next(c, body) || !is_good(body) || body.size() < 9) return false;
    std::memcpy(&c.state[0], body.data() + 1, 4);
    for (int left = 3; left > 0; --left)  // two parameters and an end
      if (!next(c, body)) return false;
    return true;
  }

  void ask(Connection& c, std::uint32_t) {
    std::string body = "\x17";
    const std::string key = closed_loop::random_key(c);
    little_endian(body, c.state[0], 4);
    little_endian(body, 0, 1);  // no cursor
    little_endian(body, 1, 4);  // once
    little_endian(body, 0, 1);  // no nulls
    little_endian(body, 1, 1);  // types follow: two strings
    body += std::string("\xfd\0\xfd\0", 4);
    body += static_cast<char>(100);
    body += closed_loop::random_value(c);
    body += static_cast<char>(key.size());
    body += key;
    packet(c.out, body);
  }

  Step take(Connection& c, std::size_t& at, std::uint32_t& slot) {
    const std::string_view body = peek(c, at);
    if (body.data() == nullptr) return Step::kMore;
    at += 4 + body.size();
    slot = c.sent.empty() ? 0 : static_cast<std::uint32_t>(c.state[1]++ % c.sent.size());  // replies come in order
    return first(body) == kError ? Step::kRefused : Step::kDone;
  }
};

int sql(int port, const char* statement) {
  Connection c;
  std::string body;
  if (!closed_loop::dial(c, port, 60) || !login(c)) return 1;
  packet(c.out, std::string("\x03") + statement);
  if (!closed_loop::flush(c) || !next(c, body)) return 1;
  if (first(body) == kError) return is_good(body) ? 0 : 1;
  if (first(body) == 0) return 0;  // no rows to come
  for (int ends = 0; ends < 2;) {  // the columns, an end, the rows, an end
    if (!next(c, body)) return 1;
    if (first(body) == kEnd && body.size() < 9)
      ++ends;
    else if (ends == 1)
      std::printf("%s\n", body.substr(1, first(body)).c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "sql" && argc == 4) return sql(std::atoi(argv[2]), argv[3]);
  if (argc != 6) return 2;
  Mysql protocol;
  const std::vector<int> ports = closed_loop::ports_of(argv[5]);
  if (mode == "gap")
    return closed_loop::run_gap(protocol, ports, std::atoi(argv[2]), std::atof(argv[3]), std::atof(argv[4]));
  return closed_loop::run(protocol, ports, std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
}
