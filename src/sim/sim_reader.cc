// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_reader.h"

#include <utility>

#include "base/check.h"
#include "sim/workload.h"

namespace titer::sim {

namespace {
constexpr Time kAskEveryUs = 20'000;                       // mean
constexpr Time kLookAgainUs = 200, kLookLaterUs = 5'000;   // there is more to do, or it waits
constexpr std::uint64_t kClient = std::uint64_t{1} << 40;  // in the history: above the clients' numbers
}  // namespace

SimReader::SimReader(Scene& scene, const SimEnvironment& env, Incarnation incarnation)
    : scene_(scene), env_(env), incarnation_(incarnation), random_(scene.plan.seed ^ incarnation.value << 20U) {}

void SimReader::begin(const machine::Machine& machine) {
  machine_ = &machine;
  reads_ = std::make_unique<client::LocalReads>(*this, 0, env_, [this] { look_at(scene_.time.now() + 1); });
  scene_.time.at(scene_.time.now() + random_.between(1, kAskEveryUs), *this, kAsk);
}

void SimReader::end() {
  machine_ = nullptr;
  waits_ = false;
}

void SimReader::begin_change() {
  TITER_CHECK(!changing_, "changes are not nested");
  changing_ = true;
}

void SimReader::publish(const smr::ReadTerms& terms, const std::string& refusal) {
  const bool same = terms_.same_answer(terms);
  terms_ = terms;
  refusal_ = refusal;
  if (!same && std::exchange(waits_, false)) wake_();
}

void SimReader::query(std::size_t, ByteView body, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId as,
                      registry::Progress& progress) {
  TITER_CHECK(!changing_ && terms_.serves, "a reader looks at no state that changes");
  machine_->query(body, rows, answer, {as, env_.wall_now()}, progress);
}

void SimReader::on_change(std::size_t, std::function<void()> wake) { wake_ = std::move(wake); }

bool SimReader::wait(std::size_t, const smr::ReadTerms& seen) {
  waits_ = seen.same_answer(terms_);
  return waits_;
}

void SimReader::on_event(std::uint32_t what, std::uint64_t) {
  if (machine_ == nullptr || !env_.alive()) return;
  const Time now = scene_.time.now();
  if (what == kLook && now != look_at_) return;
  if (what == kLook) look_at_ = kNever;
  if (env_.stands_still())
    return what == kLook ? look_at(now + kLookLaterUs) : scene_.time.at(now + kLookLaterUs, *this, kAsk);
  if (what == kAsk) ask();
  look();
}

void SimReader::ask() {
  if (!scene_.winding_down) scene_.time.at(scene_.time.now() + random_.between(1, 2 * kAskEveryUs), *this, kAsk);
  if (!scene_.working) return;
  Asked asked = read_of(compared_site(random_.below(static_cast<std::uint64_t>(scene_.plan.sites))));
  check::Op op = std::move(*asked.op);
  op.client = kClient + incarnation_.value;
  op.id = ++asked_;
  op.call_ns = scene_.time.now() * 1000;
  scene_.history.push_back(std::move(op));
  const std::size_t at = scene_.history.size() - 1;
  const Position floor = scene_.ledger.floor();
  reads_->ask(std::move(asked.body), registry::kNoKey,
              [this, at, floor](const wire::QueryAnswer& answer) { take(at, floor, answer); });
}

void SimReader::take(std::size_t op, Position floor, const wire::QueryAnswer& answer) {
  if (answer.code == Code::kUnavailable) return;  // it may ask another one
  check::Op& done = scene_.history[op];
  done.end_ns = scene_.time.now() * 1000;
  done.code = answer.code;
  if (answer.code == Code::kOk && !take_rows(answer.body, done)) scene_.fail("readers", "rows are malformed");
  scene_.ledger.read(floor, answer.position, incarnation_);
}

void SimReader::look() {
  const BootTime again = reads_->on_turn();
  if (reads_->open() == 0) return;
  look_at(scene_.time.now() + (again <= env_.boot_now() ? kLookAgainUs : kLookLaterUs));
}

void SimReader::look_at(Time when) {
  if (when >= look_at_) return;
  look_at_ = when;
  scene_.time.at(when, *this, kLook);
}

}  // namespace titer::sim
