// SPDX-License-Identifier: Apache-2.0

#include <utility>

#include "base/limits.h"
#include "view/view_register.h"

namespace titer::view {

LocalRegister::LocalRegister(net::Environment& env, net::ByteStreamPtr stream, Events events)
    : events_(std::move(events)),
      link_(net::Connection::make(env, std::move(stream), *this, limits::kSendQueueBytesMax)) {
  link_->start();
}

LocalRegister::~LocalRegister() { link_->detach(); }

// The supervisor has read the disks of all: no restart begins without one that could be read.
void LocalRegister::compare_and_set(const wire::CompareAndSet& ask, bool /*certain*/) {
  wire::encode(link_->outgoing(), ask);
  link_->flush();
}

void LocalRegister::ready(Position learned) {
  wire::encode(link_->outgoing(), wire::Ready{learned});
  link_->flush();
}

void LocalRegister::tell(const wire::Inventory& inventory) {
  wire::encode(link_->outgoing(), inventory);
  link_->flush();
}

Status LocalRegister::operate(const wire::Operate& ask) {
  if (!link_->open()) return Error{Code::kUnavailable, "the supervisor is gone: nobody can kill or start replicas"};
  wire::encode(link_->outgoing(), ask);
  link_->flush();
  return ok_status();
}

void LocalRegister::on_message(net::Connection& connection, const wire::Message& message) {
  if (message.type == wire::Type::kPing) {
    const auto number = wire::decode_ping(message.payload);
    if (!number) return connection.fail(Code::kProtocol, number.error().message);
    wire::Pong pong = events_.pong();
    pong.number = *number;
    wire::encode(connection.outgoing(), pong);
    return connection.flush();
  }
  if (message.type == wire::Type::kRegisterRecord) {
    const auto record = wire::decode_register_record(message.payload);
    if (!record) return connection.fail(Code::kProtocol, record.error().message);
    return events_.record(*record);
  }
  if (message.type == wire::Type::kOperated) {
    const auto operated = wire::decode_operated(message.payload);
    if (!operated) return connection.fail(Code::kProtocol, operated.error().message);
    return events_.operated(*operated);
  }
  if (message.type == wire::Type::kStop) return events_.stop();
  connection.fail(Code::kProtocol, "the view register does not send this kind of message");
}

void LocalRegister::on_closed(net::Connection&, const std::string&) { events_.lost(); }

}  // namespace titer::view
