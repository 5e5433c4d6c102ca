// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/sim_environment.h"

namespace titer::sim {

SimStream::~SimStream() {
  close();
  env_.streams_.erase(connection_);
}

void SimStream::read_some(std::span<std::byte> room, std::shared_ptr<net::StreamEvents> events) {
  room_ = room;
  reader_ = std::move(events);
  if (!arrived_.empty() || ended_) env_.enqueue({SimEnvironment::Item::Kind::kGoOn, connection_});
}

void SimStream::arrived(Bytes bytes) {
  if (closed_) return;
  arrived_.push_back(std::move(bytes));
  go_on();
}

void SimStream::ended() {
  ended_ = true;
  go_on();
}

void SimStream::go_on() {
  if (closed_) return (void)let_go();
  if (!reader_) return;
  std::size_t bytes = 0;
  while (!arrived_.empty() && bytes < room_.size()) {
    const std::size_t n = std::min(room_.size() - bytes, arrived_.front().size() - taken_);
    std::memcpy(room_.data() + bytes, arrived_.front().data() + taken_, n);
    bytes += n;
    taken_ += n;
    if (taken_ < arrived_.front().size()) break;
    arrived_.pop_front();
    taken_ = 0;
  }
  if (bytes == 0 && !ended_) return;
  over_ = bytes == 0;
  const auto reader = std::exchange(reader_, nullptr);
  reader->on_bytes(bytes);
}

SimStream::Held SimStream::let_go() { return {std::exchange(reader_, nullptr), std::exchange(writer_, nullptr)}; }

std::size_t SimStream::send(ByteView bytes) {
  if (closed_ || over_) return 0;
  if (env_.full(connection_)) {
    env_.stage_.hit(CoverageMark::kSocketFull);
    return 0;
  }
  if (!env_.spend()) return bytes.size();
  env_.affect({SimEnvironment::Effect::Kind::kSend, connection_, Bytes(bytes.begin(), bytes.end())});
  return bytes.size();
}

void SimStream::wait_writable(std::shared_ptr<net::StreamEvents> events) {
  writer_ = std::move(events);
  env_.look_for_room(connection_);
}

void SimStream::writable() {
  const auto writer = std::exchange(writer_, nullptr);
  if (writer && !closed_) writer->on_writable();
}

void SimStream::close() {
  if (std::exchange(closed_, true)) return;
  if (reader_ || writer_)
    env_.enqueue({SimEnvironment::Item::Kind::kGoOn, connection_});  // not from within the call
  env_.affect({SimEnvironment::Effect::Kind::kClose, connection_});
}

}  // namespace titer::sim
