// SPDX-License-Identifier: Apache-2.0

// Notifier: tells the service manager how the service is (sd_notify(3)), if one asked for it in NOTIFY_SOCKET.
//
// One datagram per message to a Unix socket; libsystemd is not needed for that. The watchdog must be fed by the thread
// that it watches: call alive() in every turn of the loop; it sends at half of the time that the manager allows.
//
// Thread rule: one thread. Errors: none; a service manager that does not listen is ignored.
// Source: sd_notify(3), sd_watchdog_enabled(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace titer::net {

class Notifier {
 public:
  // What the service manager put into the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. Nothing there: all
  // calls do nothing.
  [[nodiscard]] static Notifier from_environment();
  // `socket`: a path, or a name in the abstract namespace after '@'. `watchdog_us` 0: no watchdog.
  Notifier(std::string socket, std::int64_t watchdog_us);
  ~Notifier();
  Notifier(Notifier&& other) noexcept;
  Notifier& operator=(Notifier&&) = delete;

  // Did anybody ask?
  [[nodiscard]] bool on() const { return socket_ >= 0; }
  // It serves. Said once; again when the manager's queue was full.
  void ready();
  void stopping();
  // One line for people (`systemctl status`); sent when it has changed.
  void status(std::string_view line);
  // The loop turns.
  void alive(BootTime now);
  // When alive() must be called next, at the latest; nothing without a watchdog.
  [[nodiscard]] std::optional<BootTime> next_alive() const;

 private:
  // False: it did not get there.
  bool send(std::string_view text) const;

  std::string address_;  // as sockaddr_un wants it: an abstract name begins with a zero byte; empty: nobody asked
  int socket_ = -1;
  std::int64_t watchdog_us_;
  std::optional<BootTime> fed_;
  bool ready_ = false;
  std::string status_;
};

}  // namespace titer::net
