// SPDX-License-Identifier: Apache-2.0

#include "smr/flush.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "smr/rules.h"

namespace titer::smr {

void ViewChange::begin(ReplicaContext& c, NextViewBuffer& next_view_buffer, Position learned) {
  flushes_ = {};
  done_ = {};
  targets_.clear();
  agreed_ = i_am_done_ = rest_executed_ = state_in_ = false;
  refused_at_ = {};
  Flush mine;
  mine.view = c.record.number;
  mine.full = c.full;
  mine.learned = learned;
  mine.last_executed = c.last_executed;
  if (c.full) {
    mine.installed = c.installed.number;
    c.streams.recall_settled();
    c.streams.for_each([&](const Stream& s) {
      if (s.held().value > 0) mine.floors.emplace_back(s.id(), s.held());
      if (s.trimmed().value > 0) mine.bases.emplace_back(s.id(), s.trimmed());
      if (!is_direct_client(s.id())) return;
      if (auto frames = s.newest(limits::kDirectFramesMax); !frames.empty())
        mine.unsettled.push_back({s.id(), std::move(frames)});
    });
  }
  c.send(c.others(c.record), mine);
  flushes_[c.me().value] = std::move(mine);
  for (const Member& m : c.record.members) {
    if (m.id == c.me()) continue;
    if (auto flush = next_view_buffer.take_flush(m.id, m.incarnation, c.record.number)) take_flush(m.id, *flush);
  }
}

void ViewChange::end() {
  flushes_ = {};
  done_ = {};
  targets_.clear();
  agreed_ = i_am_done_ = rest_executed_ = state_in_ = false;
  prepared_.reset();
}

bool ViewChange::all_flushed(const ReplicaContext& c) const {
  return std::ranges::all_of(c.record.members, [&](const Member& m) { return flushed(m.id); });
}

ReplicaSet ViewChange::fulls() const {
  ReplicaSet s;
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
    if (flushes_[j] && flushes_[j]->full) s.add(ReplicaId(j));
  return s;
}

ReplicaId ViewChange::lowest_full() const {
  std::uint16_t j = 0;
  while (!fulls().has(ReplicaId(j))) ++j;
  return ReplicaId(j);
}

ViewNumber ViewChange::top() const {
  ViewNumber highest;
  for (const auto& f : flushes_)
    if (f && f->full) highest = std::max(highest, f->installed);
  return highest;
}

namespace {

Seq in_row(const AckRow& row, TransmitterId x) {
  const auto it = std::ranges::lower_bound(row, x, {}, [](const auto& entry) { return entry.first; });
  return it != row.end() && it->first == x ? it->second : Seq{};
}

}  // namespace

Seq ViewChange::floor(ReplicaId member, TransmitterId x) const {
  const auto& f = flushes_[member.value];
  return f && f->full && f->installed == top() ? in_row(f->floors, x) : Seq{};
}

Seq ViewChange::base(ReplicaId member, TransmitterId x) const {
  const auto& f = flushes_[member.value];
  return f && f->full && f->installed == top() ? in_row(f->bases, x) : Seq{};
}

// A member below the top view holds nothing of it yet, and has acknowledged nothing of it either.
ReplicaSet ViewChange::gone_back() const {
  std::map<TransmitterId, Seq> known;
  for (const auto& f : flushes_) {
    if (!f || !f->full || f->installed != top()) continue;
    for (const auto& [x, seq] : f->bases) known[x] = std::max(known[x], seq);
  }
  ReplicaSet set;
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j) {
    const auto& f = flushes_[j];
    if (!f || !f->full || f->installed != top()) continue;
    if (std::ranges::any_of(known, [&](const auto& k) { return floor(ReplicaId(j), k.first) < k.second; }))
      set.add(ReplicaId(j));
  }
  return set;
}

// This replica stops if it is one of them. The others ask for a view without them, again and again.
void ViewChange::refuse(ReplicaContext& c, ReplicaSet gone_back) {
  std::string who;
  for (const Member& m : c.record.members)
    if (gone_back.has(m.id)) who += fmt::format("{}{}", who.empty() ? "" : ", ", m.id.value);
  const bool nobody_else = (fulls().bits & ~gone_back.bits) == 0;
  if (gone_back.has(c.me())) {
    c.out->stop = {nobody_else ? Output::Stop::Why::kLost : Output::Stop::Why::kExcluded,
                   nobody_else
                       ? fmt::format("the disks of replicas {} have gone back in time, each lacks what it had "
                                     "acknowledged as written, and no other replica has everything; writes were "
                                     "lost: put back newer disks, or choose one with titer recover",
                                     who)
                       : "its disk has gone back in time: it lacks what it had acknowledged as written. It "
                         "starts over by learning from the others"};
    return;
  }
  if (refused_at_ != BootTime() && c.now.value - refused_at_.value < kRefuseAgainUs) return;
  refused_at_ = c.now;
  c.out->ask.push_back(
      {c.record.number, gone_back,
       fmt::format("replica {}: its disk has gone back in time: it lacks what it had acknowledged as "
                   "written; it has to learn",
                   who),
       true});
}

void ViewChange::agree_on_targets() {
  std::map<TransmitterId, Seq> targets;
  for (const auto& f : flushes_) {
    if (!f || !f->full || f->installed != top()) continue;
    for (const auto& [x, seq] : f->floors) targets[x] = std::max(targets[x], seq);
  }
  targets_.assign(targets.begin(), targets.end());
  if (!rule_enabled(ProtocolRule::kOneContent)) return;
  for (auto& [x, target] : targets_)
    if (is_direct_client(x)) target = same_up_to(x, target);
}

namespace {

// The newest frames of a direct client at one member. Older ones were acknowledged by all, as the same.
struct Window {
  std::uint64_t first, held;  // seqs
  const std::vector<Unsettled::Item>* frames;
  Uid last_executed;

  [[nodiscard]] const Unsettled::Item* at(std::uint64_t seq) const {
    return seq < first || seq > held ? nullptr : &(*frames)[seq - first];
  }
};

// All members that hold it hold the same, and those that lack it have not executed anything that comes after it.
bool same_for_all(const std::vector<Window>& windows, TransmitterId x, std::uint64_t seq) {
  const Unsettled::Item* seen = nullptr;
  for (const Window& w : windows) {
    const Unsettled::Item* here = w.at(seq);
    if (here == nullptr) continue;
    if (seen != nullptr && *seen != *here) return false;
    seen = here;
  }
  return std::ranges::none_of(windows, [&](const Window& w) {
    return seen != nullptr && w.held < seq && Uid{seen->ts, x} <= w.last_executed;
  });
}

}  // namespace

Seq ViewChange::same_up_to(TransmitterId x, Seq target) const {
  static const std::vector<Unsettled::Item> kNone;
  std::vector<Window> windows;
  std::uint64_t first = target.value + 1;
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j) {
    const auto& f = flushes_[j];
    if (!f || !f->full || f->installed != top()) continue;
    const std::uint64_t held = in_row(f->floors, x).value;
    const auto it = std::ranges::lower_bound(f->unsettled, x, {}, &Unsettled::client);
    const bool some = it != f->unsettled.end() && it->client == x && it->frames.size() <= held;
    const auto& frames = some ? it->frames : kNone;
    windows.push_back({held - frames.size() + 1, held, &frames, f->last_executed});
    if (some) first = std::min(first, windows.back().first);
  }
  for (std::uint64_t s = first; s <= target.value; ++s)
    if (!same_for_all(windows, x, s)) return Seq(s - 1);
  return target;
}

// Re-rooting: the lowest of those who hold all there is of a stream takes over as its root.
ReplicaId ViewChange::relayer(TransmitterId x, Seq target) const {
  const ReplicaSet holders = fulls();
  std::uint16_t j = 0;
  while (!holders.has(ReplicaId(j)) || floor(ReplicaId(j), x) < target) ++j;
  return ReplicaId(j);
}

void ViewChange::relay(ReplicaContext& c, ReplicaSet to) const {
  if (!rule_enabled(ProtocolRule::kRelay)) return;
  const ReplicaSet takers{to.bits & fulls().bits};
  for (const auto& [x, target] : targets_) {
    if (target == Seq() || relayer(x, target) != c.me()) continue;
    const Stream* stream = c.streams.find(x);
    SMR_CHECK(stream != nullptr && stream->held() >= target, "a relayer holds what its floors say");
    std::uint64_t first = target.value + 1;
    for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
      if (takers.has(ReplicaId(j))) first = std::min(first, floor(ReplicaId(j), x).value + 1);
    for (std::uint64_t k = first; k <= target.value; ++k) {
      ReplicaSet missing;
      for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
        if (takers.has(ReplicaId(j)) && floor(ReplicaId(j), x).value < k) missing.add(ReplicaId(j));
      c.send(missing, Relay{c.record.number, stream->at(Seq(k))});
    }
  }
}

bool ViewChange::leases_lapsed(ReplicaContext& c, const Leases& leases) {
  const BootTime lapse = leases.lapse(c);
  if (lapse <= c.now || !rule_enabled(ProtocolRule::kLeaseWait)) return true;
  c.wake(lapse);
  return false;
}

// A full member: holds everything of the old view. A joiner: has the donor's state.
bool ViewChange::has_everything(const ReplicaContext& c) const {
  if (!c.full) return state_in_;
  return c.voids_unsynced == 0 && std::ranges::all_of(targets_, [&](const auto& target) {
           const Stream* stream = c.streams.find(target.first);
           // Of a client of which nothing counts, this replica may not even know.
           return target.second == Seq() || (stream != nullptr && stream->persisted() >= target.second) ||
                  !rule_enabled(ProtocolRule::kRelay);
         });
}

void ViewChange::report_done(ReplicaContext& c) {
  i_am_done_ = true;
  done_.add(c.me());
  if (c.full) prepared_ = Prepared{c.record, targets_, lowest_full()};
  c.send(c.others(c.record), Done{c.record.number});
}

void ViewChange::give_state(ReplicaContext& c, ReplicaSet to) const {
  for (const Member& m : c.record.members) {
    const auto& f = flushes_[m.id.value];
    if (!f || f->full || !to.has(m.id)) continue;
    c.out->give_state.push_back({c.record.number, m.id, f->learned, c.clock.now()});
  }
}

bool ViewChange::all_done(const ReplicaContext& c) const {
  if (!rule_enabled(ProtocolRule::kAllDone)) return i_am_done_;
  const std::uint32_t members = c.record.set().bits;
  return (members & ~done_.bits) == 0;
}

ReplicaSet ViewChange::missing(const ReplicaContext& c) const {
  ReplicaSet s;
  const bool flushed_by_all = all_flushed(c);
  for (const Member& m : c.record.members)
    if (flushed_by_all ? !done_.has(m.id) : !flushed(m.id)) s.add(m.id);
  return s;
}

ViewChange::Step ViewChange::next(ReplicaContext& c, const Leases& leases) {
  if (!all_flushed(c) || fulls().empty()) return Step::kWait;
  if (c.full && c.installed.number < top() && rule_enabled(ProtocolRule::kTopView)) {
    if (prepared_ && prepared_->record.number == top()) return Step::kCatchUp;
    // Impossible between replicas that keep the rules: nobody installs without this replica's done.
    for (const Member& m : c.record.members)
      if (m.id != c.me() && flushes_[m.id.value]->installed == top())
        c.cut(m.id, "it claims to have installed a view for which this replica never reported done");
    return Step::kWait;
  }
  if (const ReplicaSet back = gone_back(); !back.empty() && rule_enabled(ProtocolRule::kGoneBack)) {
    refuse(c, back);
    return Step::kWait;
  }
  if (c.full && !agreed_) {
    agreed_ = true;
    agree_on_targets();
    relay(c, c.others(c.record));
    return Step::kDropBeyond;
  }
  if (!i_am_done_ && has_everything(c) && leases_lapsed(c, leases)) report_done(c);
  if (!i_am_done_) return Step::kWait;
  const bool fulls_done = (fulls().bits & ~done_.bits) == 0 || !rule_enabled(ProtocolRule::kAllDone);
  if (c.full && fulls_done && !rest_executed_) {
    rest_executed_ = true;
    return Step::kExecuteRest;
  }
  return all_done(c) ? Step::kInstall : Step::kWait;
}

void ViewChange::repeat(ReplicaContext& c, ReplicaId to) {
  ReplicaSet only;
  only.add(to);
  if (flushes_[c.me().value]) c.send(only, *flushes_[c.me().value]);
  if (agreed_ && c.full) relay(c, only);
  if (i_am_done_) c.send(only, Done{c.record.number});
  if (rest_executed_ && c.full && lowest_full() == c.me() && !done_.has(to)) give_state(c, only);
}

}  // namespace titer::smr
