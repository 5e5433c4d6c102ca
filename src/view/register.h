// Register: the view register as a replica sees it — the one outside authority (docs/protocol.md §4).
//
// Compare-and-set asks; the answer is the newest record, which comes through the watcher like every other
// change. So a lost answer, a lost race and a success look the same: read the record and see. While the
// register is away reads and writes go on, only views cannot change. Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <memory>

#include "net/connection.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::view {

class Register {
 public:
  using Watcher = std::function<void(const smr::ViewRecord&)>;
  virtual ~Register() = default;

  // Asks for the successor; if `expected` is no longer the newest view, nothing changes.
  virtual void compare_and_set(const wire::CompareAndSet& ask) = 0;
  [[nodiscard]] virtual bool reachable() const = 0;
};

// A one-machine cluster's register: the supervisor, over the socket it gave us at birth. It also asks how we
// are (pings) and tells us to stop; we tell it when a learner is ready to join.
class LocalRegister final : public Register, private net::ConnectionOwner {
 public:
  struct Events {
    Watcher record;                    // the newest record, first and every change
    std::function<wire::Pong()> pong;  // asked for at each ping
    std::function<void()> stop;        // leave cleanly
    std::function<void()> lost;        // the supervisor is gone
    std::function<void(const wire::Operated&)> operated;
  };
  LocalRegister(net::Stream::Socket socket, Events events);
  ~LocalRegister() override;
  LocalRegister(const LocalRegister&) = delete;
  LocalRegister& operator=(const LocalRegister&) = delete;

  void compare_and_set(const wire::CompareAndSet& ask) override;
  [[nodiscard]] bool reachable() const override { return link_->open(); }
  void ready(Position learned);
  void tell(const wire::Inventory& inventory);
  // For the operator; the answer comes through Events::operated.
  void operate(const wire::Operate& ask);
  // The last words of a process that stops by itself.
  void goodbye(const std::string& why) { link_->close(Code::kInternal, why); }

 private:
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  Events events_;
  net::ConnectionPtr link_;
};

}  // namespace titer::view
