// SPDX-License-Identifier: Apache-2.0

#include "net/loop.h"

#include <sys/random.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "net/sockets.h"

namespace titer::net {

namespace {

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(boost::asio::io_context& context) : timer_(context) {}

  void start(std::int64_t us, std::function<void()> ring) override {
    timer_.expires_after(std::chrono::microseconds(us));
    const std::uint64_t number = ++*newest_;
    timer_.async_wait(
        [ring = std::move(ring), number, newest = newest_](const boost::system::error_code& cancelled) {
          if (!cancelled && *newest == number) ring();
        });
  }
  void cancel() override {
    ++*newest_;
    timer_.cancel();
  }
  ~AsioTimer() override { ++*newest_; }

 private:
  boost::asio::steady_timer timer_;
  // Asio calls a handler whose time has come also if it is cancelled then; such a ring is out of date.
  std::shared_ptr<std::uint64_t> newest_ = std::make_shared<std::uint64_t>(0);
};

class ListeningSocket final : public Listening {
 public:
  explicit ListeningSocket(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
  void close() override { listener_->close(); }

 private:
  std::unique_ptr<Listener> listener_;
};

}  // namespace

void Loop::one_turn() {
  context_.restart();
  if (queue().empty()) context_.run_one();
  take_in();
}

void Loop::run(const std::function<void()>& turn) {
  const auto guard = boost::asio::make_work_guard(context_);
  stopped_ = false;
  while (!stopped_) {
    one_turn();
    turn();
  }
}

bool Loop::run_until(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& turn) {
  const auto guard = boost::asio::make_work_guard(context_);
  stopped_ = false;
  if (turn) turn();
  while (!done()) {
    if (stopped_ || boot_now() >= deadline) return false;
    wake_at(deadline);
    one_turn();
    if (turn) turn();
  }
  return true;
}

void Loop::stop() {
  post([this] { stopped_ = true; });
}

void Loop::wake_at(BootTime when) {
  if (when >= wake_when_) return;
  wake_when_ = when;
  const std::int64_t in = std::max<std::int64_t>(0, when.value - boot_now().value);
  wake_.expires_after(std::chrono::microseconds(in));
  wake_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) wake_when_ = BootTime(INT64_MAX);
  });
}

void Loop::post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }

std::unique_ptr<Timer> Loop::make_timer() { return std::make_unique<AsioTimer>(context_); }

void Loop::random(std::span<std::byte> out) {
  // The kernel gives up to 256 bytes whole.
  TITER_CHECK(out.size() <= 256 && ::getrandom(out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()),
              "the kernel has random numbers");
}

void Loop::dial(const Address& address, std::int64_t timeout_us, Dialled done) {
  net::dial(context_, address, timeout_us, [done = std::move(done)](Result<Stream> stream) {
    if (!stream) return done(stream.error());
    done(byte_stream(std::move(stream).value()));
  });
}

Result<std::unique_ptr<Listening>> Loop::listen(const Address& address, Accepted accepted) {
  auto listener = Listener::open(context_, address, [accepted = std::move(accepted)](Stream stream) {
    accepted(byte_stream(std::move(stream)));
  });
  if (!listener) return listener.error();
  return std::unique_ptr<Listening>(std::make_unique<ListeningSocket>(std::move(listener).value()));
}

}  // namespace titer::net
