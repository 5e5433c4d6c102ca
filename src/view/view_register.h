// SPDX-License-Identifier: Apache-2.0

// ViewRegister: the view register as a replica sees it — the one outside authority (docs/explanation/protocol.md §4).
//
// A compare-and-set has no answer of its own: the newest record, which comes through the watcher like every other
// change, shows the result. So a lost answer, a lost race and a success are handled alike. While the register is
// unavailable, reads and writes continue, but views cannot change. Two kinds: the supervisor of a cluster on one
// machine (here), etcd for several (etcd_register.h). Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::view {

// What `status` shows of a register.
struct RegisterStatus {
  std::string_view kind;
  bool reachable = false;
  bool writable = false;      // false: views cannot change
  std::string refused;        // it answers, but is not believed: why
  std::string endpoint;       // etcd: which one is asked
  std::int64_t revision = 0;  // etcd: of the record
  std::string write_error;    // it answers, but refuses writes: why
};

class ViewRegister {
 public:
  using Watcher = std::function<void(const smr::ViewRecord&)>;
  virtual ~ViewRegister() = default;

  // Asks for the successor; if `expected` is no longer the newest view, nothing changes. `certain`: those it leaves out are
  // known to have no more than this replica, which has installed a view since it restarted, or has seen their disks' contents.
  virtual void compare_and_set(const wire::CompareAndSet& ask, bool certain) = 0;
  // A learner is close enough to become a member. Said again and again while it is.
  virtual void ready(Position learned) = 0;
  // Of a page or an operator: to kill or start a replica. The answer comes later.
  [[nodiscard]] virtual Status operate(const wire::Operate& ask) = 0;
  // The last words of a process that stops by itself.
  virtual void goodbye(const std::string& why) = 0;
  [[nodiscard]] virtual RegisterStatus status() const = 0;
};

// A one-machine cluster's register: the supervisor, over the socket it gave us at birth. It also asks how we
// are (pings) and tells us to stop; we tell it when a learner is ready to join.
class LocalRegister final : public ViewRegister, private net::ConnectionOwner {
 public:
  struct Events {
    Watcher record;                    // the newest record, first and every change
    std::function<wire::Pong()> pong;  // asked for at each ping
    std::function<void()> stop;        // leave cleanly
    std::function<void()> lost;        // the supervisor is gone
    std::function<void(const wire::Operated&)> operated;
  };
  LocalRegister(net::Environment& env, net::ByteStreamPtr stream, Events events);
  ~LocalRegister() override;
  LocalRegister(const LocalRegister&) = delete;
  LocalRegister& operator=(const LocalRegister&) = delete;

  void compare_and_set(const wire::CompareAndSet& ask, bool certain) override;
  void ready(Position learned) override;
  [[nodiscard]] Status operate(const wire::Operate& ask) override;  // the answer: Events::operated
  void goodbye(const std::string& why) override { link_->close(Code::kInternal, why); }
  [[nodiscard]] RegisterStatus status() const override {
    return {"supervisor", link_->open(), link_->open(), {}, {}, 0, {}};
  }
  void tell(const wire::Inventory& inventory);

 private:
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  Events events_;
  net::ConnectionPtr link_;
};

}  // namespace titer::view
