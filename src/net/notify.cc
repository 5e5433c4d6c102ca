// SPDX-License-Identifier: Apache-2.0

#include "net/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/number.h"

namespace titer::net {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// 0 when it is no number.
std::int64_t number(std::string_view text) { return parse_number<std::int64_t>(text).value_or(0); }

}  // namespace

Notifier Notifier::from_environment() {
  // A watchdog that is meant for our parent is not ours to feed.
  const std::string_view pid = environment("WATCHDOG_PID");
  const bool ours = pid.empty() || number(pid) == ::getpid();
  return Notifier(std::string(environment("NOTIFY_SOCKET")), ours ? number(environment("WATCHDOG_USEC")) : 0);
}

Notifier::Notifier(std::string socket, std::int64_t watchdog_us)
    : address_(std::move(socket)), watchdog_us_(watchdog_us > 0 ? watchdog_us : 0) {
  if (address_.empty() || address_.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_.front() == '@') address_.front() = '\0';
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

Notifier::~Notifier() {
  if (socket_ >= 0) ::close(socket_);
}

Notifier::Notifier(Notifier&& other) noexcept
    : address_(std::move(other.address_)),
      socket_(std::exchange(other.socket_, -1)),
      watchdog_us_(other.watchdog_us_),
      fed_(other.fed_),
      ready_(other.ready_),
      status_(std::move(other.status_)) {}

void Notifier::ready() {
  if (!ready_) ready_ = send("READY=1");
}

void Notifier::stopping() { send("STOPPING=1"); }

void Notifier::status(std::string_view line) {
  if (line == status_) return;
  status_ = line;
  send("STATUS=" + status_);
}

void Notifier::alive(BootTime now) {
  const std::optional<BootTime> due = next_alive();
  if (!due || now < *due) return;
  fed_ = now;
  send("WATCHDOG=1");
}

std::optional<BootTime> Notifier::next_alive() const {
  if (socket_ < 0 || watchdog_us_ == 0) return std::nullopt;
  return fed_ ? BootTime(fed_->value + watchdog_us_ / 2) : BootTime(0);
}

bool Notifier::send(std::string_view text) const {
  if (socket_ < 0) return false;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  return ::sendto(socket_, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                  length) >= 0;
}

}  // namespace titer::net
