// SPDX-License-Identifier: Apache-2.0

#include "machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "machine/machine_impl.h"
#include "registry/products.h"

namespace titer::machine {
namespace {

constexpr std::string_view kEvictedText =
    "outcome unknown: this request is a repetition, and the result of its first execution is no longer kept; look "
    "at the site before you send it again as a new request";
constexpr std::string_view kNoNumberText =
    "a request has a number from 1 to 2^62; number the requests of a session 1, 2, 3, … and have at most 256 of "
    "them open";
constexpr std::string_view kOtherHistoryText =
    "outcome unknown: the session of this request is from a later time than this state; look at the site before "
    "you send "
    "it again as a new request";
constexpr std::string_view kKeyReusedText =
    "this Idempotency-Key was sent with another request before; use a new key for each request";
constexpr std::string_view kKeysFullText =
    "the memory for the idempotency keys of this API key is full, and the oldest of them is younger than an hour; "
    "not "
    "done: send it again later, or without an Idempotency-Key";
constexpr std::string_view kUndecodableText =
    "the request is not in the format of this version of titer; the same bytes will never succeed";

void refuse(registry::Outcome& out, Position position, Code code, std::string_view why) {
  out.clear();
  out.code = code;
  out.message.assign(why);
  out.position = position;
}

// A line is one line, and of a bounded length, whatever a request names that is refused for its name.
constexpr std::size_t kLogTextBytesMax = 1'000;

void log_line(std::string& line, const smr::Frame& frame, std::uint32_t index, std::string_view what,
              const LogSink& log) {
  line.clear();
  fmt::format_to(std::back_inserter(line), "{}.{}.{}: {}", frame.ts.value, frame.transmitter.value, index,
                 printable(what, kLogTextBytesMax));
  log(line);
}

std::size_t operations_in(const registry::Request& request) {
  const auto* bulk = std::get_if<registry::Bulk>(&request.operation);
  return bulk == nullptr ? 1 : 1 + bulk->operations.size();
}

// Refusals that say nothing about the request itself: it is judged again when it is repeated, and no stranger fills the
// memory with them.
bool worth_keeping(Code code) {
  return code != Code::kUnauthorized && code != Code::kForbidden && code != Code::kWritesStopped;
}

}  // namespace

std::uint64_t rules_digest() {
  const std::array<std::uint64_t, 2> parts = {registry::tables_digest(), kRulesVersion};
  return hash64(std::as_bytes(std::span(parts)));
}

Machine::Limits Machine::default_limits() {
  return {.sessions = {limits::kSessionsMax, limits::kSessionWindow, limits::kSessionBytesMax}};
}
Machine::Machine(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

void Machine::execute(const smr::Frame& frame, const Sink& sink, const LogSink& log) {
  FrameProgress progress(frame);
  (void)execute_some(frame, progress, SIZE_MAX, sink, log);
}

bool Machine::execute_some(const smr::Frame& frame, FrameProgress& progress, std::size_t operations,
                           const Sink& sink, const LogSink& log) {
  TITER_CHECK(frame.count == 0 || frame.requests != nullptr, "a frame with requests has their bytes");
  const auto at = [this](std::uint32_t index) -> Impl::Ahead& { return impl_->ahead[index % Impl::kAhead]; };
  auto& [requests, decoded, fetched, executed] = progress;
  for (std::size_t done = 0; executed < frame.count && done < operations; ++executed) {
    for (; decoded < std::min(executed + Impl::kAhead, frame.count); ++decoded)
      impl_->decode_ahead(requests.next(), at(decoded));
    for (; fetched < std::min(executed + Impl::kAhead / 2, frame.count); ++fetched)
      impl_->registry.expect_more(at(fetched).expected);
    done += operations_in(at(executed).request);
    impl_->execute_one(frame, executed, at(executed), sink, log);
  }
  return executed == frame.count;
}

void Machine::Impl::decode_ahead(const smr::RequestView& asked, Ahead& into) const {
  into.asked = asked;
  into.decoded = wire::decode_request(asked.body, into.request).ok();
  into.expected = into.decoded ? registry.expect(into.request) : 0;
}

void Machine::Impl::execute_one(const smr::Frame& frame, std::uint32_t index, const Ahead& next, const Sink& sink,
                                const LogSink& log) {
  ++position;
  const smr::RequestView& asked = next.asked;
  using Verdict = smr::SessionTable::Verdict;
  smr::SessionTable::Found found = sessions.find(asked.session, asked.number, asked.born);
  bool repeated = true;
  switch (found.verdict) {
    case Verdict::kRepeat: break;
    case Verdict::kEvicted: found.result = refusal(Code::kSessionEvicted, kEvictedText); break;
    case Verdict::kNoNumber: found.result = refusal(Code::kInvalid, kNoNumberText); break;
    case Verdict::kFresh:
      if (asked.born > position) {  // the state was restored from an older backup, say
        found.result = refusal(Code::kSessionEvicted, kOtherHistoryText);
      } else {
        repeated = false;
        found.result = run(next, frame.stamp, repeated);
      }
  }
  if (sink) sink({asked.session, asked.number, found.result, repeated});
  if (!log || repeated) return;
  log_line(line, frame, index,
           next.decoded ? registry::describe(next.request, outcome) : "not a request: " + outcome.message, log);
}

ByteView Machine::Impl::refusal(Code code, std::string_view why) {
  refuse(outcome, position, code, why);
  result.clear();
  wire::encode_outcome(result, outcome);
  return result;
}

ByteView Machine::Impl::run(const Ahead& next, WallTime stamp, bool& repeated) {
  ByteView answer;
  if (!next.decoded) {
    answer = refusal(Code::kInvalid, kUndecodableText);
  } else if (!next.request.idempotency_key.empty()) {
    answer = run_keyed(next, stamp, repeated);
  } else {
    registry.apply(next.request, position, stamp, outcome);
    result.clear();
    wire::encode_outcome(result, outcome);
    answer = result;
  }
  if (kept(next.asked.session)) sessions.remember(next.asked.session, next.asked.number, position, answer);
  return answer;
}

// In a session that is known, a refusal is final: an earlier copy of the request, from another gateway, must not take effect
// after it was answered. But nobody gets a session for being refused.
bool Machine::Impl::kept(SessionId session) const {
  if (outcome.code == Code::kTooMany) return false;  // that is no outcome: the same number may be sent again
  return worth_keeping(outcome.code) || sessions.knows(session);
}

bool Machine::refuses(const smr::RequestView& asked, Bytes& result) const {
  Impl& m = *impl_;
  if (!m.registry.guarded()) return false;
  Status allowed = Error{Code::kInvalid, std::string(kUndecodableText)};
  if (wire::decode_request(asked.body, m.judged).ok()) {
    const registry::Request& request = m.judged;
    allowed = m.registry.judge(request);
    if (allowed.ok() || m.idempotency.knows({request.key, request.idempotency_key})) return false;
  }
  registry::Outcome refused;
  using Verdict = smr::SessionTable::Verdict;
  switch (m.sessions.find(asked.session, asked.number, asked.born).verdict) {
    case Verdict::kRepeat: return false;
    case Verdict::kEvicted: refuse(refused, {}, Code::kSessionEvicted, kEvictedText); break;
    case Verdict::kNoNumber: refuse(refused, {}, Code::kInvalid, kNoNumberText); break;
    case Verdict::kFresh: refuse(refused, {}, allowed.error().code, allowed.error().message);
  }
  result.clear();
  wire::encode_outcome(result, refused);
  return true;
}

ByteView Machine::Impl::run_keyed(const Ahead& next, WallTime stamp, bool& repeated) {
  using Verdict = IdempotencyTable::Verdict;
  const IdempotencyTable::Name name{next.request.key, next.request.idempotency_key};
  const std::uint64_t fingerprint = hash64(next.asked.body);
  const WallTime now = std::max(registry.time(), stamp);
  const IdempotencyTable::Found found = idempotency.find(name, fingerprint, now);
  repeated = found.verdict != Verdict::kFresh;
  outcome.clear();
  switch (found.verdict) {
    case Verdict::kRepeat: return found.result;
    case Verdict::kOther: return refusal(Code::kKeyReused, kKeyReusedText);
    case Verdict::kFull: return refusal(Code::kTooMany, kKeysFullText);
    case Verdict::kFresh: break;
  }
  registry.apply(next.request, position, stamp, outcome);
  result.clear();
  wire::encode_outcome(result, outcome);
  if (worth_keeping(outcome.code)) idempotency.remember(name, fingerprint, now, position, result);
  return result;
}

std::uint64_t Machine::Impl::digest(bool learning) const {
  const std::array<std::uint64_t, 5> parts = {registry.digest(), learning ? 0 : registry.history_digest(),
                                              sessions.digest(), idempotency.digest(), position.value};
  return hash64(std::as_bytes(std::span(parts)));
}

Position Machine::position() const { return impl_->position; }
std::uint64_t Machine::digest() const { return impl_->digest(); }
const registry::State& Machine::registry() const { return impl_->registry; }
std::size_t Machine::sessions() const { return impl_->sessions.sessions(); }
std::size_t Machine::session_memory() const { return impl_->sessions.memory(); }
const IdempotencyTable& Machine::idempotency() const { return impl_->idempotency; }

}  // namespace titer::machine
