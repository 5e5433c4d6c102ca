// SPDX-License-Identifier: Apache-2.0

// TwoNodes: two nodes in one fake world, and a network between them that the test may hold still. For tests only.
//
//   open_both();                       // members of one view
//   live_both(300'000);                // heartbeats go both ways, so each has a read lease
//   hold(true); live_both(…);          // nothing of what they say arrives; it does after hold(false)
#pragma once

#include <memory>
#include <vector>

#include "node/testing/one_node.h"

namespace titer::node::test {

class TwoNodes : public OneNode {
 protected:
  // Replica 0, `node`, and replica 1, `other`. A view without one of them makes that one a learner.
  void open_both(const smr::ViewRecord& view = members(0, {0, 1}), const NodeOptions& options = {}) {
    open(0, view, 2, options);
    NodeOptions second = options;
    second.observer = nullptr;
    open_other(view, std::move(second));
  }
  void open_other(const smr::ViewRecord& view, NodeOptions options = {}) {
    auto made = make(1, view, 2, std::move(options));
    ASSERT_TRUE(made.ok()) << made.error().message;
    other = std::move(made).value();
    other->use(other_reg);
  }
  // To both of them.
  void tell_record(const smr::ViewRecord& record) {
    node->on_record(record);
    other->on_record(record);
  }

  void hold(bool on) { held_ = on; }
  // The links break; they are dialled again.
  void break_links() {
    for (Link& link : links_) {
      link.dialler.close();
      link.acceptor.close();
    }
    links_.clear();
  }
  void turn_both() {
    arrive();
    env.forget_wakes();
    if (node) node->turn();
    if (other) other->turn();
    arrive();
  }
  // Everything that is under way arrives.
  void arrive() {
    for (int i = 0; i < 2; ++i) {
      env.run();
      carry();
    }
    env.run();
  }
  void live_both(std::int64_t us) {
    for (const std::int64_t end = env.boot_now().value + us; env.boot_now().value < end;) {
      env.pass(5'000);
      turn_both();
    }
  }

  FakeRegister other_reg;
  std::unique_ptr<Node> other;

 private:
  struct Link {
    net::test::FakeWire dialler, acceptor;
  };
  static void carry(net::test::FakeWire& from, net::test::FakeWire& to) {
    if (const Bytes bytes = from.take(); !bytes.empty()) to.send(bytes);
    if (from.closed()) to.close();
  }
  void carry() {
    if (held_) return;
    for (auto& dial : env.take_dials()) {
      auto acceptor = env.connect(dial.port, 50);
      links_.push_back({env.answer(dial), acceptor});
    }
    for (Link& link : links_) {
      carry(link.dialler, link.acceptor);
      carry(link.acceptor, link.dialler);
    }
    std::erase_if(links_, [](const Link& link) { return link.dialler.closed() && link.acceptor.closed(); });
  }

  std::vector<Link> links_;
  bool held_ = false;
};

}  // namespace titer::node::test
