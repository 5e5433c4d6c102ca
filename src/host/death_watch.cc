// SPDX-License-Identifier: Apache-2.0

#include "host/death_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"
#include "net/connection.h"
#include "net/loop.h"
#include "wire/codec.h"

namespace titer::host {

namespace {

constexpr std::int64_t kTellUs = 1'000'000;  // a member that has not answered by then waits for the lease
constexpr std::size_t kBriefingBytesMax = std::size_t{64} << 10;
constexpr int kProcessFd = 3, kChannelFd = 4;  // where the watch finds them

Error os_error(const char* what, int error) {
  return {Code::kInternal, fmt::format("{}: {}", what, std::strerror(error))};
}

// What posix_spawn is told: two descriptors beside the standard ones, and all signals blocked until the watch ignores them.
class SpawnPlan {
 public:
  SpawnPlan(int process, int channel) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, process, kProcessFd);
    posix_spawn_file_actions_adddup2(&files_, channel, kChannelFd);
    posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // This program again, also when its file has been replaced.
  int run(pid_t& pid, std::vector<std::string> arguments) const {
    std::string name = "titer";
    std::vector<char*> argv{name.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    return posix_spawn(&pid, "/proc/self/exe", &files_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// Above those at which the watch finds its own: dup2 onto itself would keep close-on-exec.
int moved(int fd) {
  const int to = ::fcntl(fd, F_DUPFD_CLOEXEC, kChannelFd + 1);
  ::close(fd);
  return to;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status))
                             : fmt::format("exit code {}", WEXITSTATUS(status));
}

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
    loop_.dial(*address, kTellUs, [this](Result<net::ByteStreamPtr> stream) {
      if (!stream) return over(stream.error().message);
      const auto& connection = connections_.emplace_back(
          net::Connection::make(loop_, std::move(stream).value(), *this, limits::kClientSendBytesMax));
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

}  // namespace

void DeathWatch::run(const net::TlsOptions& files, const std::function<void()>& begin_log) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_NAME, "titer-watch");
  std::string briefing;
  std::array<pollfd, 2> waits{{{kProcessFd, POLLIN, 0}, {kChannelFd, POLLIN, 0}}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    take_briefings(kChannelFd, briefing);
    if ((waits[0].revents & POLLIN) != 0) break;
    if ((waits[1].revents & POLLHUP) != 0) waits[1].fd = -1;  // it ends
  }
  begin_log();
  tell_all(briefing, files);
}

DeathWatch::DeathWatch(boost::asio::io_context& context, std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), channel_(context), again_(context) {}

DeathWatch::~DeathWatch() {
  if (process_ >= 0) ::close(process_);
}

// The pidfd is made by the process itself: so it cannot be that of another one.
void DeathWatch::start() {
  if (process_ < 0)  // glibc 2.36 declares it for C only
    process_ = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (process_ >= 0 && process_ <= kChannelFd) process_ = moved(process_);
  const Status spawned = process_ < 0 ? Status(os_error("pidfd_open", errno)) : spawn();
  if (!spawned) return start_again("there is no death watch (" + spawned.error().message + ")");
  tell_watch();
  wait_for_end();
}

Status DeathWatch::spawn() {
  TITER_CHECK(process_ > kChannelFd && pid_ < 0, "there is one watch, of this process");
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return os_error("socketpair", errno);
  channel_.assign(pair[0]);
  const int its = moved(pair[1]);
  const int error = SpawnPlan(process_, its).run(pid_, arguments_);
  ::close(its);
  if (error == 0) return ok_status();
  channel_.close();
  pid_ = -1;
  return os_error("it cannot be started", error);
}

void DeathWatch::brief(ByteView notice, const std::vector<std::string>& addresses) {
  std::string briefing;
  for (const std::string& address : addresses) briefing += address + '\n';
  briefing += '\0';
  briefing += as_text(notice);
  if (briefing == briefing_) return;
  briefing_ = std::move(briefing);
  tell_watch();
}

// One that has ended is told when it has been started again.
void DeathWatch::tell_watch() {
  if (briefing_.empty() || pid_ < 0) return;
  if (::send(channel_.native_handle(), briefing_.data(), briefing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    return;
  spdlog::warn("the death watch does not listen ({}): if this process dies, the others wait for its read lease",
               std::strerror(errno));
}

// It says nothing, so its channel is readable when it has ended.
void DeathWatch::wait_for_end() {
  channel_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& cancelled) {
                        if (!cancelled) on_end();
                      });
}

void DeathWatch::on_end() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  channel_.close();
  start_again("the death watch has ended (" + how_it_ended(status) + ")");
}

void DeathWatch::start_again(const std::string& why) {
  const auto at = backoff_.ended(net::boot_now());
  spdlog::warn("{}: if this process dies now, the others wait for its read lease. {}", why,
               at ? "It is started again" : "It has ended too often, and is not started again");
  if (!at) return;
  again_.expires_after(std::chrono::microseconds(at->value - net::boot_now().value));
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) start();
  });
}

}  // namespace titer::host
