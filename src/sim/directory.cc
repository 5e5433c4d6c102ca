// SPDX-License-Identifier: Apache-2.0

#include "sim/directory.h"

#include <algorithm>
#include <utility>

#include "smr/recovery.h"

namespace titer::sim {

namespace {

constexpr std::size_t kAllBytes = std::size_t{1} << 30;  // a state in as few pieces as possible

Status read_state(const Bytes& state, machine::Machine& into) {
  for (ByteView rest = state; !rest.empty();) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) return Error{Code::kInternal, "the tables are cut short"};
    const auto part = wire::decode_transfer_part((*message)->payload);
    if (!part) return part.error();
    const auto taken = into.read_part(*part);
    if (!taken) return taken.error();
  }
  return ok_status();
}

}  // namespace

Tables write_down(smr::Checkpoint checkpoint, const machine::Machine& machine) {
  Tables tables{std::move(checkpoint), machine.position(), machine.digest(), nullptr};
  Bytes state;
  machine::Machine::Cursor cursor = machine.begin_transfer({});
  while (!machine.write_part(cursor, kAllBytes, state)) continue;
  tables.state = std::make_shared<const Bytes>(std::move(state));
  return tables;
}

void Directory::bootstrap(const smr::ViewRecord& first) {
  tables_ = {{first, {}, {}, {}}, {}, machine::Machine().digest(), nullptr, false};
  installed_ = first;
}

void Directory::append(Line line) {
  const auto* installed = std::get_if<smr::Installed>(&line);
  if (installed != nullptr && installed->view.number > installed_.number) {
    installed_ = installed->view;
    gone_back_ = false;
  }
  journal_.push_back(std::move(line));
}

bool Directory::whole() const { return !tables_.learning && installed_.find(owner_) != nullptr; }

std::vector<Incarnation> Directory::lives() const {
  if (!whole()) return noted_;
  std::vector<Incarnation> lives = {installed_.find(owner_)->incarnation};
  const auto same = std::ranges::find(noted_, lives.front());
  lives.insert(lives.end(), same == noted_.end() ? noted_.begin() : same + 1, noted_.end());
  return lives;
}

bool Directory::is_of(const smr::Member& member) const {
  return whole() && std::ranges::count(lives(), member.incarnation) > 0;
}

wire::Inventory Directory::inventory(Position position) const {
  return {{}, whole(), whole() ? installed_.number : ViewNumber(), lives(), position};
}

bool Directory::needless(const Line& line) const {
  const smr::Checkpoint& at = tables_.checkpoint;
  if (const auto* installed = std::get_if<smr::Installed>(&line))
    return installed->view.number <= at.installed.number;
  if (const auto* voided = std::get_if<smr::Voided>(&line)) return voided->view < at.installed.number;
  const smr::Frame& frame = *std::get<smr::FramePtr>(line);
  if (frame.view != at.installed.number) return frame.view < at.installed.number;
  const auto base =
      std::ranges::lower_bound(at.bases, frame.transmitter, {}, [](const auto& b) { return b.first; });
  return base != at.bases.end() && base->first == frame.transmitter && frame.seq <= base->second;
}

void Directory::replace(Tables tables, const Forgotten& forgotten) {
  if (tables.learning || tables.checkpoint.installed.number > installed_.number) gone_back_ = false;
  tables_ = std::move(tables);
  std::erase_if(journal_, [&](const Line& line) {
    if (!needless(line)) return false;
    const auto* frame = std::get_if<smr::FramePtr>(&line);
    if (frame != nullptr && (*frame)->view == tables_.checkpoint.installed.number) forgotten(**frame);
    return true;
  });
  installed_ = tables_.checkpoint.installed;
  for (const Line& line : journal_)
    if (const auto* installed = std::get_if<smr::Installed>(&line)) installed_ = installed->view;
}

Result<Directory::Found> Directory::read() const {
  Found found;
  found.machine = std::make_unique<machine::Machine>(limits_);
  found.exact = !tables_.learning;
  if (tables_.state != nullptr)
    if (Status read = read_state(*tables_.state, *found.machine); !read) return read.error();
  if (found.machine->position() != tables_.position || (tables_.state && found.machine->digest() != tables_.digest))
    return Error{Code::kInternal, "the tables are not what was written down"};
  if (!whole()) return found;
  smr::Recovery recovery(tables_.checkpoint);
  for (const Line& line : journal_) {
    if (const auto* frame = std::get_if<smr::FramePtr>(&line)) {
      if (Status taken = recovery.frame(*frame); !taken) return taken.error();
      continue;
    }
    if (const auto* voided = std::get_if<smr::Voided>(&line)) {
      if (Status taken = recovery.voided(*voided); !taken) return taken.error();
      continue;
    }
    const auto rest = recovery.installed(std::get<smr::Installed>(line));
    if (!rest) return rest.error();
    found.ended.insert(found.ended.end(), rest->begin(), rest->end());
  }
  auto recovered = std::move(recovery).end();
  if (!recovered) return recovered.error();
  found.recovered = std::move(recovered).value();
  return found;
}

}  // namespace titer::sim
