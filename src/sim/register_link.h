// SPDX-License-Identifier: Apache-2.0

// RegisterLink: a simulated process's view register — view::LocalRegister over a connection that may break.
//
// In production a supervisor's child has that connection from birth. Here it is dialled, and dialled again, as a register on
// another machine would be; so an answer can be lost, and the newest record comes with the next connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "sim/sim_environment.h"
#include "view/view_register.h"

namespace titer::sim {

class RegisterLink final : public view::ViewRegister {
 public:
  struct Events {
    view::ViewRegister::Watcher record;
    std::function<wire::Pong()> pong;
  };
  // `greeting`: said first over each connection.
  RegisterLink(SimEnvironment& env, std::function<Bytes()> greeting, Events events);

  void compare_and_set(const wire::CompareAndSet& ask, bool certain) override {
    if (link_) link_->compare_and_set(ask, certain);
  }
  void ready(Position learned) override {
    if (link_) link_->ready(learned);
  }
  [[nodiscard]] Status operate(const wire::Operate&) override {
    return Error{Code::kUnavailable, "nobody operates a simulated cluster"};
  }
  void goodbye(const std::string&) override {}
  [[nodiscard]] view::RegisterStatus status() const override {
    return {"simulated", link_ != nullptr, link_ != nullptr, {}, {}, 0, {}};
  }

 private:
  void dial();
  void connected(net::ByteStreamPtr stream);
  void lost();

  SimEnvironment& env_;
  std::function<Bytes()> greeting_;
  Events events_;
  std::unique_ptr<net::Timer> redial_;
  std::unique_ptr<view::LocalRegister> link_;  // null: not connected
};

}  // namespace titer::sim
