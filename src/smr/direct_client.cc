// SPDX-License-Identifier: Apache-2.0

#include "smr/direct_client.h"

#include <deque>
#include <set>
#include <utility>

#include "base/limits.h"
#include "smr/lamport_clock.h"
#include "smr/request_batch.h"
#include "smr/rules.h"

namespace titer::smr {

namespace {
// Frames with unanswered requests under way; well below what a replica takes (limits::kDirectFramesMax).
constexpr std::size_t kFramesInFlight = limits::kUnsafeFramesMax / 2;
constexpr std::int64_t kHelloAgainUs = 500'000;
}  // namespace

struct DirectClient::Impl {
  enum class State { kPassive, kHello, kActive };
  struct Request {
    RequestNumber number;
    Bytes body;
    std::size_t copies = 0;  // frames that carried it
    bool answered = false;
  };

  TransmitterId id;
  std::size_t window = limits::kSessionWindow;
  SessionId session;
  std::optional<Position> born;
  LamportClock clock;
  State state = State::kPassive;
  std::optional<ViewRecord> view;
  std::set<std::pair<ReplicaId, Incarnation>> connected;
  std::deque<Request> requests;  // the first is unanswered; answered ones further back are marked
  std::size_t unanswered = 0;
  RequestNumber last;                    // given
  RequestNumber sent;                    // highest sent and perhaps still under way; all up to it are
  std::deque<RequestNumber> frame_ends;  // last number of each frame under way
  Seq seq;                               // of the newest frame sent in this view
  ReplicaSet welcomed;                   // by whom, in state kHello
  LamportTime solicited;                 // asked for a frame above this since the last one; 0: not asked
  bool leaving = false;
  bool entangled = false;  // some replica may have us as active in this view
  BootTime now;
  BootTime state_at;          // when hello was last sent
  BootTime submitted_at;      // newest Submit, and …
  BootTime submitted_before;  // … the one before
  Output* out = nullptr;

  void send_all(const FromClient& message) {
    for (const Member& m : view->members) out->send.push_back({m.id, message});
  }
  [[nodiscard]] bool unsent() const { return last > sent; }
  [[nodiscard]] bool all_connected() const {
    if (!view) return false;
    for (const Member& m : view->members)
      if (!connected.contains({m.id, m.incarnation})) return false;
    return true;
  }
  void wake(BootTime at) {
    if (!out->wake_at || at < *out->wake_at) out->wake_at = at;
  }

  void begin_hello() {
    state = State::kHello;
    entangled = true;
    state_at = now;
    welcomed = {};
    send_all(Hello{view->number});
  }

  void handle(const Connected& in) {
    connected.emplace(in.replica, in.incarnation);
    if (!born) born = in.next;
  }
  void handle(const Disconnected& in) {
    if (connected.erase({in.replica, in.incarnation}) == 0) return;
    // Everything in flight is lost in both directions, answers too. If a frame of ours was missed, the replica asks
    // for a new view; if not, hello again. Either way send what is unanswered once more.
    if (!view || !view->has(in.replica, in.incarnation)) return;
    state = State::kPassive;
    send_again();
  }
  void handle(const Submit& in) {
    ++last;
    requests.push_back({last, Bytes(in.body.begin(), in.body.end()), 0, false});
    ++unanswered;
    submitted_before = submitted_at;
    submitted_at = now;
  }
  void handle(const Answered& in) {
    if (requests.empty() || in.number < requests.front().number || in.number > last) return;
    Request& r = requests[in.number.value - requests.front().number.value];
    if (r.answered) return;
    r.answered = true;
    --unanswered;
    while (!requests.empty() && requests.front().answered) requests.pop_front();
    const RequestNumber lowest = requests.empty() ? last.next() : requests.front().number;
    while (!frame_ends.empty() && frame_ends.front() < lowest) frame_ends.pop_front();
    if (requests.empty()) sent = std::max(sent, last);
  }

  void handle(const Receive& in) {
    if (const auto* v = std::get_if<ViewIs>(&in.message)) return on_view(v->record);
    if (const auto* w = std::get_if<Welcome>(&in.message)) return on_welcome(in.from, *w);
    const auto& s = std::get<Solicit>(in.message);
    // Also before all have welcomed us: the first that did may wait for us already, and asks only once.
    if (view && s.view == view->number) solicited = std::max(solicited, s.ts);
  }
  void on_view(const ViewRecord& record) {
    if (view && record.number <= view->number) return;
    view = record;
    state = State::kPassive;
    entangled = false;
    seq = {};
    solicited = {};
    send_again();
  }
  // Everything unanswered; same session, same numbers.
  void send_again() {
    frame_ends.clear();
    sent = requests.empty() ? last : RequestNumber(requests.front().number.value - 1);
  }
  void on_welcome(ReplicaId from, const Welcome& w) {
    // Another next seq: the answer to an older hello, or a frame of ours is still on its way.
    if (state != State::kHello || w.view != view->number || w.next != seq.next()) return;
    if (view->find(from) == nullptr) return;
    welcomed.add(from);
    clock.receive(w.clock);
    if (welcomed == view->set()) state = State::kActive;
  }

  void handle(const Leave&) { leaving = true; }
  void handle(const Tick&) {}

  void handle(const EndOfTurn& in) {
    if (state == State::kPassive && !leaving && (unsent() || entangled) && all_connected()) begin_hello();
    if (state == State::kHello) {
      if (now.value - state_at.value >= kHelloAgainUs) begin_hello();
      wake(BootTime(state_at.value + kHelloAgainUs));
    }
    if (state != State::kActive) return;
    while (state == State::kActive && may_send()) send_frame(in.wall);
    if (state != State::kActive) return;
    const std::int64_t idle_at = submitted_at.value + limits::kDirectRestUs;
    const bool idle = leaving || (!unsent() && now.value >= idle_at);
    if (idle || solicited.value != 0) {
      clock_above_solicit();
      send(in.wall, 0, nullptr, idle);
    }
    if (state == State::kActive && !unsent()) wake(BootTime(idle_at));
  }
  void clock_above_solicit() {
    if (solicited > clock.now()) clock.receive(solicited);
  }

  [[nodiscard]] bool may_send() const {
    if (leaving || !unsent() || frame_ends.size() >= kFramesInFlight) return false;
    return requests.empty() || sent.value + 1 < requests.front().number.value + window;
  }

  // One frame with the next requests that fit. It rests at once when requests come singly: then the next one
  // pays a hello, but nobody has to solicit meanwhile.
  void send_frame(WallTime wall) {
    auto requests_bytes = std::make_shared<Bytes>();
    std::uint32_t count = 0;
    const std::uint64_t first = requests.front().number.value;
    const std::uint64_t window_end = first + window;
    std::uint64_t n = std::max(sent.value + 1, first);
    for (; n <= last.value && n < window_end && count < limits::kFrameRequestsMax; ++n) {
      Request& r = requests[n - first];
      if (r.answered) continue;
      if (count > 0 && requests_bytes->size() + kRequestHeaderBytes + r.body.size() > limits::kFrameBytesMax) break;
      append_request(*requests_bytes, {session, r.number, r.body, *born});
      ++r.copies;
      ++count;
    }
    sent = RequestNumber(n - 1);
    if (count == 0) return;
    frame_ends.push_back(sent);
    const bool alone = submitted_at.value - submitted_before.value > limits::kDirectRestUs;
    clock_above_solicit();
    send(wall, count, std::move(requests_bytes), alone && !unsent());
  }
  void send(WallTime wall, std::uint32_t count, std::shared_ptr<const Bytes> bytes, bool rest) {
    auto frame = std::make_shared<Frame>();
    frame->view = view->number;
    frame->transmitter = id;
    ++seq;
    frame->seq = seq;
    frame->ts = clock.tick();
    frame->stamp = wall;
    frame->rest = rest;
    frame->count = count;
    frame->requests = std::move(bytes);
    solicited = {};
    if (rest) {
      state = State::kPassive;
      entangled = false;
    }
    send_all(FramePtr(std::move(frame)));
  }
};

void DirectClient::Output::clear() {
  send.clear();
  wake_at.reset();
}

DirectClient::DirectClient(TransmitterId id, SessionId session, std::size_t window)
    : impl_(std::make_unique<Impl>()) {
  SMR_CHECK(is_direct_client(id), "a direct client's id has kDirectClientBit");
  impl_->id = id;
  impl_->session = session;
  impl_->window = window;
}
DirectClient::~DirectClient() = default;
DirectClient::DirectClient(DirectClient&&) noexcept = default;
DirectClient& DirectClient::operator=(DirectClient&&) noexcept = default;

void DirectClient::step(BootTime now, const Input& input, Output& out) {
  impl_->now = std::max(impl_->now, now);
  impl_->out = &out;
  std::visit([this](const auto& in) { impl_->handle(in); }, input);
  impl_->out = nullptr;
}

const std::optional<ViewRecord>& DirectClient::view() const { return impl_->view; }
std::size_t DirectClient::unanswered() const { return impl_->unanswered; }
RequestNumber DirectClient::last_number() const { return impl_->last; }
SessionId DirectClient::session() const { return impl_->session; }
std::size_t DirectClient::copies(RequestNumber number) const {
  const auto& requests = impl_->requests;
  if (requests.empty() || number < requests.front().number || number > impl_->last) return 0;
  return requests[number.value - requests.front().number.value].copies;
}
bool DirectClient::active() const { return impl_->state == Impl::State::kActive; }

}  // namespace titer::smr
