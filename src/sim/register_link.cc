// SPDX-License-Identifier: Apache-2.0

#include "sim/register_link.h"

#include <utility>

#include "sim/scene.h"

namespace titer::sim {

RegisterLink::RegisterLink(SimEnvironment& env, std::function<Bytes()> greeting, Events events)
    : env_(env), greeting_(std::move(greeting)), events_(std::move(events)), redial_(env.make_timer()) {
  dial();
}

void RegisterLink::dial() {
  env_.dial(address_of(kRegisterPort), kRedialUs, [this](Result<net::ByteStreamPtr> stream) {
    if (!stream) return lost();
    connected(std::move(stream).value());
  });
}

void RegisterLink::connected(net::ByteStreamPtr stream) {
  (void)stream->send(greeting_());
  link_ = std::make_unique<view::LocalRegister>(
      env_, std::move(stream),
      view::LocalRegister::Events{events_.record, events_.pong, [] {}, [this] { lost(); },
                                  [](const wire::Operated&) {}});
}

void RegisterLink::lost() {
  redial_->start(kRedialUs, [this] {
    link_.reset();
    dial();
  });
}

}  // namespace titer::sim
