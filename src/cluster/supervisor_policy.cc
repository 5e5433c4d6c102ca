// SPDX-License-Identifier: Apache-2.0

#include "cluster/supervisor_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/rules.h"
#include "view/record.h"
#include "view/restart.h"

namespace titer::cluster {

SupervisorPolicy::SupervisorPolicy(Options options, RegisterState state)
    : options_(std::move(options)),
      state_(std::move(state)),
      slots_(options_.replicas),
      restarts_(options_.replicas) {}

std::optional<Action> SupervisorPolicy::next() {
  if (actions_.empty()) return std::nullopt;
  Action action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

// --- what is known

std::size_t SupervisorPolicy::processes() const {
  return static_cast<std::size_t>(std::ranges::count(slots_, true, &Slot::alive));
}

bool SupervisorPolicy::member(ReplicaIndex replica) const {
  return state_.record.has(ReplicaId(replica), slots_[replica].process.incarnation);
}

std::size_t SupervisorPolicy::alive() const {
  std::size_t alive = 0;
  for (ReplicaIndex i = 0; i < slots_.size(); ++i)
    if (counts_alive(i)) ++alive;
  return alive;
}

bool SupervisorPolicy::counts_alive(ReplicaIndex replica) const {
  return !dies(slots_[replica]) && member(replica) && slots_[replica].pong.full;
}

// Its death may not be certain yet.
bool SupervisorPolicy::dies(const Slot& slot) { return !slot.alive || slot.killed || !slot.why.empty(); }

bool SupervisorPolicy::holds_state(const smr::Member& one) const {
  const Slot& slot = slots_[one.id.value];
  return !dies(slot) && slot.process.incarnation == one.incarnation && slot.has_state;
}

bool SupervisorPolicy::any_holds_state(const smr::ViewRecord& record) const {
  return std::ranges::any_of(record.members, [this](const smr::Member& one) { return holds_state(one); });
}

// A member, and no other one holds the state.
bool SupervisorPolicy::only_holder(ReplicaIndex replica) const {
  return member(replica) && std::ranges::none_of(state_.record.members, [&](const smr::Member& one) {
           return one.id.value != replica && holds_state(one);
         });
}

// Members of which none answers: the machine is busy, and killing them would not help.
bool SupervisorPolicy::all_silent() const {
  std::size_t silent = 0;
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    if (dies(slots_[i]) || !member(i) || !slots_[i].has_ponged) continue;
    if (slots_[i].pings_missed <= options_.patience.member / 2) return false;
    ++silent;
  }
  return silent > 1;
}

// --- what replicas say

void SupervisorPolicy::started(const smr::Member& process, bool bootstraps) {
  TITER_CHECK(process.id.value < slots_.size(), "only the cluster's replicas are started");
  Slot& slot = slots_[process.id.value];
  TITER_CHECK(!slot.alive, "a replica has one process at a time");
  slot = Slot{};
  slot.process = process;
  slot.alive = slot.connected = true;
  slot.has_state = bootstraps;
  restarts_[process.id.value].due.reset();
}

void SupervisorPolicy::connected(ReplicaIndex replica) {
  Slot& slot = slots_[replica];
  if (!slot.alive) return;
  slot.connected = true;
  if (!options_.durable || slot.told) tell(replica);
}

void SupervisorPolicy::inventory(ReplicaIndex replica, wire::Inventory inventory) {
  Slot& slot = slots_[replica];
  if (!slot.alive) return;
  slot.inventory = std::move(inventory);
  if (!slot.inventory->refusal.empty()) {
    slot.killed = slot.stays_dead = true;  // it ends when it knows that this was read
    act(Stop{replica});
    say(fmt::format("Replica {} does not start: {}.", replica, slot.inventory->refusal));
  } else if (any_holds_state(state_.record)) {
    return tell(replica);
  }
  try_restart();
}

void SupervisorPolicy::pong(ReplicaIndex replica, const wire::Pong& pong) {
  Slot& slot = slots_[replica];
  if (!slot.alive) return;
  slot.has_ponged = true;
  slot.pings_missed = 0;
  slot.pong = pong;
  const bool had_state = std::exchange(slot.has_state, slot.has_state || pong.full);
  const ViewNumber before = state_.record.number;
  if (begun_ && !had_state && slot.has_state) exclude_dead();  // those for whom nobody could stand in before
  if (state_.record.number != before) say(fmt::format("Replica {} has the whole state and goes on.", replica));
  admit_learners();
}

void SupervisorPolicy::ready(ReplicaIndex replica) {
  if (!slots_[replica].alive) return;
  slots_[replica].ready = true;
  admit_learners();
}

void SupervisorPolicy::compare_and_set(ReplicaIndex replica, const wire::CompareAndSet& ask) {
  const Slot& slot = slots_[replica];
  // Of two that ask for views without each other only one ends. One that was told of no record has nothing to ask; to
  // answer it would make a learner of a replica whose disk may count.
  if (!saved_ || dies(slot) || !slot.told) return;
  if (ask.expected != state_.record.number || !member(replica)) return tell(replica);
  smr::ReplicaSet leaving;
  if (ask.without.has(ReplicaId(replica))) leaving.add(ReplicaId(replica));
  if (ask.without.empty() || !leaving.empty()) {
    // The same replicas, to settle a lost client; or the asker wants to leave, and does so when it reads the record.
    auto next = view::without(state_.record, leaving, dead_, options_.known_dead_max);
    if (!next || !any_holds_state(*next)) return;
    if (!leaving.empty()) say(fmt::format("Replica {} leaves: {}.", replica, ask.reason));
    return publish(std::move(next).value());
  }
  for (ReplicaIndex i = 0; i < slots_.size(); ++i)
    if (ask.without.has(ReplicaId(i)) && member(i))
      exclude(i, fmt::format("replica {} says: {}", replica, ask.reason));
}

// --- the end of a process

void SupervisorPolicy::died(BootTime now, const std::vector<Death>& deaths) {
  bool member_died = false;
  for (const Death& death : deaths) {
    Slot& slot = slots_[death.replica];
    if (!slot.alive) continue;
    member_died = member_died || member(death.replica);
    slot.alive = false;
    slot.inventory.reset();
    note_dead(slot.process.incarnation);
    slot.ended = death.how;
    report_end(now, death.replica);
  }
  if (ending_ || !begun_) return;
  if (member_died) exclude_dead();
  if (options_.durable && !any_holds_state(state_.record)) try_restart();
}

void SupervisorPolicy::note_dead(Incarnation incarnation) {
  dead_.push_back(incarnation);
  view::keep_newest(dead_, options_.known_dead_max);
}

void SupervisorPolicy::disconnected(BootTime now, ReplicaIndex replica, const std::string& last_words) {
  slots_[replica].connected = false;
  slots_[replica].last_words = last_words;
  report_end(now, replica);
}

// Its last words may still be on their way when its death is known.
void SupervisorPolicy::report_end(BootTime now, ReplicaIndex replica) {
  Slot& slot = slots_[replica];
  if (slot.alive || slot.connected || slot.ended.empty()) return;
  const std::string ended = std::exchange(slot.ended, {});
  if (ending_) return;
  const std::string words = slot.last_words.empty() ? "" : ": " + slot.last_words;
  const std::string next = restart_later(now, replica);
  if (!slot.why.empty())
    say(fmt::format("Replica {} was killed: {}.{}", replica, slot.why, next));
  else if (!slot.killed)
    say(fmt::format("Replica {} has failed ({}){}.{}", replica, ended, words, next));
}

// Returns the sentence for the operator.
std::string SupervisorPolicy::restart_later(BootTime now, ReplicaIndex replica) {
  if (!options_.restart || !begun_ || slots_[replica].stays_dead) return {};
  Restart& restart = restarts_[replica];
  restart.due = restart.backoff.ended(now);
  if (restart.due)
    return fmt::format(" It is started again in {:.1f} s.", double(restart.due->value - now.value) / 1e6);
  return fmt::format(
      " It has ended {} times in {} minutes, so it is not started again: look into {}/replica-{}.log; "
      "'start {}' starts it.",
      RestartBackoff::kEndsMax, RestartBackoff::kWindowUs / 60'000'000, options_.logs, replica, replica);
}

void SupervisorPolicy::start_due(BootTime now) {
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    Restart& restart = restarts_[i];
    if (ending_ || slots_[i].alive || !restart.due || now < *restart.due) continue;
    restart.due.reset();
    if (!options_.durable && alive() == 0) continue;  // there is nobody to learn from
    act(Start{i});
  }
}

// --- time

void SupervisorPolicy::tick(BootTime now) {
  start_due(now);
  const unsigned of_members = all_silent() ? options_.patience.all : options_.patience.member;
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.alive) continue;
    const unsigned patience = slot.has_ponged && member(i) ? of_members : options_.patience.others;
    if (++slot.pings_missed > patience && slot.why.empty() && begun_)
      exclude(i, "it has not answered for too long");
  }
  if (!saved_) act(Save{});
}

// --- the operator

Status SupervisorPolicy::kill(std::uint32_t index) {
  if (index >= slots_.size())
    return Error{Code::kNotFound,
                 fmt::format("There is no replica {}: type an index from 0 to {}.", index, slots_.size() - 1)};
  const auto replica = static_cast<ReplicaIndex>(index);
  Slot& slot = slots_[replica];
  if (restarts_[replica].due) {  // dead already: it stays so
    restarts_[replica].due.reset();
    return ok_status();
  }
  if (!slot.alive || slot.killed)
    return Error{Code::kDuplicate, fmt::format("Replica {} has already failed: type another index.", index)};
  // It may hold the state and not have said so yet, as after a restart or a join.
  const bool another = alive() > (counts_alive(replica) ? 1U : 0U);
  if (member(replica) && !another)
    return Error{
        Code::kNotEnough,
        "Maximum fault tolerance achieved. This is the last replica; 'start I' brings another one back first."};
  slot.killed = slot.stays_dead = true;
  act(Kill{replica});
  return ok_status();
}

Status SupervisorPolicy::may_start(std::uint32_t index) {
  if (index >= slots_.size())
    return Error{Code::kNotFound, fmt::format("there are replicas 0 to {}", slots_.size() - 1)};
  if (slots_[index].alive && slots_[index].killed)
    return Error{Code::kBusy,
                 fmt::format("replica {} was killed just now and has not ended yet; try again", index)};
  if (slots_[index].alive) return Error{Code::kDuplicate, fmt::format("replica {} is running", index)};
  restarts_[index] = {};
  return ok_status();
}

// --- views

// Kills it; the view without it follows when its death is certain.
void SupervisorPolicy::exclude(ReplicaIndex replica, const std::string& why) {
  Slot& slot = slots_[replica];
  if (!slot.alive) return;
  if (only_holder(replica) && rule_enabled(ProtocolRule::kLastHolder)) return;
  slot.why = why;
  act(Kill{replica});
}

// If nobody who is left holds the state, all remain in the record.
void SupervisorPolicy::exclude_dead() {
  smr::ReplicaSet gone;
  for (const smr::Member& one : state_.record.members) {
    const Slot& slot = slots_[one.id.value];
    if (!slot.alive || slot.process.incarnation != one.incarnation) gone.add(one.id);
  }
  if (gone.empty()) return;
  auto next = view::without(state_.record, gone, dead_, options_.known_dead_max);
  const bool may = !options_.durable || !rule_enabled(ProtocolRule::kHolderStays);
  if (next && (may || any_holds_state(*next))) return publish(std::move(next).value());
  tell_total_failure();
}

// Joins wait until every member has installed the newest view, and then all that are ready join together: each
// view costs a flush, and a replica in its flush is in no state to be joined.
void SupervisorPolicy::admit_learners() {
  if (!saved_ || !any_holds_state(state_.record)) return;
  smr::ViewRecord next = state_.record;
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (member(i) && slot.pong.installed != state_.record.number) return;
    // One that has the state was a member, and does not become one again.
    if (dies(slot) || slot.has_state || !slot.ready || state_.record.find(ReplicaId(i)) != nullptr) continue;
    auto joined = view::with(next, slot.process);
    if (joined) next = std::move(joined).value();
  }
  if (next.members.size() == state_.record.members.size()) return;
  next.number = state_.record.number.next();
  publish(std::move(next));
}

// No member of the newest view holds the state: those that can restart from their disks do, once every replica has
// been started and has said what it has. One that was not started may have what the others lack.
void SupervisorPolicy::try_restart() {
  std::vector<view::Returned> returned;
  for (const Slot& slot : slots_) {
    if (slot.process.incarnation == Incarnation()) return;
    if (!slot.alive || slot.told_to_learn) continue;
    if (!slot.inventory) return;
    returned.push_back({slot.process, *slot.inventory});
  }
  if (returned.empty() || any_holds_state(state_.record)) return;
  auto next = view::restart(state_.record, returned, dead_, options_.known_dead_max);
  if (!next) {
    obstacle_ = next.error().message;
    return say("The cluster cannot restart: " + obstacle_ + ".");
  }
  obstacle_.clear();
  if (kill_members_without_state()) return;
  for (const smr::Member& one : state_.record.members) note_dead(one.incarnation);
  for (const smr::Member& one : next->members) slots_[one.id.value].has_state = true;
  publish(std::move(next).value());
}

// Those of the last view that live and never got the state; died() goes on when they are dead. False: there are none.
bool SupervisorPolicy::kill_members_without_state() {
  bool some = false;
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.alive || !member(i)) continue;
    some = true;
    if (std::exchange(slot.killed, true)) continue;
    slot.why = fmt::format("the others failed before it had the whole state; 'start {}' brings it back", i);
    act(Kill{i});
  }
  return some;
}

// Not when one of them comes back already.
void SupervisorPolicy::tell_total_failure() {
  if (!options_.durable)
    return say("The last replica has failed: what was in memory is lost. Start the cluster again.");
  std::string disks;
  for (const smr::Member& one : state_.record.members) {
    const Slot& slot = slots_[one.id.value];
    if (slot.process.incarnation != one.incarnation) return;
    if (slot.has_state) disks += fmt::format(" {}", one.id.value);
  }
  say(fmt::format("{} have failed. Every acknowledged write is on the disks of:{}. 'start I' brings one back.",
                  processes() > 0 ? "The replicas that are known to have the whole state" : "All replicas", disks));
}

// --- the record

void SupervisorPolicy::bootstrapped() {
  begun_ = true;
  state_.bootstrapped = true;
  saved_ = false;
  act(Save{});
}

void SupervisorPolicy::publish(smr::ViewRecord next) {
  TITER_CHECK(next.number == state_.record.number.next(), "there is one record per number");
  TITER_CHECK(!options_.durable || any_holds_state(next) || !rule_enabled(ProtocolRule::kHolderStays),
              "a member of a durable cluster's record holds the state");
  for (const smr::Member& one : next.members)
    TITER_CHECK(state_.record.has(one.id, one.incarnation) || slots_[one.id.value].process == one,
                "a new member was started here");
  state_.record = std::move(next);
  begun_ = true;
  if (!options_.durable && alive() == 0)
    say("No replica that has the data is left: what was in memory is lost. Start the cluster again.");
  if (saved_) act(Save{});  // else there is one, or the next tick tries again
  saved_ = !rule_enabled(ProtocolRule::kSavedFirst);
  if (saved_) tell_all();
}

// A record that cannot be written is not told: views do not change meanwhile.
void SupervisorPolicy::saved(const Status& written) {
  if (!written) {
    if (!std::exchange(save_failed_, true))
      say("The view register cannot be kept, so views cannot change: " + written.error().message);
    return;
  }
  saved_ = true;
  save_failed_ = false;
  tell_all();
  admit_learners();
}

// While nobody holds the state, a replica that was told nothing yet may restart from its disk: a record without it would make a
// learner of it. It hears of the record that decides.
void SupervisorPolicy::tell_all() {
  const bool decided = !options_.durable || any_holds_state(state_.record);
  for (ReplicaIndex i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.alive && (slot.inventory || !options_.durable) && (decided || slot.told)) tell(i);
  }
}

void SupervisorPolicy::tell(ReplicaIndex replica) {
  if (!saved_) return;  // it hears when the record is on disk
  Slot& slot = slots_[replica];
  slot.told = true;
  slot.told_to_learn = slot.told_to_learn || !member(replica);
  act(Tell{replica, state_.record});
}

}  // namespace titer::cluster
