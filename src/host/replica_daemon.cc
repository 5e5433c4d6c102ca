// SPDX-License-Identifier: Apache-2.0

#include "host/replica_daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "cluster/register_file.h"
#include "host/exit_code.h"
#include "host/secret_file.h"
#include "net/sockets.h"

namespace titer::host {

namespace {

constexpr std::int64_t kLookAgainUs = 250'000;
constexpr std::int64_t kMarkUs = 1'000'000;         // how soon after an install the record has its mark
constexpr std::int64_t kMarkSoonUs = 50'000;        // … and that of a restart, which is not over before
constexpr std::int64_t kStartupUs = 3'600'000'000;  // what a start wants does not get old: it is asked again

}  // namespace

ReplicaDaemon::ReplicaDaemon(Config config, LocalMetadataStore metadata_store, std::vector<std::string> death_watch,
                             http::Files page, std::unique_ptr<LogFile> log, const Descriptors& descriptors)
    : config_(std::move(config)),
      metadata_(std::move(metadata_store)),
      death_watch_(process_.loop.context(), std::move(death_watch)),
      page_(std::move(page)),
      me_{config_.index, Incarnation(cluster::random_id()), config_.wire.text()},
      signals_(process_.loop.context(), SIGINT, SIGTERM),
      patience_(process_.loop.context()),
      steady_(process_.loop.context()),
      marks_(process_.loop.context()),
      looks_(process_.loop.context()),
      service_notifier_(process_.loop, net::Notifier::from_environment(), [this] { return state(); }) {
  process_.log = std::move(log);
  process_.descriptors = descriptors;
  if (process_.log) process_.log->reopen_on_hangup(process_.loop.context());
}

int ReplicaDaemon::run() {
  for (const Status& secured : {begin_tls(), begin_secret()}) {
    if (secured) continue;
    spdlog::error("{}", secured.error().message);
    return kExitUsage;
  }
  wait_for_signal();
  death_watch_.start();
  service_notifier_.begin();
  for (const auto step : {&ReplicaDaemon::wait_for_addresses, &ReplicaDaemon::connect_to_register,
                          &ReplicaDaemon::read_disk, &ReplicaDaemon::run_startup, &ReplicaDaemon::become_replica})
    if (const auto code = (this->*step)()) return *code;
  const int code = run_node(process_);
  if (code != node::kExitExcluded) return code;
  LocalMetadata metadata = metadata_.get();
  ++metadata.exclusions;
  (void)write_metadata(metadata);
  return code;
}

// To the other replicas and to clients; and what etcd is shown and believed is renewed too.
Status ReplicaDaemon::begin_tls() {
  auto tls = ReplicaTls::open(process_.loop.context(), {config_.tls.ca, config_.tls.certificate, config_.tls.key},
                              config_.etcd_renewed);
  if (!tls) return tls.error();
  process_.tls = std::move(tls).value();
  config_.wire.tls = process_.tls.wire;
  if (config_.http) config_.http->tls = process_.tls.http;
  return ok_status();
}

Status ReplicaDaemon::begin_secret() {
  if (config_.secret_file.empty()) return ok_status();
  auto read = read_secret(config_.secret_file);
  if (!read) return read.error();
  secret_ = std::move(read).value();
  return ok_status();
}

// --- its addresses

// One that is not on this machine yet (DHCP, a virtual address) may come; one that another process has does not.
std::optional<int> ReplicaDaemon::wait_for_addresses() {
  const BootTime began = net::boot_now();
  for (;;) {
    Status free = net::can_listen(config_.wire);
    if (free && config_.http) free = net::can_listen(*config_.http);
    if (free) return std::nullopt;
    if (stopping_) return kExitOk;
    const bool absent = free.error().code == Code::kUnavailable;
    if (!absent && net::boot_now().value >= began.value + kPortPatienceUs) {
      spdlog::error("{}", free.error().message);
      return kExitUsage;
    }
    if (absent && waits_.tell(free.error().message, false, net::boot_now()))
      spdlog::warn("{}; it waits for the address", waits_.why());
    process_.loop.run_until(BootTime(net::boot_now().value + kLookAgainUs), [this] { return stopping_; });
  }
}

// --- the register

std::optional<int> ReplicaDaemon::connect_to_register() {
  view::EtcdRegister::Events events;
  events.remember = [this](const view::Authority& seen) {
    LocalMetadata metadata = metadata_.get();
    metadata.seen = seen;
    return metadata_.write(std::move(metadata));
  };
  events.record = [this](const view::ClusterRecord& record) { on_record(record); };
  events.refused = [this](const std::string& why) { on_refused(why); };
  events.blocked = [this] { process_.loop.post([this] { on_blocked(); }); };
  if (Status ready = secure_etcd(config_); !ready) {
    spdlog::error("{}", ready.error().message);
    return kExitUsage;
  }
  auto reg = std::make_unique<view::EtcdRegister>(
      process_.loop.context(),
      view::EtcdRegister::Options{view::register_key(config_.cluster), me_, config_.etcd, metadata_.get().seen,
                                  metadata_.joins_after_us()},
      std::move(events));
  register_ = reg.get();
  process_.reg = std::move(reg);
  spdlog::info("replica {} of cluster {}: asking the register at {}", me_.id.value, config_.cluster,
               register_->status().endpoint);
  process_.loop.run_until(BootTime(INT64_MAX), [this] { return record_ || !refusal_.empty() || stopping_; });
  if (stopping_) return kExitOk;
  if (!refusal_.empty()) return kExitUsage;
  return std::nullopt;
}

void ReplicaDaemon::on_refused(const std::string& why) { refusal_ = why; }

void ReplicaDaemon::on_record(const view::ClusterRecord& record) {
  record_ = record;
  brief_death_watch();
  if (!process_.node) return;
  process_.node->restarts(record.restart.has_value());
  if (const std::string why = view::displaced(record, me_); !why.empty())
    leave_for_good(why);
  else
    process_.node->update_roster(roster_of(record, me_.id, config_.wire, process_.tls.wire));
  tell_peers();
  if (!record.view.members.empty()) process_.node->on_record(record.view);
  if (stopping_ && how_to_leave(record.view, me_) == Leaving::kAsTheLast)
    return stop_as_the_last();  // the others left while it was leaving
  if (view::gives_way(record, me_, process_.node->pong().full))
    process_.node->stop(
        kExitExcluded,
        "the members that have the whole state restart from their disks before this one has got it; "
        "it begins again, and learns");
}

// --- the disk

std::optional<int> ReplicaDaemon::read_disk() {
  TITER_CHECK(record_ && !course_, "the register's first record says whose disk it is");
  store::StoreOptions disk;
  if (config_.durable) disk.dir = config_.data;
  disk.cluster = record_->cluster;
  disk.me = me_.id;
  disk.incarnation = me_.incarnation;
  disk.losses = record_->losses;
  disk.table_files_max = static_cast<int>(process_.descriptors.tables);
  const bool known = config_.durable && store::has_identity(config_.data);
  auto local_state = recover_from_disk(process_, disk, config_.execution_log, known);
  if (!local_state) {
    spdlog::error("{}", local_state.error().message);
    return kExitUsage;
  }
  local_state_ = std::move(local_state).value();
  if (local_state_->machine.registry().has_keys() && !keys_protect(config_)) {
    spdlog::error("{}", node::kKeysUnprotected);
    return kExitUsage;
  }
  view::StartingProcess self;
  self.now = me_;
  self.empty = !known;
  self.any_may_restart = config_.any_may_restart;
  self.bootstrap_attempts = metadata_.get().bootstrap_attempts;
  if (local_state_->store) self.inventory = local_state_->store->inventory();
  course_.emplace(std::move(self), [this](Incarnation incarnation) { return note_bootstrap(incarnation); });
  return std::nullopt;
}

// --- the startup

// A process that is about to bootstrap the cluster notes it first.
Status ReplicaDaemon::note_bootstrap(Incarnation incarnation) {
  LocalMetadata metadata = metadata_.get();
  metadata.bootstrap_attempts.push_back(incarnation);
  return write_metadata(metadata) ? ok_status() : Status(Error{Code::kInternal, "the note cannot be written"});
}

std::optional<int> ReplicaDaemon::exit_code_for(const view::StartupStep& step) {
  if (stopping_) return kExitOk;
  if (step.kind != view::StartupStep::Kind::kRefuse) return std::nullopt;
  spdlog::error("{}", step.why);
  return kExitUsage;
}

std::optional<int> ReplicaDaemon::run_startup() {
  using Kind = view::StartupStep::Kind;
  TITER_CHECK(course_ && local_state_, "a start begins with what the disk holds");
  for (;;) {
    const view::StartupStep step = course_->step(net::boot_now(), *record_);
    if (const auto code = exit_code_for(step)) return code;
    if (step.kind == Kind::kLearn && !step.why.empty()) spdlog::error("{}; it learns from the others", step.why);
    if (step.kind != Kind::kChange && step.kind != Kind::kWait) return std::nullopt;
    if (step.kind == Kind::kWait) say_waits(step.why, course_->waits_long(net::boot_now()));
    if (step.kind == Kind::kChange)
      register_->propose(
          view::EtcdRegister::Kind::kStartup,
          [this](const view::ClusterRecord& newest) {
            return course_ ? course_->proposal(net::boot_now(), newest) : std::nullopt;
          },
          kStartupUs);
    // Until the record is another, or time has made a difference.
    const smr::ViewRecord before = record_->view;
    const std::size_t returned = record_->returned.size();
    process_.loop.run_until(BootTime(net::boot_now().value + view::StartupCourse::kLookAgainUs), [&] {
      return stopping_ || record_->view != before || record_->returned.size() != returned;
    });
  }
}

void ReplicaDaemon::say_waits(const std::string& why, bool long_since) {
  if (waits_.tell(why, long_since, net::boot_now()))
    spdlog::log(long_since ? spdlog::level::warn : spdlog::level::info, "{}", why);
}

// --- the replica

std::optional<int> ReplicaDaemon::become_replica() {
  TITER_CHECK(course_ && !process_.node, "a process becomes a replica once");
  node::NodeOptions options;
  options.sharing = &process_.state;
  options.me = me_.id;
  options.incarnation = me_.incarnation;
  options.cluster = record_->cluster;
  options.stream = wire::stream_of(record_->cluster, record_->losses.size());
  options.roster = roster_of(*record_, me_.id, config_.wire, process_.tls.wire);
  options.bootstraps = course_->step(net::boot_now(), *record_).kind == view::StartupStep::Kind::kBootstrap;
  options.secret = secret_;
  options.keys = keys_protect(config_);
  options.local_socket = config_.local_socket;
  if (config_.frames_in_flight > 0) options.frames_in_flight = config_.frames_in_flight;
  options.remote_writes_need_key = !config_.insecure;
  options.accept_clock = config_.accept_clock;
  options.confirm_reads = config_.confirm_reads;
  options.limits.rates = config_.rates;
  limit_connections(process_.descriptors, config_.connections, options);
  const bool bootstraps = options.bootstraps;
  auto opened = node::Node::open(std::move(options), process_.loop, record_->view, std::move(*local_state_));
  if (!opened) {
    spdlog::error("{}", opened.error().message);
    return kExitUsage;
  }
  process_.node = std::move(opened).value();
  course_.reset();
  process_.node->use(*process_.reg);
  process_.node->restarts(record_->restart.has_value());
  waits_.over();
  const smr::Member* before = record_->view.find(me_.id);
  const bool member = before != nullptr && before->incarnation == me_.incarnation;
  spdlog::info("this process is {}", bootstraps ? "the first of a new cluster"
                                     : member   ? "one of the members that restart the cluster"
                                                : "a learner");
  if (before != nullptr && !member)
    spdlog::warn(
        "the view has an earlier process of this replica, and its data is not on this disk: it learns when the "
        "others have taken that one out");
  // The disk now says more than the note.
  LocalMetadata metadata = metadata_.get();
  metadata.bootstrap_attempts.clear();
  if (!metadata_.get().bootstrap_attempts.empty() && !write_metadata(metadata)) return kExitUsage;
  begin_http();
  reset_exclusions_later();
  mark_disk_later();
  learner_looks_later();
  return std::nullopt;
}

void ReplicaDaemon::begin_http() {
  if (!config_.http) return;
  api::Setup setup;
  setup.index = me_.id.value;
  setup.cluster = wire::stream_of(record_->cluster, record_->losses.size());
  setup.files = page_;
  setup.replica = net::Address{config_.local_socket};
  setup.listen = *config_.http;
  setup.hosts = config_.http_hosts;
  setup.trusted_proxies = config_.trusted_proxies;
  setup.peers = http_peers_;
  setup.rates = config_.rates;
  setup.connections = place_limits(process_.descriptors.http, config_.connections);
  setup.remote_writes_need_key = !config_.insecure;
  tell_peers();
  serve_http(process_, std::move(setup));
}

void ReplicaDaemon::tell_peers() { http_peers_->set(page_peers(*record_)); }

void ReplicaDaemon::brief_death_watch() {
  const DeathBriefing briefing = death_briefing(*record_, me_, secret_);
  death_watch_.brief(briefing.notice, briefing.addresses);
}

// A process that has been a member for long is steady again.
void ReplicaDaemon::reset_exclusions_later() {
  if (metadata_.get().exclusions == 0) return;
  steady_.expires_after(std::chrono::microseconds(LocalMetadataStore::kSteadyUs));
  steady_.async_wait([this, view = record_->view.number](const boost::system::error_code& cancelled) {
    if (cancelled || !process_.node) return;
    LocalMetadata metadata = metadata_.get();
    metadata.exclusions = 0;
    if (record_->view.has(me_.id, me_.incarnation)) (void)write_metadata(metadata);
    reset_exclusions_later();
  });
}

// So that this disk is recognised, also without the others, if it goes back (view/startup_step.h).
void ReplicaDaemon::mark_disk_later() {
  marks_.expires_after(std::chrono::microseconds(record_->restart ? kMarkSoonUs : kMarkUs));
  marks_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || !process_.node) return;
    const auto disk = process_.node->durable();
    if (disk &&
        mark_schedule_.due(net::boot_now(), *record_, {me_.id, me_.incarnation, disk->installed, disk->position}))
      register_->mark(disk->installed, disk->position);
    mark_disk_later();
  });
}

// A learner whose members are all gone waits for them, perhaps forever: then its operator has to choose.
void ReplicaDaemon::learner_looks_later() {
  looks_.expires_after(std::chrono::microseconds(view::kGraceUs));
  looks_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || !process_.node) return;
    std::string members;
    for (const smr::Member& one : record_->view.members)
      members += fmt::format("{}{} ({})", members.empty() ? "" : ", ", one.id.value, one.address);
    if (process_.node->learns_from_nobody())
      say_waits(
          fmt::format(
              "this replica learns, and no member of view {} answers: {}. Start one of them. If their "
              "disks are lost, stop this replica and run `titer recover --config` on its machine: it says what "
              "this disk has, and resumes from it without what was acknowledged after that",
              record_->view.number.value, members),
          true);
    learner_looks_later();
  });
}

// The members of a restart that still run cannot leave the silent ones out, and so the restart begins again.
void ReplicaDaemon::on_blocked() {
  if (!process_.node) return;
  process_.node->stop(kExitExcluded,
                      "the restart failed: other members of it have ended, and may hold newer writes. It begins "
                      "again, and waits for them");
}

bool ReplicaDaemon::write_metadata(const LocalMetadata& metadata) {
  const Status written = metadata_.write(metadata);
  if (!written) spdlog::error("{}", written.error().message);
  return written.ok();
}

ServiceNotifier::State ReplicaDaemon::state() const {
  Progress now{record_.has_value(), {}, false, waits_.why()};
  if (process_.node) {
    now.pong = process_.node->pong();
    now.learns_from_nobody = process_.node->learns_from_nobody();
  }
  return service_state(now);
}

}  // namespace titer::host
