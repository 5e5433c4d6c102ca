// SPDX-License-Identifier: Apache-2.0

// Connection: one ByteStream (transport.h: on a real machine TCP or Unix, plain or TLS) that carries wire messages both ways.
//
// Receiving: bytes are read into one buffer and messages are shown in place; nothing is copied per message. They are handled
// as they arrive, or, with handle_in(), when it is this connection's turn (message_queue.h).
// A sender that does not read the answers is not read either, so it costs the memory of some answers and no more.
// Sending: messages are appended to outgoing() during a turn, and flush() at its end writes them with one
// call. What the kernel does not take waits; a receiver that lets more than `send_limit` pile up is cut off.
// Memory: an idle connection has a receive buffer of 16 KiB (1 KiB before its owner knows who it is) and nothing else. One
// that has begun a message has what has come of it, at most limit_receiving(); a ReceiveBudget bounds that of many together.
//
// Why not one asynchronous write per message: see loop.h.
//
// Errors: a stream that breaks the wire format gets the reason (Goodbye) and is closed. The owner hears of every
// end exactly once through on_closed, never from within its own call to close().
// Thread rule: the loop's thread. Owners must outlive it or call detach() first.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "net/environment.h"
#include "net/receive_budget.h"
#include "wire/message.h"

namespace titer::net {

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

class ConnectionOwner {
 public:
  // The payload lives until this returns.
  virtual void on_message(Connection& connection, const wire::Message& message) = 0;
  // `reason` is for the log: what the other side said, or what went wrong.
  virtual void on_closed(Connection& connection, const std::string& reason) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : public std::enable_shared_from_this<Connection>, private StreamEvents {
 public:
  Connection(Environment& env, ByteStreamPtr stream, ConnectionOwner& owner, std::size_t send_limit);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] static ConnectionPtr make(Environment& env, ByteStreamPtr stream, ConnectionOwner& owner,
                                          std::size_t send_limit) {
    return std::make_shared<Connection>(env, std::move(stream), owner, send_limit);
  }

  // Begins to read. Call once.
  void start();
  // From now on messages are handled when `queue` says so; null: as they arrive. The queue must outlive the connection.
  void handle_in(MessageQueue* queue) { queue_ = queue; }
  // Handles some of the messages that have arrived; for the queue.
  void handle_slice();

  // Append whole messages here (wire::encode).
  [[nodiscard]] Bytes& outgoing() { return out_; }
  // Writes what has been appended; the rest follows when the kernel takes it. Cheap when there is nothing.
  void flush();
  // False: closed, or too much is waiting; then the connection is closing and on_closed comes.
  [[nodiscard]] bool open() const { return open_; }

  // Says Goodbye with this code and reason, writes what can be written, closes. on_closed is not called.
  void close(Code code, const std::string& reason);
  // Like close(), and on_closed is called in a later turn: for errors found while handling a message.
  void fail(Code code, const std::string& reason);
  // From the next message on, calls go to `owner`: a handshake hands its connection on.
  void set_owner(ConnectionOwner& owner) { owner_ = &owner; }
  // No more calls to the owner.
  void detach() { owner_ = nullptr; }
  // No more on_message until resume(): what has arrived stays in the kernel (back-pressure).
  void pause() {
    paused_ = true;
    unfinished_since_.reset();
  }
  void resume();

  // Of what waits for the other side to read it; instead of the limit it was made with.
  void limit_sending(std::size_t bytes) { send_limit_ = bytes; }
  // Of one message, header included, from the next one on; kMessageBytesMax until then. Large ones take from `budget` while
  // they come; null: they do not.
  void limit_receiving(std::size_t bytes, std::shared_ptr<ReceiveBudget> budget = nullptr);
  // Since when a message has begun and is not whole yet; nullopt: there is none. For the owner's deadline.
  [[nodiscard]] std::optional<BootTime> unfinished_since() const { return unfinished_since_; }

  // It came over a Unix socket: the other side is a process of this machine and of our own user.
  [[nodiscard]] bool local() const { return stream_->local(); }
  // The other side has shown a certificate of our authority that is for this host.
  [[nodiscard]] bool proves(const std::string& host) const { return stream_->proves(host); }
  [[nodiscard]] bool from_this_machine() const { return stream_->from_this_machine(); }
  [[nodiscard]] std::uint64_t peer_number() const { return stream_->peer_number(); }

  // The code in the other side's Goodbye; kOk: there was none.
  [[nodiscard]] Code farewell() const { return farewell_; }

  // Bytes appended and not yet taken by the kernel.
  [[nodiscard]] std::size_t waiting() const { return out_.size() - out_done_; }
  // For owners: what this connection is (index, session…); unused by Connection.
  std::uint64_t tag = 0;

 private:
  void read();
  void received();
  // Hands at most so many messages to the owner. True: there may be more.
  bool dispatch(std::size_t messages);
  // A message has come in part. False: there is no room for the rest.
  bool begun(ByteView part);
  void whole();
  void write_later();
  void go_on_reading();  // if it was held back, and the other side has read
  void check_limit();
  void shut(const std::string& reason, bool tell);
  void broke();
  void on_bytes(std::size_t bytes) override;
  void on_writable() override;
  [[nodiscard]] std::shared_ptr<StreamEvents> events() { return {shared_from_this(), this}; }

  Environment& env_;
  ByteStreamPtr stream_;
  ConnectionOwner* owner_;
  MessageQueue* queue_ = nullptr;
  std::size_t send_limit_, receive_limit_ = limits::kMessageBytesMax;
  std::shared_ptr<ReceiveBudget> budget_;  // null: none
  std::size_t budget_taken_ = 0;
  std::optional<BootTime> unfinished_since_;
  Bytes in_;  // receive buffer; [in_begin_, in_end_) is not yet dispatched
  std::size_t in_begin_ = 0, in_end_ = 0;
  Bytes out_;  // [out_done_, size) waits to be written
  std::size_t out_done_ = 0;
  Code farewell_ = Code::kOk;
  bool open_ = true;
  bool writing_ = false;  // waiting for the kernel to take more
  bool paused_ = false;
  bool reading_ = false;
  bool queued_ = false;
  bool held_back_ = false;  // not handled: too many answers wait for the other side to read them
};

}  // namespace titer::net
