// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_register.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "net/loop.h"

namespace titer::view {

namespace {

constexpr std::int64_t kPollEveryUs = 1'000'000;
constexpr std::int64_t kAgainUs = 200'000;  // after a failure
constexpr std::int64_t kTryWriteEveryUs = 5'000'000;
constexpr std::int64_t kNoWriteUs = 12'000'000;  // writes unanswered for so long: it is not writable
constexpr std::int64_t kAwayUs = 2'500'000;      // without an answer for so long, it is away
constexpr std::int64_t kAskedUs = 1'000'000;     // suspicion repeats itself while it holds
constexpr std::int64_t kLeavingUs = 30'000'000;

}  // namespace

// The background work: polling and watching. What waits for an answer or a time holds it.
class EtcdRegister::Work : public std::enable_shared_from_this<Work> {
 public:
  Work(boost::asio::io_context& context, std::string key, EtcdOptions etcd, const Authority& seen, Events events)
      : etcd_(context, std::move(etcd)),
        key_(std::move(key)),
        events_(std::move(events)),
        seen_(seen),
        pause_(context),
        watch_pause_(context),
        answered_(net::boot_now()),
        wrote_(answered_) {}

  void start() {
    poll();
    watch_later();
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
  [[nodiscard]] std::function<void()> when_blocked() const { return events_.blocked; }
  [[nodiscard]] RegisterStatus status() const {
    const bool there = record_ && net::boot_now().value - answered_.value < kAwayUs;
    return {"etcd", there, there && write_error_.empty(), refused_, etcd_.endpoint(), seen_.revision, write_error_};
  }

 private:
  struct Wanted {
    Proposal proposal;
    BootTime until;
  };

  void poll();
  void poll_in(std::int64_t us);
  void on_poll(const Result<EtcdState>& state, const Authority& seen_before, const std::string& endpoint);
  void replace(const ClusterRecord& next);
  void try_write();
  void on_write(const Status& done);
  void watch();
  void watch_later();
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
  std::string write_error_;  // empty: it can be written, as far as is known
  std::map<Kind, Wanted> proposals_;
  boost::asio::steady_timer pause_, watch_pause_;
  std::int64_t looked_at_ = 0;  // etcd's revision at the last look: watching from there on misses nothing
  BootTime answered_;           // when etcd was last there
  BootTime wrote_;              // … and took a write, or would have
  BootTime try_write_at_;
  bool is_away_ = false;  // … and the log has said that it is not
  bool woken_ = false;
  bool closed_ = false;
};

// Reads, changes, reads again; sleeps when there is nothing to change.
void EtcdRegister::Work::poll() {
  woken_ = false;
  etcd_.get(key_, [self = shared_from_this(), before = seen_, endpoint = etcd_.endpoint()](
                      const Result<EtcdState>& state) { self->on_poll(state, before, endpoint); });
}

void EtcdRegister::Work::poll_in(std::int64_t us) {
  pause_.expires_after(std::chrono::microseconds(us));
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    if (!self->closed_) self->poll();  // also when it was woken
  });
}

void EtcdRegister::Work::on_poll(const Result<EtcdState>& state, const Authority& seen_before,
                                 const std::string& endpoint) {
  if (!state) {
    on_away(state.error());
    if (endpoint != etcd_.endpoint()) {  // the watch is at the one that does not answer
      etcd_.stop_watching();
      watch_later();
    }
    return poll_in(state.error().code == Code::kUnreachable ? kAgainUs : kPollEveryUs);
  }
  on_poll_answer(*state, seen_before);
  if (closed_) return;
  if (const NextRecord next = next_record()) return replace(*next);
  if (record_ && net::boot_now() >= try_write_at_) return try_write();
  woken_ ? poll() : poll_in(kPollEveryUs);
}

void EtcdRegister::Work::replace(const ClusterRecord& next) {
  etcd_.replace(key_, seen_.revision, to_json(next), [self = shared_from_this()](const Result<bool>& replaced) {
    self->on_write(replaced ? ok_status() : Status(replaced.error()));
    replaced || self->woken_ ? self->poll() : self->poll_in(kPollEveryUs);
  });
}

void EtcdRegister::Work::try_write() {
  try_write_at_ = BootTime(net::boot_now().value + kTryWriteEveryUs);
  etcd_.try_write(key_, [self = shared_from_this()](const Status& done) {
    self->on_write(done);
    self->woken_ ? self->poll() : self->poll_in(kPollEveryUs);
  });
}

// A write that merely got no answer may be one of an election; a refusal stays one.
void EtcdRegister::Work::on_write(const Status& done) {
  if (done) {
    wrote_ = net::boot_now();
    if (!std::exchange(write_error_, {}).empty())
      spdlog::info("the register can be written again: views can change");
    return;
  }
  const Error& why = done.error();
  if (why.code == Code::kUnreachable && net::boot_now().value - wrote_.value < kNoWriteUs) return;
  if (std::exchange(write_error_, why.message).empty())
    spdlog::warn("the register cannot be written ({}): service continues, but views cannot change", why.message);
}

void EtcdRegister::Work::watch() {
  if (!record_) return watch_later();
  etcd_.watch(
      key_, looked_at_ + 1, [self = shared_from_this()](const EtcdState& state) { self->on_change(state); },
      [self = shared_from_this()](const Error&) { self->watch_later(); });
}

void EtcdRegister::Work::watch_later() {
  watch_pause_.expires_after(std::chrono::microseconds(kAgainUs));
  watch_pause_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && !self->closed_) self->watch();
  });
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
  const auto tell = events_.record;  // it may end us
  tell(told);
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
