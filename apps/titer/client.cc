// SPDX-License-Identifier: Apache-2.0

// titer client PORT|HOST:PORT …: the interactive client, transmitter of its own requests (docs/explanation/protocol.md §3).
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <iostream>
#include <thread>

#include "client/direct_client.h"
#include "titer/command.h"
#include "titer/connect.h"
#include "titer/dialogue.h"

namespace titer::app::client_command {
namespace {

struct Options {
  std::vector<std::string> replicas;
  double timeout_s = 10;
  TlsFlags tls;
  KeyFlag key;
};

// Standard input line by line while the loop goes on: a thread of its own, because a terminal, a pipe and a file
// cannot all be waited for by the loop without changing them for others.
class Lines {
 public:
  explicit Lines(net::Loop& loop) : loop_(loop), stop_(::eventfd(0, EFD_CLOEXEC)), thread_([this] { work(); }) {}
  ~Lines() {
    ::eventfd_write(stop_, 1);
    thread_.join();
    ::close(stop_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // On the loop's thread.
  [[nodiscard]] bool ready() const { return ended_ || !lines_.empty(); }
  std::optional<std::string> take() {
    if (lines_.empty()) return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  void work() {
    std::string partial;
    char bytes[4096];
    for (;;) {
      pollfd wait[2] = {{STDIN_FILENO, POLLIN, 0}, {stop_, POLLIN, 0}};
      if (::poll(wait, 2, -1) < 0 && errno == EINTR) continue;
      if (wait[1].revents != 0) return;
      const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      partial.append(bytes, static_cast<std::size_t>(n));
      for (std::size_t end; (end = partial.find('\n')) != std::string::npos; partial.erase(0, end + 1))
        loop_.post([this, line = partial.substr(0, end)] { lines_.push_back(line); });
    }
    if (!partial.empty()) loop_.post([this, partial] { lines_.push_back(partial); });
    loop_.post([this] { ended_ = true; });
  }

  net::Loop& loop_;
  int stop_;
  std::deque<std::string> lines_;
  bool ended_ = false;
  std::thread thread_;  // last: it uses the others
};

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int talk(net::Loop& loop, client::DirectClient& session) {
  Lines lines(loop);
  Dialogue dialogue({.write = show,
                     .read = [&]() -> std::optional<std::string> {
                       session.run_until(BootTime(INT64_MAX), [&] { return lines.ready(); });
                       if (session.interrupted()) return std::nullopt;
                       return lines.take();
                     },
                     .execute = [&](const registry::Request& r) { return session.execute(r); },
                     .asker = &session,
                     .actor = "client"});
  dialogue.run();
  return session.interrupted() ? kExitInterrupted : kExitOk;
}

int run(const Options& o) {
  Result<client::Addresses> addresses = client::parse_addresses(o.replicas);
  if (!addresses || addresses->empty()) {
    complain(addresses ? "name at least one replica: PORT or HOST:PORT" : addresses.error().message);
    return kExitUsage;
  }
  if (const Status secured = o.tls.apply(*addresses); !secured) {
    complain(secured.error().message);
    return kExitUsage;
  }
  const auto token = o.key.token();
  if (!token) {
    complain(token.error().message);
    return kExitUsage;
  }
  show(
      "Name every replica by its port or host:port, so that the client survives the failure of all but one.\n"
      "Example (3 replicas on this machine): titer client 8892 8893 8894\n");
  net::Loop loop;
  client::DirectClient session(loop, {.at = *addresses, .token = *token},
                               static_cast<std::int64_t>(o.timeout_s * 1e6));
  Interrupt interrupt(loop, [&session] { session.interrupt(); });
  const std::size_t connected = session.connect();
  if (interrupt.hit()) return kExitInterrupted;
  if (connected == 0)
    return fail(
        {Code::kUnreachable, "no replica answers at " + client::to_text(*addresses) + "; is the cluster running?"});
  show("Connected to " + std::to_string(connected) + " servers; application starting.\n\n");
  return talk(loop, session);
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("replicas", o->replicas, "every replica: PORT or HOST:PORT").required().value_name("ADDR");
  flags.option("--timeout", o->timeout_s, "seconds to wait for an answer").seconds().show_default();
  o->tls.declare(flags);
  o->key.declare(flags);
  flags.footer("It broadcasts its own requests to all replicas. Its input may be a pipe or a file.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kCluster, "client", "the interactive client", setup});

}  // namespace
}  // namespace titer::app::client_command
