// SPDX-License-Identifier: Apache-2.0

#include "net/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "net/message_queue.h"
#include "wire/codec.h"

namespace titer::net {

namespace {

constexpr std::size_t kReadBytes = std::size_t{16} << 10;  // room offered to each read, at least
constexpr std::size_t kReadBytesMax = std::size_t{64}
                                      << 10;  // … and at most: what is read at a time is handled at a time
constexpr std::size_t kKeepBytes = std::size_t{256}
                                   << 10;  // a buffer that grew beyond this is given back when empty

// Of answers that wait for the other side: with more, messages in a queue are not handled until it has read half of them.
constexpr std::size_t kUnreadBytes = std::size_t{1} << 20;

constexpr std::size_t kReasonBytes = 200;  // of a Goodbye, for the log

// The first bytes of a TLS client's greeting.
bool looks_like_tls(ByteView bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{22} && bytes[1] == std::byte{3};
}

}  // namespace

Connection::Connection(Environment& env, ByteStreamPtr stream, ConnectionOwner& owner, std::size_t send_limit)
    : env_(env), stream_(std::move(stream)), owner_(&owner), send_limit_(send_limit) {}

void Connection::start() { read(); }

void Connection::read() {
  if (!open_ || paused_ || reading_) return;
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_end_ == 0 && in_.size() > kKeepBytes) Bytes().swap(in_);
  const std::size_t room = std::min(kReadBytes, receive_limit_);
  if (in_.size() < in_end_ + room) {
    const std::size_t message = wire::announced_bytes(ByteView(in_.data(), in_end_));
    in_.resize(std::max(in_end_ + room, std::min(in_end_ * 2, message)));
  }
  reading_ = true;
  stream_->read_some({in_.data() + in_end_, std::min(in_.size() - in_end_, kReadBytesMax)}, events());
}

void Connection::on_bytes(std::size_t bytes) {
  reading_ = false;
  if (!open_) return;
  if (bytes == 0) return broke();
  in_end_ += bytes;
  received();
}

void Connection::broke() {
  if (!stream_->plain_peer()) return shut(stream_->why(), true);
  writing_ = false;
  out_.clear();
  out_done_ = 0;
  fail(Code::kProtocol, "this port speaks TLS: name the cluster's authority with --ca FILE or TITER_CA");
}

void Connection::received() {
  if (queue_ != nullptr) {
    if (!std::exchange(queued_, true)) queue_->add(shared_from_this());
    return;
  }
  dispatch(SIZE_MAX);
  read();
}

void Connection::handle_slice() {
  queued_ = false;
  held_back_ = waiting() > kUnreadBytes;
  if (held_back_) return;
  if (dispatch(MessageQueue::kSliceMessages)) return received();
  read();
}

bool Connection::dispatch(std::size_t messages) {
  for (; messages > 0 && open_ && !paused_; --messages) {
    ByteView rest(in_.data() + in_begin_, in_end_ - in_begin_);
    Result<std::optional<wire::Message>> next = wire::next_message(rest, receive_limit_);
    if (!next) {
      fail(next.error().code,
           looks_like_tls(rest) ? "you speak TLS, and this port does not: leave out --ca" : next.error().message);
      return false;
    }
    if (!*next) {
      if (!begun(rest)) return false;
      break;
    }
    whole();
    const wire::Message message = **next;
    in_begin_ = in_end_ - rest.size();
    if (message.type == wire::Type::kGoodbye) {
      const auto goodbye = wire::decode_goodbye(message.payload);
      if (goodbye) farewell_ = goodbye->code;
      shut(goodbye ? "it said: " + printable(goodbye->reason, kReasonBytes) : "it said goodbye", true);
      return false;
    }
    if (owner_ != nullptr) owner_->on_message(*this, message);
  }
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  return messages == 0 && open_ && !paused_ && in_begin_ < in_end_;
}

bool Connection::begun(ByteView part) {
  if (part.empty()) return true;
  if (!unfinished_since_) unfinished_since_ = env_.boot_now();
  if (!budget_ || budget_taken_ > 0 || budget_->take(wire::announced_bytes(part), budget_taken_)) return true;
  fail(Code::kBusy, "too many large messages are on their way here; send this one again in a moment");
  return false;
}

void Connection::whole() {
  unfinished_since_.reset();
  if (budget_taken_ > 0) budget_->give_back(std::exchange(budget_taken_, 0));
}

void Connection::limit_receiving(std::size_t bytes, std::shared_ptr<ReceiveBudget> budget) {
  whole();
  receive_limit_ = bytes;
  budget_ = std::move(budget);
}

void Connection::resume() {
  if (!paused_) return;
  paused_ = false;
  env_.post([self = shared_from_this()] { self->received(); });
}

void Connection::flush() {
  if (!open_ || out_done_ == out_.size()) return;
  if (writing_) return check_limit();
  while (out_done_ < out_.size()) {
    const std::size_t n = stream_->send(ByteView(out_).subspan(out_done_));
    if (n == 0) return stream_->over() ? broke() : write_later();
    out_done_ += n;
  }
  out_.clear();
  out_done_ = 0;
  if (out_.capacity() > kKeepBytes) Bytes().swap(out_);
  go_on_reading();
}

void Connection::go_on_reading() {
  if (!held_back_ || waiting() > kUnreadBytes / 2) return;
  held_back_ = false;
  received();
}

void Connection::check_limit() {
  if (waiting() > send_limit_) fail(Code::kBusy, "it does not read what it is sent");
}

void Connection::write_later() {
  check_limit();
  if (!open_) return;
  if (out_done_ > kKeepBytes) {
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_done_));
    out_done_ = 0;
  }
  go_on_reading();
  writing_ = true;
  stream_->wait_writable(events());
}

void Connection::on_writable() {
  writing_ = false;
  if (!open_) return;
  if (stream_->over()) return broke();
  flush();
}

void Connection::close(Code code, const std::string& reason) {
  if (!open_) return;
  wire::encode(out_, wire::Goodbye{code, reason});
  while (!writing_ && out_done_ < out_.size()) {
    const std::size_t n = stream_->send(ByteView(out_).subspan(out_done_));
    if (n == 0) break;
    out_done_ += n;
  }
  shut(reason, false);
}

void Connection::fail(Code code, const std::string& reason) {
  if (!open_) return;
  ConnectionOwner* owner = owner_;
  close(code, reason);
  env_.post([self = shared_from_this(), owner, reason] {
    if (owner != nullptr && self->owner_ == owner) owner->on_closed(*self, "cut off: " + reason);
  });
}

void Connection::shut(const std::string& reason, bool tell) {
  if (!open_) return;
  open_ = false;
  whole();
  stream_->close();
  if (!tell) return;
  env_.post([self = shared_from_this(), reason] {
    if (self->owner_ != nullptr) self->owner_->on_closed(*self, reason);
  });
}

}  // namespace titer::net
