// SPDX-License-Identifier: Apache-2.0

// EtcdRegister: the view register of a cluster on several machines — one key in etcd, changed by compare-and-set on its
// revision.
//
// A change of the record is requested as a *proposal*: a function from the newest record to its successor
// (cluster_record.h). The register reads, asks the proposal, replaces, and reads again, until the proposal has nothing
// to change any more or its time is over. So a lost race is decided again on the newer record, and a lost answer is
// settled by reading; the result of replace() is not even used. A proposal that is too old is dropped: a suspicion from
// before etcd went away for a minute is no reason to exclude a replica now.
//
// Every kTryWriteEveryUs it asks for a write that changes nothing (EtcdClient::try_write()), so that a register that can be
// read but not written (etcd has no space left, a right was taken away) is seen before a view must change.
//
// News come by etcd's watch; a read every kPollEveryUs finds out whether etcd is there, and what the watch has lost.
//
// Authority (authority.h): the newest record seen is remembered before anybody hears of it, and any older one is
// refused. Then nothing is changed or reported until the register is believable again. Service continues meanwhile.
//
// Thread rule: the loop's thread. It may be destroyed at any time; requests in progress end by themselves.
// Invariants: records are told in the order of their revisions; never one below what remember() has kept.
// Errors: none are thrown at anybody: status() and the log say what is wrong.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "view/authority.h"
#include "view/cluster_record.h"
#include "view/etcd_client.h"
#include "view/view_register.h"

namespace titer::view {

using Proposal = std::function<NextRecord(const ClusterRecord& newest)>;

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
  // One of a kind at a time: the newest.
  enum class Kind : std::uint8_t { kStartup, kExclude, kLeave, kJoin, kMark };

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
