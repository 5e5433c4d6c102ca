// SPDX-License-Identifier: Apache-2.0

// The requests of thin clients: into the order, or refused here.
//
// A refusal for who asks must have been true at some moment between question and answer. So it is a read: when its fence has
// passed, everything that was answered anywhere before the request came (a key that was just made at another replica) is
// executed here; the request is judged again, and answered if the lease holds. If it is not refused any more it goes into
// the order.
#include <utility>

#include "node/clients.h"

namespace titer::node {

void Clients::handle_request(Client& client, ByteView payload) {
  const auto request = wire::decode_request_message(payload);
  if (!request) return client.connection->fail(request.error().code, request.error().message);
  if (const Status rate = check_rate(client); !rate)
    return refuse(client, request->number, rate.error().code, rate.error().message);
  if (const Status own = check_key(client, request->body); !own)
    return refuse(client, request->number, own.error().code, own.error().message);
  if (no_writes_) return refuse(client, request->number, no_writes_->code, no_writes_->message);
  if (engine_.restarts) return refuse(client, request->number, Code::kUnavailable, kRestarts);
  if (engine_.machine.refuses({client.session, request->number, request->body, client.born}, outcome_))
    return begin_judgement(client, request->number, request->body);
  submit(client, request->number, request->body);
}

void Clients::submit(Client& client, RequestNumber number, ByteView body) {
  if (!engine_.replica.accepts(body.size())) {
    if (const std::string& why = engine_.replica.dispute(); !why.empty())
      return refuse(client, number, Code::kUnavailable, why);
    if (engine_.replica.full())
      return refuse(client, number, Code::kBusy, "too much is under way; try again in a moment");
    return refuse(client, number, Code::kUnavailable, "this replica is still catching up; ask another one");
  }
  ++client.requests;
  engine_.step(smr::input::Submit{client.session, number, body, client.born});
}

void Clients::begin_judgement(Client& client, RequestNumber number, ByteView body) {
  if (judged_bytes_ + body.size() > kJudgedBytesMax)
    return refuse(client, number, Code::kBusy, "too much is under way; try again in a moment");
  judged_bytes_ += body.size();
  Read read;
  read.client = client.connection->tag;
  read.request = number;
  read.body.assign(body.begin(), body.end());
  wait_for_fence(client, std::move(read));
}

Clients::Answering Clients::answer_judgement(Client& client, const Read& read) {
  if (!engine_.machine.refuses({client.session, read.request, read.body, client.born}, outcome_)) {
    submit(client, read.request, read.body);
    loop_.wake_at(net::boot_now());  // this turn's frame may be gone
    return Answering::kDone;
  }
  if (!engine_.read_lease(net::boot_now(), read.asked)) return Answering::kNoLease;
  wire::encode(client.connection->outgoing(), wire::Answer{read.request, outcome_});
  mark(client);
  return Answering::kDone;
}

void Clients::refuse(Client& client, RequestNumber number, Code code, std::string message) {
  registry::Outcome outcome;
  outcome.code = code;
  outcome.message = std::move(message);
  outcome_.clear();
  wire::encode_outcome(outcome_, outcome);
  wire::encode(client.connection->outgoing(), wire::Answer{number, outcome_});
  mark(client);
}

}  // namespace titer::node
