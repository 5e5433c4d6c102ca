// SPDX-License-Identifier: Apache-2.0

#include "api/import.h"

#include <fmt/format.h>

#include <utility>

#include "formats/json_text.h"
#include "http/problem.h"
#include "wire/codec.h"

namespace titer::api {

namespace {

constexpr auto kTick = std::chrono::milliseconds(2);       // retries and deadlines of the backend
constexpr auto kDryTick = std::chrono::milliseconds(200);  // there is none: only the client is waited for
constexpr std::string_view kTooSlow =
    "the upload did not go on: send at least a kilobyte a second; the rows before that are imported";
constexpr std::string_view kGaveWay =
    "the upload did not go on, and another import needs the place; the rows before that are imported, send the "
    "file again";
// At the backend at most: two windows, so that the next one is there when the first is answered.
constexpr std::size_t kUnderWayMax = 512;

// The registry's own word on a row; anything else means that the replica could not say one.
bool is_verdict(Code code) {
  switch (code) {
    case Code::kBusy:
    case Code::kUnavailable:
    case Code::kExcluded:
    case Code::kSessionEvicted:
    case Code::kOutcomeUnknown:
    case Code::kUnreachable:
    case Code::kProtocol:
    case Code::kInternal:
    case Code::kUnauthorized:
    case Code::kWritesStopped:
    case Code::kReadOnly: return false;
    default: return true;
  }
}

}  // namespace

Import::Import(HandlerContext& context, http::Exchange exchange, Options options)
    : context_(context),
      exchange_(std::move(exchange)),
      options_(std::move(options)),
      backend_(context.loop, context.setup.replica),
      timer_(context.loop.context()),
      reader_([this](const formats::Row& row) { take_row(row); },
              [this](const formats::Problem& p) {
                (p.refused ? errors_ : notes_)
                    .add({p.line, std::string(p.field), std::string(p.why), std::string(p.value)});
              },
              options_.read),
      run_(options_.run) {}

Import::~Import() {
  if (run_.state != ImportRun::State::kRunning) return;
  run_.state = ImportRun::State::kGone;
  (void)tell_progress();
}

void Import::Problems::add(Told told) {
  if (first.size() < kToldMax)
    first.push_back(std::move(told));
  else
    ++more;
}

void Import::begin() {
  if (!run_.dry_run) backend_.start();
  tick();
}

void Import::ask_for_more() {
  if (asked_ || last_piece_ || over_) return;
  asked_ = true;
  asked_at_ = context_.times.now;
  exchange_.next_piece([self = shared_from_this()](const http::BodyPiece& piece) { self->take_piece(piece); });
}

std::int64_t Import::behind_us() const {
  return waited_us_ + (asked_ ? context_.times.now.value - asked_at_.value : 0);
}

void Import::take_piece(const http::BodyPiece& piece) {
  waited_us_ = behind_us();
  asked_ = false;
  progress_ += piece.bytes.size();
  if (progress_ >= kProgressBytes) {
    waited_us_ = 0;
    progress_ = 0;
  }
  if (over_) return;
  if (piece.broken || exchange_.gone()) {
    over_ = true;  // the next tick is the last
    return;
  }
  run_.bytes_read += piece.bytes.size();
  unfed_.append(piece.bytes);
  last_piece_ = piece.last;
  go_on();
}

// gzip makes up to a thousand bytes of one, and so some hundreds of rows.
std::size_t Import::slice_bytes() const {
  const auto packed = reader_.packed();
  return !packed ? kFirstBytes : *packed ? kPackedSliceBytes : kSliceBytes;
}

// Little at a time, so that few rows wait; and not for long, so that the worker's other clients are served before the rest.
void Import::feed() {
  const BootTime until = later(net::boot_now(), kFeedUs);
  while (fed_ < unfed_.size() && failed_.ok() && ready_.size() < kAheadMax && net::boot_now() < until) {
    const std::string_view slice = std::string_view(unfed_).substr(fed_, slice_bytes());
    fed_ += slice.size();
    failed_ = reader_.feed(as_bytes(slice));
  }
  if (fed_ < unfed_.size()) return;
  unfed_.clear();
  fed_ = 0;
  if (!last_piece_ || std::exchange(read_all_, true) || !failed_.ok()) return;
  failed_ = reader_.finish();
}

void Import::take_row(const formats::Row& row) {
  ++run_.counts.rows;
  if (run_.dry_run) {
    ++run_.rows_answered;
    return;
  }
  Waiting& waiting = ready_.emplace_back();
  waiting.line = row.line;
  wire::encode_request(waiting.request, {.operation = row.import,
                                         .actor = options_.actor,
                                         .reason = {},
                                         .idempotency_key = {},
                                         .echo_site = false,
                                         .key = options_.key});
}

void Import::send_rows() {
  for (; !ready_.empty() && under_way_ < kUnderWayMax; ready_.pop_front()) {
    ++under_way_;
    backend_.execute(std::move(ready_.front().request),
                     [weak = weak_from_this(), line = ready_.front().line](const registry::Outcome& outcome) {
                       if (const auto self = weak.lock()) self->take_outcome(line, outcome);
                     });
  }
}

void Import::take_outcome(std::uint64_t line, const registry::Outcome& outcome) {
  --under_way_;
  ++run_.rows_answered;
  position_ = std::max(position_, outcome.position);
  if (is_verdict(outcome.code)) {
    if (!run_.counts.count(outcome)) errors_.add({line, {}, outcome.message, {}});
    // Its site was taken; so this is a note.
    const bool doubtful = outcome.ok() && outcome.message.starts_with(registry::kPerhapsTheSame);
    if (doubtful) ++run_.counts.notes;
    if (doubtful || outcome.code == Code::kOutOfDate) notes_.add({line, {}, outcome.message, {}});
  } else if (failed_.ok()) {
    failed_ = Error{outcome.code, fmt::format("line {}: {}", line, outcome.message)};
  }
}

// Two milliseconds are little beside a commit, and at most one window of answers comes in that time.
void Import::tick() {
  if (over_) return;
  go_on();
  if (over_) return;
  timer_.expires_after(run_.dry_run && unfed_.empty() ? kDryTick : kTick);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled) self->tick();
  });
}

void Import::go_on() {
  if (over_) return;
  if (exchange_.gone()) {
    over_ = true;
    return;
  }
  feed();
  if (!failed_.ok()) ready_.clear();
  send_rows();
  if (!run_.dry_run) backend_.on_turn(net::boot_now());
  if (under_way_ == 0 && ready_.empty() && (read_all_ || !failed_.ok())) return answer();
  if (behind_us() > kPatienceUs) return end_slow(kTooSlow);
  if (!tell_progress()) return end_slow(kGaveWay);
  if (failed_.ok() && ready_.size() < kAheadMax && unfed_.empty()) ask_for_more();
}

void Import::end_slow(std::string_view why) {
  over_ = true;
  run_.state = ImportRun::State::kFailed;
  (void)tell_progress();
  exchange_.respond(http::problem(408, "too_slow", why));
}

bool Import::tell_progress() {
  run_.behind_us = behind_us();
  if (const auto format = reader_.format()) run_.format = formats::name(*format);
  if (run_.state != ImportRun::State::kRunning) run_.ended = net::boot_now();
  return context_.setup.shared->imports.update(run_);
}

void Import::answer() {
  over_ = true;
  run_.counts.notes += reader_.counts().notes;
  run_.counts.blank = reader_.counts().blank;
  run_.counts.rejected += reader_.counts().refused;
  run_.state = failed_.ok() ? ImportRun::State::kDone : ImportRun::State::kFailed;
  (void)tell_progress();
  http::Response response;
  const bool nothing = failed_.ok() && run_.counts.took_nothing(run_.dry_run);
  if (!failed_.ok() || nothing) {
    response =
        nothing ? http::problem(422, "nothing_taken", formats::kNothingTaken) : http::problem(failed_.error());
    response.body.pop_back();
    if (!nothing)
      response.body +=
          R"(,"hint":"the rows before that are imported; sending the file again does not change them")";
    response.body += R"(,"import":)" + report() + "}";
  } else {
    response.body = report();
  }
  response.position = position_;
  exchange_.respond(std::move(response));
}

std::string Import::report() const {
  const auto list = [](const Problems& problems) {
    std::string out = "[";
    for (const Told& told : problems.first) {
      out += out.size() > 1 ? ",{" : "{";
      formats::JsonMembers members(out);
      members.raw("line", fmt::format("{}", told.line));
      members.text("field", told.field);
      members.text("why", told.why);
      members.text("value", told.value);
      out += "}";
    }
    return out + "]";
  };
  std::string out = "{";
  formats::JsonMembers members(out);
  if (const auto format = reader_.format()) members.text("format", formats::name(*format));
  members.raw("dry_run", run_.dry_run ? "true" : "false");
  const std::pair<std::string_view, std::uint64_t> counts[] = {{"rows", run_.counts.rows},
                                                               {"added", run_.counts.added},
                                                               {"updated", run_.counts.updated},
                                                               {"unchanged", run_.counts.unchanged},
                                                               {"out_of_date", run_.counts.out_of_date},
                                                               {"rejected", run_.counts.rejected},
                                                               {"notes", run_.counts.notes},
                                                               {"blank", run_.counts.blank},
                                                               {"errors_not_shown", errors_.more},
                                                               {"notes_not_shown", notes_.more},
                                                               {"position", position_.value}};
  for (const auto& [name, value] : counts) members.raw(name, fmt::format("{}", value));
  members.raw("seconds",
              fmt::format("{:.3f}", static_cast<double>(net::boot_now().value - run_.begun.value) / 1e6));
  members.raw("errors", list(errors_));
  members.raw("remarks", list(notes_));
  return out + "}";
}

}  // namespace titer::api
