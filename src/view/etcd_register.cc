// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_register.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "net/loop.h"

namespace titer::view {

namespace {

constexpr std::int64_t kLookEveryUs = 1'000'000;
constexpr std::int64_t kAgainUs = 200'000;    // after a failure
constexpr std::int64_t kAwayUs = 2'500'000;   // without an answer for so long, it is away
constexpr std::int64_t kAskedUs = 1'000'000;  // suspicion repeats itself while it holds
constexpr std::int64_t kLeavingUs = 30'000'000;

}  // namespace

// The background work: two coroutines, which hold it.
class EtcdRegister::Work : public std::enable_shared_from_this<Work> {
 public:
  Work(boost::asio::io_context& context, std::string key, EtcdOptions etcd, const Authority& seen, Events events)
      : etcd_(context, std::move(etcd)),
        key_(std::move(key)),
        events_(std::move(events)),
        seen_(seen),
        pause_(context),
        watch_pause_(context),
        answered_(net::boot_now()) {}

  void start(boost::asio::io_context& context) {
    const auto self = shared_from_this();
    boost::asio::co_spawn(
        context, [self] { return self->poll(); }, boost::asio::detached);
    boost::asio::co_spawn(
        context, [self] { return self->watch(); }, boost::asio::detached);
  }
  void close() {
    closed_ = true;
    events_ = {};
    etcd_.close();
    pause_.cancel();
    watch_pause_.cancel();
  }
  void propose(Kind kind, Proposal proposal, std::int64_t valid_us) {
    proposals_[kind] = {std::move(proposal), BootTime(net::boot_now().value + valid_us)};
    woken_ = true;
    pause_.cancel();
  }
  [[nodiscard]] RegisterStatus status() const {
    const bool there = record_ && net::boot_now().value - answered_.value < kAwayUs;
    return {"etcd", there, refused_, etcd_.endpoint(), seen_.revision};
  }

 private:
  using Task = boost::asio::awaitable<void>;
  struct Wanted {
    Proposal proposal;
    BootTime until;
  };

  Task poll();
  Task watch();
  [[nodiscard]] NextRecord next_record();
  void on_poll_answer(const EtcdState& state, const Authority& seen_before);
  void on_change(const EtcdState& state);
  void on_state(const EtcdState& state, const Authority& at_least);
  void refuse(const std::string& why);
  void on_away(const Error& why);

  EtcdClient etcd_;
  std::string key_;
  Events events_;
  Authority seen_;
  std::optional<ClusterRecord> record_;  // of seen_.revision
  std::string refused_;
  std::string complaint_;  // the last about a change, as it was logged
  std::map<Kind, Wanted> proposals_;
  boost::asio::steady_timer pause_, watch_pause_;
  std::int64_t looked_at_ = 0;  // etcd's revision at the last look: watching from there on misses nothing
  BootTime answered_;           // when etcd was last there
  bool is_away_ = false;        // … and the log has said that it is not
  bool woken_ = false;
  bool closed_ = false;
};

// Reads, changes, reads again; sleeps when there is nothing to change.
EtcdRegister::Work::Task EtcdRegister::Work::poll() {
  while (!closed_) {
    woken_ = false;
    const Authority before = seen_;
    const std::string endpoint = etcd_.endpoint();
    const auto state = co_await etcd_.get(key_);
    if (closed_) co_return;
    if (!state) {
      on_away(state.error());
      if (endpoint != etcd_.endpoint()) etcd_.stop_watching();  // it is at the one that does not answer
    } else {
      on_poll_answer(*state, before);
      if (NextRecord next = next_record()) {
        const std::string text = to_json(*next);
        const auto replaced = co_await etcd_.replace(key_, seen_.revision, text);
        if (replaced) continue;
        if (std::exchange(complaint_, replaced.error().message) != replaced.error().message)
          spdlog::warn("the register was not changed: {}", complaint_);
      }
    }
    if (woken_ && state) continue;
    pause_.expires_after(std::chrono::microseconds(state ? kLookEveryUs : kAgainUs));
    co_await pause_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

EtcdRegister::Work::Task EtcdRegister::Work::watch() {
  while (!closed_) {
    if (record_) {
      const Status begun = co_await etcd_.watch(key_, looked_at_ + 1);
      while (begun && !closed_) {
        const auto change = co_await etcd_.next_change();
        if (!change || closed_) break;
        on_change(*change);
      }
    }
    if (closed_) co_return;
    watch_pause_.expires_after(std::chrono::microseconds(kAgainUs));
    co_await watch_pause_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

// The first proposal that has something to change; those that have not, or are too old, are dropped.
NextRecord EtcdRegister::Work::next_record() {
  if (!record_ || !refused_.empty()) return std::nullopt;
  const BootTime now = net::boot_now();
  for (auto at = proposals_.begin(); at != proposals_.end(); at = proposals_.erase(at)) {
    if (now > at->second.until) continue;
    if (NextRecord next = at->second.proposal(*record_)) return next;
  }
  return std::nullopt;
}

// The answer to a question. `seen_before`: the newest authority when it was asked; the watch may be ahead of the
// answer.
void EtcdRegister::Work::on_poll_answer(const EtcdState& state, const Authority& seen_before) {
  answered_ = net::boot_now();
  looked_at_ = state.revision;
  if (std::exchange(is_away_, false)) spdlog::info("the register answers again: views can change");
  on_state(state, seen_before);
}

// From the watch, which may be behind what was read.
void EtcdRegister::Work::on_change(const EtcdState& state) {
  if (state.value && state.value->revision <= seen_.revision) return;
  on_state(state, seen_);
}

void EtcdRegister::Work::on_state(const EtcdState& state, const Authority& at_least) {
  if (!state.value)
    return refuse(gone(seen_).value_or("the register has no record of this cluster yet: `titer init` makes it"));
  auto record = cluster_record_from(state.value->text);
  if (!record) return refuse(record.error().message);
  const Authority now = authority_of(state.etcd, state.value->revision, *record);
  if (const auto why = gone_back(at_least, now)) return refuse(*why);
  if (gone_back(seen_, now)) return;  // the watch was faster than this answer
  if (!std::exchange(refused_, {}).empty()) spdlog::info("the register is believable again");
  if (record_ && now == seen_) return;
  if (const Status kept = events_.remember(now); !kept)
    return refuse("the state of the register that was seen cannot be saved: " + kept.error().message);
  seen_ = now;
  record_ = std::move(record).value();
  const ClusterRecord told = *record_;
  events_.record(told);
}

void EtcdRegister::Work::refuse(const std::string& why) {
  if (refused_ == why) return;
  refused_ = why;
  spdlog::error("{}. Views do not change meanwhile", why);
  const auto tell = events_.refused;
  if (tell) tell(why);
}

void EtcdRegister::Work::on_away(const Error& why) {
  const bool for_long = net::boot_now().value - answered_.value >= kAwayUs;
  if (!for_long || std::exchange(is_away_, true)) return;
  spdlog::warn("the register is away ({}): service goes on, but views cannot change", why.message);
}

EtcdRegister::EtcdRegister(boost::asio::io_context& context, Options options, Events events)
    : options_(std::move(options)),
      work_(std::make_shared<Work>(context, options_.key, options_.etcd, options_.seen, std::move(events))),
      joins_at_(net::boot_now().value + options_.joins_after_us) {
  work_->start(context);
}

EtcdRegister::~EtcdRegister() { work_->close(); }

void EtcdRegister::propose(Kind kind, Proposal proposal, std::int64_t valid_us) {
  work_->propose(kind, std::move(proposal), valid_us);
}

RegisterStatus EtcdRegister::status() const { return work_->status(); }

void EtcdRegister::compare_and_set(const wire::CompareAndSet& ask) {
  propose(
      Kind::kExclude, [me = options_.me, ask](const ClusterRecord& newest) { return asked(newest, me, ask); },
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
