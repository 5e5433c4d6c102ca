// SPDX-License-Identifier: Apache-2.0

#include "client/status_probe.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "client/link.h"
#include "wire/codec.h"

namespace titer::client {

namespace {

class Probe final : public net::ConnectionOwner {
 public:
  Probe(net::Environment& env, net::Address address, std::int64_t timeout_us) {
    answer_.address = std::move(address);
    members_ = {answer_.address};
    answer_.json = Error{Code::kUnreachable, "no answer within " + std::to_string(timeout_us / 1000) + " ms"};
    env.dial(answer_.address, timeout_us,
             [this, &env, alive = std::weak_ptr<int>(alive_)](Result<net::ByteStreamPtr> stream) {
               if (alive.expired()) return;
               if (!stream) return finish(stream.error());
               greet(env, std::move(stream).value());
             });
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() {
    if (!connection_) return;
    connection_->detach();
    connection_->close(Code::kOk, "the client is done");
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const Addresses& members() const { return members_; }
  [[nodiscard]] StatusAnswer& answer() { return answer_; }
  void flush() {
    if (connection_) connection_->flush();
  }

 private:
  void greet(net::Environment& env, net::ByteStreamPtr stream) {
    connection_ = net::Connection::make(env, std::move(stream), *this, limits::kClientSendBytesMax);
    wire::Hello hello;
    hello.role = wire::Role::kGatewayClient;
    hello.session = SessionId(random_word(env));
    wire::encode(connection_->outgoing(), hello);
    wire::MessageWriter(connection_->outgoing(), wire::Type::kStatusAsk).finish();
    connection_->start();
  }
  void on_message(net::Connection&, const wire::Message& message) override {
    if (message.type == wire::Type::kHelloReply) {
      if (const auto reply = wire::decode_hello_reply(message.payload)) add_members(members_, reply->view);
    } else if (message.type == wire::Type::kStatus) {
      finish(std::string(as_text(message.payload)));
    }
  }
  void on_closed(net::Connection&, const std::string& reason) override {
    if (!done_) finish(Error{Code::kUnreachable, reason});
  }
  void finish(Result<std::string> json) {
    answer_.json = std::move(json);
    done_ = true;
  }

  StatusAnswer answer_;
  Addresses members_;
  net::ConnectionPtr connection_;
  bool done_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

std::vector<StatusAnswer> ask_status(net::Loop& loop, const Addresses& addresses, bool follow,
                                     std::int64_t timeout_us) {
  Addresses known;
  std::vector<std::unique_ptr<Probe>> probes;
  const auto probe = [&](const net::Address& address) {
    if (add_address(known, address)) probes.push_back(std::make_unique<Probe>(loop, known.back(), timeout_us));
  };
  for (const net::Address& address : addresses) probe(address);
  const auto turn = [&] {
    for (std::size_t i = 0; follow && i < probes.size(); ++i) {
      const Addresses members = probes[i]->members();
      for (const net::Address& member : members) probe(member);
    }
    for (const auto& p : probes) p->flush();
  };
  const auto all_done = [&] {
    return std::all_of(probes.begin(), probes.end(), [](const auto& p) { return p->done(); });
  };
  loop.run_until(BootTime(net::boot_now().value + timeout_us), all_done, turn);
  std::vector<StatusAnswer> out;
  out.reserve(probes.size());
  for (const auto& p : probes) out.push_back(std::move(p->answer()));
  return out;
}

}  // namespace titer::client
