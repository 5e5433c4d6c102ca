// SPDX-License-Identifier: Apache-2.0

// Link: one client's way to the cluster — a connection to the first of several replicas that answers, and to
// the next one when that is lost.
//
// The owner sees up, messages, down, up, … and repeats on every `up` what it still waits for; the session and
// its numbers stay the same, so a repetition never applies twice. Addresses of the view's members are learned
// from the replicas, so a client that was told of one replica survives that replica.
//
// Thread rule: the loop's thread. It may be destroyed at any time, also from within no callback of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/addresses.h"
#include "net/connection.h"
#include "net/environment.h"
#include "wire/codec.h"
#include "wire/token.h"

namespace titer::client {

class LinkOwner {
 public:
  virtual void on_link_up(const wire::HelloReply& reply) = 0;
  virtual void on_link_message(const wire::Message& message) = 0;
  // After an up. The link is already on its way to the next replica.
  virtual void on_link_down(const std::string& reason) = 0;

 protected:
  ~LinkOwner() = default;
};

// Random, for sessions and for direct clients' names: never used by two processes, and never 0.
[[nodiscard]] std::uint64_t random_word(net::Environment& env);

// After kTooMany, before the same is sent again: by then a limit of five a second has room for one more. The client
// stays at the same replica: another one would count from zero, and there would be no limit.
inline constexpr std::int64_t kSlowDownUs = 200'000;

class Link final : public net::ConnectionOwner {
 public:
  struct Options {
    Addresses addresses;               // tried in turn
    std::size_t first = 0;             // index of the one to begin with
    bool learn = true;                 // take up the addresses of the view's members
    wire::Hello hello;                 // without a session: one of its own
    std::optional<wire::Token> token;  // shown to every replica before it counts as up
  };
  // Of a client that leaves the broadcasting to its replica, in a session of its own. From a local socket it does not
  // go to other members: there it would be somebody else.
  [[nodiscard]] static Options thin(Addresses at, std::optional<wire::Token> token, bool only_these = false);
  // The key that its requests name: the one that it shows; at a local socket, without one, the machine's operator.
  [[nodiscard]] static registry::KeyId acts_as(const Addresses& at, const std::optional<wire::Token>& token);
  Link(net::Environment& env, Options options, LinkOwner& owner);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();
  // Leaves politely; no more calls to the owner.
  void stop();
  // Drops what there is and goes to the next replica (this one is silent or says unavailable). With only one
  // address it is dialled again.
  void try_another(const std::string& reason);
  // From the next connection on; its birth is what the first replica to answer says (smr/session_table.h).
  void new_session() {
    options_.hello.session = SessionId(random_word(env_));
    options_.hello.born = Position();
  }
  [[nodiscard]] SessionId session() const { return options_.hello.session; }

  [[nodiscard]] bool up() const { return greeted_; }
  // Only while up().
  [[nodiscard]] Bytes& outgoing() { return connection_->outgoing(); }
  void flush() {
    if (connection_) connection_->flush();
  }
  // Attempts that failed since the link was last up (or since start).
  [[nodiscard]] std::size_t failures() const { return failures_; }
  // Every address was tried since then, and none answered.
  [[nodiscard]] bool exhausted() const { return failures_ >= options_.addresses.size(); }
  [[nodiscard]] const std::string& last_reason() const { return last_reason_; }
  // A replica did not take our key (kUnauthorized), or took it and ended the connection because the key does not allow what
  // was asked (kForbidden); and no replica has let us in since.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  [[nodiscard]] const Addresses& addresses() const { return options_.addresses; }
  [[nodiscard]] const net::Address& address() const { return options_.addresses[at_]; }
  // Of the last HelloReply or ViewIs.
  [[nodiscard]] const smr::ViewRecord& view() const { return view_; }

 private:
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void dial();
  void greet(net::ByteStreamPtr stream);
  void on_hello_reply(const wire::Message& message);
  void show_key();
  void on_authenticated(const wire::Message& message);
  void begin();
  enum class Told { kReason, kNothing };  // did a replica say why, or did nobody answer at the address?
  void attempt_failed(const std::string& reason, Told told = Told::kReason);
  void drop(const std::string& reason);
  void after(std::int64_t us, void (Link::*what)());
  void greeting_late() { attempt_failed("it accepts connections but does not answer"); }

  net::Environment& env_;
  Options options_;
  LinkOwner& owner_;
  std::unique_ptr<net::Timer> timer_;  // for the next dial, or for the reply to our hello
  net::ConnectionPtr connection_;
  std::optional<wire::HelloReply> reply_;  // it has greeted us and has not yet said what it thinks of our key
  std::optional<Error> refusal_;
  bool greeted_ = false;
  std::size_t at_;                          // index of the address in use
  std::size_t failures_ = 0, told_at_ = 0;  // the last failure with a reason was this one; 0: none had
  std::uint64_t attempt_ = 0;               // results of older dials are ignored
  std::string last_reason_;
  smr::ViewRecord view_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // callbacks that outlive us find this gone
};

}  // namespace titer::client
