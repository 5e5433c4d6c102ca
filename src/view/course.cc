#include "view/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace titer::view {

namespace {

using Step = Course::Step;

bool contains(const std::vector<Incarnation>& list, Incarnation one) {
  return std::ranges::find(list, one) != list.end();
}

// Nobody has begun.
Course first_course(const ClusterRecord& record, const Starting& self) {
  if (!self.empty)
    return {Step::kRefuse,
            "the cluster has not begun, but there is data of it on this disk: this is not the record that it had, "
            "or a `titer restore` ended before the record knew of it. If the register is right, remove the data "
            "directory, and restore again if there is something to restore"};
  NextRecord next = founded(record, self.now);
  return {Step::kChange, {}, std::move(next), true};
}

// A learner. Its disk helps, unless it holds a backup that is not the beginning of this cluster.
Course learn(const Starting& self) {
  if (!self.inventory.whole || self.inventory.installed != ViewNumber()) return {Step::kLearn};
  return {Step::kRefuse,
          "a backup was restored on this disk, but the cluster does not continue from it: the cluster has begun "
          "with other data, or has left this replica behind since. Remove the data directory; then it learns from "
          "the others"};
}

Course refound(const ClusterRecord& record, const Starting& self) {
  ClusterRecord next = record;
  next.view.number = record.view.number.next();
  next.view.members = {self.now};
  next.returned.clear();
  return {Step::kChange, {}, std::move(next), true};
}

// True if this member has announced its disk, and that disk knows the incarnation under which it was a member.
bool has_returned(const ClusterRecord& record, const smr::Member& member) {
  return std::ranges::any_of(record.returned, [&](const Returned& one) {
    return one.now.id == member.id && contains(one.inventory.lives, member.incarnation);
  });
}

std::string absent(const ClusterRecord& record) {
  std::string text;
  for (const smr::Member& member : record.view.members)
    if (!has_returned(record, member)) text += fmt::format(" {}", member.id.value);
  return text;
}

Course go_on(const ClusterRecord& record, const Starting& self, std::int64_t waited_us) {
  NextRecord announce = announced(record, {self.now, self.inventory});
  if (announce) return {Step::kChange, {}, std::move(announce)};
  const bool all = std::ranges::all_of(record.view.members,
                                       [&](const smr::Member& member) { return has_returned(record, member); });
  if (!all && waited_us < kGraceUs)
    return {Step::kWait, "it was a member of the last view; to restart it waits for replicas" + absent(record)};
  auto next = begun_anew(record);
  if (!next) return {Step::kWait, next.error().message};
  return {Step::kChange, {}, std::move(next).value()};
}

}  // namespace

Course course(const ClusterRecord& record, const Starting& self, std::int64_t waited_us) {
  if (std::string why = displaced(record, self.now); !why.empty()) return {Step::kRefuse, std::move(why)};
  if (record.view.members.empty()) return first_course(record, self);
  const smr::Member* before = record.view.find(self.now.id);
  if (before == nullptr) return learn(self);
  if (before->incarnation == self.now.incarnation) {
    if (self.inventory.whole) return {Step::kGoOn};
    return {contains(self.foundings, self.now.incarnation) ? Step::kFound : Step::kLearn};
  }
  if (self.inventory.whole && contains(self.inventory.lives, before->incarnation))
    return go_on(record, self, waited_us);
  const bool founding = record.view.members.size() == 1 && !self.inventory.whole;
  if (founding && contains(self.foundings, before->incarnation)) return refound(record, self);
  return learn(self);
}

std::string displaced(const ClusterRecord& record, const smr::Member& me) {
  const Seat* seat = record.seat(me.id);
  if (seat == nullptr)
    return fmt::format(
        "replica {} is not in the cluster's roster (any more): `titer replica add {} {}` puts it there",
        me.id.value, me.id.value, me.address);
  if (seat->wire == me.address) return {};
  return fmt::format(
      "the cluster's roster has replica {} at {}, and this one is at {}: correct the configuration, or run `titer "
      "replica replace {} {}` if this machine takes its place",
      me.id.value, seat->wire, me.address, me.id.value, me.address);
}

}  // namespace titer::view
