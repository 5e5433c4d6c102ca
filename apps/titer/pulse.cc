#include "titer/pulse.h"

#include <chrono>
#include <utility>

namespace titer::app {

Pulse::Pulse(net::Loop& loop, net::Notifier notifier, Look look)
    : notifier_(std::move(notifier)), look_(std::move(look)), timer_(loop.context()) {}

void Pulse::begin() {
  if (notifier_.on()) beat();
}

void Pulse::beat() {
  const State now = look_();
  notifier_.status(now.words);
  if (now.serves) notifier_.ready();
  notifier_.alive(net::boot_now());
  timer_.expires_after(std::chrono::microseconds(kEveryUs));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) beat();
  });
}

}  // namespace titer::app
