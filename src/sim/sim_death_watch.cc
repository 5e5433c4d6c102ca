// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_death_watch.h"

#include <utility>

#include "machine/machine.h"
#include "wire/codec.h"

namespace titer::sim {

SimDeathWatch::SimDeathWatch(Scene& scene, ReplicaId id, Incarnation incarnation)
    : scene_(scene), id_(id), incarnation_(incarnation), node_(scene.network.attach(*this, id.value)) {}

void SimDeathWatch::tell_others() {
  for (std::uint16_t other = 0; other < scene_.plan.replicas; ++other) {
    if (ReplicaId(other) == id_ || scene_.random.chance(.2)) continue;
    const Time late = scene_.random.chance(.8) ? 10'000 : 1'000'000;
    scene_.time.at(scene_.time.now() + scene_.random.between(100, late), *this, 0, other);
  }
}

void SimDeathWatch::on_event(std::uint32_t, std::uint64_t argument) {
  scene_.network.dial(node_, static_cast<Port>(argument));
}

void SimDeathWatch::on_dialled(Port, ConnectionId connection) {
  if (connection == 0) return;
  wire::Hello hello;
  hello.role = wire::Role::kDeathNotice;
  hello.tables = machine::rules_digest();
  hello.replica = id_;
  hello.incarnation = incarnation_;
  Bytes out;
  wire::encode(out, hello);
  scene_.network.send(connection, node_, std::move(out));
}

}  // namespace titer::sim
