#include "titer/serving.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cluster/register_file.h"
#include "titer/command.h"

namespace titer::app {

namespace {

constexpr std::int64_t kForEver = INT64_MAX;
constexpr std::int64_t kLookAgainUs = 250'000;
constexpr std::int64_t kCourseUs =
    3'600'000'000;  // what a start wants does not get old: it is asked anew each time

}  // namespace

Serving::Serving(host::Config config, host::Notes notes)
    : config_(std::move(config)),
      notes_(std::move(notes)),
      me_{config_.index, Incarnation(cluster::random_id()), config_.wire.text()},
      signals_(life_.loop.context(), SIGINT, SIGTERM),
      patience_(life_.loop.context()),
      steady_(life_.loop.context()),
      pulse_(life_.loop, net::Notifier::from_environment(), [this] { return state(); }) {}

int Serving::run() {
  if (const Status secured = begin_tls(); !secured) {
    spdlog::error("{}", secured.error().message);
    return kExitUsage;
  }
  wait_for_signal();
  pulse_.begin();
  for (const auto step :
       {&Serving::meet_register, &Serving::read_disk, &Serving::take_course, &Serving::become_replica})
    if (const auto code = (this->*step)()) return *code;
  const int code = run_node(life_);
  if (code != node::kExitExcluded) return code;
  host::NoteBook book = notes_.book();
  ++book.exclusions;
  (void)change_notes(book);
  return code;
}

// To the other replicas and to clients; and what etcd is shown and believed is renewed too.
Status Serving::begin_tls() {
  auto tls = ReplicaTls::open(life_.loop.context(), {config_.tls.ca, config_.tls.certificate, config_.tls.key},
                              config_.etcd_renewed);
  if (!tls) return tls.error();
  life_.tls = std::move(tls).value();
  config_.wire.tls = life_.tls.wire;
  if (config_.http) config_.http->tls = life_.tls.http;
  return ok_status();
}

// --- the register

std::optional<int> Serving::meet_register() {
  view::EtcdRegister::Events events;
  events.remember = [this](const view::Authority& seen) {
    host::NoteBook book = notes_.book();
    book.seen = seen;
    return notes_.write(std::move(book));
  };
  events.record = [this](const view::ClusterRecord& record) { took_record(record); };
  events.refused = [this](const std::string& why) { refused(why); };
  if (Status ready = host::secure_etcd(config_); !ready) {
    spdlog::error("{}", ready.error().message);
    return kExitUsage;
  }
  auto reg = std::make_unique<view::EtcdRegister>(
      life_.loop.context(),
      view::EtcdRegister::Options{view::register_key(config_.cluster), me_, config_.etcd, notes_.book().seen,
                                  notes_.joins_after_us()},
      std::move(events));
  register_ = reg.get();
  life_.reg = std::move(reg);
  spdlog::info("replica {} of cluster {}: asking the register at {}", me_.id.value, config_.cluster,
               register_->status().endpoint);
  life_.loop.run_until(BootTime(kForEver), [this] { return record_ || !refusal_.empty() || stopping_; });
  if (stopping_) return kExitOk;
  if (!refusal_.empty()) return kExitUsage;
  return std::nullopt;
}

void Serving::refused(const std::string& why) { refusal_ = why; }

void Serving::took_record(const view::ClusterRecord& record) {
  record_ = record;
  if (!life_.node) return;
  if (const std::string why = view::displaced(record, me_); !why.empty())
    leave_for_good(why);
  else
    life_.node->follow(roster_of(record));
  tell_peers();
  if (!record.view.members.empty()) life_.node->record(record.view);
}

// --- the disk

std::optional<int> Serving::read_disk() {
  store::StoreOptions disk;
  if (config_.durable) disk.dir = config_.data;
  disk.cluster = record_->cluster;
  disk.me = me_.id;
  disk.incarnation = me_.incarnation;
  disk.losses = record_->losses;
  const bool known = config_.durable && store::has_identity(config_.data);
  auto past = remember(life_, disk, config_.execution_log, known);
  if (!past) {
    spdlog::error("{}", past.error().message);
    return kExitUsage;
  }
  past_ = std::move(past).value();
  starting_.now = me_;
  starting_.empty = !known;
  if (past_->store) starting_.inventory = past_->store->inventory();
  return std::nullopt;
}

// --- the course

view::Course Serving::course_by(const view::ClusterRecord& record) {
  starting_.foundings = notes_.book().foundings;
  const bool announced =
      std::ranges::any_of(record.returned, [&](const view::Returned& one) { return one.now == me_; });
  const BootTime now = net::boot_now();
  if (announced && announced_ == BootTime()) announced_ = now;
  return view::course(record, starting_, announced ? now.value - announced_.value : 0);
}

// A wish: what this start wants of the record. Who is about to found notes it first.
view::NextRecord Serving::next_by(const view::ClusterRecord& newest) {
  if (life_.node) return std::nullopt;  // its start is over
  view::Course course = course_by(newest);
  if (course.step != view::Course::Step::kChange) return std::nullopt;
  if (course.founds) {
    host::NoteBook book = notes_.book();
    if (std::ranges::find(book.foundings, me_.incarnation) == book.foundings.end()) {
      book.foundings.push_back(me_.incarnation);
      if (!change_notes(book)) return std::nullopt;
    }
  }
  return std::move(course.next);
}

std::optional<int> Serving::over(const view::Course& course) {
  if (stopping_) return kExitOk;
  if (course.step != view::Course::Step::kRefuse) return std::nullopt;
  spdlog::error("{}", course.why);
  return kExitUsage;
}

std::optional<int> Serving::take_course() {
  using Step = view::Course::Step;
  for (;;) {
    const view::Course course = course_by(*record_);
    if (const auto code = over(course)) return code;
    if (course.step != Step::kChange && course.step != Step::kWait) return std::nullopt;
    if (course.step == Step::kWait && waits_for_ != course.why) spdlog::info("{}", waits_for_ = course.why);
    if (course.step == Step::kChange)
      register_->wish(
          view::EtcdRegister::Kind::kCourse, [this](const view::ClusterRecord& newest) { return next_by(newest); },
          kCourseUs);
    // Until the record is another, or time has made a difference.
    const smr::ViewRecord before = record_->view;
    const std::size_t returned = record_->returned.size();
    life_.loop.run_until(BootTime(net::boot_now().value + kLookAgainUs), [&] {
      return stopping_ || record_->view != before || record_->returned.size() != returned;
    });
  }
}

// --- the replica

node::Roster Serving::roster_of(const view::ClusterRecord& record) const {
  node::Roster roster;
  for (const view::Seat& seat : record.roster)
    if (auto address = net::parse_address(seat.wire)) {
      address->tls = life_.tls.wire;
      roster[seat.id.value] = std::move(address).value();
    }
  roster[me_.id.value] = config_.wire;
  return roster;
}

std::optional<int> Serving::become_replica() {
  node::NodeOptions options;
  options.me = me_.id;
  options.incarnation = me_.incarnation;
  options.cluster = record_->cluster;
  options.roster = roster_of(*record_);
  options.founds = course_by(*record_).step == view::Course::Step::kFound;
  options.local_socket = config_.local_socket;
  if (config_.frames_in_flight > 0) options.frames_in_flight = config_.frames_in_flight;
  options.keys_beyond = !config_.insecure;
  options.rates = config_.rates;
  const bool founds = options.founds;
  auto opened = node::Node::open(std::move(options), life_.loop, record_->view, std::move(*past_));
  if (!opened) {
    spdlog::error("{}", opened.error().message);
    return kExitUsage;
  }
  life_.node = std::move(opened).value();
  life_.node->use(*life_.reg);
  spdlog::info("this process is {}", founds                                       ? "the first of a new cluster"
                                     : record_->view.has(me_.id, me_.incarnation) ? "one of those who begin anew"
                                                                                  : "a learner");
  const smr::Member* before = record_->view.find(me_.id);
  if (before != nullptr && before->incarnation != me_.incarnation)
    spdlog::warn(
        "the view has an earlier process of this replica, and its data is not on this disk: it learns when the "
        "others have "
        "taken that one out. If nobody of the view is left with its data, `titer recover --config` says what can "
        "be done");
  // What is on disk now says more than the note.
  host::NoteBook book = notes_.book();
  book.foundings.clear();
  if (!notes_.book().foundings.empty() && !change_notes(book)) return kExitUsage;
  begin_http();
  tend_exclusions();
  return std::nullopt;
}

void Serving::begin_http() {
  if (!config_.http) return;
  api::Setup setup;
  setup.index = me_.id.value;
  setup.replica = net::Address{config_.local_socket};
  setup.listen = *config_.http;
  setup.peers = http_peers_;
  setup.rates = config_.rates;
  setup.keys_beyond = !config_.insecure;
  tell_peers();
  serve_http(life_, std::move(setup));
}

// The page goes on at another replica when its own fails.
void Serving::tell_peers() {
  std::vector<api::Peer> peers;
  for (const view::Seat& seat : record_->roster)
    if (!seat.http.empty()) peers.push_back({seat.id.value, seat.http});
  http_peers_->set(std::move(peers));
}

// Who was a member for long is steady again.
void Serving::tend_exclusions() {
  if (notes_.book().exclusions == 0) return;
  steady_.expires_after(std::chrono::microseconds(host::Notes::kSteadyUs));
  steady_.async_wait([this, view = record_->view.number](const boost::system::error_code& cancelled) {
    if (cancelled || !life_.node) return;
    host::NoteBook book = notes_.book();
    book.exclusions = 0;
    if (record_->view.has(me_.id, me_.incarnation)) (void)change_notes(book);
    tend_exclusions();
  });
}

bool Serving::change_notes(const host::NoteBook& book) {
  const Status written = notes_.write(book);
  if (!written) spdlog::error("{}", written.error().message);
  return written.ok();
}

Pulse::State Serving::state() const {
  if (!record_) return {false, "asks the register"};
  if (!life_.node) return {false, waits_for_.empty() ? "begins" : waits_for_};
  const wire::Pong now = life_.node->pong();
  if (!now.full) return {false, fmt::format("learns the state, {} %", now.learned_percent)};
  return {true, fmt::format("has the whole state; view {}", now.installed.value)};
}

// --- the end

void Serving::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    stop();
    wait_for_signal();
  });
}

// Told twice, it ends at once.
void Serving::stop() {
  if (!life_.node) {
    stopping_ = true;
    return life_.loop.stop();
  }
  if (std::exchange(stopping_, true)) return life_.node->stop(kExitOk, "told to stop twice");
  spdlog::info("told to stop");
  end_in_time();
  leave();
}

// Its place is gone, and so nobody may count on its disk any more: it stays until the others have all that it has.
void Serving::leave_for_good(const std::string& why) {
  if (std::exchange(stopping_, true)) return;
  spdlog::warn("{}: it leaves", why);
  leave();
}

void Serving::leave() {
  pulse_.stopping();
  stop_http(life_, [this] {
    const smr::ViewRecord& view = record_->view;
    const bool member = view.has(me_.id, me_.incarnation);
    if (!member) return life_.node->stop(kExitOk, "it was not a member of the view");
    if (view.members.size() == 1)
      return life_.node->stop(kExitOk,
                              "it is the last of the view, and the one with which the cluster begins again");
    life_.node->retire([this](ViewNumber installed) { register_->leave(installed); });
  });
}

void Serving::end_in_time() {
  patience_.expires_after(std::chrono::microseconds(kLeaveUs));
  patience_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && life_.node)
      life_.node->stop(kExitOk, "the register did not let it leave in time; the others will see");
  });
}

}  // namespace titer::app
