// SPDX-License-Identifier: Apache-2.0

// Load on a stream of NATS JetStream, in the text protocol of NATS. A write is a PUB with a subject for the reply; it is done
// when the stream's leader has acknowledged it. The key is the last token of the subject: STREAM.site:000000000012345.
//
//   nats_load write CONNECTIONS IN_FLIGHT SECONDS PORTS STREAM
//   nats_load gap CONNECTIONS SECONDS TIMEOUT_S PORTS STREAM
//   nats_load fill PORT STREAM                     writes every key once
//   nats_load request TIMEOUT_S PORT SUBJECT JSON  prints the reply
#include <cstring>

#include "closed_loop.h"

namespace {

using closed_loop::Connection;
using closed_loop::Step;

constexpr int kFillInFlight = 500;

struct Nats {
  std::string stream;

  // The greeting comes by itself; the PONG says that the subscription is there.
  bool hello(Connection& c) {
    c.state[0] = static_cast<std::uint32_t>(::getpid() * 1000 + c.id);
    c.out =
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":false,\"protocol\":0,\"lang\":\"c++\","
        "\"version\":\"1\"}\r\nSUB _R." +
        std::to_string(c.state[0]) + ".* 1\r\nPING\r\n";
    if (!closed_loop::flush(c)) return false;
    while (c.in.find("PONG\r\n") == std::string::npos)
      if (!closed_loop::receive(c)) return false;
    c.in.clear();
    return true;
  }

  static void publish(Connection& c, std::uint32_t slot, const std::string& subject, const std::string& body) {
    c.out += "PUB " + subject + " _R." + std::to_string(c.state[0]) + "." + std::to_string(slot) + " " +
             std::to_string(body.size()) + "\r\n" + body + "\r\n";
  }

  void ask(Connection& c, std::uint32_t slot) {
    publish(c, slot, stream + "." + closed_loop::random_key(c), closed_loop::random_value(c));
  }

  Step take(Connection& c, std::size_t& at, std::uint32_t& slot) {
    std::string body;
    return take(c, at, slot, body);
  }

  static Step take(Connection& c, std::size_t& at, std::uint32_t& slot, std::string& body) {
    const std::size_t end = c.in.find("\r\n", at);
    if (end == std::string::npos) return Step::kMore;
    const std::string_view line = std::string_view(c.in).substr(at, end - at);
    if (line.substr(0, 4) != "MSG ") {  // PING, INFO, -ERR
      if (line.substr(0, 4) == "PING") c.out += "PONG\r\n";
      if (line.substr(0, 4) == "-ERR") std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      at = end + 2;
      return Step::kOther;
    }
    // MSG _R.<client>.<slot> <subscription> <bytes>
    const std::size_t bytes = std::strtoul(c.in.c_str() + c.in.rfind(' ', end), nullptr, 10);
    if (c.in.size() < end + 2 + bytes + 2) return Step::kMore;
    const std::size_t subject_end = c.in.find(' ', at + 4);
    slot = static_cast<std::uint32_t>(std::strtoul(c.in.c_str() + c.in.rfind('.', subject_end) + 1, nullptr, 10));
    body.assign(c.in, end + 2, bytes);
    at = end + 2 + bytes + 2;
    return body.find("\"error\"") == std::string::npos ? Step::kDone : Step::kRefused;
  }
};

void connect(Connection& c, int port, double timeout_s) {
  if (!closed_loop::dial(c, port, timeout_s) || !Nats{}.hello(c)) closed_loop::die("no connection");
}

int fill(int port, const std::string& stream) {
  Connection c;
  connect(c, port, 30);
  Nats nats;
  for (int sent = 0, answered = 0; answered < closed_loop::kKeys;) {
    for (; sent < closed_loop::kKeys && sent - answered < kFillInFlight; ++sent)
      Nats::publish(c, 0, stream + "." + closed_loop::key(sent), closed_loop::random_value(c));
    if (!closed_loop::flush(c) || !closed_loop::receive(c)) closed_loop::die("fill");
    std::size_t at = 0;
    std::uint32_t slot = 0;
    for (Step step; (step = nats.take(c, at, slot)) != Step::kMore;) {
      if (step == Step::kRefused) closed_loop::die("a key was refused");
      answered += step == Step::kDone ? 1 : 0;
    }
    c.in.erase(0, at);
  }
  return 0;
}

int request(double timeout_s, int port, const char* subject, const char* json) {
  Connection c;
  connect(c, port, timeout_s);
  Nats::publish(c, 0, subject, json);
  if (!closed_loop::flush(c)) closed_loop::die("send");
  std::size_t at = 0;
  std::uint32_t slot = 0;
  std::string body;
  for (;;) {
    const Step step = Nats::take(c, at, slot, body);
    if (step == Step::kMore && !closed_loop::receive(c)) closed_loop::die("no reply");
    if (step != Step::kDone && step != Step::kRefused) continue;
    std::printf("%s\n", body.c_str());
    return step == Step::kDone ? 0 : 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "fill" && argc == 4) return fill(std::atoi(argv[2]), argv[3]);
  if (mode == "request" && argc == 6) return request(std::atof(argv[2]), std::atoi(argv[3]), argv[4], argv[5]);
  if (argc != 7) return 2;
  Nats nats{argv[6]};
  const std::vector<int> ports = closed_loop::ports_of(argv[5]);
  if (mode == "gap")
    return closed_loop::run_gap(nats, ports, std::atoi(argv[2]), std::atof(argv[3]), std::atof(argv[4]));
  return closed_loop::run(nats, ports, std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
}
