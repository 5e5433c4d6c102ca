// SPDX-License-Identifier: Apache-2.0

// The floor of this machine: what no store with three replicas on it can beat.
//
//   floors IN_FLIGHT SECONDS
//
// One client writes every request to three echo servers and a request is done when all three echoes are in;
// IN_FLIGHT requests at a time, one write for each server whenever the client wakes. No order, no state, no
// connections of others: only the sockets. Loopback; the servers are forked children. Prints one JSON object.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kRequestBytes = 100;
constexpr int kServers = 3;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

[[noreturn]] void echo(int listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = ::accept(listener, nullptr, nullptr);
  no_delay(fd);
  std::vector<char> bytes(1 << 16);
  for (;;) {
    const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (n <= 0) ::_exit(0);
    for (ssize_t at = 0; at < n;) {
      const ssize_t w = ::send(fd, bytes.data() + at, static_cast<std::size_t>(n - at), MSG_NOSIGNAL);
      if (w <= 0) ::_exit(0);
      at += w;
    }
  }
}

// Forks an echo server for one connection; returns the connected socket.
int echo_server() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0)
    die("listen");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  if (::fork() == 0) echo(listener);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) die("connect");
  no_delay(fd);
  ::close(listener);
  return fd;
}

struct Result {
  std::vector<double> latency_us;
  double seconds = 1;
};

Result fan_out(std::size_t in_flight, double seconds) {
  pollfd servers[kServers];
  for (pollfd& server : servers) server = {echo_server(), POLLIN, 0};
  const std::vector<char> out(in_flight * kRequestBytes);
  std::vector<char> in(1 << 16);
  std::vector<Clock::time_point> sent_at(in_flight);
  std::size_t sent = 0, done = 0, echoed[kServers] = {};
  Result result;
  const Clock::time_point begin = Clock::now();
  Clock::time_point now = begin;
  while (std::chrono::duration<double>(now - begin).count() < seconds) {
    const std::size_t room = in_flight - (sent - done);
    for (std::size_t i = 0; i < room; ++i) sent_at[(sent + i) % in_flight] = now;
    for (const pollfd& server : servers) {
      const std::size_t bytes = room * kRequestBytes;
      if (bytes > 0 && ::send(server.fd, out.data(), bytes, 0) != static_cast<ssize_t>(bytes)) die("send");
    }
    sent += room;
    if (::poll(servers, kServers, -1) < 0) die("poll");
    for (int i = 0; i < kServers; ++i) {
      if (servers[i].revents == 0) continue;
      const ssize_t n = ::recv(servers[i].fd, in.data(), in.size(), MSG_DONTWAIT);
      if (n > 0) echoed[i] += static_cast<std::size_t>(n);
    }
    now = Clock::now();
    const std::size_t all = *std::min_element(echoed, echoed + kServers) / kRequestBytes;
    for (; done < all; ++done)
      result.latency_us.push_back(
          std::chrono::duration<double, std::micro>(now - sent_at[done % in_flight]).count());
  }
  result.seconds = std::chrono::duration<double>(now - begin).count();
  for (const pollfd& server : servers) ::close(server.fd);
  while (::wait(nullptr) > 0) {
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Result result = fan_out(static_cast<std::size_t>(std::atoi(argv[1])), std::atof(argv[2]));
  std::vector<double>& us = result.latency_us;
  std::sort(us.begin(), us.end());
  const auto quantile = [&us](double q) {
    return us.empty() ? 0 : us[static_cast<std::size_t>(q * static_cast<double>(us.size() - 1))];
  };
  std::printf("{\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"errors\":0}\n",
              static_cast<double>(us.size()) / result.seconds, quantile(.5), quantile(.99));
  return 0;
}
