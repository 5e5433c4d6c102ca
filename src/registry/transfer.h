// SPDX-License-Identifier: Apache-2.0

// A State as bytes, in parts that may be written over many turns while requests are executed in between, and
// taken over by another replica.
//
// A transfer is a sequence of parts, each a kind (u8), a length (u32) and that many bytes:
//   site   slot u32, image (registry_core.h)        the newest one of a slot wins
//   event  record (event_ring.h)           its site came before; positions never fall in a lane; known ones are skipped
//   access keys and switch (access.h)      the newest one wins
//   head   position, commit time, slots, then of each lane of the history what was dropped and how many events are left;
//          older events than the writer has are dropped here
// Sites carry texts and no interned numbers, so the receiver's interner may number differently.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "registry/registry_core.h"
#include "registry/state.h"

namespace titer::registry {

// What these do is said in state.h.
std::uint32_t write_sites(const Store& store, std::uint32_t from_slot, std::size_t bytes_max, Position since,
                          Bytes& out);
void write_site(const Store& store, std::uint32_t slot, Bytes& out);
Position write_events(const RegistryCore& core, Lane lane, Position since, std::size_t bytes_max, Bytes& out);
void write_access(const RegistryCore& core, Position since, Bytes& out);
void write_head(const RegistryCore& core, Bytes& out);
bool take_changed(Store& store, std::size_t sites_min, std::size_t bytes_max, const State::PartVisitor& visit);
[[nodiscard]] Status read_transfer(RegistryCore& core, ByteView in);

}  // namespace titer::registry
