#include "sim/directory.h"

#include <algorithm>
#include <utility>

#include "smr/recovery.h"

namespace titer::sim {

namespace {

constexpr std::size_t kAllBytes = std::size_t{1} << 30;  // a state in as few pieces as there can be

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

void Directory::found(const smr::ViewRecord& first, Incarnation who) {
  whole_ = true;
  lives_ = {who};
  tables_.checkpoint.installed = first;
  tables_.digest = machine::Machine().digest();
}

void Directory::learns() {
  whole_ = false;
  lives_.clear();
  journal_.clear();
}

void Directory::joined(Tables tables, Incarnation who) {
  learns();
  whole_ = true;
  lives_ = {who};
  tables_ = std::move(tables);
}

bool Directory::needless(const Line& line) const {
  const smr::Checkpoint& at = tables_.checkpoint;
  if (const auto* installed = std::get_if<smr::Installed>(&line))
    return installed->view.number <= at.installed.number;
  const smr::Frame& frame = *std::get<smr::FramePtr>(line);
  if (frame.view != at.installed.number) return frame.view < at.installed.number;
  const auto base = std::ranges::lower_bound(at.bases, frame.transmitter, {}, [](const auto& b) { return b.first; });
  return base != at.bases.end() && base->first == frame.transmitter && frame.seq <= base->second;
}

void Directory::replace(Tables tables, const Forgotten& forgotten) {
  tables_ = std::move(tables);
  std::erase_if(journal_, [&](const Line& line) {
    if (!needless(line)) return false;
    const auto* frame = std::get_if<smr::FramePtr>(&line);
    if (frame != nullptr && (*frame)->view == tables_.checkpoint.installed.number) forgotten(**frame);
    return true;
  });
}

bool Directory::is_of(const smr::Member& member) const {
  return whole_ && std::ranges::count(lives_, member.incarnation) > 0;
}

wire::Inventory Directory::inventory(ViewNumber installed, Position position) const {
  return {{}, whole_, whole_ ? installed : ViewNumber(), lives_, position};
}

Result<Directory::Found> Directory::read() const {
  Found found;
  found.machine = std::make_unique<machine::Machine>();
  if (tables_.state != nullptr)
    if (Status read = read_state(*tables_.state, *found.machine); !read) return read.error();
  if (found.machine->position() != tables_.position || (tables_.state && found.machine->digest() != tables_.digest))
    return Error{Code::kInternal, "the tables are not what was written down"};
  if (!whole_) return found;
  smr::Recovery recovery(tables_.checkpoint);
  for (const Line& line : journal_) {
    if (const auto* frame = std::get_if<smr::FramePtr>(&line)) {
      if (Status taken = recovery.frame(*frame); !taken) return taken.error();
      continue;
    }
    auto rest = recovery.installed(std::get<smr::Installed>(line));
    if (!rest) return rest.error();
    found.ended.insert(found.ended.end(), rest->begin(), rest->end());
  }
  found.recovered = std::move(recovery).end();
  return found;
}

}  // namespace titer::sim
