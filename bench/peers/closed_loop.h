// SPDX-License-Identifier: Apache-2.0

// The load on stores whose protocol is spoken by hand: a closed loop over one epoll on one thread, and a load of blocking
// clients that looks for the longest gap while a server is killed. Each program here adds its store's protocol P:
//
//   bool hello(Connection&)                      after connect, blocking; false: this server is of no use now
//   void ask(Connection&, std::uint32_t slot)    appends one request to c.out
//   Step take(Connection&, std::size_t& at, std::uint32_t& slot)
//                                                takes one reply off c.in from `at` on; may append to c.out
//
// Everything dials 127.0.0.1. An error that makes the measurement worthless ends the program with status 1 and a line on
// standard error; a refused request is counted. One JSON object goes to standard output. run_gap calls P from several threads,
// each with its own Connection: P's own fields do not change there.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace closed_loop {

using Clock = std::chrono::steady_clock;
constexpr int kKeys = 100'000;

// kMore: the reply is incomplete. kOther: something that answers no request, or a part of a longer answer.
enum class Step { kMore, kDone, kRefused, kOther };

struct Connection {
  int fd = -1;
  int id = 0;
  std::string in, out;
  std::minstd_rand random;
  std::vector<Clock::time_point> sent;  // by slot
  std::uint32_t state[2] = {};          // the protocol's own
};

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline std::vector<int> ports_of(const std::string& list) {
  std::vector<int> ports;
  for (std::size_t at = 0; at < list.size();) {
    ports.push_back(std::atoi(list.c_str() + at));
    const std::size_t comma = list.find(',', at);
    at = comma == std::string::npos ? list.size() : comma + 1;
  }
  if (ports.empty()) die("no ports");
  return ports;
}

inline std::string key(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "site:%015d", number);
  return text;
}

inline std::string random_key(Connection& c) { return key(static_cast<int>(c.random() % kKeys)); }

// 100 bytes, hardly ever the same twice: a store may skip an update that changes nothing.
inline std::string random_value(Connection& c) {
  char text[32];
  std::snprintf(text, sizeof text, "%012u", static_cast<unsigned>(c.random()));
  return std::string(88, 'v') + text;
}

inline bool flush(Connection& c) {
  std::string_view rest = c.out;
  while (!rest.empty()) {
    const ssize_t n = ::send(c.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  c.out.clear();
  return true;
}

// False: closed, failed, or nothing came in time.
inline bool receive(Connection& c, int flags = 0) {
  char bytes[65536];
  const ssize_t n = ::recv(c.fd, bytes, sizeof bytes, flags);
  if (n > 0) c.in.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

inline bool dial(Connection& c, int port, double timeout_s) {
  if (c.fd >= 0) ::close(c.fd);
  c.in.clear();
  c.out.clear();
  c.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const auto whole = static_cast<time_t>(timeout_s);
  const timeval patience{whole, static_cast<suseconds_t>((timeout_s - static_cast<double>(whole)) * 1e6)};
  ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

inline Clock::time_point after(Clock::time_point begin, double seconds) {
  return begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

template <class P>
class Load {
 public:
  // `per_answer`: how many operations one answer of the protocol stands for.
  Load(P& protocol, const std::vector<int>& ports, int connections, int in_flight, int per_answer)
      : protocol_(protocol), per_answer_(per_answer), epoll_(::epoll_create1(0)) {
    connections_.resize(static_cast<std::size_t>(connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& c = connections_[i];
      c.id = static_cast<int>(i);
      c.random.seed(static_cast<unsigned>(i + 1));
      c.sent.resize(static_cast<std::size_t>(in_flight));
      if (!dial(c, ports[i % ports.size()], 10) || !protocol_.hello(c)) die("a connection fails");
      epoll_event event{EPOLLIN, {.u32 = static_cast<std::uint32_t>(i)}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
    }
  }

  void run(double seconds) {
    const Clock::time_point begin = Clock::now();
    end_ = after(begin, seconds);
    for (Connection& c : connections_) {
      for (std::uint32_t slot = 0; slot < c.sent.size(); ++slot) issue(c, slot);
      if (!flush(c)) die("send");
    }
    epoll_event events[256];
    while (Clock::now() < end_) {
      const int n = ::epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < n; ++i) serve(connections_[events[i].data.u32]);
    }
    seconds_ = seconds_since(begin);
  }

  void print() {
    std::sort(latency_us_.begin(), latency_us_.end());
    const auto quantile = [this](double q) {
      return latency_us_.empty()
                 ? 0
                 : latency_us_[static_cast<std::size_t>(q * static_cast<double>(latency_us_.size() - 1))];
    };
    std::printf("{\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"errors\":%ld}\n",
                static_cast<double>(latency_us_.size()) * per_answer_ / seconds_, quantile(.5), quantile(.99),
                errors_);
  }

 private:
  void issue(Connection& c, std::uint32_t slot) {
    c.sent[slot] = Clock::now();
    protocol_.ask(c, slot);
  }

  void serve(Connection& c) {
    if (!receive(c, MSG_DONTWAIT)) {
      if (errno != EAGAIN) die("a server closed a connection");
      return;
    }
    const Clock::time_point now = Clock::now();
    std::size_t at = 0;
    std::uint32_t slot = 0;
    for (Step step; (step = protocol_.take(c, at, slot)) != Step::kMore;) {
      if (step == Step::kOther) continue;
      if (step == Step::kRefused)
        ++errors_;
      else
        latency_us_.push_back(std::chrono::duration<double, std::micro>(now - c.sent[slot]).count());
      if (now < end_) issue(c, slot);
    }
    c.in.erase(0, at);
    if (!flush(c)) die("send");
  }

  P& protocol_;
  int per_answer_, epoll_;
  std::vector<Connection> connections_;
  std::vector<double> latency_us_;
  Clock::time_point end_;
  double seconds_ = 1;
  long errors_ = 0;
};

// Connections × requests in flight for so long; prints what came of it.
template <class P>
int run(P& protocol, const std::vector<int>& ports, int connections, int in_flight, double seconds,
        int per_answer = 1) {
  Load<P> load(protocol, ports, connections, in_flight, per_answer);
  load.run(seconds);
  load.print();
  return 0;
}

// One blocking request, through whatever comes before its answer.
template <class P>
Step once(P& protocol, Connection& c) {
  protocol.ask(c, 0);
  std::size_t at = 0;
  std::uint32_t slot = 0;
  for (;;) {
    if (!flush(c)) return Step::kMore;
    const Step step = protocol.take(c, at, slot);
    c.in.erase(0, at);
    at = 0;
    if (step == Step::kDone || step == Step::kRefused) return step;
    if (step == Step::kMore && !receive(c)) return Step::kMore;
  }
}

struct Answers {
  std::vector<double> at_s;
  long errors = 0;
};

// The longest time between two of these moments, or between the last and the end.
inline double longest_gap(const std::vector<double>& at_s, double end_s) {
  if (at_s.empty()) return end_s;
  double longest = end_s - at_s.back();
  for (std::size_t i = 1; i < at_s.size(); ++i) longest = std::max(longest, at_s[i] - at_s[i - 1]);
  return longest;
}

// Clients that ask one request at a time; after a refusal, silence of `timeout_s` or a lost connection each goes on to the next
// server. gap_ms: the longest time without an answer to any of them; client_gap_ms: to one of them.
template <class P>
int run_gap(P& protocol, const std::vector<int>& ports, int clients, double seconds, double timeout_s) {
  std::vector<Answers> answers(static_cast<std::size_t>(clients));
  std::vector<std::thread> threads;
  const Clock::time_point begin = Clock::now(), end = after(begin, seconds);
  for (std::size_t i = 0; i < answers.size(); ++i)
    threads.emplace_back([&, i] {
      Connection c;
      c.id = static_cast<int>(i);
      c.random.seed(static_cast<unsigned>(i + 1));
      for (std::size_t server = i; Clock::now() < end; ++server) {
        bool up = dial(c, ports[server % ports.size()], timeout_s) && protocol.hello(c);
        while (up && Clock::now() < end) {
          up = once(protocol, c) == Step::kDone;
          if (up) answers[i].at_s.push_back(seconds_since(begin));
        }
        if (!up) ++answers[i].errors;
        if (!up) ::usleep(2000);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  double worst = 0;
  long errors = 0;
  for (const Answers& one : answers) {
    worst = std::max(worst, longest_gap(one.at_s, seconds));
    errors += one.errors;
    all.insert(all.end(), one.at_s.begin(), one.at_s.end());
  }
  std::sort(all.begin(), all.end());
  std::printf("{\"per_second\":%.0f,\"gap_ms\":%.0f,\"client_gap_ms\":%.0f,\"errors\":%ld}\n",
              static_cast<double>(all.size()) / seconds, longest_gap(all, seconds) * 1e3, worst * 1e3, errors);
  return 0;
}

}  // namespace closed_loop
