// SPDX-License-Identifier: Apache-2.0

// EtcdRegister: the view register of a cluster on several machines — one key in etcd, changed by compare-and-set on its
// revision.
//
// What it does is in cell_register.h, which has no I/O. This is the driver, over an EtcdClient; and here are the proposals
// that a replica makes (cluster_record.h).
//
// Thread rule: the loop's thread. It may be destroyed at any time; requests in progress end by themselves.
// Invariants: those of CellRegister.
// Errors: status() and the log say what is wrong.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "view/authority.h"
#include "view/cell_register.h"
#include "view/cluster_record.h"
#include "view/etcd_client.h"
#include "view/view_register.h"

namespace titer::view {

class EtcdRegister final : public ViewRegister {
 public:
  struct Options {
    std::string key;
    smr::Member me;
    EtcdOptions etcd;
    Authority seen;                   // by earlier lives
    std::int64_t joins_after_us = 0;  // from now on; for those that come and go
  };
  struct Events {
    std::function<Status(const Authority&)> remember;  // on disk when it returns
    std::function<void(const ClusterRecord&)> record;  // the newest, first and every change
    std::function<void(const std::string&)> refused;   // it is not believed, or not there
    std::function<void()> blocked = {};  // an ask of compare_and_set() (cluster_record.h); again each time
  };
  using Kind = CellRegister::Kind;

  EtcdRegister(boost::asio::io_context& context, Options options, Events events);
  ~EtcdRegister() override;
  EtcdRegister(const EtcdRegister&) = delete;
  EtcdRegister& operator=(const EtcdRegister&) = delete;

  void compare_and_set(const wire::CompareAndSet& ask, bool certain) override;
  void ready(Position learned) override;
  [[nodiscard]] Status operate(const wire::Operate& ask) override;
  void goodbye(const std::string&) override {}
  [[nodiscard]] RegisterStatus status() const override;

  void propose(Kind kind, Proposal proposal, std::int64_t valid_us);
  // This process will answer nothing any more. It leaves this view, which it has installed, or none.
  void leave(ViewNumber installed);
  // What this member's disk holds.
  void mark(ViewNumber installed, Position position);

 private:
  class Work;
  Options options_;
  std::shared_ptr<Work> work_;
  BootTime joins_at_;
};

// The register's key of a cluster.
[[nodiscard]] std::string register_key(std::string_view cluster_name);

}  // namespace titer::view
