// SPDX-License-Identifier: Apache-2.0

// The requests of thin clients: into the order, or refused here.
//
// A refusal for who asks must have been true at some moment between question and answer. So it is a read: when its fence has
// passed, everything that was answered anywhere before the request came (a key that was just made at another replica) is
// executed here; the request is judged again, and answered if the lease holds. If it is not refused any more it goes into
// the order.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rules.h"
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
  engine_.step(smr::input::Submit{client.session, number, body, client.born});
  opened(client, wire::request_operations(body));
  pause_or_resume(client);
}

void Clients::opened(Client& client, std::size_t operations) {
  if (client.requests++ == 0) ++clients_open_;
  client.operations += operations;
  operations_open_ += operations;
}

// Each of its open requests counts for as many operations as the others.
void Clients::closed(Client& client, std::size_t requests) {
  if (client.requests == 0 || requests == 0) return;  // it was taken from an earlier connection
  TITER_CHECK(requests <= client.requests && client.operations <= operations_open_ && clients_open_ > 0,
              "what is closed was opened, and is counted");
  const std::size_t operations = client.operations / client.requests * requests;
  client.requests -= requests;
  const std::size_t done = client.requests == 0 ? client.operations : operations;
  client.operations -= done;
  operations_open_ -= done;
  if (client.requests == 0) --clients_open_;
}

void Clients::pause_or_resume(Client& client) {
  const bool crowded =
      operations_open_ > limits::kOperationsOpenMax && !client.connection->local();  // HTTP is many clients
  const std::size_t share = limits::kOperationsOpenMax / std::max<std::size_t>(clients_open_, 1);
  const bool too_many = client.reads >= limits::kReadsOpenMax || client.requests > limits::kRequestsOpenMax ||
                        (crowded && client.operations > share);
  const bool few = client.reads < limits::kReadsOpenMax / 2 && client.requests <= limits::kRequestsOpenMax / 2 &&
                   (!crowded || client.operations <= share / 2);
  if (client.paused ? !few : !too_many) return;
  client.paused = !client.paused;
  if (client.paused)
    client.connection->pause();
  else
    client.connection->resume();
}

void Clients::begin_judgement(Client& client, RequestNumber number, ByteView body) {
  if (judged_bytes_ + body.size() > kJudgedBytesMax)
    return refuse(client, number, Code::kBusy, "too much is under way; try again in a moment");
  Question question;
  question.client = client.connection->tag;
  question.request = number;
  question.body.assign(body.begin(), body.end());
  judge_again(client, std::move(question));
}

void Clients::judge_again(Client& client, Question question) {
  judged_bytes_ += question.body.size();
  client.judged_bytes += question.body.size();
  ++client.reads;
  reads_.begin(std::move(question));
  pause_or_resume(client);
}

void Clients::answer_judgement(Client& client, const Question& question, const wire::QueryAnswer& answer) {
  TITER_CHECK(client.judged_bytes >= question.body.size() && judged_bytes_ >= client.judged_bytes,
              "the bytes of what is judged again are counted until its answer");
  judged_bytes_ -= question.body.size();
  client.judged_bytes -= question.body.size();
  if (answer.code != Code::kOk)
    return refuse(client, question.request, answer.code, std::string(as_text(answer.body)));
  if (!engine_.machine.refuses({client.session, question.request, question.body, client.born}, outcome_)) {
    submit(client, question.request, question.body);
    return env_.wake_at(env_.boot_now());  // this turn's frame may be gone
  }
  // The lease is looked at after the state was.
  if (!engine_.read_lease(env_.boot_now(), question.asked) && rule_enabled(ProtocolRule::kLeaseAfterRead))
    return judge_again(client, question);
  wire::encode(client.connection->outgoing(), wire::Answer{question.request, outcome_});
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
