// SPDX-License-Identifier: Apache-2.0

#include "machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "machine/machine_impl.h"
#include "registry/products.h"

namespace titer::machine {
namespace {

constexpr std::string_view kEvictedText =
    "outcome unknown: this request is a repetition, and the result of its first execution is no longer kept; look "
    "at the site before you send it again as a new request";
constexpr std::string_view kUndecodableText =
    "the request is not in the format of this version of titer; the same bytes will never succeed";

void refuse(registry::Outcome& out, Position position, Code code, std::string_view why) {
  out.clear();
  out.code = code;
  out.message.assign(why);
  out.position = position;
}

void log_line(std::string& line, const smr::Frame& frame, std::uint32_t index, std::string_view what,
              const LogSink& log) {
  line.clear();
  fmt::format_to(std::back_inserter(line), "{}.{}.{}: {}", frame.ts.value, frame.transmitter.value, index, what);
  log(line);
}

}  // namespace

std::uint64_t rules_digest() {
  const std::array<std::uint64_t, 2> parts = {registry::tables_digest(), kRulesVersion};
  return hash64(std::as_bytes(std::span(parts)));
}

Machine::Machine() : impl_(std::make_unique<Impl>()) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

void Machine::execute(const smr::Frame& frame, const Sink& sink, const LogSink& log) {
  if (frame.count == 0) return;
  TITER_CHECK(frame.requests != nullptr, "a frame with requests has their bytes");
  smr::RequestReader reader(*frame.requests);
  const auto at = [this](std::uint32_t index) -> Impl::Ahead& { return impl_->ahead[index % Impl::kAhead]; };
  std::uint32_t decoded = 0, fetched = 0;
  for (std::uint32_t index = 0; index < frame.count; ++index) {
    for (; decoded < std::min(index + Impl::kAhead, frame.count); ++decoded)
      impl_->decode_ahead(reader.next(), at(decoded));
    for (; fetched < std::min(index + Impl::kAhead / 2, frame.count); ++fetched)
      impl_->registry.expect_more(at(fetched).expected);
    impl_->execute_one(frame, index, at(index), sink, log);
  }
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
  const smr::SessionTable::Found found = sessions.find(asked.session, asked.number);
  switch (found.verdict) {
    case smr::SessionTable::Verdict::kRepeat:
      if (sink) sink({asked.session, asked.number, found.result, true});
      return;
    case smr::SessionTable::Verdict::kEvicted:
      refuse(outcome, position, Code::kSessionEvicted, kEvictedText);
      result.clear();
      wire::encode_outcome(result, outcome);
      if (sink) sink({asked.session, asked.number, result, true});
      return;
    case smr::SessionTable::Verdict::kFresh: break;
  }
  const ByteView answer = run(next, frame.stamp);
  if (sink) sink({asked.session, asked.number, answer, false});
  if (!log) return;
  log_line(line, frame, index,
           next.decoded ? registry::describe(next.request, outcome) : "not a request: " + outcome.message, log);
}

ByteView Machine::Impl::run(const Ahead& next, WallTime stamp) {
  if (next.decoded) {
    registry.apply(next.request, position, stamp, outcome);
  } else {
    refuse(outcome, position, Code::kInvalid, kUndecodableText);
  }
  result.clear();
  wire::encode_outcome(result, outcome);
  sessions.remember(next.asked.session, next.asked.number, position, result);
  return result;
}

std::uint64_t Machine::Impl::digest(bool learning) const {
  const std::array<std::uint64_t, 3> parts = {learning ? registry.rows_digest() : registry.digest(),
                                              sessions.digest(), position.value};
  return hash64(std::as_bytes(std::span(parts)));
}

Position Machine::position() const { return impl_->position; }
std::uint64_t Machine::digest() const { return impl_->digest(); }
const registry::State& Machine::registry() const { return impl_->registry; }
std::size_t Machine::sessions() const { return impl_->sessions.sessions(); }

}  // namespace titer::machine
