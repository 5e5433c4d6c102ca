// SPDX-License-Identifier: Apache-2.0

#include "sim/follower.h"

#include <vector>

#include "registry/testing/compare.h"
#include "wire/codec.h"

namespace titer::sim {

namespace {
constexpr Time kAskEveryUs = 300'000, kPatienceUs = 3'000'000;
constexpr std::uint32_t kShortPage = 7, kLongPage = 500;  // in the end it has to catch up
}  // namespace

Follower::Follower(Scene& scene) : scene_(scene), node_(scene.network.attach(*this, scene.client_host())) {
  Event event{Event::Kind::kBorn};
  event.who = node_;
  event.text = "follower";
  scene_.tell(event);
}

void Follower::look(Time after) { scene_.time.at(scene_.time.now() + after, *this, 0); }

void Follower::on_event(std::uint32_t, std::uint64_t) {
  look(kAskEveryUs);
  const bool too_long = scene_.time.now() - asked_ > kPatienceUs || (watching_ && scene_.winding_down);
  if (connection_ != 0 && too_long) next_replica();
  if (connection_ == 0) scene_.network.dial(node_, port_);
}

void Follower::next_replica() {
  if (connection_ != 0) scene_.network.close(connection_, node_);
  connection_ = 0;
  watching_ = false;
  port_ = (port_ + 1) % static_cast<Port>(scene_.plan.replicas);
}

void Follower::on_dialled(Port, ConnectionId connection) {
  if (connection == 0) return next_replica();
  if (connection_ != 0) return scene_.network.close(connection, node_);
  connection_ = connection;
  asked_ = scene_.time.now();
  Bytes out;
  wire::Hello hello;
  hello.session = SessionId(1);
  wire::encode(out, hello);
  scene_.network.send(connection_, node_, std::move(out));
}

void Follower::on_closed(ConnectionId connection) {
  if (connection == connection_) next_replica();
}

void Follower::watch() {
  Bytes out;
  wire::encode(out, wire::Watch{at_});
  watching_ = true;
  asked_ = scene_.time.now();
  scene_.network.send(connection_, node_, std::move(out));
}

void Follower::ask() {
  Bytes body, out;
  wire::encode_query(body, registry::Changes{at_, scene_.winding_down ? kLongPage : kShortPage});
  wire::encode(out, wire::Query{++token_, body});
  asked_ = scene_.time.now();
  scene_.network.send(connection_, node_, std::move(out));
}

void Follower::on_received(ConnectionId connection, Bytes bytes) {
  if (connection != connection_) return;
  for (ByteView rest = bytes; !rest.empty() && connection == connection_;) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) return scene_.fail("wire", "a follower cannot read what was sent");
    if ((*message)->type == wire::Type::kHelloReply) scene_.plan.watches && !scene_.winding_down ? watch() : ask();
    if ((*message)->type == wire::Type::kQueryAnswer) take_page((*message)->payload);
    if ((*message)->type == wire::Type::kEvents) take_batch((*message)->payload);
    if ((*message)->type == wire::Type::kGoodbye) take_goodbye((*message)->payload);
  }
}

void Follower::take_page(ByteView payload) {
  const auto answer = wire::decode_query_answer(payload);
  if (!answer) return scene_.fail("wire", "an answer to a question is malformed");
  if (answer->token != token_) return;
  if (answer->code == Code::kTooOld) {
    scene_.hit(CoverageMark::kFollowerLeftBehind);
    at_ = answer->position;
    return next_replica();
  }
  if (answer->code != Code::kOk) return next_replica();
  ByteReader in(answer->body);
  const bool more = in.u8() == 1;
  scene_.hit(CoverageMark::kPageFollowed);
  if (!compare(in, more, answer->position)) return;
  if (more && scene_.random.chance(.5)) return ask();
  next_replica();
}

// It has all of them, up to a position.
void Follower::take_batch(ByteView payload) {
  const auto batch = wire::decode_events(payload);
  if (!batch) return scene_.fail("wire", batch.error().message);
  asked_ = scene_.time.now();
  if (batch->code == Code::kTooOld) {
    watching_ = false;
    return ask();  // that says where the history begins
  }
  scene_.hit(CoverageMark::kWatched);
  if (compare(ByteReader(batch->events), false, batch->upto) && scene_.random.chance(.05)) next_replica();
}

void Follower::take_goodbye(ByteView payload) {
  const auto goodbye = wire::decode_goodbye(payload);
  if (!goodbye) return scene_.fail("wire", goodbye.error().message);
  if (goodbye->code == Code::kBusy && watching_) scene_.hit(CoverageMark::kWatchCut);
}

// False: the run has failed.
bool Follower::compare(ByteReader in, bool more, Position upto) {
  std::vector<registry::Event> page;
  while (in.ok() && in.left() > 0) page.push_back(wire::decode_event(in));
  if (!in.done()) return scene_.fail("wire", "events are malformed"), false;
  const std::string why =
      registry::test::difference_of_page(page, more, at_, upto, scene_.ledger.reference().model());
  if (!why.empty()) return scene_.fail("change stream", why), false;
  at_ = more ? page.back().position : upto;
  return true;
}

}  // namespace titer::sim
