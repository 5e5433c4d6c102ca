// SPDX-License-Identifier: Apache-2.0

#include "net/testing/fake_environment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/codec.h"

namespace titer::net::test {

namespace {

class FakeStream final : public ByteStream {
 public:
  FakeStream(Environment& env, std::shared_ptr<FakePipe> in, std::shared_ptr<FakePipe> out, std::uint64_t from,
             bool local)
      : env_(env), in_(std::move(in)), out_(std::move(out)), from_(from), local_(local) {
    in_->changed = [this] { look(); };
    out_->changed = [this] { look(); };
  }
  ~FakeStream() override {
    close();
    in_->changed = out_->changed = nullptr;
  }

  void read_some(std::span<std::byte> room, std::shared_ptr<StreamEvents> events) override {
    room_ = room;
    reader_ = std::move(events);
    look();
  }
  std::size_t send(ByteView bytes) override {
    if (out_->ended) return 0;
    const std::size_t n = std::min(bytes.size(), out_->room - std::min(out_->room, out_->bytes.size()));
    out_->bytes.insert(out_->bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    return n;
  }
  void wait_writable(std::shared_ptr<StreamEvents> events) override {
    writer_ = std::move(events);
    look();
  }
  void close() override { out_->ended = true; }
  [[nodiscard]] bool over() const override { return over_; }
  [[nodiscard]] std::string why() const override { return "the test has closed it"; }
  [[nodiscard]] bool local() const override { return local_; }
  [[nodiscard]] bool from_this_machine() const override { return local_; }
  [[nodiscard]] std::uint64_t peer_number() const override { return local_ ? 0 : from_; }

 private:
  void look() {
    if (reader_ && (!in_->bytes.empty() || in_->ended)) env_.post([this, keep = reader_] { read(); });
    if (writer_ && out_->bytes.size() < out_->room)
      env_.post([this, keep = writer_] {
        if (const auto writer = std::exchange(writer_, nullptr)) writer->on_writable();
      });
  }
  void read() {
    if (!reader_) return;
    const std::size_t n = std::min(room_.size(), in_->bytes.size());
    if (n == 0 && !in_->ended) return;
    std::copy_n(in_->bytes.begin(), n, room_.begin());
    in_->bytes.erase(in_->bytes.begin(), in_->bytes.begin() + static_cast<std::ptrdiff_t>(n));
    over_ = n == 0;
    const auto reader = std::exchange(reader_, nullptr);
    reader->on_bytes(n);
  }

  Environment& env_;
  std::shared_ptr<FakePipe> in_, out_;
  std::uint64_t from_;
  bool local_, over_ = false;
  std::span<std::byte> room_;
  std::shared_ptr<StreamEvents> reader_, writer_;
};

class FakeListening final : public Listening {
 public:
  FakeListening(std::map<std::uint16_t, Transport::Accepted>& all, std::uint16_t port) : all_(all), port_(port) {}
  ~FakeListening() override { close(); }
  void close() override { all_.erase(port_); }

 private:
  std::map<std::uint16_t, Transport::Accepted>& all_;
  std::uint16_t port_;
};

}  // namespace

class FakeTimer final : public Timer {
 public:
  explicit FakeTimer(FakeEnvironment& env) : env_(env) {}
  ~FakeTimer() override { cancel(); }
  void start(std::int64_t us, std::function<void()> ring) override {
    cancel();
    number_ = env_.next_ring_++;
    env_.rings_[number_] = {env_.now_us_ + us, std::move(ring)};
  }
  void cancel() override { env_.rings_.erase(std::exchange(number_, 0)); }

 private:
  FakeEnvironment& env_;
  std::uint64_t number_ = 0;
};

std::vector<wire::Type> FakeWire::take_types() {
  std::vector<wire::Type> types;
  const Bytes all = take();
  for (ByteView rest = all; !rest.empty();) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) break;
    types.push_back((*message)->type);
  }
  return types;
}

std::optional<std::string> FakeWire::take_goodbye() {
  const Bytes all = take();
  for (ByteView rest = all; !rest.empty();) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) break;
    if ((*message)->type != wire::Type::kGoodbye) continue;
    if (const auto goodbye = wire::decode_goodbye((*message)->payload)) return std::string(goodbye->reason);
  }
  return std::nullopt;
}

void FakeEnvironment::run() {
  for (bool again = true; again;) {
    take_in();
    again = !ready_.empty() || !queue().empty();
    for (auto at = rings_.begin(); at != rings_.end(); ++at) {
      if (at->second.at > now_us_) continue;
      const auto ring = std::move(at->second.ring);
      rings_.erase(at);
      ring();
      again = true;
      break;
    }
  }
}

bool FakeEnvironment::run_one_ready() {
  if (ready_.empty()) return false;
  const auto next = std::move(ready_.front());
  ready_.pop_front();
  next();
  return true;
}

std::pair<ByteStreamPtr, FakeWire> FakeEnvironment::pair(std::uint64_t from, bool local) {
  auto in = std::make_shared<FakePipe>(), out = std::make_shared<FakePipe>();
  return {std::make_unique<FakeStream>(*this, in, out, from, local), FakeWire(out, in)};
}

FakeWire FakeEnvironment::connect(std::uint16_t port, std::uint64_t from, bool local) {
  auto [stream, wire] = pair(from, local);
  if (const auto at = listening_.find(port); at != listening_.end()) at->second(std::move(stream));
  return wire;
}

FakeWire FakeEnvironment::answer(Dial& dial) {
  auto [stream, wire] = pair();
  dial.done(std::move(stream));
  return wire;
}

void FakeEnvironment::dial(const Address& address, std::int64_t, Dialled done) {
  dials_.push_back({address.port, std::move(done)});
}

Result<std::unique_ptr<Listening>> FakeEnvironment::listen(const Address& address, Accepted accepted) {
  if (listening_.contains(address.port)) return Error{Code::kInternal, address.text() + " is taken"};
  listening_[address.port] = std::move(accepted);
  return std::unique_ptr<Listening>(std::make_unique<FakeListening>(listening_, address.port));
}

std::unique_ptr<Timer> FakeEnvironment::make_timer() { return std::make_unique<FakeTimer>(*this); }

}  // namespace titer::net::test
