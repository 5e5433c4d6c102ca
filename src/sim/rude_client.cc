// SPDX-License-Identifier: Apache-2.0

#include "sim/rude_client.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "sim/workload.h"
#include "wire/codec.h"

namespace titer::sim {

namespace {
constexpr Time kEveryUs = 400'000;  // mean
}

RudeClient::RudeClient(Scene& scene) : scene_(scene), node_(scene.network.attach(*this, scene.client_host())) {
  begin_session();
  Event event{Event::Kind::kBorn};
  event.who = node_;
  event.text = "rude client";
  scene_.tell(event);
}

void RudeClient::begin_session() {
  session_ = SessionId(scene_.random.next() | 1);
  scene_.ledger.lies(session_);
}

void RudeClient::look() { scene_.time.at(scene_.time.now() + scene_.random.between(1, 2 * kEveryUs), *this, 0); }

void RudeClient::on_event(std::uint32_t, std::uint64_t) {
  if (!scene_.working) return;
  look();
  Random& random = scene_.random;
  if (connection_ != 0 && random.chance(.1)) {  // with what is under way
    scene_.network.close(connection_, node_);
    connection_ = 0;
    if (random.chance(.3)) begin_session();
  }
  if (connection_ == 0) {
    if (!std::exchange(dialling_, true))
      scene_.network.dial(node_, static_cast<Port>(random.below(static_cast<std::uint64_t>(scene_.plan.replicas))));
    return;
  }
  Bytes out;
  for (std::uint64_t n = random.below(5); n > 0; --n) {
    const Bytes body = some_body();
    last_ = some_number();
    wire::encode(out, wire::Request{last_, body});
  }
  if (!out.empty()) scene_.network.send(connection_, node_, std::move(out));
}

RequestNumber RudeClient::some_number() {
  Random& random = scene_.random;
  const std::uint64_t last = std::max<std::uint64_t>(last_.value, 1);
  switch (random.below(6)) {
    case 0: scene_.hit(CoverageMark::kRudeRepeat); return RequestNumber(last);
    case 1:
      scene_.hit(CoverageMark::kRudeLeap);
      return RequestNumber(std::min(limits::kCounterMax, last + random.below(limits::kCounterMax)));
    case 2: scene_.hit(CoverageMark::kRudeLast); return RequestNumber(limits::kCounterMax - random.below(2));
    case 3:
      scene_.hit(CoverageMark::kRudeOrder);
      return RequestNumber(last - random.below(std::min<std::uint64_t>(last, 10)));
    default: return RequestNumber(std::min(limits::kCounterMax, last + 1));
  }
}

// Of sites that are not compared for linearizability: its calls are in nobody's history.
Bytes RudeClient::some_body() {
  registry::Request request;
  const std::string id = scene_.random.chance(.9) ? "rude" : "nowhere";
  registry::AddSite add;
  add.id = add.fields.name.emplace(id);
  registry::SetAvailability set;
  set.site.id = id;
  set.claim.availability = registry::Availability::of(scene_.random.below(9));
  if (scene_.random.chance(.2))
    request.operation = add;
  else
    request.operation = set;
  request.actor = "rude";
  if (scene_.random.chance(.3)) {
    scene_.hit(CoverageMark::kRudeKey);
    request.key = registry::KeyId(scene_.random.below(8));
  }
  Bytes body;
  wire::encode_request(body, request);
  return body;
}

void RudeClient::on_dialled(Port, ConnectionId connection) {
  dialling_ = false;
  if (connection == 0) return;
  connection_ = connection;
  wire::Hello hello;
  hello.session = session_;
  if (scene_.random.chance(.3)) {
    scene_.hit(CoverageMark::kRudeBirth);
    hello.born = Position(1 + scene_.random.below(scene_.random.chance(.5) ? 5 : limits::kCounterMax));
  }
  Bytes out;
  wire::encode(out, hello);
  scene_.network.send(connection_, node_, std::move(out));
}

void RudeClient::on_closed(ConnectionId connection) {
  if (connection == connection_) connection_ = 0;
}

}  // namespace titer::sim
