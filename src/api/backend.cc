// SPDX-License-Identifier: Apache-2.0

#include "api/backend.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "api/limits.h"
#include "registry/validate.h"
#include "wire/codec.h"

namespace titer::api {

namespace {

constexpr std::int64_t kRefusedAgainUs = 5'000;    // after a refusal, the same again
constexpr std::int64_t kRefusedForUs = 2'000'000;  // then the client is told to go elsewhere
constexpr std::int64_t kLookEveryUs = 100'000;     // at deadlines

client::Link::Options link_options(const net::Address& replica) {
  client::Link::Options options;
  options.addresses = {replica};
  options.learn = false;
  options.hello.role = wire::Role::kGatewayClient;
  return options;
}

registry::Outcome without_outcome(Code code, const char* message) {
  registry::Outcome out;
  out.code = code;
  out.message = message;
  return out;
}

constexpr const char* kUnknownText =
    "the request was sent, but no answer came in time: it may or may not have been done; look before you repeat "
    "it, or "
    "repeat it with the same Idempotency-Key";
constexpr const char* kRefusedText =
    "this replica cannot take it now; try again in a moment, or at another replica";
constexpr const char* kBusyText = "too many requests wait at this replica; try again in a moment";
constexpr const char* kSilentText = "this replica did not answer in time; try again, or ask another replica";

}  // namespace

Backend::Backend(net::Loop& loop, const net::Address& replica)
    : loop_(loop), link_(loop, link_options(replica), *this) {}

void Backend::saw(Position position) { newest_ = std::max(newest_, position); }

void Backend::execute(const registry::Request& request, ThenOutcome then) {
  if (const Status counted = registry::check_counts(request); !counted)
    return refuse(counted.error(), std::move(then));
  Bytes body;
  wire::encode_request(body, request);
  execute(std::move(body), std::move(then));
}

void Backend::refuse(const Error& error, ThenOutcome then) {
  loop_.post([then = std::move(then), error] { then(without_outcome(error.code, error.message.c_str())); });
}

void Backend::execute(Bytes body, ThenOutcome then) {
  // The replica would cut the connection that all exchanges of this worker share.
  if (const Status fits = wire::request_fits(body); !fits) return refuse(fits.error(), std::move(then));
  if (queue_.size() >= limits::kWaitingMax)
    return loop_.post([then = std::move(then)] { then(without_outcome(Code::kBusy, kBusyText)); });
  Write write;
  write.then = std::move(then);
  write.until = later(net::boot_now(), limits::kAnswerUs);
  queue_.push_back({std::move(body), std::move(write)});
}

void Backend::operate(wire::Operate::What what, std::uint32_t replica, ThenOperated then) {
  if (!link_.up())
    return loop_.post([then = std::move(then)] {
      then({0, Code::kUnavailable, "this replica cannot be reached"});
    });
  admin_commands_.emplace(++last_token_, std::move(then));
  wire::encode(link_.outgoing(), wire::Operate{last_token_, what, replica});
  loop_.wake_at(net::boot_now());
}

// --- what comes in

void Backend::on_link_up(const wire::HelloReply&) {
  window_.link_lost();
  texts_sent_ = 0;
}

void Backend::on_link_down(const std::string&) {
  for (const auto& order : std::exchange(admin_commands_, {}))
    loop_.post([then = order.second] {
      then({0, Code::kOutcomeUnknown, "the connection was lost; look at the status"});
    });
}

void Backend::on_link_message(const wire::Message& message) {
  switch (message.type) {
    case wire::Type::kAnswer: return take_answer(message.payload);
    case wire::Type::kStatus:
    case wire::Type::kTrace: return take_text(message.payload);
    case wire::Type::kOperated: return on_operated(message.payload);
    default: return;
  }
}

void Backend::take_answer(ByteView payload) {
  const Result<wire::Answer> answer = wire::decode_answer(payload);
  if (!answer) return link_.try_another(answer.error().message);
  if (const Status decoded = wire::decode_outcome(answer->result, scratch_); !decoded)
    return link_.try_another(decoded.error().message);
  const RequestNumber place = window_.place(answer->number);
  const auto it = writes_.find(place.value);
  if (it == writes_.end()) return;
  const Code code = scratch_.code;
  if (code == Code::kBusy || code == Code::kUnavailable || code == Code::kExcluded) {
    const BootTime now = net::boot_now();
    if (!it->second.refused) it->second.until = std::min(it->second.until, later(now, kRefusedForUs));
    it->second.refused = true;
    return window_.refuse(place, later(now, kRefusedAgainUs));
  }
  if (code == Code::kSessionEvicted && !window_.may_be_executed_before(place)) return on_session_gone();
  if (!window_.settle(place)) return;
  const ThenOutcome then = std::move(it->second.then);
  writes_.erase(it);
  saw(scratch_.position);
  then(scratch_);
}

void Backend::take_text(ByteView payload) {
  if (texts_sent_ == 0) return;
  --texts_sent_;
  const ThenText then = std::move(texts_.front().then);
  texts_.pop_front();
  then(as_text(payload));
}

void Backend::on_operated(ByteView payload) {
  const Result<wire::Operated> answer = wire::decode_operated(payload);
  if (!answer) return link_.try_another(answer.error().message);
  const auto it = admin_commands_.find(answer->token);
  if (it == admin_commands_.end()) return;
  const ThenOperated then = std::move(it->second);
  admin_commands_.erase(it);
  then(*answer);
}

// --- turns

void Backend::on_turn(BootTime now) {
  if (link_.up()) {
    send_writes(now);
    for (; link_.up() && texts_sent_ < texts_.size(); ++texts_sent_)
      wire::MessageWriter(link_.outgoing(), texts_[texts_sent_].type).finish();
    link_.flush();
  }
  if (now >= next_look_) {
    give_up_late(now);
    next_look_ = later(now, kLookEveryUs);
  }
  if (open() > 0) loop_.wake_at(next_look_);
  if (const auto retry = window_.next_retry(); retry && link_.up()) loop_.wake_at(*retry);
}

bool Backend::unsent() const {
  return link_.up() && ((!queue_.empty() && window_.can_add()) || texts_sent_ < texts_.size());
}

void Backend::send_writes(BootTime now) {
  while (!queue_.empty() && window_.can_add()) {
    const RequestNumber place = window_.add(queue_.front().body);
    writes_.emplace(place.value, std::move(queue_.front().write));
    queue_.pop_front();
  }
  Bytes& out = link_.outgoing();
  window_.send(now, [&](RequestNumber number, ByteView body) {
    wire::encode(out, wire::Request{number, body});
    writes_.find(window_.place(number).value)->second.refused = false;
  });
}

void Backend::give_up_late(BootTime now) {
  if (std::any_of(writes_.begin(), writes_.end(), [&](const auto& one) { return one.second.until < now; }))
    give_up_window();
  while (!queue_.empty() && queue_.front().write.until < now) {
    const ThenOutcome then = std::move(queue_.front().write.then);
    queue_.pop_front();
    then(without_outcome(Code::kUnavailable, kSilentText));
  }
}

// The numbers of a session have no gap, so with one request all of the window is given up.
void Backend::give_up_window() {
  std::vector<std::pair<Write, bool>> open;
  for (auto& [place, write] : writes_)
    open.emplace_back(std::move(write), window_.may_be_done(RequestNumber(place)));
  writes_.clear();
  new_session();
  for (const auto& [write, may_be_done] : open)
    write.then(may_be_done ? without_outcome(Code::kOutcomeUnknown, kUnknownText)
                           : without_outcome(Code::kUnavailable, kRefusedText));
}

// The replicas have forgotten it, because many others were used since.
void Backend::on_session_gone() {
  const registry::Outcome unknown = scratch_;
  std::vector<Write> doubtful;
  for (auto it = writes_.begin(); it != writes_.end();) {
    const RequestNumber place(it->first);
    if (!window_.may_be_executed_before(place)) {
      ++it;
      continue;
    }
    (void)window_.settle(place);
    doubtful.push_back(std::move(it->second));
    writes_.erase(it++);
  }
  window_.begin_session();
  link_.new_session();
  link_.try_another("a new session begins");
  for (const Write& write : doubtful) write.then(unknown);
}

void Backend::new_session() {
  window_.reset();
  link_.new_session();
  link_.try_another("a new session begins");
}

}  // namespace titer::api
