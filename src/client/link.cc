// SPDX-License-Identifier: Apache-2.0

#include "client/link.h"

#include <span>
#include <utility>

#include "base/limits.h"

namespace titer::client {

namespace {

constexpr std::int64_t kDialUs = 1'000'000;
constexpr std::int64_t kGreetUs = 700'000;
constexpr std::int64_t kRoundPauseUs = 20'000;  // after every address has failed once

}  // namespace

std::uint64_t random_word(net::Environment& env) {
  std::uint64_t word = 0;
  env.random(std::as_writable_bytes(std::span(&word, 1)));
  return word | 1U;  // never 0, which means "none"
}

Link::Options Link::thin(Addresses at, std::optional<wire::Token> token, bool only_these) {
  Options options;
  options.learn = !only_these && !all_local(at);
  options.addresses = std::move(at);
  options.token = std::move(token);
  options.hello.role = wire::Role::kGatewayClient;
  return options;
}

registry::KeyId Link::acts_as(const Addresses& at, const std::optional<wire::Token>& token) {
  if (token) return token->key;
  return all_local(at) ? registry::kMachine : registry::kNoKey;
}

Link::Link(net::Environment& env, Options options, LinkOwner& owner)
    : env_(env), options_(std::move(options)), owner_(owner), timer_(env.make_timer()), at_(options_.first) {
  if (options_.hello.session == SessionId()) new_session();
}

Link::~Link() { stop(); }

void Link::start() { dial(); }

void Link::stop() {
  ++attempt_;
  timer_->cancel();
  greeted_ = false;
  if (!connection_) return;
  connection_->detach();
  connection_->close(Code::kOk, "the client is done");
  connection_.reset();
}

void Link::after(std::int64_t us, void (Link::*what)()) {
  timer_->start(us, [this, what, attempt = attempt_] {
    if (attempt == attempt_) (this->*what)();
  });
}

void Link::dial() {
  const std::uint64_t attempt = ++attempt_;
  env_.dial(address(), kDialUs,
            [this, attempt, alive = std::weak_ptr<int>(alive_)](Result<net::ByteStreamPtr> stream) {
              if (alive.expired() || attempt != attempt_) return;
              if (!stream) return attempt_failed(stream.error().message, Told::kNothing);
              greet(std::move(stream).value());
            });
}

void Link::greet(net::ByteStreamPtr stream) {
  connection_ = net::Connection::make(env_, std::move(stream), *this, limits::kClientSendBytesMax);
  connection_->start();
  reply_.reset();
  wire::encode(connection_->outgoing(), options_.hello);
  connection_->flush();
  after(kGreetUs, &Link::greeting_late);
}

// For a person, what a replica has said is worth more than that nobody listens at the next address.
void Link::attempt_failed(const std::string& reason, Told told) {
  ++failures_;
  if (told == Told::kReason) told_at_ = failures_;
  const bool told_in_this_round = told_at_ > 0 && failures_ - told_at_ < options_.addresses.size();
  // A dial's own reason names the address already.
  const std::string here = address().text();
  if (told == Told::kReason || !told_in_this_round)
    last_reason_ = reason.starts_with(here) ? reason : here + ": " + reason;
  drop(reason);
}

void Link::drop(const std::string& reason) {
  const bool was_up = std::exchange(greeted_, false);
  ++attempt_;
  if (connection_) {
    connection_->detach();
    connection_->close(Code::kOk, "the client goes to another replica");
    connection_.reset();
  }
  at_ = (at_ + 1) % options_.addresses.size();
  const bool round_over = failures_ > 0 && failures_ % options_.addresses.size() == 0;
  after(round_over ? kRoundPauseUs : 0, &Link::dial);
  if (was_up) owner_.on_link_down(reason);
}

void Link::try_another(const std::string& reason) {
  if (!connection_) return;  // already on its way
  last_reason_ = address().text() + ": " + reason;
  drop(reason);
}

void Link::on_closed(net::Connection& connection, const std::string& reason) {
  if (&connection != connection_.get()) return;
  const Code farewell = connection.farewell();
  connection_->detach();
  connection_.reset();
  if (farewell == Code::kUnauthorized || farewell == Code::kForbidden) refusal_ = Error{farewell, reason};
  if (!greeted_) return attempt_failed(reason);
  last_reason_ = address().text() + ": " + reason;
  drop(reason);
}

void Link::on_hello_reply(const wire::Message& message) {
  if (message.type != wire::Type::kHelloReply)
    return attempt_failed("it is no replica: it did not answer the greeting");
  const Result<wire::HelloReply> reply = wire::decode_hello_reply(message.payload);
  if (!reply) return attempt_failed(reply.error().message);
  reply_ = *reply;
  if (options_.token)
    show_key();
  else
    begin();
}

void Link::show_key() {
  wire::encode(connection_->outgoing(), wire::Authenticate{options_.token->key, options_.token->secret});
  connection_->flush();
  after(kGreetUs, &Link::greeting_late);
}

void Link::on_authenticated(const wire::Message& message) {
  if (message.type != wire::Type::kAuthenticated) return;  // a view may come first
  const Result<wire::Authenticated> answer = wire::decode_authenticated(message.payload);
  if (!answer) return attempt_failed(answer.error().message);
  if (answer->code == Code::kOk) return begin();
  if (answer->code == Code::kTooMany) {
    last_reason_ = address().text() + ": " + answer->reason;
    return after(kSlowDownUs, &Link::show_key);
  }
  if (answer->code == Code::kUnauthorized) refusal_ = Error{answer->code, answer->reason};
  attempt_failed(answer->reason);
}

void Link::begin() {
  timer_->cancel();
  greeted_ = true;
  failures_ = told_at_ = 0;
  refusal_.reset();
  view_ = reply_->view;
  if (options_.hello.born == Position()) options_.hello.born = reply_->next;
  if (options_.learn) add_members(options_.addresses, view_);
  owner_.on_link_up(*reply_);
}

void Link::on_message(net::Connection& connection, const wire::Message& message) {
  if (&connection != connection_.get()) return;
  if (!greeted_) return reply_ ? on_authenticated(message) : on_hello_reply(message);
  if (message.type == wire::Type::kViewIs) {
    const Result<smr::ToClient> told = wire::decode_to_client(message);
    if (told)
      if (const auto* view = std::get_if<smr::ViewIs>(&*told)) {
        view_ = view->record;
        if (options_.learn) add_members(options_.addresses, view_);
      }
  }
  owner_.on_link_message(message);
}

}  // namespace titer::client
