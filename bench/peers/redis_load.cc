// SPDX-License-Identifier: Apache-2.0

// Load on a Redis primary, in its own protocol.
//
//   redis_load write CONNECTIONS IN_FLIGHT SECONDS PORT   IN_FLIGHT times SET and then one WAIT 2, sent at once; done when all
//                                                         have been answered and two replicas have them. The pipelining that
//                                                         clients of Redis use
//   redis_load read CONNECTIONS IN_FLIGHT SECONDS PORT    IN_FLIGHT times GET
//   redis_load near CONNECTIONS 1 SECONDS PORT            GEOSEARCH for twenty places, then HGETALL of each
//   redis_load fill PORT                                  writes every key once
//   redis_load fill_sites SITES PORT                      writes so many sites for `near`
//
// An error reply, or a WAIT that two replicas did not confirm, is counted as an error.
#include "closed_loop.h"

namespace {

using closed_loop::Connection;
using closed_loop::Step;

void append(std::string& out, const std::vector<std::string>& words) {
  out += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

// The end of the reply that begins at `at`, however deep it is nested; npos when it is incomplete. Texts go to `texts`.
std::size_t end_of(const std::string& in, std::size_t at, std::vector<std::string>* texts = nullptr) {
  const std::size_t line_end = in.find("\r\n", at);
  if (line_end == std::string::npos) return std::string::npos;
  const long number = std::strtol(in.c_str() + at + 1, nullptr, 10);
  if (in[at] == '*') {
    std::size_t now = line_end + 2;
    for (long i = 0; i < number && now != std::string::npos; ++i) now = end_of(in, now, texts);
    return now;
  }
  if (in[at] != '$' || number < 0) return line_end + 2;
  const std::size_t end = line_end + 2 + static_cast<std::size_t>(number) + 2;
  if (in.size() < end) return std::string::npos;
  if (texts != nullptr) texts->push_back(in.substr(line_end + 2, static_cast<std::size_t>(number)));
  return end;
}

bool is_bad(const std::string& in, std::size_t at) {
  return in[at] == '-' || in.compare(at, 3, "$-1") == 0 || (in[at] == ':' && in[at + 1] < '2');
}

// One request of the loop is a whole round: c.state[0] replies are still to come, and c.state[1] of those so far were bad.
struct Pipelined {
  bool write;
  int in_flight;

  bool hello(Connection&) { return true; }

  void ask(Connection& c, std::uint32_t) {
    for (int i = 0; i < in_flight; ++i) {
      if (write)
        append(c.out, {"SET", closed_loop::random_key(c), closed_loop::random_value(c)});
      else
        append(c.out, {"GET", closed_loop::random_key(c)});
    }
    if (write) append(c.out, {"WAIT", "2", "0"});
    c.state[0] = static_cast<std::uint32_t>(in_flight + (write ? 1 : 0));
    c.state[1] = 0;
  }

  Step take(Connection& c, std::size_t& at, std::uint32_t&) {
    const std::size_t end = end_of(c.in, at);
    if (end == std::string::npos) return Step::kMore;
    if (is_bad(c.in, at)) ++c.state[1];
    at = end;
    if (--c.state[0] > 0) return Step::kOther;
    return c.state[1] == 0 ? Step::kDone : Step::kRefused;
  }
};

constexpr double kLatMin = 30, kLatMax = 47, kLonMin = -120, kLonMax = -72;

double between(std::minstd_rand& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max());
}

struct Near {
  bool hello(Connection&) { return true; }

  void ask(Connection& c, std::uint32_t) {
    const double lon = between(c.random, kLonMin, kLonMax), lat = between(c.random, kLatMin, kLatMax);
    append(c.out, {"GEOSEARCH", "places", "FROMLONLAT", std::to_string(lon), std::to_string(lat), "BYRADIUS", "25",
                   "mi", "ASC", "COUNT", "20", "WITHDIST"});
    c.state[0] = 0;
  }

  // c.state[0]: the sites that are still to come; 0: the answer to GEOSEARCH is.
  Step take(Connection& c, std::size_t& at, std::uint32_t&) {
    std::vector<std::string> texts;
    const bool searching = c.state[0] == 0;
    const std::size_t end = end_of(c.in, at, searching ? &texts : nullptr);
    if (end == std::string::npos) return Step::kMore;
    const bool bad = is_bad(c.in, at);
    at = end;
    if (bad) return Step::kRefused;
    if (!searching) return --c.state[0] == 0 ? Step::kDone : Step::kOther;
    for (std::size_t i = 0; i < texts.size(); i += 2)
      append(c.out, {"HGETALL", texts[i]});  // each with its distance
    c.state[0] = static_cast<std::uint32_t>(texts.size() / 2);
    return texts.empty() ? Step::kDone : Step::kOther;
  }
};

template <class Append>
int fill(int port, int count, int replies_each, Append append_one) {
  Connection c;
  if (!closed_loop::dial(c, port, 60)) closed_loop::die("connect");
  for (int done = 0; done < count;) {
    const int begin = done;
    for (; done < count && done - begin < 500; ++done) append_one(c, done);
    if (!closed_loop::flush(c)) closed_loop::die("send");
    for (int left = replies_each * (done - begin); left > 0;) {
      const std::size_t end = end_of(c.in, 0);
      if (end == std::string::npos) {
        if (!closed_loop::receive(c)) closed_loop::die("recv");
        continue;
      }
      if (c.in[0] == '-') closed_loop::die(c.in.substr(0, end).c_str());
      c.in.erase(0, end);
      --left;
    }
  }
  return 0;
}

void append_key(Connection& c, int number) {
  append(c.out, {"SET", closed_loop::key(number), closed_loop::random_value(c)});
}

void append_site(Connection& c, int number) {
  const std::string id = "site-" + std::to_string(number);
  const double lon = between(c.random, kLonMin, kLonMax), lat = between(c.random, kLatMin, kLatMax);
  append(c.out, {"GEOADD", "places", std::to_string(lon), std::to_string(lat), id});
  append(c.out, {"HSET",         id,
                 "name",         "Site " + std::to_string(number),
                 "zip",          "02139",
                 "product",      "208",
                 "availability", std::to_string(number % 3),
                 "street",       "624 MASSACHUSETTS AVE.",
                 "city",         "CAMBRIDGE",
                 "state",        "MA",
                 "phone",        "617-876-7868",
                 "changed_at",   "2026-11-28T10:00:00Z"});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "fill" && argc == 3) return fill(std::atoi(argv[2]), closed_loop::kKeys, 1, append_key);
  if (mode == "fill_sites" && argc == 4) return fill(std::atoi(argv[3]), std::atoi(argv[2]), 2, append_site);
  if (argc != 6) return 2;
  const int connections = std::atoi(argv[2]), in_flight = std::atoi(argv[3]);
  const std::vector<int> ports = closed_loop::ports_of(argv[5]);
  if (mode == "near") {
    Near near;
    return closed_loop::run(near, ports, connections, 1, std::atof(argv[4]));
  }
  Pipelined pipelined{mode == "write", in_flight};
  return closed_loop::run(pipelined, ports, connections, 1, std::atof(argv[4]), in_flight);
}
