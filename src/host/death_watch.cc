// SPDX-License-Identifier: Apache-2.0

#include "host/death_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "net/connection.h"
#include "net/loop.h"
#include "wire/codec.h"

namespace titer::host {

namespace {

constexpr std::int64_t kTellUs = 1'000'000;  // a member that has not answered by then waits for the lease
constexpr std::size_t kBriefingBytesMax = std::size_t{64} << 10;

Error os_error(const char* what) { return {Code::kInternal, fmt::format("{}: {}", what, std::strerror(errno))}; }

// Says the notice to everybody at once.
class Teller final : private net::ConnectionOwner {
 public:
  Teller(const std::string& notice, std::shared_ptr<net::Tls> tls) : notice_(notice), tls_(std::move(tls)) {}
  ~Teller() {
    for (const net::ConnectionPtr& connection : connections_) connection->detach();
  }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  void tell(std::string_view text) {
    auto address = net::parse_address(std::string(text));
    if (!address) return;
    address->tls = tls_;
    ++open_;
    net::dial(loop_.context(), *address, kTellUs, [this](Result<net::Stream> stream) {
      if (!stream) return over(stream.error().message);
      const auto& connection = connections_.emplace_back(
          net::Connection::make(std::move(stream).value(), *this, limits::kClientSendBytesMax));
      const ByteView bytes = as_bytes(notice_);
      connection->outgoing().assign(bytes.begin(), bytes.end());
      connection->flush();
      connection->start();
    });
  }
  // How many have heard it.
  [[nodiscard]] std::size_t wait() {
    loop_.run_until(BootTime(net::boot_now().value + kTellUs), [this] { return open_ == 0; });
    return heard_;
  }

 private:
  void on_message(net::Connection&, const wire::Message&) override {}
  // They say goodbye when they have noted it.
  void on_closed(net::Connection&, const std::string& reason) override {
    if (reason.ends_with(wire::kDeathNoted)) ++heard_;
    over(reason);
  }
  void over(const std::string& reason) {
    spdlog::debug("a member was told of the end: {}", reason);
    --open_;
  }

  std::string notice_;
  std::shared_ptr<net::Tls> tls_;
  net::Loop loop_;
  std::vector<net::ConnectionPtr> connections_;
  std::size_t open_ = 0, heard_ = 0;
};

// The newest briefing that has come: addresses, one a line, a zero byte, the notice.
void take_briefings(int channel, std::string& briefing) {
  std::array<char, kBriefingBytesMax> buffer;
  for (;;) {
    const ssize_t n = ::recv(channel, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) return;
    briefing.assign(buffer.data(), static_cast<std::size_t>(n));
  }
}

void tell_all(const std::string& briefing, const net::TlsOptions& files) {
  const std::size_t end = briefing.find('\0');
  if (end == std::string::npos || end == 0) return;
  const BootTime began = net::boot_now();
  std::shared_ptr<net::Tls> tls;
  if (!files.certificate.empty()) {
    auto opened = net::Tls::open(files);
    if (!opened) return spdlog::warn("nobody was told that the replica has ended: {}", opened.error().message);
    tls = std::move(opened).value();
  }
  Teller teller(briefing.substr(end + 1), std::move(tls));
  std::size_t members = 0;
  for (std::size_t at = 0; at < end; ++members) {
    const std::size_t line_end = briefing.find('\n', at);
    teller.tell(std::string_view(briefing).substr(at, line_end - at));
    at = line_end + 1;
  }
  const std::size_t heard = teller.wait();
  spdlog::info("the replica's process has ended; {} of {} other members were told, in {:.1f} ms", heard, members,
               static_cast<double>(net::boot_now().value - began.value) / 1000);
}

// The watch, from its beginning to the end of the process that it watches.
void watch(int process, int channel, const net::TlsOptions& files) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  ::prctl(PR_SET_NAME, "titer-watch");
  std::string briefing;
  std::array<pollfd, 2> waits{{{process, POLLIN, 0}, {channel, POLLIN, 0}}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    take_briefings(channel, briefing);
    if ((waits[0].revents & POLLIN) != 0) return tell_all(briefing, files);
    if ((waits[1].revents & POLLHUP) != 0) waits[1].fd = -1;  // it ends
  }
}

}  // namespace

DeathWatch::~DeathWatch() {
  if (channel_ >= 0) ::close(channel_);
}

DeathWatch::DeathWatch(DeathWatch&& other) noexcept
    : channel_(std::exchange(other.channel_, -1)), briefed_(std::move(other.briefed_)) {}

DeathWatch& DeathWatch::operator=(DeathWatch&& other) noexcept {
  std::swap(channel_, other.channel_);
  std::swap(briefed_, other.briefed_);
  return *this;
}

// The pidfd is made before the fork, by the process itself: so it cannot be that of another one.
Result<DeathWatch> DeathWatch::start(const net::TlsOptions& files) {
  const int process =
      static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));  // glibc 2.36 declares it for C only
  if (process < 0) return os_error("pidfd_open");
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    ::close(process);
    return os_error("socketpair");
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(pair[0]);
    watch(process, pair[1], files);
    ::_exit(0);
  }
  ::close(process);
  ::close(pair[1]);
  if (pid > 0) return DeathWatch(pair[0]);
  ::close(pair[0]);
  return os_error("fork");
}

void DeathWatch::brief(ByteView notice, const std::vector<std::string>& addresses) {
  if (channel_ < 0) return;
  std::string briefing;
  for (const std::string& address : addresses) briefing += address + '\n';
  briefing += '\0';
  briefing += as_text(notice);
  if (briefing == briefed_) return;
  briefed_ = briefing;
  if (::send(channel_, briefing.data(), briefing.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
  spdlog::warn("the death watch does not listen ({}): if this process dies, the others wait for its read lease",
               std::strerror(errno));
  ::close(std::exchange(channel_, -1));
}

}  // namespace titer::host
