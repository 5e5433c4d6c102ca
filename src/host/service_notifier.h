// SPDX-License-Identifier: Apache-2.0

// ServiceNotifier: tells the service manager about a replica (net/notify.h): its state in words, that it serves, and,
// often enough, that its loop turns. It beats by a timer of that loop, so a loop that hangs is silent.
//
// Without a service manager that asked for it nothing happens. Thread rule: the loop's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "net/loop.h"
#include "net/notify.h"

namespace titer::host {

class ServiceNotifier {
 public:
  struct State {
    bool serves = false;  // it has the whole state
    std::string words;    // one line
  };
  using Look = std::function<State()>;

  ServiceNotifier(net::Loop& loop, net::Notifier notifier, Look look);
  void begin();
  void stopping() { notifier_.stopping(); }

 private:
  static constexpr std::int64_t kEveryUs = 200'000;  // of what a person reads, and far below any watchdog's time

  void beat();

  net::Notifier notifier_;
  Look look_;
  boost::asio::steady_timer timer_;
};

}  // namespace titer::host
