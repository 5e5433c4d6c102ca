// SPDX-License-Identifier: Apache-2.0

#include "api/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "api/full_snapshot.h"
#include "api/site_tag.h"
#include "http/gzip.h"

namespace titer::api {

namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::size_t kSitesPerStep = 100;                 // some 5 ms of work
constexpr auto kStepPause = std::chrono::milliseconds(1);  // the worker's other clients have their turn

std::string_view file_prefix(formats::SmartType type) {
  switch (type) {
    case formats::SmartType::kLocation: return "locations";
    case formats::SmartType::kSchedule: return "schedules";
    case formats::SmartType::kSlot: return "slots";
  }
  return "";
}

// Makes one publication of a snapshot, in steps; owned by its own timer and ends with it.
class Press : public std::enable_shared_from_this<Press> {
 public:
  Press(HandlerContext& context, std::shared_ptr<const client::Snapshot> all, bool with_expired,
        std::function<void(SharedPublication)> done)
      : timer_(context.loop.context()),
        stream_(stream_digits(context.setup.cluster)),
        all_(std::move(all)),
        done_(std::move(done)) {
    out_->with_expired = with_expired;
  }

  void begin() {
    WallTime newest;
    for (const registry::Site& site : all_->sites) {
      newest = std::max(newest, site.updated_at);
      for (const registry::StockLine& line : site.stock)
        newest = std::max({newest, line.changed_at, line.checked_at});
      if (formats::why_left_out(site).empty())
        sites_.push_back(&site);
      else
        ++out_->left_out;
    }
    std::stable_sort(sites_.begin(), sites_.end(),
                     [](const registry::Site* a, const registry::Site* b) { return a->state < b->state; });
    const std::int64_t hour = net::wall_now().value / kHourMs;
    out_->position = all_->position;
    out_->time = std::max(newest, WallTime(hour * kHourMs));
    out_->name = fmt::format("{}-{}-{}-{}", out_->with_expired ? 'e' : 's', all_->position.value, hour, stream_);
    step();
  }

 private:
  void step() {
    if (first_ == sites_.size()) {
      out_->made = net::boot_now();
      return done_(out_);
    }
    if (!gzip_) begin_file();
    std::string text;
    const std::size_t until = std::min(at_ + kSitesPerStep, last_);
    for (; at_ < until; ++at_) formats::print_smart(type(), *sites_[at_], out_->time, text, out_->with_expired);
    gzip_->add(text, at_ == last_ ? http::Gzip::Then::kEnd : http::Gzip::Then::kMore, *packed_);
    if (at_ == last_) end_file();
    timer_.expires_after(kStepPause);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->step();
    });
  }

  void begin_file() {
    at_ = last_ = first_;
    while (last_ < sites_.size() && sites_[last_]->state == sites_[first_]->state) ++last_;
    packed_ = std::make_shared<std::string>();
    gzip_ = std::make_unique<http::Gzip>();
  }
  void end_file() {
    gzip_.reset();
    const std::string state(sites_[first_]->state);
    out_->files.push_back({type(), state, fmt::format("{}-{}.ndjson", file_prefix(type()), state), packed_});
    type_ = (type_ + 1) % formats::kSmartTypes.size();
    if (type_ == 0) first_ = last_;
  }
  [[nodiscard]] formats::SmartType type() const { return formats::kSmartTypes[type_]; }

  boost::asio::steady_timer timer_;
  std::string stream_;
  std::shared_ptr<const client::Snapshot> all_;
  std::function<void(SharedPublication)> done_;
  std::vector<const registry::Site*> sites_;  // published ones, by state
  std::size_t first_ = 0, last_ = 0;          // of sites_: the state in progress
  std::size_t at_ = 0;                        // in it
  std::size_t type_ = 0;                      // the file in progress
  std::unique_ptr<http::Gzip> gzip_;
  std::shared_ptr<std::string> packed_;
  std::shared_ptr<Publication> out_ = std::make_shared<Publication>();
};

}  // namespace

const Publication::File* Publication::find(std::string_view file) const {
  const auto it = std::find_if(files.begin(), files.end(), [&](const File& f) { return f.name == file; });
  return it == files.end() ? nullptr : &*it;
}

SharedPublication Publications::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  for (const Kind& kind : kinds_)
    for (const SharedPublication& one : kind.kept)
      if (one->name == name) return one;
  return nullptr;
}

void Publications::newest(HandlerContext& context, bool with_expired, ThenPublication then) {
  std::unique_lock lock(mutex_);
  Kind& kind = kinds_[with_expired ? 1 : 0];
  const SharedPublication last = kind.kept.empty() ? nullptr : kind.kept.back();
  const bool fresh = last && context.times.now.value - last->made.value < kFreshUs;
  if (fresh || (last && kind.making)) {
    lock.unlock();
    return then(last);
  }
  kind.waiting.emplace_back([&loop = context.loop, then = std::move(then)](const Result<SharedPublication>& made) {
    loop.post([then, made] { then(made); });
  });
  if (std::exchange(kind.making, true)) return;
  lock.unlock();
  read_full_snapshot(context, 0, [this, &context, &kind, with_expired](const Result<SharedSnapshot>& all) {
    if (!all) return made(kind, all.error());
    const auto done = [this, &kind](SharedPublication publication) { made(kind, std::move(publication)); };
    auto read = (*all)->use(net::boot_now());
    if (read == nullptr) return made(kind, several_exports());  // it was a client's that has given way
    std::make_shared<Press>(context, std::move(read), with_expired, done)->begin();
  });
}

void Publications::made(Kind& kind, Result<SharedPublication> publication) {
  std::vector<ThenPublication> waiting;
  {
    const std::lock_guard lock(mutex_);
    kind.making = false;
    waiting.swap(kind.waiting);
    if (publication) {
      // The same position in the same hour is the same publication.
      std::erase_if(kind.kept, [&](const SharedPublication& one) { return one->name == (*publication)->name; });
      kind.kept.push_back(*publication);
      if (kind.kept.size() > kKept) kind.kept.pop_front();
    } else if (!kind.kept.empty()) {
      publication = kind.kept.back();  // as while the next one is made
    }
  }
  for (const ThenPublication& then : waiting) then(publication);
}

}  // namespace titer::api
