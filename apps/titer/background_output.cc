// SPDX-License-Identifier: Apache-2.0

#include "titer/background_output.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace titer::app {

struct BackgroundOutput::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;          // to be written next
  std::size_t left_out = 0;  // lines for which there was no room
  bool writing = false;
  bool over = false;

  [[nodiscard]] bool idle() const { return text.empty() && left_out == 0 && !writing; }
};

namespace {

// A descriptor that does not wait is shared with whoever made it so: then this thread waits for it.
void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    pollfd room{descriptor, POLLOUT, 0};
    if (errno != EINTR && (errno != EAGAIN || ::poll(&room, 1, -1) < 0)) return;
  }
}

}  // namespace

BackgroundOutput::BackgroundOutput(int descriptor, std::size_t kept_max)
    : state_(std::make_shared<State>()), kept_max_(kept_max) {
  std::thread([state = state_, descriptor] {
    sigset_t all;
    sigfillset(&all);  // signals are for the main thread; a pipe without a reader is an error here
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run(*state, descriptor);
  }).detach();
}

BackgroundOutput::~BackgroundOutput() {
  std::unique_lock lock(state_->mutex);
  state_->over = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, std::chrono::microseconds(kLastUs), [this] { return state_->idle(); });
}

void BackgroundOutput::write(std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  if (state_->left_out == 0 && state_->text.size() + text.size() <= kept_max_)
    state_->text += text;
  else
    state_->left_out += static_cast<std::size_t>(std::max<std::ptrdiff_t>(std::ranges::count(text, '\n'), 1));
  state_->changed.notify_all();
}

void BackgroundOutput::run(State& state, int descriptor) {
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.changed.wait(lock, [&] { return !state.idle() || state.over; });
    if (state.idle()) return;
    std::string text = std::exchange(state.text, {});
    if (const std::size_t lines = std::exchange(state.left_out, 0); lines > 0)
      text += "… " + std::to_string(lines) + " lines were left out while nobody read\n";
    state.writing = true;
    lock.unlock();
    write_all(descriptor, text);
    lock.lock();
    state.writing = false;
    state.changed.notify_all();
  }
}

}  // namespace titer::app
