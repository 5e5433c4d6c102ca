// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_register.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "net/loop.h"

namespace titer::view {

namespace {

constexpr std::int64_t kAskedUs = 1'000'000;  // suspicion repeats itself while it holds
constexpr std::int64_t kLeavingUs = 30'000'000;
constexpr std::int64_t kLongestWaitUs = 60'000'000;  // of one timer

}  // namespace

// The driver of CellRegister. What waits for an answer or a time holds it.
class EtcdRegister::Work : public std::enable_shared_from_this<Work> {
 public:
  Work(boost::asio::io_context& context, std::string key, EtcdOptions etcd, const Authority& seen, Events events)
      : etcd_(context, std::move(etcd)),
        key_(std::move(key)),
        blocked_(std::move(events.blocked)),
        register_(net::boot_now(), seen,
                  {std::move(events.remember), std::move(events.record), std::move(events.refused)}),
        timer_(context) {}

  void start() { go_on(); }
  void close() {
    closed_ = true;
    register_.close();
    etcd_.close();
    timer_.cancel();
  }
  void propose(Kind kind, Proposal proposal, std::int64_t valid_us) {
    register_.propose(net::boot_now(), kind, std::move(proposal), valid_us);
    wake_in_time();
  }
  [[nodiscard]] std::function<void()> when_blocked() const { return blocked_; }
  [[nodiscard]] RegisterStatus status() const {
    const bool there = register_.reachable(net::boot_now());
    return {"etcd",
            there,
            there && register_.write_error().empty(),
            register_.refused(),
            etcd_.endpoint(),
            register_.revision(),
            register_.write_error()};
  }

 private:
  // Performs what the register wants, and wakes it in time.
  void go_on() {
    if (closed_) return;
    register_.wake(net::boot_now());
    while (const auto action = register_.next()) std::visit([this](const auto& one) { perform(one); }, *action);
    wake_in_time();
  }
  void wake_in_time() {
    const std::int64_t wait_us = std::max<std::int64_t>(0, register_.wake_at().value - net::boot_now().value);
    timer_.expires_after(std::chrono::microseconds(std::min(wait_us, kLongestWaitUs)));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->go_on();
    });
  }
  void perform(const GetCell&) {
    etcd_.get(key_, [self = shared_from_this(), endpoint = etcd_.endpoint()](const Result<CellState>& state) {
      if (self->closed_) return;
      self->register_.got(net::boot_now(), state, endpoint != self->etcd_.endpoint());
      self->go_on();
    });
  }
  void perform(const ReplaceCell& replace) {
    etcd_.replace(key_, replace.expected, replace.text, [self = shared_from_this()](const Result<bool>& done) {
      if (self->closed_) return;
      self->register_.replaced(net::boot_now(), done);
      self->go_on();
    });
  }
  void perform(const TryWriteCell&) {
    etcd_.try_write(key_, [self = shared_from_this()](const Status& done) {
      if (self->closed_) return;
      self->register_.tried_write(net::boot_now(), done);
      self->go_on();
    });
  }
  void perform(const WatchCell& watch) {
    etcd_.watch(
        key_, watch.from,
        [self = shared_from_this()](const CellState& state) {
          if (!self->closed_) self->register_.changed(state);
        },
        [self = shared_from_this()](const Error&) {
          if (self->closed_) return;
          self->register_.watch_ended(net::boot_now());
          self->go_on();
        });
  }
  void perform(const StopWatchingCell&) { etcd_.stop_watching(); }

  EtcdClient etcd_;
  std::string key_;
  std::function<void()> blocked_;
  CellRegister register_;
  boost::asio::steady_timer timer_;
  bool closed_ = false;
};

EtcdRegister::EtcdRegister(boost::asio::io_context& context, Options options, Events events)
    : options_(std::move(options)),
      work_(std::make_shared<Work>(context, options_.key, options_.etcd, options_.seen, std::move(events))),
      joins_at_(net::boot_now().value + options_.joins_after_us) {
  work_->start();
}

EtcdRegister::~EtcdRegister() { work_->close(); }

void EtcdRegister::propose(Kind kind, Proposal proposal, std::int64_t valid_us) {
  work_->propose(kind, std::move(proposal), valid_us);
}

RegisterStatus EtcdRegister::status() const { return work_->status(); }

void EtcdRegister::compare_and_set(const wire::CompareAndSet& ask, bool certain) {
  propose(
      Kind::kExclude,
      [me = options_.me, ask, certain, tell = work_->when_blocked()](const ClusterRecord& newest) {
        if (blocked(newest, me, ask, certain) && tell) tell();
        return asked(newest, me, ask, certain);
      },
      kAskedUs);
}

void EtcdRegister::mark(ViewNumber installed, Position position) {
  propose(
      Kind::kMark,
      [mark = DiskMark{options_.me.id, options_.me.incarnation, installed, position}](const ClusterRecord& newest) {
        return marked(newest, mark);
      },
      kAskedUs);
}

void EtcdRegister::ready(Position) {
  if (net::boot_now() < joins_at_) return;
  propose(
      Kind::kJoin, [me = options_.me](const ClusterRecord& newest) { return joined(newest, me); }, kAskedUs);
}

void EtcdRegister::leave(ViewNumber installed) {
  propose(
      Kind::kLeave,
      [me = options_.me, installed](const ClusterRecord& newest) { return left(newest, me, installed); },
      kLeavingUs);
}

Status EtcdRegister::operate(const wire::Operate&) {
  return Error{Code::kInvalid,
               "replicas on machines of their own are stopped and started there, by their service managers"};
}

std::string register_key(std::string_view cluster_name) { return fmt::format("/titer/{}/view", cluster_name); }

}  // namespace titer::view
