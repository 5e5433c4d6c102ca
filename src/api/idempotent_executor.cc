// SPDX-License-Identifier: Apache-2.0

#include "api/idempotent_executor.h"

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <cstring>
#include <string>
#include <utility>

#include "api/limits.h"
#include "api/route.h"
#include "wire/codec.h"

namespace titer::api {

namespace {

constexpr std::size_t kAtOnceMax = 64;  // connections to the replica for that; more would not be quicker

}  // namespace

SessionId idempotency_session(const http::Request& request, std::string_view actor) {
  std::string text;
  const std::string key = registry::to_text(acting_key(request));
  for (const std::string_view part :
       {request.header("idempotency-key"), std::string_view(key), actor, name(request.method), request.target,
        request.header("if-match"), request.header("if-none-match"), request.body})
    text.append(std::to_string(part.size())).append(":").append(part);
  const boost::uuids::uuid space = {
      {0x7a, 0x11, 0x0e, 0x52, 0x93, 0x4c, 0x4b, 0x0d, 0xa1, 0x5c, 0x3e, 0x60, 0x88, 0xd4, 0x21, 0x9f}};
  const boost::uuids::uuid digest = boost::uuids::name_generator_sha1(space)(text);
  std::uint64_t session = 0;
  std::memcpy(&session, &digest, sizeof session);
  return SessionId(session | 1U);  // never 0, which means "none"
}

IdempotentExecutor::~IdempotentExecutor() = default;

void IdempotentExecutor::execute(SessionId session, const registry::Request& request, ThenOutcome then) {
  if (queue_.size() >= limits::kWaitingMax) {
    registry::Outcome busy;
    busy.code = Code::kBusy;
    busy.message = "too many requests wait at this replica; try again in a moment";
    return loop_.post([busy, then = std::move(then)] { then(busy); });
  }
  Waiting& waiting = queue_.emplace_back();
  waiting.session = session;
  wire::encode_request(waiting.body, request);
  waiting.then = std::move(then);
}

bool IdempotentExecutor::unsent() const { return !queue_.empty() && running_.size() < kAtOnceMax; }

void IdempotentExecutor::on_turn(BootTime now) {
  std::erase_if(running_, [](const std::unique_ptr<Backend>& one) { return one->open() == 0; });
  while (!queue_.empty() && running_.size() < kAtOnceMax) {
    running_.push_back(std::make_unique<Backend>(loop_, replica_, queue_.front().session));
    running_.back()->start();
    running_.back()->execute(std::move(queue_.front().body), std::move(queue_.front().then));
    queue_.pop_front();
  }
  for (const auto& one : running_) one->on_turn(now);
}

}  // namespace titer::api
