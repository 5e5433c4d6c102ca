// SPDX-License-Identifier: Apache-2.0

// Closed-loop load on a Redis primary, in its own protocol over epoll, on one thread.
//
//   redis_load fill KEYS PORT                        writes every key once
//   redis_load MODE CONNECTIONS IN_FLIGHT SECONDS KEYS PORT
//
// MODE write: IN_FLIGHT times SET and then one WAIT 2, sent at once; done when all have been answered and two
//             replicas have them. The pipelining that clients of Redis use.
//      read:  IN_FLIGHT times GET, of the primary.
// Prints one JSON object. Errors: an error reply, or a WAIT that two replicas did not confirm, is counted.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  std::string in;
  int wanted = 0;  // replies that this round still waits for
  Clock::time_point sent;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int dial(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) die("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string key(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "site:%015d", number);
  return text;
}

void append_set(std::string& out, int number) {
  out += "*3\r\n$3\r\nSET\r\n$20\r\n" + key(number) + "\r\n$100\r\n" + std::string(100, 'v') + "\r\n";
}
void append_get(std::string& out, int number) { out += "*2\r\n$3\r\nGET\r\n$20\r\n" + key(number) + "\r\n"; }

enum class Reply { kIncomplete, kGood, kBad };

// Takes one reply off `in` from `at` on.
Reply take(const std::string& in, std::size_t& at) {
  const std::size_t end = in.find("\r\n", at);
  if (end == std::string::npos) return Reply::kIncomplete;
  const char kind = in[at];
  const long number = std::strtol(in.c_str() + at + 1, nullptr, 10);
  if (kind == '$') {
    const std::size_t next = end + 2 + (number >= 0 ? static_cast<std::size_t>(number) + 2 : 0);
    if (in.size() < next) return Reply::kIncomplete;
    at = next;
    return number >= 0 ? Reply::kGood : Reply::kBad;
  }
  at = end + 2;
  return kind == '-' || (kind == ':' && number < 2) ? Reply::kBad : Reply::kGood;
}

class Load {
 public:
  Load(bool write, int connections, int in_flight, int keys, int port)
      : write_(write), in_flight_(in_flight), keys_(keys), epoll_(::epoll_create1(0)) {
    for (int i = 0; i < connections; ++i) {
      connections_.push_back({dial(port), {}, 0, {}});
      epoll_event event{EPOLLIN, {.u32 = static_cast<std::uint32_t>(i)}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().fd, &event);
    }
  }

  void run(double seconds) {
    const Clock::time_point begin = Clock::now();
    end_ = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (Connection& c : connections_) ask(c);
    epoll_event events[256];
    while (Clock::now() < end_) {
      const int n = ::epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < n; ++i) receive(connections_[events[i].data.u32]);
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
  }

  void print() {
    std::sort(latency_us_.begin(), latency_us_.end());
    const auto quantile = [this](double q) {
      return latency_us_.empty()
                 ? 0
                 : latency_us_[static_cast<std::size_t>(q * static_cast<double>(latency_us_.size() - 1))];
    };
    std::printf("{\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"errors\":%ld}\n",
                static_cast<double>(latency_us_.size()) * in_flight_ / seconds_, quantile(.5), quantile(.99),
                errors_);
  }

 private:
  void ask(Connection& c) {
    out_.clear();
    for (int i = 0; i < in_flight_; ++i) {
      const int number = static_cast<int>(random_() % static_cast<unsigned>(keys_));
      if (write_)
        append_set(out_, number);
      else
        append_get(out_, number);
    }
    c.wanted = in_flight_;
    if (write_) {
      out_ += "*3\r\n$4\r\nWAIT\r\n$1\r\n2\r\n$1\r\n0\r\n";
      ++c.wanted;
    }
    c.sent = Clock::now();
    send_all(c.fd, out_);
  }

  void receive(Connection& c) {
    char bytes[65536];
    const ssize_t n = ::recv(c.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0) die("recv");
    c.in.append(bytes, static_cast<std::size_t>(n));
    std::size_t at = 0;
    for (; c.wanted > 0; --c.wanted) {
      const Reply reply = take(c.in, at);
      if (reply == Reply::kIncomplete) break;
      if (reply == Reply::kBad) ++errors_;
    }
    c.in.erase(0, at);
    if (c.wanted > 0) return;
    const Clock::time_point now = Clock::now();
    latency_us_.push_back(std::chrono::duration<double, std::micro>(now - c.sent).count());
    if (now < end_) ask(c);
  }

  bool write_;
  int in_flight_, keys_, epoll_;
  std::vector<Connection> connections_;
  std::minstd_rand random_;
  std::string out_;
  std::vector<double> latency_us_;
  Clock::time_point end_;
  double seconds_ = 1;
  long errors_ = 0;
};

void fill(int keys, int port) {
  const int fd = dial(port);
  char bytes[65536];
  for (int done = 0; done < keys;) {
    std::string out;
    const int many = std::min(500, keys - done);
    for (int i = 0; i < many; ++i) append_set(out, done++);
    send_all(fd, out);
    for (ssize_t left = 5 * many; left > 0;) {  // "+OK\r\n" each
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
      if (n <= 0) die("recv");
      left -= n;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "fill") {
    fill(std::atoi(argv[2]), std::atoi(argv[3]));
    return 0;
  }
  if (argc != 7) return 2;
  Load load(std::string_view(argv[1]) == "write", std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[5]),
            std::atoi(argv[6]));
  load.run(std::atof(argv[4]));
  load.print();
  return 0;
}
