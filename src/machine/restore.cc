// SPDX-License-Identifier: Apache-2.0

// A Machine on its way to the tables on disk, and back.

#include <fmt/format.h>

#include "machine/machine_impl.h"

namespace titer::machine {

void Machine::track_changes(bool on) { impl_->registry.track_changes(on); }

bool Machine::take_changed(std::size_t sites_min, std::size_t bytes_max,
                           const registry::State::PartVisitor& visit) {
  return impl_->registry.take_changed(sites_min, bytes_max, visit);
}

const smr::SessionTable& Machine::session_table() const { return impl_->sessions; }

Machine::Standing Machine::standing(bool learning) const {
  Standing s;
  s.learning = learning;
  s.position = impl_->position;
  s.digest = impl_->digest(learning);
  s.pass_began = impl_->pass_began;
  s.next_slot = impl_->next_slot;
  // The registry's head of a learner is that of its last pass: it does not describe what has come since.
  if (!learning) impl_->registry.write_head(s.registry);
  s.horizon = impl_->sessions.horizon();
  impl_->idempotency.write_head(s.idempotency);
  return s;
}

void Machine::begin_restore() { impl_->registry.begin_restore(); }
Status Machine::restore_registry(ByteView parts) { return impl_->registry.read_transfer(parts); }
Status Machine::restore_sessions(ByteView sessions) { return impl_->sessions.read(sessions); }
Status Machine::restore_idempotency(ByteView records) { return impl_->idempotency.read(records); }

Status Machine::finish_restore(const Standing& s) {
  impl_->registry.finish_restore();
  if (Status read = impl_->registry.read_transfer(s.registry); !read) return read;
  impl_->sessions.forget_before(impl_->sessions.oldest(), s.horizon);
  if (Status read = impl_->idempotency.read_head(s.idempotency); !read) return read;
  impl_->position = s.position;
  impl_->pass_began = s.pass_began;
  impl_->next_slot = s.next_slot;
  if (!s.learning && impl_->registry.position() > s.position)
    return Error{Code::kProtocol, "the tables' head is ahead of the order that led to it"};
  const std::uint64_t is = impl_->digest(s.learning);
  if (is == s.digest) return ok_status();
  return Error{Code::kProtocol,
               fmt::format("the state is not the one that was written down at position {}: its digest is {:016x}, "
                           "it was {:016x}",
                           s.position.value, is, s.digest)};
}

}  // namespace titer::machine
